import type { Queryable } from '../../pool';
import { ALL_SUMS, CUTS } from './columns';

/** A figure that was rolled up and is not what calls and ledger say. */
export interface ReportDifference {
  /** ISO 8601: the hour's beginning. */
  readonly hour: string;
  /** `null`: of no campaign. */
  readonly campaign_id: string | null;
  readonly currency: string | null;
  /** Which table: `cells`, or the cut of `report_hours`. */
  readonly rolled_up_in: string;
  readonly sum: string;
  readonly rolled_up: string;
  readonly counted: string;
}

/** What was compared. */
export interface Verified {
  /** Hours of campaigns that have been rolled up and not changed since. */
  readonly hours: number;
  /** Hours of campaigns that are read from calls and ledger themselves, so that there is nothing to compare. */
  readonly unrolled: number;
  /** Calls and entries of the ledger that were counted. */
  readonly calls: number;
  readonly entries: number;
  readonly differences: readonly ReportDifference[];
}

/** Differences told at most: one is one too many. */
const MOST_DIFFERENCES = 200;

const SAME_PLACE = 'r.campaign_id = w.campaign_id AND r.hour = w.hour AND r.currency = w.currency';

/**
 * Counts calls, dials and the ledger anew, by plain sums that share nothing with what rolls them up, and holds every
 * figure of every hour against them, at one moment. Hours that have changed since they were rolled up are left out: they
 * are not read by anybody. @param from ISO 8601, the beginning of an hour @param to exclusive
 */
export async function verifyReports(db: Queryable, from: string, to: string): Promise<Verified> {
  const { rows } = await db.query<{
    hours: bigint;
    unrolled: bigint;
    calls: bigint;
    entries: bigint;
    differences: ReportDifference[] | null;
  }>({
    name: 'verify_reports',
    text: `
      WITH changed AS MATERIALIZED (
        SELECT hour, campaign_id FROM report_stale_hours WHERE hour >= $1::timestamptz AND hour < $2::timestamptz
        UNION
        SELECT hour, campaign_id FROM report_changes WHERE hour >= $1::timestamptz AND hour < $2::timestamptz
      ), counted AS MATERIALIZED (${COUNTED}
      ), cells AS MATERIALIZED (
        SELECT campaign_id, report_hour(quarter) AS hour, currency, ${sums()}
          FROM report_cells WHERE quarter >= $1::timestamptz AND quarter < $2::timestamptz
         GROUP BY 1, 2, 3
      ), compared AS (
        ${comparison('cells', 'SELECT * FROM cells', 'counted')}
        ${['campaign', ...Object.keys(CUTS)]
          .map((cut) => `UNION ALL ${comparison(cut, hoursOf(cut), 'counted')}`)
          .join('\n        ')}
      ), different AS (
        SELECT d.hour, d.campaign_id, d.currency, d.rolled_up_in, k.sum, k.rolled_up, k.counted
          FROM compared d
         CROSS JOIN LATERAL (VALUES ${ALL_SUMS.map((sum) => `('${sum}', d.r_${sum}::numeric, d.w_${sum}::numeric)`).join(', ')})
               AS k (sum, rolled_up, counted)
         WHERE k.rolled_up IS DISTINCT FROM k.counted
           AND NOT EXISTS (SELECT FROM changed c WHERE c.hour = d.hour AND c.campaign_id = d.campaign_id)
      )
      SELECT (SELECT count(DISTINCT (w.hour, w.campaign_id)) FROM counted w
               WHERE NOT EXISTS (SELECT FROM changed c WHERE c.hour = w.hour AND c.campaign_id = w.campaign_id)) AS hours,
             (SELECT count(*) FROM changed) AS unrolled,
             (SELECT coalesce(sum(received), 0)::bigint FROM counted) AS calls,
             (SELECT count(*) FROM ledger_entries
               WHERE occurred_at >= $1::timestamptz AND occurred_at < $2::timestamptz) AS entries,
             (SELECT jsonb_agg(jsonb_build_object(
                       'hour', iso_instant(t.hour), 'campaign_id', nullif(t.campaign_id, ''),
                       'currency', nullif(t.currency, ''), 'rolled_up_in', t.rolled_up_in, 'sum', t.sum,
                       'rolled_up', t.rolled_up::text, 'counted', t.counted::text)
                       ORDER BY t.hour, t.campaign_id, t.currency, t.rolled_up_in, t.sum)
                FROM (SELECT * FROM different ORDER BY hour, campaign_id, currency, rolled_up_in, sum
                       LIMIT ${MOST_DIFFERENCES}) AS t) AS differences`,
    values: [from, to],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('A statement that counts gave no row');
  return {
    hours: Number(row.hours),
    unrolled: Number(row.unrolled),
    calls: Number(row.calls),
    entries: Number(row.entries),
    differences: row.differences ?? [],
  };
}

/** When the first call came in, or the first entry counts, and the last, as whole hours; `null`: there is nothing. */
export async function reportedTime(
  db: Queryable,
): Promise<{ readonly from: string; readonly to: string } | null> {
  const { rows } = await db.query<{ from: string | null; to: string | null }>({
    name: 'reported_time',
    text: `
      SELECT report_hour(least((SELECT min(received_at) FROM calls), (SELECT min(occurred_at) FROM ledger_entries))) AS "from",
             report_hour(greatest((SELECT max(received_at) FROM calls), (SELECT max(occurred_at) FROM ledger_entries)))
               + interval '1 hour' AS "to"`,
    values: [],
  });
  const row = rows[0];
  if (row === undefined || row.from === null || row.to === null) return null;
  return { from: row.from, to: row.to };
}

/** Calls, dials and entries, each added up by itself and side by side. */
const COUNTED = `
        SELECT campaign_id, hour, currency, ${sums()}
          FROM (SELECT coalesce(c.campaign_id, '') AS campaign_id, report_hour(c.received_at) AS hour,
                       coalesce((SELECT p.currency FROM campaigns p WHERE p.id = c.campaign_id), '') AS currency,
                       count(*) AS received, count(c.ended_at) AS ended,
                       count(*) FILTER (WHERE c.id IN (SELECT a.call_id FROM attempts a
                                                        JOIN calls k ON k.id = a.call_id
                                                       WHERE k.received_at >= $1::timestamptz
                                                         AND k.received_at < $2::timestamptz)) AS routed,
                       0 AS dials, 0 AS answered,
                       count(*) FILTER (WHERE c.outcome = 'connected'
                                           OR (c.ended_at IS NULL AND c.connected_at IS NOT NULL)) AS connected,
                       count(*) FILTER (WHERE c.outcome LIKE 'abandoned%') AS abandoned,
                       count(*) FILTER (WHERE c.converted) AS converted,
                       coalesce(sum(c.duration_seconds), 0) AS duration_seconds,
                       coalesce(sum(c.talk_seconds), 0) AS talk_seconds,
                       0 AS revenue_micros, 0 AS payout_micros, 0 AS cost_micros
                  FROM calls c WHERE c.received_at >= $1::timestamptz AND c.received_at < $2::timestamptz
                 GROUP BY 1, 2, 3
                UNION ALL
                SELECT coalesce(c.campaign_id, ''), report_hour(c.received_at),
                       coalesce((SELECT p.currency FROM campaigns p WHERE p.id = c.campaign_id), ''),
                       0, 0, 0, count(*), count(*) FILTER (WHERE a.state IN ('connected', 'completed')), 0, 0, 0, 0, 0,
                       0, 0, 0
                  FROM attempts a JOIN calls c ON c.id = a.call_id
                 WHERE c.received_at >= $1::timestamptz AND c.received_at < $2::timestamptz
                 GROUP BY 1, 2, 3
                UNION ALL
                SELECT coalesce(e.campaign_id, ''), report_hour(e.occurred_at), e.currency,
                       0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                       coalesce(sum(e.amount_micros) FILTER (WHERE e.side = 'revenue'), 0),
                       coalesce(sum(e.amount_micros) FILTER (WHERE e.side = 'payout'), 0),
                       coalesce(sum(e.amount_micros) FILTER (WHERE e.side = 'cost'), 0)
                  FROM ledger_entries e WHERE e.occurred_at >= $1::timestamptz AND e.occurred_at < $2::timestamptz
                 GROUP BY 1, 2, 3) AS each
         GROUP BY 1, 2, 3`;

function sums(): string {
  return ALL_SUMS.map((sum) => `sum(${sum}) AS ${sum}`).join(', ');
}

function hoursOf(cut: string): string {
  return `SELECT campaign_id, hour, currency, ${sums()} FROM report_hours
                   WHERE cut = '${cut}' AND hour >= $1::timestamptz AND hour < $2::timestamptz GROUP BY 1, 2, 3`;
}

/** What was rolled up `r` beside what was counted `w`; a line that one of them lacks is 0 there. */
function comparison(name: string, rolled: string, counted: string): string {
  const figures = ALL_SUMS.map(
    (sum) => `coalesce(r.${sum}, 0) AS r_${sum}, coalesce(w.${sum}, 0) AS w_${sum}`,
  ).join(', ');
  return `SELECT '${name}' AS rolled_up_in, coalesce(r.hour, w.hour) AS hour,
                 coalesce(r.campaign_id, w.campaign_id) AS campaign_id, coalesce(r.currency, w.currency) AS currency,
                 ${figures}
            FROM (${rolled}) AS r FULL JOIN ${counted} AS w ON ${SAME_PLACE}`;
}
