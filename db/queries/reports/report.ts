import type { Queryable, Statement } from '../../pool';
import {
  isCycle,
  isPeriod,
  isTag,
  tagKey,
  type Column,
  type Cycle,
  type Dimension,
  type Period,
  type TagDimension,
} from '../../../domain/report/dimensions';
import { measureRule, SUMS, type Measure, type Sum, type Sums } from '../../../domain/report/measures';
import type { ReportFilter, ReportQuery } from '../../../domain/report/report';
import { addUp, ALL_SUMS, CUTS, DIMENSION_COLUMNS, dimensionSql, SUM_COLUMNS, type Cut } from './columns';
import { factsSql, ON_RECORD } from './facts';
import { alignedSql, calendarSql, cycleColumn, PERIOD_KEY, PERIOD_PLACE, type Grain } from './grid';
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

/** Whether every local hour of a report begins with an hour of UTC. */
export async function isAligned(
  db: Queryable,
  { range, before, zone }: Pick<ReportQuery, 'range' | 'before' | 'zone'>,
): Promise<boolean> {
  const parameters = new Parameters();
  const { rows } = await db.query<{ aligned: boolean }>({
    name: '',
    text: alignedSql(before ?? range, range, zone, parameters),
    values: parameters.values,
  });
  return rows[0]?.aligned ?? true;
}

/**
 * Puts together the statement of a report. What has been rolled up is read from there, and what has changed since from
 * calls and ledger, at the same moment: the answer is exact at any time.
 * @param parts which lines are wanted @param most of them; `null`: all
 */
export function reportStatement(
  query: ReportQuery,
  source: Source,
  parts: readonly Part[],
  most: number | null = null,
): ReportStatement {
  const parameters = new Parameters();
  const keys = query.by.map((column, index) => ({ column, name: `key_${index}` }));
  const { ctes, momentOf, low, high } = calendarSql(query, source.grain, parameters);
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
  const lasting = keys.flatMap(({ column, name }) => (isTime(column) ? [] : [{ column, name }]));
  const picked = (slot: string): string =>
    [
      `${momentOf(slot)} AS moment`,
      ...lasting.map(({ column, name }) => `${keySql(column, parameters)} AS ${name}`),
      'c.currency',
      ...ALL_SUMS.map((sum) => `c.${sum}`),
    ].join(', ');
  const perMoment = ['moment', ...lasting.map(({ name }) => name), 'currency'].join(', ');
  const groupKeys = keys.map(({ column, name }) =>
    isTime(column) ? `${timeSql(column, compares)} AS ${name}` : `f.${name}`,
  );
  const text = `
    WITH ${ctes}, spans AS MATERIALIZED (
      SELECT t.hour, t.campaign_id FROM report_stale_hours t
       WHERE t.hour >= ${low} AND t.hour < ${high}${ofCampaigns}
      UNION
      SELECT t.hour, t.campaign_id FROM report_changes t
       WHERE t.hour >= ${low} AND t.hour < ${high}${ofCampaigns}
    ), rolled AS (
      SELECT ${picked('c.slot')}
        FROM ${rolledSql(source)} c
       WHERE c.slot >= ${low} AND c.slot < ${high}${where}
         -- Neither is ever NULL. NOT EXISTS may be planned by putting all that was rolled up into a hash table.
         AND (${source.grain === 'hour' ? 'c.slot' : 'report_hour(c.slot)'}, c.campaign_id) NOT IN (SELECT hour, campaign_id FROM spans)
    ), fresh AS (
      SELECT ${picked(source.grain === 'hour' ? 'report_hour(c.quarter)' : 'c.quarter')}
        FROM (${factsSql(asksRecord(query))}
             ) AS c
       WHERE true${where}
    ), counted AS (
      SELECT ${perMoment}, ${ALL_SUMS.map((sum) => `${addUp(sum)} AS ${sum}`).join(', ')}
        FROM (SELECT * FROM rolled UNION ALL SELECT * FROM fresh) AS t
       GROUP BY ${perMoment}
    ), groups AS MATERIALIZED (
      SELECT ${[...groupKeys, 'f.currency', compares ? BOTH_SUMS : ALL_SUMS.join(', ')].join(', ')}
        FROM counted f
        JOIN moments g ON g.moment = f.moment
       ${compares ? `GROUP BY ${[...keys.map((_, index) => String(index + 1)), 'f.currency'].join(', ')}` : ''}
    )${rankSql(query, keys)}
    ${partsSql(query, keys, parts, parameters)}
    ${most === null ? '' : `LIMIT ${parameters.add(most, 'integer')}`}`;
  return {
    statement: { name: '', text, values: parameters.values },
    readLine: reader(keys.length, compares),
  };
}

/** What has been rolled up, with its slot and the columns that dimensions are made of. */
function rolledSql({ grain, cut }: Source): string {
  if (grain === 'quarter') return '(SELECT quarter AS slot, * FROM report_cells)';
  if (cut === null) throw new Error('Hours are cut by something');
  const key = cut === 'campaign' ? '' : `, key AS ${CUTS[cut]}`;
  return `(SELECT hour AS slot, campaign_id, currency${key}, ${ALL_SUMS.join(', ')} FROM report_hours_${cut})`;
}

/** Whether a report tells apart, or leaves out, by something that only the record of a call says. */
function asksRecord({ by, filter }: ReportQuery): boolean {
  if (by.some(isTag) || Object.keys(filter.tags).length > 0) return true;
  const dimensions = [...Object.keys(filter.dimensions), ...by].filter((name) => name in DIMENSION_COLUMNS);
  return dimensions.some((name) => ON_RECORD.has(DIMENSION_COLUMNS[name as Dimension]));
}

function isTime(column: Column): column is Period | Cycle {
  return isPeriod(column) || isCycle(column);
}

/** A key of a line, of a moment `g`. */
function timeSql(column: Period | Cycle, compares: boolean): string {
  if (isCycle(column)) return `g.${cycleColumn(column)}::text`;
  // Two periods are compared place by place: the first day of this one with the first day of that one.
  return compares ? `g.${PERIOD_PLACE}::text` : `g.${PERIOD_KEY}`;
}

/** A key of a line, of what is counted `c`. */
function keySql(column: Dimension | TagDimension, parameters: Parameters): string {
  return isTag(column) ? `c.tags->>${parameters.add(tagKey(column), 'text')}` : dimensionSql(column);
}

function filterSql({ dimensions, tags }: ReportFilter, parameters: Parameters): string {
  const conditions = [
    ...Object.entries(dimensions).map(([dimension, values]) =>
      oneOf(dimensionSql(dimension as Dimension), values, parameters),
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

/** The sums of both periods: a group is in two moments at most, whose keys are the same. */
const BOTH_SUMS = ALL_SUMS.flatMap((sum) => [
  `coalesce(sum(f.${sum}) FILTER (WHERE g.which = 0), 0) AS ${sum}`,
  `coalesce(sum(f.${sum}) FILTER (WHERE g.which = 1), 0) AS before_${sum}`,
]).join(', ');

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
  const hasPeriod = lasting.length < keys.length;
  const first = [`ordered_by ${order.direction} NULLS LAST`, ...lasting.map((name) => `${name} COLLATE "C"`)];
  return `, placed AS MATERIALIZED (
      SELECT o.*, dense_rank() OVER (PARTITION BY currency ORDER BY ${first.join(', ')}) AS place
        FROM (SELECT t.*, ${measureSql(order.by, hasPeriod ? (sum) => `sum(${sum}) OVER each` : (sum) => sum)} AS ordered_by
                FROM groups t${hasPeriod ? ` WINDOW each AS (PARTITION BY ${['currency', ...lasting].join(', ')})` : ''}) AS o
    )`;
}

/** A measure of all of a group, for putting groups in order. @param summed SQL of a sum of the group */
function measureSql(measure: Measure, summed: (column: string) => string): string {
  const { of, per } = measureRule(measure);
  const total = (terms: Partial<Record<Sum, 1 | -1>>): string =>
    SUMS.flatMap((sum) => {
      const sign = terms[sum];
      return sign === undefined ? [] : [`${sign} * ${summed(SUM_COLUMNS[sum])}`];
    }).join(' + ');
  return per === null ? `(${total(of)})` : `(${total(of)})::numeric / nullif(${total(per)}, 0)`;
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
      LEFT JOIN (SELECT DISTINCT ${PERIOD_PLACE}::text AS place, ${PERIOD_KEY} AS label FROM moments WHERE which = 0) AS k
        ON k.place = l.${period.name}
     WHERE l.part = 'total' OR k.label IS NOT NULL
     ORDER BY ${order('l', by, 'k.label')}`;
}

/** Periods in their order, in each the groups in theirs; what is added up behind them. */
function order(alias: string, by: readonly Column[], period: string | null): string {
  const cycles = by.flatMap((column, index) => (isCycle(column) ? [`${alias}.key_${index}::integer`] : []));
  return [
    `(${alias}.part = 'total')`,
    ...(period === null ? [] : [`${period} COLLATE "C"`]),
    `(${alias}.part = 'rest')`,
    ...cycles,
    `${alias}.place`,
    `${alias}.currency`,
  ].join(', ');
}

function reader(keys: number, compares: boolean): ReportStatement['readLine'] {
  const names = Array.from({ length: keys }, (_, index) => `key_${index}`);
  const own = SUMS.map((sum) => [sum, SUM_COLUMNS[sum]] as const);
  const before = own.map(([sum, column]) => [sum, `before_${column}`] as const);
  return (row) => {
    const currency = String(row['currency']);
    return {
      part: row['part'] as Part,
      keys: names.map((name) => (row[name] as string | null) ?? null),
      currency: currency === '' ? null : currency,
      sums: readSums(row, own),
      before: compares ? readSums(row, before) : null,
    };
  };
}

function readSums(
  row: Readonly<Record<string, unknown>>,
  columns: readonly (readonly [Sum, string])[],
): Sums {
  const sums: Partial<Record<Sum, bigint>> = {};
  for (const [sum, column] of columns) sums[sum] = BigInt((row[column] as bigint | string | null) ?? 0);
  return sums as Sums;
}

/** The lines of a report, at once. @param most of them, however many there are; `null`: all */
export async function readReport(
  db: Queryable,
  query: ReportQuery,
  source: Source,
  parts: readonly Part[],
  most: number | null,
): Promise<ReportLine[]> {
  const { statement, readLine: read } = reportStatement(query, source, parts, most);
  const { rows } = await db.query<Record<string, unknown>>(statement);
  return rows.map(read);
}
