import type { Limit } from '../../contract/resources/limit';
import type { Queryable } from '../../db/pool';
import { listLimits, listLimitsById, type LimitRow } from '../../db/queries/limits/limits';
import { findChangedLimits } from '../../db/queries/live/changedLimits';
import type { FrameRow } from '../../db/queries/live/frame';
import { presentLimit } from '../limits/present';
import type { LiveState } from './state';

/** More than there will ever be. */
const ALL = 2_147_483_647;
const EVERY_LIMIT = {
  scopeKind: null,
  scopeId: null,
  window: null,
  counts: null,
  campaignId: null,
  full: null,
  after: null,
  limit: ALL,
} as const;

/**
 * Limits with what is used of them: read anew where something counted or was set since the last look, and where a window
 * is over; all of them when one was deleted, or the configuration changed, and names with it.
 */
export async function limitsNow(
  db: Queryable,
  { clock, config }: FrameRow,
  before: Pick<LiveState, 'snapshot' | 'config' | 'limits'> | null,
): Promise<ReadonlyMap<string, Limit>> {
  if (before === null || before.config !== config) return presented(await listLimits(db, EVERY_LIMIT));
  const changed = await findChangedLimits(db, before.snapshot);
  const now = Date.parse(clock);
  const over = [...before.limits.values()].filter(
    ({ resetsAt }) => resetsAt !== null && Date.parse(resetsAt) <= now,
  );
  const ids = new Set([...changed.ids, ...over.map(({ id }) => id)]);
  if (ids.size === 0 && changed.limits === before.limits.size) return before.limits;
  const limits = new Map(before.limits);
  for (const [id, limit] of presented(await listLimitsById(db, [...ids]))) limits.set(id, limit);
  return limits.size === changed.limits ? limits : presented(await listLimits(db, EVERY_LIMIT));
}

function presented(rows: readonly LimitRow[]): Map<string, Limit> {
  return new Map(rows.map((row) => [row.id, presentLimit(row)]));
}
