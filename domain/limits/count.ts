import { unreachable } from '../exhaustive';
import type { ReserveCandidate } from './candidates';
import type { Happened } from './happened';
import type { CountedEvent, LimitWindow, ScopeKind } from './limit';

/** How a limit counts. */
export interface Counting {
  readonly scopeKind: ScopeKind;
  readonly window: LimitWindow;
  readonly counts: CountedEvent;
  /** What a spend limit's micros are micros of; `null` of others. */
  readonly currency: string | null;
}

/*
 * The rules by which limits count, for reckoning without the database. The database counts by the SQL functions of
 * `db/migrations/0003_limits_in_full.sql` and `db/queries/limits/taken.ts`; a test holds that both come to the same.
 */

/**
 * What an attempt takes of a limit: 1, or micros.
 * @returns `misfit`: its money is in another currency than the limit's, and cannot be counted
 */
export function takenOf(
  limit: Counting,
  { spend, payout, currency }: Pick<ReserveCandidate, 'spend' | 'payout' | 'currency'>,
): bigint | 'misfit' {
  if (limit.counts !== 'spend') return 1n;
  if (limit.currency !== currency) return 'misfit';
  return limit.scopeKind === 'publisher' ? payout : spend;
}

/** What an attempt that is over counts towards a limit for good. On a publisher the publisher's money counts. */
export function postedOf(limit: Counting, happened: Happened): bigint {
  if (limit.window === 'concurrency') return 0n;
  const publisher = limit.scopeKind === 'publisher';
  switch (limit.counts) {
    case 'attempt':
      return happened.dialled ? 1n : 0n;
    case 'connection':
      return happened.connected ? 1n : 0n;
    case 'conversion':
      return (publisher ? happened.paid : happened.converted) ? 1n : 0n;
    case 'spend':
      return publisher ? happened.payout : happened.spent;
    default:
      return unreachable(limit.counts);
  }
}
