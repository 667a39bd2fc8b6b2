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
 * Recomputes every counter from the reservations, at one moment: it can be asked while calls go on. In the window that
 * runs, what has happened counts also where a limit has no hold on it, which it has to have.
 * @returns those that differ, by limit and window; none is what has to be
 */
export async function findCounterDifferences(db: Queryable): Promise<CounterDifference[]> {
  const { rows } = await db.query<CounterDifference & Record<string, unknown>>({
    name: 'find_counter_differences',
    text: `
      WITH running AS MATERIALIZED (
        -- Others still take in what was under way when they were set.
        SELECT l.*, limit_window_start(l."window", l.time_zone, limit_clock()) AS starts
          FROM limits l
         WHERE l.adopts_until IS NULL AND l."window" <> 'concurrency'
      ), missed AS (
        SELECT l.id AS limit_id, l.starts AS window_start, sum(p.posted) AS posted
          FROM reservations r
         CROSS JOIN unnest(r.scopes) AS s (scope)
          JOIN running l ON l.scope = s.scope
         CROSS JOIN LATERAL (
           SELECT limit_posted_amount(l."window", l.counts, l.scope_kind, r.dialled, r.connected, r.converted,
                                      r.spent_micros, r.paid, r.paid_micros) AS posted) AS p
         WHERE r.status NOT IN ('pending', 'refused') AND p.posted > 0
           AND (l.counts <> 'spend' OR l.currency = r.currency)
           AND r.reserved_at >= l.starts
           AND limit_window_start(l."window", l.time_zone, r.reserved_at) = l.starts
           AND NOT EXISTS (SELECT FROM reservation_holds h WHERE h.reservation_id = r.id AND h.limit_id = l.id)
         GROUP BY l.id, l.starts
      )
      SELECT l.id AS limit_id, l.scope, l."window", l.counts,
             nullif(d.window_start, '-infinity') AS window_start,
             d.posted, d.pending, d.recounted_posted, d.recounted_pending
        FROM (SELECT limit_id, window_start, sum(k.posted)::bigint AS posted, sum(k.pending)::bigint AS pending,
                     sum(k.recounted_posted)::bigint AS recounted_posted,
                     sum(k.recounted_pending)::bigint AS recounted_pending
                FROM (SELECT limit_id, window_start, posted, pending, 0 AS recounted_posted, 0 AS recounted_pending
                        FROM limit_counters
                      UNION ALL SELECT limit_id, window_start, 0, 0, posted, pending FROM limit_recount()
                      UNION ALL SELECT limit_id, window_start, 0, 0, posted, 0 FROM missed) AS k
               GROUP BY limit_id, window_start) AS d
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
