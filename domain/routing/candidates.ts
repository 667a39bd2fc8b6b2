import { isOpen, type Hours } from '../hours';
import type { AssignmentId, BuyerId, CallId } from '../ids';
import type { Destination } from '../instructions';
import { waterfall } from './waterfall';

/** A buyer's place in a campaign, as routing needs it. */
export interface RoutableAssignment {
  readonly id: AssignmentId;
  readonly buyerId: BuyerId;
  readonly buyerName: string;
  readonly destination: Destination;
  /** 1 is first. */
  readonly priority: number;
  /** Above 0; decides among equal priorities. */
  readonly weight: number;
  readonly paused: boolean;
  /** `null`: always open. */
  readonly hours: Hours | null;
}

/** Why a candidate was not chosen. Kept for every candidate of every call. */
export type SkipReason =
  | 'paused'
  | 'closed'
  | 'already_tried'
  | 'attempts_used_up'
  | 'limit_reached'
  | 'not_needed';

export interface Skipped {
  readonly assignmentId: AssignmentId;
  readonly reason: SkipReason;
  /** What refused, for example the limit; free text for people. */
  readonly detail?: string;
}

/** Strategies that exist today; each is a function in a file of its own, registered in {@link STRATEGIES}. */
export type Strategy = 'waterfall';

/** Puts eligible candidates in the order in which they are tried. Must be pure: `seed` is its only randomness. */
export type StrategyOrder = <T extends RoutableAssignment>(eligible: readonly T[], seed: string) => T[];

const STRATEGIES: Record<Strategy, StrategyOrder> = { waterfall };

export interface RoutingInput<T extends RoutableAssignment> {
  readonly callId: CallId;
  readonly planVersion: number;
  readonly strategy: Strategy;
  readonly assignments: readonly T[];
  readonly alreadyTried: readonly AssignmentId[];
  /** ISO 8601 instant of the decision. */
  readonly at: string;
}

export interface RoutingOrder<T> {
  readonly ordered: readonly T[];
  readonly skipped: readonly Skipped[];
}

/**
 * Decides who may get a call, and in which order. Limits are not looked at here: they are taken, atomically, by the
 * reservation that follows. The same input gives the same answer in workflow, simulation and backtest; the draw is
 * seeded by call id and plan version.
 */
export function orderCandidates<T extends RoutableAssignment>(input: RoutingInput<T>): RoutingOrder<T> {
  const eligible: T[] = [];
  const skipped: Skipped[] = [];
  for (const assignment of input.assignments) {
    const reason = ineligible(assignment, input);
    if (reason === null) eligible.push(assignment);
    else skipped.push({ assignmentId: assignment.id, reason });
  }
  const ordered = STRATEGIES[input.strategy](eligible, `${input.callId}/plan-${input.planVersion}`);
  return { ordered, skipped };
}

function ineligible<T extends RoutableAssignment>(assignment: T, input: RoutingInput<T>): SkipReason | null {
  if (input.alreadyTried.includes(assignment.id)) return 'already_tried';
  if (assignment.paused) return 'paused';
  if (assignment.hours !== null && !isOpen(assignment.hours, input.at)) return 'closed';
  return null;
}
