import { randomBytes } from 'node:crypto';
import type { VisitFacts } from '../../contract/dni';
import type { LeaseRequest } from '../../db/queries/dni/leases';
import type { DniSessionId } from '../../domain/ids';

/** A session nobody has: 128 random bits, so that it cannot be guessed. */
export function newSessionId(): DniSessionId {
  return `ses_${randomBytes(16).toString('hex')}` as DniSessionId;
}

/** What of a visit is kept, and what static numbers go by, as the database takes them. */
export function visitOf(facts: VisitFacts): Pick<LeaseRequest, 'facts' | 'sources'> {
  const { landingPage, referrer, utm, clickIds, tags } = facts;
  return {
    facts: { landingPage, referrer, utm, clickIds, tags },
    sources: {
      ...utm,
      ...(typeof referrer === 'string' ? { referrer_host: new URL(referrer).hostname } : {}),
    },
  };
}
