import type { CalendarPeriod } from '../report/calendar';
import { measureOf, type Sums } from '../report/measures';

/** What a campaign is to come to in each day, week or month of its own zone. `null`: nothing is asked of that. */
export interface Goal {
  readonly period: CalendarPeriod;
  /** Calls received: whoever calls is counted, connected or not. */
  readonly calls: number | null;
  /** Payout and cost over calls received, in micros of the campaign's currency: the most it should be. */
  readonly costPerCall: bigint | null;
  /** Converted of connected calls, 0 to 1: the least it should be. */
  readonly conversionRate: number | null;
}

/** What there is of it. */
export interface GoalFigures {
  readonly received: bigint;
  /** Micros; `null`: of no call. */
  readonly costPerCall: bigint | null;
  /** `null`: of no connected call. */
  readonly conversionRate: number | null;
}

/** What goals look at, of sums. */
export function goalFigures(sums: Sums): GoalFigures {
  return {
    received: sums.received,
    costPerCall: measureOf('costPerCall', sums) as bigint | null,
    conversionRate: measureOf('conversionRate', sums) as number | null,
  };
}

/** A goal beside what a row of a report comes to. */
export interface GoalBeside {
  /** Calls expected in the row's time; `null`: none are, or its time is not made of whole periods. */
  readonly calls: number | null;
  /** Received of these. */
  readonly callsShare: number | null;
  readonly costPerCall: bigint | null;
  /** What a call costs more than it should, in micros; below zero: less. */
  readonly costPerCallOver: bigint | null;
  readonly conversionRate: number | null;
  /** What is above the goal, as a difference of rates; below zero: under it. */
  readonly conversionRateDelta: number | null;
}

/** @param periods of the goal that the figures are of; `null`: not whole ones */
export function goalBeside(goal: Goal, figures: GoalFigures, periods: number | null): GoalBeside {
  const calls = goal.calls === null || periods === null ? null : goal.calls * periods;
  return {
    calls,
    callsShare: calls === null ? null : shareOf(figures.received, calls),
    costPerCall: goal.costPerCall,
    costPerCallOver: minus(figures.costPerCall, goal.costPerCall),
    conversionRate: goal.conversionRate,
    conversionRateDelta: lessRate(figures.conversionRate, goal.conversionRate),
  };
}

/** `null` where there is nothing to divide by. */
export function shareOf(part: bigint, whole: number): number | null {
  return whole === 0 ? null : Number(part) / whole;
}

/** `null` where one of them is not there. */
export function minus(a: bigint | null, b: bigint | null): bigint | null {
  return a === null || b === null ? null : a - b;
}

/** A difference of rates without what binary fractions add to it; `null` where one of them is not there. */
export function lessRate(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Number((a - b).toFixed(9));
}
