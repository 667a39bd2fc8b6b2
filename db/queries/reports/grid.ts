import { isCycle, isPeriod, type Column, type Cycle, type Period } from '../../../domain/report/dimensions';
import type { Bound, Range } from '../../../domain/report/report';
import type { Parameters } from './parameters';

/** Stretches of time that are added up as one: every zone's days begin with a quarter, most also with an hour. */
export type Grain = 'hour' | 'quarter';

const STEP: Readonly<Record<Grain, string>> = { hour: '1 hour', quarter: '15 minutes' };

/** No zone's local midnight is further from where PostgreSQL looks for it, whatever the clocks do on that day. */
const SLACK = '3 hours';

/** What {@link calendarSql} gives. */
export interface Calendar {
  /**
   * SQL of the CTEs `grid`, `moments` and `lookup`, with commas between them. A moment is all the time that a report does not
   * tell apart: those hours of a range, for example, that are on one local day. `moments` has of each `which` range it is in
   * (0: the one asked about, 1: the one before) and the columns of time asked for.
   */
  readonly ctes: string;
  /** SQL of the number of the moment in which a slot is; of one outside all ranges NULL, or no number of `moments`. */
  readonly momentOf: (slot: string) => string;
  /** SQL of whole hours around all slots, from the one up to the other, which the planner can work out beforehand. */
  readonly low: string;
  readonly high: string;
}

/** A period of a moment: what its key is called, and its place among those of its range, from 1. */
export const PERIOD_KEY = 'period_key';
export const PERIOD_PLACE = 'period_place';

/** What a cycle is called in `moments`. */
export function cycleColumn(cycle: Cycle): string {
  return cycle === 'weekday' ? 'cycle_weekday' : 'cycle_hour';
}

/**
 * SQL of the time of a report. Days are told by the date on the local clock, so that a day of 23 or 25 hours, or with two
 * midnights, is that day. The clock is looked at once a slot, and rows are put in moments by where those begin: a join of
 * rows and slots would cost more than everything else.
 */
export function calendarSql(
  { by, zone, range, before }: { by: readonly Column[]; zone: string; range: Range; before: Range | null },
  grain: Grain,
  parameters: Parameters,
): Calendar {
  const tz = parameters.add(zone, 'text');
  const within = ({ from, to }: Range): string =>
    `${since(from, parameters)} AND NOT (${since(to, parameters)})`;
  const { low, high } = boundsSql(before ?? range, range, tz, parameters);
  const period = by.find(isPeriod);
  const told = [
    ...(period === undefined ? [] : [{ name: 'period', sql: periodSql(period, tz) }]),
    ...by.filter(isCycle).map((cycle) => ({ name: cycleColumn(cycle), sql: cycleSql(cycle) })),
  ];
  const names = ['which', ...told.map(({ name }) => name)].join(', ');
  const ctes = `grid AS MATERIALIZED (
      SELECT t.slot, ${names}, dense_rank() OVER (ORDER BY ${names})::integer AS moment
        FROM (SELECT q.at AS slot,
                     CASE WHEN ${within(range)} THEN 0${before === null ? '' : ` WHEN ${within(before)} THEN 1`} END AS which
                     ${told.map(({ name, sql }) => `, ${sql} AS ${name}`).join('')}
                FROM (SELECT s.at, s.at AT TIME ZONE ${tz} AS local
                        FROM generate_series(${low}, ${high}, interval '${STEP[grain]}') AS s (at) OFFSET 0) AS q) AS t
    ), moments AS MATERIALIZED (
      SELECT m.*${period === undefined ? '' : `, ${keyOfPeriod(period)} AS ${PERIOD_KEY}, dense_rank() OVER (PARTITION BY m.which ORDER BY m.period) AS ${PERIOD_PLACE}`}
        FROM (SELECT DISTINCT moment, ${names} FROM grid WHERE which IS NOT NULL) AS m
    ), lookup AS MATERIALIZED (
      SELECT array_agg(g.slot ORDER BY g.slot) AS slots, array_agg(g.moment ORDER BY g.slot) AS moments
        FROM (SELECT slot, moment, lag(moment) OVER (ORDER BY slot) AS last FROM grid) AS g
       WHERE g.moment IS DISTINCT FROM g.last
    )`;
  const momentOf = (slot: string): string =>
    `(SELECT moments FROM lookup)[width_bucket(${slot}, (SELECT slots FROM lookup))]`;
  return { ctes, momentOf, low, high };
}

/**
 * SQL of whether every local hour from the begin of the one range to the end of the other begins with one of UTC. Looked at
 * once a day, from before to behind: no zone has ever changed twice within one.
 */
export function alignedSql(from: Range, to: Range, zone: string, parameters: Parameters): string {
  const tz = parameters.add(zone, 'text');
  const { low, high } = boundsSql(from, to, tz, parameters);
  return `
    SELECT coalesce(bool_and(extract(minute FROM s.at AT TIME ZONE ${tz}) = 0), true) AS aligned
      FROM generate_series(${low}, ${high} + interval '1 day', interval '1 day') AS s (at)`;
}

function boundsSql(
  { from }: Range,
  { to }: Range,
  tz: string,
  parameters: Parameters,
): { low: string; high: string } {
  return {
    low: `report_hour(${moved(edge(from, tz, parameters), '-')})`,
    high: moved(edge(to, tz, parameters), '+'),
  };
}

/** Moved by the slack. As local time of UTC, where adding is immutable: else it would be worked out anew for each row. */
function moved(at: string, sign: '+' | '-'): string {
  return `((${at} AT TIME ZONE 'UTC') ${sign} interval '${SLACK}') AT TIME ZONE 'UTC'`;
}

function since(bound: Bound, parameters: Parameters): string {
  return bound.kind === 'instant'
    ? `q.at >= ${parameters.add(bound.at, 'timestamptz')}`
    : `q.local::date >= ${parameters.add(bound.date, 'date')}`;
}

function edge(bound: Bound, tz: string, parameters: Parameters): string {
  return bound.kind === 'instant'
    ? parameters.add(bound.at, 'timestamptz')
    : `(${parameters.add(bound.date, 'date')}::timestamp AT TIME ZONE ${tz})`;
}

/** What sorts like the time it stands for: a local date, or the instant at which a local hour begins. */
function periodSql(period: Period, tz: string): string {
  switch (period) {
    case 'hour':
      // In its own offset: an hour that comes twice is two.
      return `date_trunc('hour', q.at, ${tz})`;
    case 'day':
      return 'q.local::date';
    case 'week':
    case 'month':
      return `date_trunc('${period}', q.local)::date`;
  }
}

function keyOfPeriod(period: Period): string {
  return period === 'hour' ? 'iso_instant(m.period)' : `to_char(m.period, 'YYYY-MM-DD')`;
}

function cycleSql(cycle: Cycle): string {
  return cycle === 'weekday'
    ? 'extract(isodow FROM q.local)::integer'
    : 'extract(hour FROM q.local)::integer';
}
