import type { Queryable } from '../../pool';
import { addUp, ALL_SUMS, CUTS, PLACE_COLUMNS } from './columns';

/** A figure that was rolled up and is not what calls and ledger say. */
export interface ReportDifference {
  /** ISO 8601: the hour's beginning. */
  readonly hour: string;
  /** `null`: of no campaign. */
  readonly campaign_id: string | null;
  readonly currency: string | null;
  /** Which table: `cells`, or the cut of `report_hours`. */
  readonly rolled_up_in: string;
  /** Where in it: of cells what they have in all dimensions, as JSON; of a cut its key. `null`: has none. */
  readonly place: string | null;
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
export const MOST_DIFFERENCES = 200;

/**
 * Counts calls, dials and the ledger anew, by plain statements that share nothing with what rolls them up, and holds every
 * figure against them at one moment: of every quarter of an hour in all dimensions, and of every hour by each cut. Hours
 * that have changed since they were rolled up are left out: they are not read by anybody.
 * @param from ISO 8601, the beginning of an hour @param to exclusive
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
      ), counted AS MATERIALIZED (
        SELECT ${PLACE_COLUMNS.join(', ')}, ${ALL_SUMS.map((sum) => `${addUp(sum)} AS ${sum}`).join(', ')}
          FROM (${countedSql()}) AS each
         GROUP BY ${PLACE_COLUMNS.join(', ')}
      ), compared AS (
        ${[cellsSql(), ...['campaign', ...Object.keys(CUTS)].map(cutSql)].join('\n        UNION ALL ')}
      ), different AS (
        SELECT d.hour, d.campaign_id, d.currency, d.rolled_up_in, d.place, k.sum, k.rolled_up, k.counted
          FROM compared d
         CROSS JOIN LATERAL (VALUES ${ALL_SUMS.map((sum) => `('${sum}', d.r_${sum}::numeric, d.w_${sum}::numeric)`).join(', ')})
               AS k (sum, rolled_up, counted)
         WHERE k.rolled_up <> k.counted
           AND NOT EXISTS (SELECT FROM changed c WHERE c.hour = d.hour AND c.campaign_id = d.campaign_id)
      )
      SELECT (SELECT count(*) FROM (SELECT DISTINCT ${HOUR_OF_QUARTER} AS hour, campaign_id FROM counted) AS w
               WHERE NOT EXISTS (SELECT FROM changed c WHERE c.hour = w.hour AND c.campaign_id = w.campaign_id)) AS hours,
             (SELECT count(*) FROM changed) AS unrolled,
             (SELECT coalesce(sum(received), 0)::bigint FROM counted) AS calls,
             (SELECT count(*) FROM ledger_entries
               WHERE occurred_at >= $1::timestamptz AND occurred_at < $2::timestamptz) AS entries,
             (SELECT jsonb_agg(jsonb_build_object(
                       'hour', iso_instant(t.hour), 'campaign_id', nullif(t.campaign_id, ''),
                       'currency', nullif(t.currency, ''), 'rolled_up_in', t.rolled_up_in, 'place', t.place, 'sum', t.sum,
                       'rolled_up', t.rolled_up::text, 'counted', t.counted::text)
                       ORDER BY ${ORDER})
                FROM (SELECT * FROM different t ORDER BY ${ORDER} LIMIT ${MOST_DIFFERENCES}) AS t) AS differences`,
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

/**
 * When the first call came in, the first entry counts or the first was rolled up, and the last, as whole hours; `null`:
 * there is nothing.
 */
export async function reportedTime(
  db: Queryable,
): Promise<{ readonly from: string; readonly to: string } | null> {
  const times = (which: 'min' | 'max'): string =>
    Object.entries({
      calls: 'received_at',
      ledger_entries: 'occurred_at',
      report_cells: 'quarter',
      report_hours: 'hour',
    })
      .map(([table, column]) => `(SELECT ${which}(${column}) FROM ${table})`)
      .join(', ');
  const { rows } = await db.query<{ from: string | null; to: string | null }>({
    name: 'reported_time',
    text: `
      SELECT report_hour(least(${times('min')})) AS "from",
             report_hour(greatest(${times('max')})) + interval '1 hour' AS "to"`,
    values: [],
  });
  const row = rows[0];
  if (row === undefined || row.from === null || row.to === null) return null;
  return { from: row.from, to: row.to };
}

const ORDER = 't.hour, t.campaign_id, t.currency, t.rolled_up_in, t.place, t.sum';
const HOUR_OF_QUARTER = `date_trunc('hour', quarter, 'UTC')`;
/** What the place of a cell is told by, beside its campaign and currency. */
const DIMENSIONS = PLACE_COLUMNS.filter((column) => column !== 'campaign_id' && column !== 'currency');

/** Calls, dials and entries, one below the other, in the order of {@link PLACE_COLUMNS} and {@link ALL_SUMS}. */
function countedSql(): string {
  const quarterOf = (at: string): string => `date_bin('15 minutes', ${at}, 'epoch')`;
  const recorded = `c.geography->>'country' AS country, c.geography->>'state' AS state, c.geography->>'areaCode' AS area_code,
                 c.plan_version`;
  const callAt = `${quarterOf('c.received_at')} AS quarter, coalesce(c.campaign_id, '') AS campaign_id,
                 coalesce(p.currency, '') AS currency`;
  const callOf = `c.publisher_id, c.dialed AS number, c.channel, ${recorded}, c.migration_id, c.migration_side, c.outcome,
                 c.qualifications AS tags`;
  const inTime = (at: string): string => `${at} >= $1::timestamptz AND ${at} < $2::timestamptz`;
  const entry = (side: string): string => `CASE e.side WHEN '${side}' THEN e.amount_micros ELSE 0 END`;
  return `
          SELECT ${callAt}, c.buyer_id, ${callOf},
                 1 AS received, CASE WHEN c.ended_at IS NULL THEN 0 ELSE 1 END AS ended,
                 CASE WHEN c.id IN (SELECT a.call_id FROM attempts a JOIN calls k ON k.id = a.call_id
                                     WHERE ${inTime('k.received_at')}) THEN 1 ELSE 0 END AS routed,
                 0 AS dials, 0 AS answered,
                 CASE WHEN c.outcome = 'connected' OR (c.ended_at IS NULL AND c.connected_at IS NOT NULL)
                      THEN 1 ELSE 0 END AS connected,
                 CASE WHEN c.outcome LIKE 'abandoned%' THEN 1 ELSE 0 END AS abandoned,
                 CASE WHEN c.converted THEN 1 ELSE 0 END AS converted,
                 coalesce(c.duration_seconds, 0) AS duration_seconds, coalesce(c.talk_seconds, 0) AS talk_seconds,
                 0::bigint AS revenue_micros, 0::bigint AS payout_micros, 0::bigint AS cost_micros
            FROM calls c LEFT JOIN campaigns p ON p.id = c.campaign_id
           WHERE ${inTime('c.received_at')}
          UNION ALL
          SELECT ${callAt}, a.buyer_id, ${callOf},
                 0, 0, 0, 1, CASE WHEN a.state IN ('connected', 'completed') THEN 1 ELSE 0 END, 0, 0, 0, 0, 0, 0, 0, 0
            FROM attempts a JOIN calls c ON c.id = a.call_id LEFT JOIN campaigns p ON p.id = c.campaign_id
           WHERE ${inTime('c.received_at')}
          UNION ALL
          SELECT ${quarterOf('e.occurred_at')}, coalesce(e.campaign_id, ''), e.currency, e.buyer_id, e.publisher_id, e.number,
                 e.channel, ${recorded}, e.migration_id, e.migration_side, c.outcome, c.qualifications,
                 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ${entry('revenue')}, ${entry('payout')}, ${entry('cost')}
            FROM ledger_entries e LEFT JOIN calls c ON c.id = e.call_id
           WHERE ${inTime('e.occurred_at')}`;
}

/** Cells beside what was counted, in all dimensions. */
function cellsSql(): string {
  const place = PLACE_COLUMNS.join(', ');
  return compared({
    table: 'cells',
    hour: HOUR_OF_QUARTER,
    place: `jsonb_strip_nulls(jsonb_build_object(${DIMENSIONS.map((column) => `'${column}', ${column}`).join(', ')}))::text`,
    by: place,
    rolled: { columns: place, from: 'report_cells', at: 'quarter' },
    counted: place,
  });
}

/** The hours of a cut beside what was counted, by its key. */
function cutSql(cut: string): string {
  const column = cut === 'campaign' ? 'NULL::text' : CUTS[cut as keyof typeof CUTS];
  return compared({
    table: cut,
    hour: 'hour',
    place: 'key',
    by: 'hour, campaign_id, currency, key',
    rolled: {
      columns: 'hour, campaign_id, currency, key',
      from: `report_hours WHERE cut = '${cut}'`,
      at: 'hour',
    },
    counted: `${HOUR_OF_QUARTER} AS hour, campaign_id, currency, ${column} AS key`,
  });
}

/**
 * Places at which what was rolled up `r_` is not what was counted `w_`; what one of them lacks is 0 there. Grouped, not
 * joined: groups take NULL for a value like others.
 */
function compared(sides: {
  readonly table: string;
  readonly hour: string;
  readonly place: string;
  readonly by: string;
  readonly rolled: { readonly columns: string; readonly from: string; readonly at: string };
  readonly counted: string;
}): string {
  const { table, hour, place, by, rolled, counted } = sides;
  const each = (text: (sum: string) => string): string => ALL_SUMS.map(text).join(', ');
  return `SELECT '${table}' AS rolled_up_in, ${hour} AS hour, campaign_id, currency, ${place} AS place,
               ${each((sum) => `report_sum(r_${sum}) AS r_${sum}, report_sum(w_${sum}) AS w_${sum}`)}
          FROM (SELECT ${rolled.columns}, ${each((sum) => `${sum} AS r_${sum}, 0 AS w_${sum}`)}
                  FROM ${rolled.from}${rolled.from.includes('WHERE') ? ' AND' : ' WHERE'} ${rolled.at} >= $1::timestamptz AND ${rolled.at} < $2::timestamptz
                 UNION ALL
                SELECT ${counted}, ${each((sum) => `0, ${sum}`)} FROM counted) AS both_sides
         GROUP BY ${by}
        HAVING (${each((sum) => `report_sum(r_${sum})`)}) <> (${each((sum) => `report_sum(w_${sum})`)})`;
}
