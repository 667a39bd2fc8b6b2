import type { Queryable, Statement } from '../../pool';
import { isCycle, isPeriod, isTag, tagKey, type Column } from '../../../domain/report/dimensions';
import { measureRule, SUMS, type Measure, type Sum, type Sums } from '../../../domain/report/measures';
import type { ReportFilter, ReportQuery } from '../../../domain/report/report';
import { ALL_SUMS, CUTS, DIMENSION_SQL, SUM_COLUMNS, type Cut } from './columns';
import { FACTS } from './facts';
import { cycleColumn, gridSql, PERIOD_KEY, PERIOD_PLACE, type Grain } from './grid';
import { Parameters } from './parameters';

/** What a line of a report is: a group, the groups that were not among the top, or everything. */
export type Part = 'row' | 'rest' | 'total';

/** A line of a report in one currency. */
export interface ReportLine {
  readonly part: Part;
  /** In the order of the query's columns; `null`: none. Of what is added up, only the period is told. */
  readonly keys: readonly (string | null)[];
  /** ISO 4217; `null`: calls of no campaign. */
  readonly currency: string | null;
  readonly sums: Sums;
  /** Of the period before; `null`: not asked for. */
  readonly before: Sums | null;
}

/** The statement of a report, and what reads its rows. */
export interface ReportStatement {
  readonly statement: Statement;
  readonly readLine: (row: Readonly<Record<string, unknown>>) => ReportLine;
}

/** The sources that a report can be read from, the quickest first. */
export type Source = { readonly grain: Grain; readonly cut: Cut | 'campaign' | null };

/**
 * What a report can be read from. By the hour where it asks for the campaign and one dimension more at most; that is right
 * only in a zone whose days begin with an hour, which {@link isAligned} tells.
 */
export function sourceOf({ by, filter }: Pick<ReportQuery, 'by' | 'filter'>): Source {
  const cells: Source = { grain: 'quarter', cut: null };
  if (by.some(isTag) || Object.keys(filter.tags).length > 0) return cells;
  const asked = new Set<string>(Object.keys(filter.dimensions));
  for (const column of by) if (!isPeriod(column) && !isCycle(column)) asked.add(column);
  asked.delete('campaign');
  const [cut, ...more] = asked;
  if (cut === undefined) return { grain: 'hour', cut: 'campaign' };
  return more.length === 0 && cut in CUTS ? { grain: 'hour', cut: cut as Cut } : cells;
}

/** Whether every local day of a report begins with an hour of UTC. */
export async function isAligned(db: Queryable, query: ReportQuery): Promise<boolean> {
  const parameters = new Parameters();
  const { rows } = await db.query<{ aligned: boolean }>({
    name: '',
    text: `SELECT coalesce(bool_and(g.aligned), true) AS aligned FROM (${gridSql({ ...query, by: [] }, 'hour', parameters).sql}) AS g`,
    values: parameters.values,
  });
  return rows[0]?.aligned ?? true;
}

/**
 * Puts together the statement of a report. What has been rolled up is read from there, and what has changed since from
 * calls and ledger, at the same moment: the answer is exact at any time.
 * @param parts which lines are wanted
 */
export function reportStatement(query: ReportQuery, source: Source, parts: readonly Part[]): ReportStatement {
  const parameters = new Parameters();
  const keys = query.by.map((column, index) => ({ column, name: `key_${index}` }));
  const grid = gridSql(query, source.grain, parameters);
  const where = filterSql(query.filter, parameters);
  const campaigns = query.filter.dimensions.campaign;
  const ofCampaigns =
    campaigns === undefined
      ? ''
      : ` AND t.campaign_id = ANY (${parameters.add(
          campaigns.map((id) => id ?? ''),
          'text[]',
        )})`;
  const compares = query.before !== null;
  const slot = source.grain === 'hour' ? 'report_hour(c.quarter)' : 'c.quarter';
  const keyed = keys.map(({ column, name }) => `${keySql(column, compares, parameters)} AS ${name}`);
  const picked = ['g.which', ...keyed, 'c.currency', ...ALL_SUMS.map((sum) => `c.${sum}`)].join(', ');
  const place = [...keys.map(({ name }) => name), 'currency'].join(', ');
  const text = `
    WITH grid AS MATERIALIZED (${grid.sql}
    ), stale AS MATERIALIZED (
      SELECT t.hour, t.campaign_id FROM report_stale_hours t
       WHERE t.hour >= ${grid.low} AND t.hour < ${grid.high}${ofCampaigns}
      UNION
      SELECT t.hour, t.campaign_id FROM report_changes t
       WHERE t.hour >= ${grid.low} AND t.hour < ${grid.high}${ofCampaigns}
    ), spans AS MATERIALIZED (
      SELECT hour, array_agg(campaign_id) AS campaigns FROM stale GROUP BY hour
    ), rolled AS (
      SELECT ${picked}
        FROM ${rolledSql(source)} c
        JOIN grid g ON g.slot = c.slot
       WHERE c.slot >= ${grid.low} AND c.slot < ${grid.high}${where}
         AND NOT EXISTS (SELECT FROM stale t WHERE t.hour = g.hour AND t.campaign_id = c.campaign_id)
    ), fresh AS (
      SELECT ${picked}
        FROM (${FACTS}
             ) AS c
        JOIN grid g ON g.slot = ${slot}
       WHERE true${where}
    ), groups AS MATERIALIZED (
      SELECT ${place}, ${columnsOf(compares)
        .map((column) => `sum(${column}) AS ${column}`)
        .join(', ')}
        FROM (SELECT ${place}, ${aggregates(compares)} FROM rolled GROUP BY ${place}
              UNION ALL
              SELECT ${place}, ${aggregates(compares)} FROM fresh GROUP BY ${place}) AS told
       GROUP BY ${place}
    )${rankSql(query, keys)}
    ${partsSql(query, keys, parts, parameters)}`;
  return {
    statement: { name: '', text, values: parameters.values },
    readLine: (row) => readLine(row, keys.length, compares),
  };
}

/** What has been rolled up, with its slot and the columns that dimensions are made of. */
function rolledSql({ grain, cut }: Source): string {
  if (grain === 'quarter') return '(SELECT quarter AS slot, * FROM report_cells)';
  if (cut === null) throw new Error('Hours are cut by something');
  const key = cut === 'campaign' ? '' : `, key AS ${CUTS[cut]}`;
  return `(SELECT hour AS slot, campaign_id, currency${key}, ${ALL_SUMS.join(', ')} FROM report_hours WHERE cut = '${cut}')`;
}

/** A key of a line, from the grid `g` or what is counted `c`. */
function keySql(column: Column, compares: boolean, parameters: Parameters): string {
  // Two periods are compared place by place: the first day of this one with the first day of that one.
  if (isPeriod(column)) return compares ? `g.${PERIOD_PLACE}::text` : `g.${PERIOD_KEY}`;
  if (isCycle(column)) return `g.${cycleColumn(column)}`;
  if (isTag(column)) return `c.tags->>${parameters.add(tagKey(column), 'text')}`;
  return DIMENSION_SQL[column];
}

function filterSql({ dimensions, tags }: ReportFilter, parameters: Parameters): string {
  const conditions = [
    ...Object.entries(dimensions).map(([dimension, values]) =>
      oneOf(DIMENSION_SQL[dimension as keyof typeof DIMENSION_SQL], values, parameters),
    ),
    ...Object.entries(tags).map(([key, values]) =>
      oneOf(`c.tags->>${parameters.add(key, 'text')}`, values, parameters),
    ),
  ];
  return conditions.map((condition) => ` AND ${condition}`).join('');
}

function oneOf(sql: string, values: readonly (string | null)[], parameters: Parameters): string {
  const named = values.filter((value) => value !== null);
  const some = `${sql} = ANY (${parameters.add(named, 'text[]')})`;
  return values.includes(null) ? `(${some} OR ${sql} IS NULL)` : some;
}

function aggregates(compares: boolean): string {
  if (!compares) return ALL_SUMS.map((sum) => `sum(${sum}) AS ${sum}`).join(', ');
  return ALL_SUMS.flatMap((sum) => [
    `coalesce(sum(${sum}) FILTER (WHERE which = 0), 0) AS ${sum}`,
    `coalesce(sum(${sum}) FILTER (WHERE which = 1), 0) AS before_${sum}`,
  ]).join(', ');
}

/** The sums of a group. */
function columnsOf(compares: boolean): readonly string[] {
  return compares ? ALL_SUMS.flatMap((sum) => [sum, `before_${sum}`]) : ALL_SUMS;
}

interface Key {
  readonly column: Column;
  readonly name: string;
}

/** Gives every group that differs in more than its period a place, by what it comes to in the period asked about. */
function rankSql({ order }: ReportQuery, keys: readonly Key[]): string {
  const lasting = keys.filter(({ column }) => !isPeriod(column)).map(({ name }) => name);
  const who = `ROW(${['currency', ...lasting].join(', ')})::text`;
  return `, places AS MATERIALIZED (
      SELECT ${who} AS who, row_number() OVER (PARTITION BY currency
               ORDER BY ${measureSql(order.by)} ${order.direction} NULLS LAST${lasting.map((name) => `, ${name}`).join('')}) AS place
        FROM groups GROUP BY ${['currency', ...lasting].join(', ')}
    ), placed AS MATERIALIZED (
      SELECT o.*, p.place FROM groups o JOIN places p ON p.who = ${who}
    )`;
}

/** A measure of a group, for putting groups in order. */
function measureSql(measure: Measure): string {
  const { of, per } = measureRule(measure);
  const total = (terms: Partial<Record<Sum, 1 | -1>>): string =>
    SUMS.flatMap((sum) => {
      const sign = terms[sum];
      return sign === undefined ? [] : [`${sign} * sum(${SUM_COLUMNS[sum]})::numeric`];
    }).join(' + ');
  return per === null ? `(${total(of)})` : `(${total(of)}) / nullif(${total(per)}, 0)`;
}

function partsSql(
  { by, top, before }: ReportQuery,
  keys: readonly Key[],
  parts: readonly Part[],
  parameters: Parameters,
): string {
  const compares = before !== null;
  const columns = columnsOf(compares);
  const added = columns.map((column) => `sum(${column}) AS ${column}`).join(', ');
  const period = keys.find(({ column }) => isPeriod(column));
  const most = top === null ? null : parameters.add(top, 'integer');
  const onlyPeriod = keys.map(({ name }) => (name === period?.name ? name : `NULL AS ${name}`));
  const nothing = keys.map(({ name }) => `NULL AS ${name}`);
  const list = (...names: readonly string[]): string => names.join(', ');
  const selects: Readonly<Record<Part, string | null>> = {
    row: `SELECT ${list(`'row' AS part`, ...keys.map(({ name }) => name), 'currency', 'place', ...columns)} FROM placed${
      most === null ? '' : ` WHERE place <= ${most}`
    }`,
    rest:
      most === null
        ? null
        : `SELECT ${list(`'rest' AS part`, ...onlyPeriod, 'currency', 'NULL::bigint AS place', added)} FROM placed WHERE place > ${most}
            GROUP BY ${list('currency', ...(period === undefined ? [] : [period.name]))}`,
    total: `SELECT ${list(`'total' AS part`, ...nothing, 'currency', 'NULL::bigint AS place', added)} FROM groups GROUP BY currency`,
  };
  const wanted = parts.flatMap((part) => selects[part] ?? []).join('\n    UNION ALL\n    ');
  if (period === undefined) return `SELECT l.* FROM (${wanted}) AS l ORDER BY ${order('l', by, null)}`;
  if (!compares) return `SELECT l.* FROM (${wanted}) AS l ORDER BY ${order('l', by, `l.${period.name}`)}`;
  // Back from the place of a period to the period asked about; where the one before has more of them, these are not shown.
  const shown = keys.map(({ name }) => (name === period.name ? `k.label AS ${name}` : `l.${name}`));
  return `SELECT ${list('l.part', ...shown, 'l.currency', ...columns.map((column) => `l.${column}`))}
      FROM (${wanted}) AS l
      LEFT JOIN (SELECT DISTINCT ${PERIOD_PLACE}::text AS place, ${PERIOD_KEY} AS label FROM grid WHERE which = 0) AS k
        ON k.place = l.${period.name}
     WHERE l.part = 'total' OR k.label IS NOT NULL
     ORDER BY ${order('l', by, 'k.label')}`;
}

/** Periods in their order, in each the groups in theirs; what is added up behind them. */
function order(alias: string, by: readonly Column[], period: string | null): string {
  const cycles = by.flatMap((column, index) => (isCycle(column) ? [`${alias}.key_${index}::integer`] : []));
  return [
    `(${alias}.part = 'total')`,
    ...(period === null ? [] : [period]),
    `(${alias}.part = 'rest')`,
    ...cycles,
    `${alias}.place`,
    `${alias}.currency`,
  ].join(', ');
}

function readLine(row: Readonly<Record<string, unknown>>, keys: number, compares: boolean): ReportLine {
  const sums = (prefix: string): Sums =>
    Object.fromEntries(
      SUMS.map((sum) => [sum, BigInt((row[`${prefix}${SUM_COLUMNS[sum]}`] as bigint | string | null) ?? 0)]),
    ) as Record<Sum, bigint>;
  const currency = String(row['currency']);
  return {
    part: row['part'] as Part,
    keys: Array.from({ length: keys }, (_, index) => (row[`key_${index}`] as string | null) ?? null),
    currency: currency === '' ? null : currency,
    sums: sums(''),
    before: compares ? sums('before_') : null,
  };
}

/** All lines of a report. */
export async function readReport(
  db: Queryable,
  query: ReportQuery,
  source: Source,
  parts: readonly Part[],
): Promise<ReportLine[]> {
  const { statement, readLine: read } = reportStatement(query, source, parts);
  const { rows } = await db.query<Record<string, unknown>>(statement);
  return rows.map(read);
}
