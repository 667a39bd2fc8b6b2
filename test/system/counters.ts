import type { Pool } from 'pg';
import { findCounterDifferences } from '../../db/queries/limits/verify';

/**
 * Recomputes every limit counter from the reservations. `pending` is what is still held; `drift` lists counters that
 * say something else than the reservations do.
 */
export async function readCounters(db: Pool): Promise<{ pending: number; drift: object[] }> {
  const { rows } = await db.query<{ pending: bigint }>('SELECT pending FROM limit_counters');
  return {
    pending: Number(rows.reduce((sum, row) => sum + row.pending, 0n)),
    drift: await findCounterDifferences(db),
  };
}
