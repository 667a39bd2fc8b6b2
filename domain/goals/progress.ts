import type { Hours } from '../hours';
import { openTime } from '../open-time';
import { periodOf, startOfDay, type Days } from '../report/calendar';
import { localTime } from '../clock';
import { lessRate, minus, shareOf, type Goal, type GoalFigures } from './goal';

/** Where something stands: `on` is near enough, `ahead` is better than that, also of what should be low. */
export const PACES = ['ahead', 'on', 'behind'] as const;
export type Pace = (typeof PACES)[number];

/** As far from a goal as still counts as on it: of what is expected, and one call at least. */
const NEAR = 0.05;

/** The period of a goal that an instant is in, in the campaign's zone. Instants are milliseconds since 1970. */
export interface GoalPeriod {
  readonly days: Days;
  readonly startsAt: number;
  /** Exclusive. */
  readonly endsAt: number;
}

/** @throws RangeError on an unknown zone */
export function goalPeriod({ period }: Pick<Goal, 'period'>, zone: string, at: number): GoalPeriod {
  const days = periodOf(period, localTime(at, zone).date);
  return { days, startsAt: startOfDay(days.from, zone), endsAt: startOfDay(days.to, zone) };
}

/** Time in which a campaign takes calls, in milliseconds. */
export interface OpenSoFar {
  readonly passed: number;
  readonly of: number;
}

/** @param hours of the campaign; `null`: always open */
export function openSoFar(hours: Hours | null, { startsAt, endsAt }: GoalPeriod, at: number): OpenSoFar {
  const passed = openTime(hours, startsAt, at);
  return { passed, of: passed + openTime(hours, at, endsAt) };
}

export interface Progress {
  /** Of the open time; `null`: it is never open in this period. */
  readonly share: number | null;
  readonly calls: {
    readonly goal: number;
    readonly received: bigint;
    /** By now: the goal times the share of open time that has passed. */
    readonly expected: number | null;
    /** Received less expected. */
    readonly ahead: number | null;
    readonly pace: Pace | null;
    /** At the end, when it goes on as it has; `null`: it has not been open yet. */
    readonly projected: number | null;
  } | null;
  readonly costPerCall: {
    readonly goal: bigint;
    readonly soFar: bigint | null;
    readonly over: bigint | null;
    readonly pace: Pace | null;
  } | null;
  readonly conversionRate: {
    readonly goal: number;
    readonly soFar: number | null;
    readonly delta: number | null;
    readonly pace: Pace | null;
  } | null;
}

/** Holds what there is of a period against its goal. */
export function progressOf(goal: Goal, { passed, of }: OpenSoFar, figures: GoalFigures): Progress {
  const share = of === 0 ? null : passed / of;
  return {
    share,
    calls: goal.calls === null ? null : callsOf(goal.calls, share, figures.received),
    costPerCall: goal.costPerCall === null ? null : costOf(goal.costPerCall, figures.costPerCall),
    conversionRate: goal.conversionRate === null ? null : rateOf(goal.conversionRate, figures.conversionRate),
  };
}

function callsOf(goal: number, share: number | null, received: bigint): NonNullable<Progress['calls']> {
  const expected = share === null ? null : goal * share;
  const ahead = expected === null ? null : Number(received) - expected;
  return {
    goal,
    received,
    expected,
    ahead,
    pace: expected === null || ahead === null ? null : paceOf(ahead, Math.max(1, expected * NEAR)),
    projected: share === null ? null : shareOf(received, share),
  };
}

function costOf(goal: bigint, soFar: bigint | null): NonNullable<Progress['costPerCall']> {
  const over = minus(soFar, goal);
  return { goal, soFar, over, pace: over === null ? null : paceOf(-Number(over), Number(goal) * NEAR) };
}

function rateOf(goal: number, soFar: number | null): NonNullable<Progress['conversionRate']> {
  const delta = lessRate(soFar, goal);
  return { goal, soFar, delta, pace: delta === null ? null : paceOf(delta, goal * NEAR) };
}

function paceOf(better: number, near: number): Pace {
  if (Math.abs(better) <= near) return 'on';
  return better > 0 ? 'ahead' : 'behind';
}
