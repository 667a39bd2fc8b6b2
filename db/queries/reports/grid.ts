import { isCycle, isPeriod, type Column, type Cycle, type Period } from '../../../domain/report/dimensions';
import type { Bound, Range } from '../../../domain/report/report';
import type { Parameters } from './parameters';

/** Stretches of time that are added up as one: every zone's days begin with a quarter, most also with an hour. */
export type Grain = 'hour' | 'quarter';

const STEP: Readonly<Record<Grain, string>> = { hour: '1 hour', quarter: '15 minutes' };

/** No zone's local midnight is further from where PostgreSQL looks for it, whatever the clocks do on that day. */
const SLACK = '3 hours';

/** What {@link gridSql} gives. */
export interface Grid {
  readonly sql: string;
  /** SQL of whole hours around all slots, from the one up to the other, which the planner can work out beforehand. */
  readonly low: string;
  readonly high: string;
}

/** A period of the grid: what its key is called, and its place among those of its range, from 1. */
export const PERIOD_KEY = 'period_key';
export const PERIOD_PLACE = 'period_place';

/** What a cycle is called in the grid. */
export function cycleColumn(cycle: Cycle): string {
  return cycle === 'weekday' ? 'cycle_weekday' : 'cycle_hour';
}

/**
 * SQL of every slot of the ranges: `slot`, the `hour` it is in, `which` range it belongs to (0: the one asked about, 1: the
 * one before), whether a local minute 0 begins it (`aligned`), and the columns of time asked for. Days are told by the
 * date on the local clock, so that a day of 23 or 25 hours, or with two midnights, is that day.
 */
export function gridSql(
  { by, zone, range, before }: { by: readonly Column[]; zone: string; range: Range; before: Range | null },
  grain: Grain,
  parameters: Parameters,
): Grid {
  const tz = parameters.add(zone, 'text');
  const local = `(q.at AT TIME ZONE ${tz})`;
  const within = ({ from, to }: Range): string =>
    `${since(from, local, parameters)} AND NOT (${since(to, local, parameters)})`;
  const lower = edge((before ?? range).from, tz, parameters);
  const upper = edge(range.to, tz, parameters);
  const columns = [
    'q.at AS slot',
    'report_hour(q.at) AS hour',
    `CASE WHEN ${within(range)} THEN 0${before === null ? '' : ` WHEN ${within(before)} THEN 1`} END AS which`,
    `extract(minute FROM ${local}) = 0 AS aligned`,
    ...by.flatMap((column) => {
      if (isPeriod(column)) return [`${periodKey(column, local, tz)} AS ${PERIOD_KEY}`];
      return isCycle(column) ? [`${cycleKey(column, local)}::text AS ${cycleColumn(column)}`] : [];
    }),
  ];
  const place = by.some(isPeriod)
    ? `, dense_rank() OVER (PARTITION BY t.which ORDER BY t.${PERIOD_KEY}) AS ${PERIOD_PLACE}`
    : '';
  const [low, high] = [`report_hour(${lower} - interval '${SLACK}')`, `${upper} + interval '${SLACK}'`];
  const sql = `
      SELECT t.*${place}
        FROM (SELECT ${columns.join(', ')}
                FROM generate_series(${low}, ${high}, interval '${STEP[grain]}') AS q (at)) AS t
       WHERE t.which IS NOT NULL`;
  return { sql, low, high };
}

function since(bound: Bound, local: string, parameters: Parameters): string {
  return bound.kind === 'instant'
    ? `q.at >= ${parameters.add(bound.at, 'timestamptz')}`
    : `${local}::date >= ${parameters.add(bound.date, 'date')}`;
}

function edge(bound: Bound, tz: string, parameters: Parameters): string {
  return bound.kind === 'instant'
    ? parameters.add(bound.at, 'timestamptz')
    : `(${parameters.add(bound.date, 'date')}::timestamp AT TIME ZONE ${tz})`;
}

/** Text that sorts like the time it stands for: a local date, or the instant at which a local hour begins. */
function periodKey(period: Period, local: string, tz: string): string {
  switch (period) {
    case 'hour':
      // In its own offset: an hour that comes twice is two.
      return `iso_instant(date_trunc('hour', q.at, ${tz}))`;
    case 'day':
      return `to_char(${local}, 'YYYY-MM-DD')`;
    case 'week':
    case 'month':
      return `to_char(date_trunc('${period}', ${local}), 'YYYY-MM-DD')`;
  }
}

function cycleKey(cycle: Cycle, local: string): string {
  return cycle === 'weekday'
    ? `extract(isodow FROM ${local})::integer`
    : `extract(hour FROM ${local})::integer`;
}
