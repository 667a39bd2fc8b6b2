import type { MicrosText } from '../../domain/money';
import type { Strategy, StrategyKind } from '../../domain/routing/plan';

/** Assignments in one campaign. */
export const SIZES = [10, 100, 1_000, 10_000] as const;

/** Each strategy as the bench's plans have it. */
export const STRATEGIES: Readonly<Record<StrategyKind, Strategy>> = {
  waterfall: { kind: 'waterfall' },
  weighted: { kind: 'weighted' },
  round_robin: { kind: 'round_robin' },
  auction: { kind: 'auction', reserveMicros: '2000000' as MicrosText, rankBy: 'expected_revenue' },
};

export const STRATEGY_KINDS = Object.keys(STRATEGIES) as StrategyKind[];

/** Milliseconds of one decision. */
export interface Took {
  readonly wall: number;
  /** Of processor time, garbage collection included: what others on the machine take away is not in it. */
  readonly cpu: number;
}

/** One strategy over one size of campaign, in one round. */
export interface DecisionCell {
  readonly round: number;
  readonly strategy: StrategyKind;
  readonly assignments: number;
  /** Each decision. */
  readonly took: readonly Took[];
  /** The first decision after a change of configuration, when everything has to be made ready anew. */
  readonly first: Took;
}
