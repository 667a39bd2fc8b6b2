import type { Pool } from 'pg';
import { insertAuditEntries } from '../../db/queries/audit';
import {
  disableGone,
  endWebhookAttempt,
  markFailing,
  markTaking,
  settleDelivery,
  type ClaimedRow,
} from '../../db/queries/events/attempts';
import type { Queryable } from '../../db/pool';
import { transaction } from '../../db/transaction';
import { nextWait } from '../../domain/events/backoff';

/** How an attempt ended. */
export interface AttemptOutcome {
  /** `null`: there was no answer. */
  readonly statusCode: number | null;
  /** Why it failed; `null`: it did not. */
  readonly error: string | null;
  readonly excerpt: string | null;
  readonly latencyMs: number;
}

/** What a delivery came to. */
export type Settled = 'delivered' | 'waiting' | 'dead';

/** The status code with which a receiver says that it is gone for good. */
const GONE = 410;

/** Who switches an endpoint off that is gone, in the audit trail. */
const ITSELF = 'delivery';

/** Puts an attempt on record, and what follows from it: the end, the next attempt, or that the endpoint is switched off. */
export function settle(
  db: Pool,
  attempt: ClaimedRow,
  outcome: AttemptOutcome,
  waits: readonly number[] | undefined,
): Promise<Settled> {
  const { id, no, series, endpoint_id: endpointId } = attempt;
  const gone = outcome.statusCode === GONE;
  const wait =
    outcome.error === null || gone
      ? null
      : nextWait(attempt.failures + 1, attempt.elapsed, Math.random(), waits);
  const status = outcome.error === null ? 'delivered' : wait === null ? 'dead' : 'waiting';
  return transaction(db, async (tx) => {
    const counted = await settleDelivery(tx, { id, no, series, status, waitSeconds: wait ?? 0 });
    if (gone && (await disableGone(tx, endpointId))) await auditGone(tx, attempt);
    return {
      value: status,
      last: [
        endWebhookAttempt(tx, { deliveryId: id, no, ...outcome }),
        status === 'delivered'
          ? markTaking(tx, endpointId)
          : markFailing(tx, endpointId, counted && status === 'dead'),
      ],
    };
  });
}

function auditGone(tx: Queryable, { id, endpoint_id: endpointId }: ClaimedRow): Promise<void> {
  return insertAuditEntries(tx, { actor: ITSELF, requestId: id }, [
    {
      action: 'disable',
      entity: 'webhook_endpoint',
      entityId: endpointId,
      campaignId: null,
      before: { enabled: true, disabledBecause: null },
      after: { enabled: false, disabledBecause: 'gone' },
    },
  ]);
}
