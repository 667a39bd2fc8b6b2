import type { Queryable } from '../../pool';
import { ALL_SUMS, CUTS, PLACE_COLUMNS } from './columns';
import { factsSql } from './facts';

/**
 * Gathers what has been marked since the last time, each hour of a campaign once. An hour that is there already counts
 * one more: a roll-up that began before must not take it for done. @returns how many marks there were
 */
export async function gatherChanges(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ marks: bigint }>({
    name: 'gather_report_changes',
    text: `
      WITH gone AS (
        DELETE FROM report_changes RETURNING hour, campaign_id
      ), kept AS (
        INSERT INTO report_stale_hours (hour, campaign_id)
        SELECT DISTINCT hour, campaign_id FROM gone ORDER BY hour, campaign_id
            ON CONFLICT (hour, campaign_id) DO UPDATE SET marks = report_stale_hours.marks + 1
      )
      SELECT count(*) AS marks FROM gone`,
    values: [],
  });
  return Number(rows[0]?.marks ?? 0n);
}

/**
 * Rolls up hours that have changed, the oldest first: what was there of them is put aside, and made anew of calls and
 * ledger. One statement, so one moment: a change that it did not see has a mark that it did not gather, and whoever reads
 * sees the hour as changed or as rolled up, never in between.
 *
 * Between that moment and the lock on an hour others may have been at it. The lock is taken first, in the order in which
 * hours are gathered, and gives what is there by then; the hour itself is looked for as it was at that moment, with the
 * marks of then. One that was gathered again has more of them and stays; one that is gone, or gone and there again, is
 * left to whoever that was.
 *
 * An hour is left alone while it lasts, and while one of its calls goes on: it is read from the calls themselves.
 * @param most hours of campaigns @param until ISO 8601: hours that ended by then
 * @returns how many there were
 */
export async function rollUpHours(db: Queryable, most: number, until: string): Promise<number> {
  const { rows } = await db.query<{ hours: bigint }>({
    name: 'roll_up_report_hours',
    text: `
      WITH ready AS (
        SELECT t.hour, t.campaign_id, t.marks FROM report_stale_hours t
         WHERE t.hour <= $2::timestamptz - interval '1 hour'
           AND NOT EXISTS (SELECT FROM calls o
                            WHERE o.ended_at IS NULL AND o.received_at >= t.hour
                              AND o.received_at < t.hour + interval '1 hour'
                              AND coalesce(o.campaign_id, '') = t.campaign_id)
         ORDER BY t.hour, t.campaign_id
         LIMIT $1::integer
           FOR UPDATE OF t
      ), spans AS (
        DELETE FROM report_stale_hours t USING ready r
         WHERE t.hour = r.hour AND t.campaign_id = r.campaign_id AND t.marks = r.marks
        RETURNING t.hour, t.campaign_id
      ), spent AS MATERIALIZED (
        SELECT hour, array_agg(campaign_id) AS campaigns FROM spans GROUP BY hour
      ), old_cells AS (
        DELETE FROM report_cells c USING spent s
         WHERE c.quarter >= s.hour AND c.quarter < s.hour + interval '1 hour' AND c.campaign_id = ANY (s.campaigns)
      ), old_hours AS (
        DELETE FROM report_hours h USING spent s
         WHERE h.hour = s.hour AND h.campaign_id = ANY (s.campaigns)
      ), facts AS (${factsSql(true)}
      ), cells AS (
        INSERT INTO report_cells (${[...PLACE_COLUMNS, ...ALL_SUMS].join(', ')})
        SELECT ${PLACE_COLUMNS.join(', ')}, ${sums()}
          FROM facts
         GROUP BY ${PLACE_COLUMNS.join(', ')}
        RETURNING *
      ), hours AS (
        INSERT INTO report_hours (cut, hour, campaign_id, currency, key, ${ALL_SUMS.join(', ')})
        SELECT k.cut, report_hour(c.quarter), c.campaign_id, c.currency, k.key, ${sums('c.')}
          FROM cells c
         CROSS JOIN LATERAL (VALUES ('campaign', NULL)${cuts()}) AS k (cut, key)
         GROUP BY 1, 2, 3, 4, 5
      )
      SELECT count(*) AS hours FROM spans`,
    values: [most, until],
  });
  return Number(rows[0]?.hours ?? 0n);
}

function sums(of = ''): string {
  return ALL_SUMS.map((sum) => `sum(${of}${sum})`).join(', ');
}

function cuts(): string {
  return Object.entries(CUTS)
    .map(([cut, column]) => `, ('${cut}', c.${column})`)
    .join('');
}

/** How many hours of campaigns have changed and have not been rolled up, besides the one that lasts. */
export async function countStaleHours(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ hours: bigint }>({
    name: 'count_stale_report_hours',
    text: `SELECT count(*) AS hours FROM report_stale_hours WHERE hour < report_hour(now())`,
    values: [],
  });
  return Number(rows[0]?.hours ?? 0n);
}
