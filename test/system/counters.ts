import type { Pool } from 'pg';

/**
 * Recomputes every limit counter from the reservations. `pending` is what is still held; `drift` lists counters that
 * say something else than the reservations do.
 */
export async function readCounters(db: Pool): Promise<{ pending: number; drift: object[] }> {
  const { rows } = await db.query<{
    limit_id: string;
    posted: bigint;
    pending: bigint;
    posted2: bigint;
    pending2: bigint;
  }>(`
    SELECT k.limit_id, k.posted, k.pending,
           coalesce(sum(h.amount) FILTER (WHERE r.status = 'posted' AND l."window" <> 'concurrency'), 0)::bigint AS posted2,
           coalesce(sum(h.amount) FILTER (WHERE r.status = 'pending'), 0)::bigint AS pending2
      FROM limit_counters k
      JOIN limits l ON l.id = k.limit_id
      LEFT JOIN reservation_holds h ON h.limit_id = k.limit_id AND h.window_start = k.window_start
      LEFT JOIN reservations r ON r.id = h.reservation_id
     GROUP BY k.limit_id, k.window_start, k.posted, k.pending`);
  return {
    pending: Number(rows.reduce((sum, row) => sum + row.pending, 0n)),
    drift: rows.filter((row) => row.posted !== row.posted2 || row.pending !== row.pending2),
  };
}
