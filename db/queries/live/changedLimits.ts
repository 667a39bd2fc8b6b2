import type { Queryable } from '../../pool';

export interface ChangedLimits {
  /** That were set or moved, or that counted something. */
  readonly ids: readonly string[];
  /** How many there are. */
  readonly limits: number;
}

/**
 * Limits of which what is used may be other than a snapshot saw: those written by transactions that were not over then.
 * Rows keep 32 bits of a transaction's number: what is less than half of a round ahead is later. The window that runs is the
 * last one of a limit, or close to it where its zone was changed; those before are never taken away, and are not looked at.
 */
export async function findChangedLimits(db: Queryable, since: string): Promise<ChangedLimits> {
  const { rows } = await db.query<{ ids: string[]; limits: number }>({
    name: 'find_changed_limits',
    text: `
      WITH seen AS MATERIALIZED (SELECT pg_snapshot_xmin($1::pg_snapshot)::text::bigint AS xmin)
      SELECT (SELECT count(*)::integer FROM limits) AS limits,
             ARRAY(SELECT l.id FROM limits l, seen
                    WHERE (l.xmin::text::bigint - seen.xmin) & 4294967295 < 2147483648
                       OR EXISTS (SELECT FROM (SELECT k.xmin::text::bigint AS xmin FROM limit_counters k
                                                WHERE k.limit_id = l.id ORDER BY k.window_start DESC LIMIT 3) AS late
                                   WHERE (late.xmin - seen.xmin) & 4294967295 < 2147483648)) AS ids`,
    values: [since],
  });
  return rows[0] ?? { ids: [], limits: 0 };
}
