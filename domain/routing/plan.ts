import type { Condition } from '../condition';
import type { AssignmentId } from '../ids';
import type { MicrosText } from '../money';
import type { Treatment } from '../treatment';

/** How a rule puts its eligible candidates in order. Each is a function in a file of its own. */
export type Strategy =
  /** Priority ascending, 1 first; equal priority by weight. */
  | { readonly kind: 'waterfall' }
  /** Chance to be first = weight / sum of weights; the rest is the same draw without replacement. */
  | { readonly kind: 'weighted' }
  /** Least recently dialled under this rule first. */
  | { readonly kind: 'round_robin' }
  | {
      readonly kind: 'auction';
      /** Bids below are out; `null`: none is. */
      readonly reserveMicros: MicrosText | null;
      /** `expected_revenue`: bid × the assignment's conversion estimate. */
      readonly rankBy: 'bid' | 'expected_revenue';
    };

export type StrategyKind = Strategy['kind'];

/** A place in a rule; `null` takes the assignment's own figure. */
export interface RuleCandidate {
  readonly assignmentId: AssignmentId;
  readonly priority: number | null;
  readonly weight: number | null;
}

export interface RoutingRule {
  /** Unique in its plan. Round robin keeps turns under it, from one version of the plan to the next. */
  readonly name: string;
  /** `null`: every call. */
  readonly when: Condition | null;
  readonly strategy: Strategy;
  /** `null`: all assignments of the campaign. */
  readonly candidates: readonly RuleCandidate[] | null;
  /**
   * What the caller gets when none of these can take the call. `null`: the call goes on to the next rule that matches,
   * and after the last one to the plan's fallback.
   */
  readonly fallback: Treatment | null;
}

/** One version of a routing plan. Rules are tried in order; each that matches adds its candidates behind the others. */
export interface RoutingPlan {
  readonly rules: readonly RoutingRule[];
  /** Dials at most, over all rules. */
  readonly maxAttempts: number;
  /**
   * A buyer who hangs up before so many seconds of talk has not taken the call: the caller goes on to the next one.
   * `null`: whoever answered has taken it.
   */
  readonly recoverUnderSeconds: number | null;
  readonly fallback: Treatment;
}
