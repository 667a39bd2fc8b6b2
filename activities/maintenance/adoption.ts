import type { Pool } from 'pg';
import { isDatabaseAway } from '../../db/errors';
import { adoptIntoLimit, listRecentLimits } from '../../db/queries/limits/leases';

/** A reservation that did not see a new limit is committed when the limit is so old, in seconds: statements end sooner. */
const SETTLED_SECONDS = 10;

/** Limits that have been new for longer than this are left alone, in seconds: the time a worker may be away. */
const RECENT_SECONDS = 300;

/**
 * Counts into new limits, and into those that count in another zone since, what was being reserved in that moment.
 * Once each: a limit without a window looks through all reservations for it.
 */
export function createAdoption(
  db: Pool,
  onStuck: (what: { readonly limitId: string }, error: unknown) => void,
): () => Promise<void> {
  let adopted: ReadonlySet<string> = new Set();
  return async () => {
    const recent = await listRecentLimits(db, { from: SETTLED_SECONDS, to: RECENT_SECONDS });
    const keyOf = ({ id, updated_at: at }: (typeof recent)[number]): string => `${id} ${at}`;
    const done = new Set(recent.map(keyOf).filter((key) => adopted.has(key)));
    for (const limit of recent) {
      if (done.has(keyOf(limit))) continue;
      try {
        await adoptIntoLimit(db, limit.id);
        done.add(keyOf(limit));
      } catch (error) {
        if (isDatabaseAway(error)) throw error;
        onStuck({ limitId: limit.id }, error);
      }
    }
    adopted = done;
  };
}
