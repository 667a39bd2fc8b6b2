import type { Pool } from 'pg';
import { isDatabaseAway } from '../../db/errors';
import { adoptIntoLimit, listAdoptingLimits } from '../../db/queries/limits/leases';

/**
 * Counts into new limits, and into those that count in another zone since, what was being reserved in that moment. A
 * limit is marked for it until all that was under way then is over, so that nothing is missed, however long nobody
 * looked.
 */
export function createAdoption(
  db: Pool,
  onStuck: (what: { readonly limitId: string }, error: unknown) => void,
): () => Promise<void> {
  return async () => {
    for (const limitId of await listAdoptingLimits(db)) {
      try {
        await adoptIntoLimit(db, limitId);
      } catch (error) {
        if (isDatabaseAway(error)) throw error;
        onStuck({ limitId }, error);
      }
    }
  };
}
