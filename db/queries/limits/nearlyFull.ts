import type { CountedEvent, LimitWindow } from '../../../domain/limits/limit';
import type { Queryable } from '../../pool';

/** What is used of a limit in the window that runs. Amounts in units, of a spend limit in micros. */
export interface UsedRow {
  readonly id: string;
  /** `<kind>:<id>`. */
  readonly scope: string;
  readonly window: LimitWindow;
  readonly counts: CountedEvent;
  readonly maximum: bigint;
  readonly posted: bigint;
  readonly pending: bigint;
}

/** Limits of which at least `share` (0 to 1) is used now, the fullest first. */
export async function listNearlyFull(
  db: Queryable,
  { share, most }: { readonly share: number; readonly most: number },
): Promise<UsedRow[]> {
  const { rows } = await db.query<UsedRow & Record<string, unknown>>({
    name: 'list_nearly_full',
    text: `
      SELECT u.id, u.scope, u."window", u.counts, u.maximum, u.posted, u.pending
        FROM (SELECT l.id, l.scope, l."window", l.counts, l.maximum,
                     coalesce(k.posted, 0) AS posted, coalesce(k.pending, 0) AS pending,
                     -- A limit of nothing is full.
                     coalesce((k.posted + k.pending)::float8 / nullif(l.maximum, 0), (l.maximum = 0)::int) AS used
                FROM limits l
               CROSS JOIN (SELECT limit_clock() AS at) AS clock
                LEFT JOIN limit_counters k
                  ON k.limit_id = l.id
                 AND k.window_start = limit_window_start(l."window", l.time_zone, clock.at)) AS u
       WHERE u.used >= $1::float8
       ORDER BY u.used DESC, u.id
       LIMIT $2::integer`,
    values: [share, most],
  });
  return rows;
}
