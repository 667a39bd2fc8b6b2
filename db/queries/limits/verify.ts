import type { Queryable } from '../../pool';

/** A counter that says something else than the reservations do. Amounts in units, of a spend limit in micros. */
export interface CounterDifference {
  readonly limit_id: string;
  readonly scope: string;
  readonly window: string;
  readonly counts: string;
  /** `null`: the limit has one window only. */
  readonly window_start: string | null;
  readonly posted: bigint;
  readonly pending: bigint;
  readonly recounted_posted: bigint;
  readonly recounted_pending: bigint;
}

/**
 * Recomputes every counter from the reservations, at one moment: it can be asked while calls go on.
 * @returns those that differ, by limit and window; none is what has to be
 */
export async function findCounterDifferences(db: Queryable): Promise<CounterDifference[]> {
  const { rows } = await db.query<CounterDifference & Record<string, unknown>>({
    name: 'find_counter_differences',
    text: `
      SELECT l.id AS limit_id, l.scope, l."window", l.counts,
             nullif(d.window_start, '-infinity') AS window_start,
             d.posted, d.pending, d.recounted_posted, d.recounted_pending
        FROM (SELECT coalesce(k.limit_id, c.limit_id) AS limit_id,
                     coalesce(k.window_start, c.window_start) AS window_start,
                     coalesce(k.posted, 0) AS posted, coalesce(k.pending, 0) AS pending,
                     coalesce(c.posted, 0) AS recounted_posted, coalesce(c.pending, 0) AS recounted_pending
                FROM limit_counters k
                FULL JOIN limit_recount() c ON c.limit_id = k.limit_id AND c.window_start = k.window_start) AS d
        JOIN limits l ON l.id = d.limit_id
       WHERE d.posted <> d.recounted_posted OR d.pending <> d.recounted_pending
       ORDER BY l.id, d.window_start`,
    values: [],
  });
  return rows;
}

/** How many counters there are. */
export async function countCounters(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ counters: bigint }>({
    name: 'count_counters',
    text: 'SELECT count(*) AS counters FROM limit_counters',
    values: [],
  });
  return Number(rows[0]?.counters ?? 0n);
}
