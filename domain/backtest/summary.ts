import type { AssignmentId } from '../ids';
import type { Tally, BuyerFigures, Figures } from './figures';

/**
 * A figure over the runs. What the plan would have come to lies between `low` and `high` nine times in ten, as far as
 * outcomes are what the runs draw them from; of fewer than 19 runs less often.
 */
export interface Range<N extends number | bigint> {
  readonly mean: N;
  readonly low: N;
  readonly high: N;
}

type Ranged<F> = { readonly [K in keyof F]: F[K] extends bigint ? Range<bigint> : Range<number> };

/** Of dials to one assignment. */
export interface BuyerSummary {
  readonly assignmentId: AssignmentId;
  readonly observed: BuyerFigures;
  readonly modelled: Ranged<BuyerFigures>;
  /** Whether the outcome of any dial was drawn. */
  readonly drawn: boolean;
}

export interface LimitSummary {
  readonly limitId: string;
  /** Calls in which it stood in somebody's way. */
  readonly observed: number;
  readonly modelled: Range<number>;
}

export interface Summary {
  readonly observed: Figures;
  readonly modelled: Ranged<Figures>;
  /** Dials of the runs by whether their outcome is known. */
  readonly outcomes: { readonly observed: Range<number>; readonly drawn: Range<number> };
  /** Whoever was or would have been dialled, by id. */
  readonly buyers: readonly BuyerSummary[];
  /** Limits that stood in the way, by id. */
  readonly limits: readonly LimitSummary[];
}

const NO_DIALS: BuyerFigures = { dials: 0, connected: 0, converted: 0, revenue: 0n };

/** What was, beside what the runs came to. @param runs at least one */
export function summarise(observed: Tally, runs: readonly Tally[]): Summary {
  return {
    observed: observed.figures,
    modelled: figureRanges(runs.map(({ figures }) => figures)),
    outcomes: {
      observed: range(runs.map(({ observedOutcomes }) => observedOutcomes)),
      drawn: range(runs.map(({ drawn }) => [...drawn.values()].reduce((sum, each) => sum + each, 0))),
    },
    buyers: keysOf([observed, ...runs].map(({ buyers }) => buyers)).map((assignmentId) => ({
      assignmentId,
      observed: observed.buyers.get(assignmentId) ?? NO_DIALS,
      modelled: buyerRanges(runs.map(({ buyers }) => buyers.get(assignmentId) ?? NO_DIALS)),
      drawn: runs.some(({ drawn }) => drawn.has(assignmentId)),
    })),
    limits: keysOf([observed, ...runs].map(({ refusals }) => refusals)).map((limitId) => ({
      limitId,
      observed: observed.refusals.get(limitId) ?? 0,
      modelled: range(runs.map(({ refusals }) => refusals.get(limitId) ?? 0)),
    })),
  };
}

function figureRanges(runs: readonly Figures[]): Ranged<Figures> {
  return {
    dialled: range(runs.map(({ dialled }) => dialled)),
    dials: range(runs.map(({ dials }) => dials)),
    connected: range(runs.map(({ connected }) => connected)),
    converted: range(runs.map(({ converted }) => converted)),
    noCandidate: range(runs.map(({ noCandidate }) => noCandidate)),
    afterHours: range(runs.map(({ afterHours }) => afterHours)),
    exhausted: range(runs.map(({ exhausted }) => exhausted)),
    abandonedRinging: range(runs.map(({ abandonedRinging }) => abandonedRinging)),
    revenue: moneyRange(runs.map(({ revenue }) => revenue)),
    payout: moneyRange(runs.map(({ payout }) => payout)),
  };
}

function buyerRanges(runs: readonly BuyerFigures[]): Ranged<BuyerFigures> {
  return {
    dials: range(runs.map(({ dials }) => dials)),
    connected: range(runs.map(({ connected }) => connected)),
    converted: range(runs.map(({ converted }) => converted)),
    revenue: moneyRange(runs.map(({ revenue }) => revenue)),
  };
}

/** @param figures of each run, at least one */
export function range(figures: readonly number[]): Range<number> {
  const sorted = figures.toSorted((a, b) => a - b);
  return {
    mean: figures.reduce((sum, each) => sum + each, 0) / figures.length,
    low: cut(sorted, 'low'),
    high: cut(sorted, 'high'),
  };
}

/** The mean is rounded down to whole micros. @param amounts of each run, at least one */
export function moneyRange(amounts: readonly bigint[]): Range<bigint> {
  const sorted = amounts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    mean: amounts.reduce((sum, each) => sum + each, 0n) / BigInt(amounts.length),
    low: cut(sorted, 'low'),
    high: cut(sorted, 'high'),
  };
}

/** Of 20 possibilities one is to be below, and one above. */
const ONE_OF = 20;

/**
 * What a run came to, with so many runs outside of it. The truth is as one more run, and as likely at each place among
 * them: with k of n runs outside on each side, it is outside of them in 2 (k + 1) of n + 1 cases. So one run less is
 * left out than one would think: none of 20, 1 of 39, 9 of 200.
 */
function cut<N>(sorted: readonly N[], end: 'low' | 'high'): N {
  const outside = Math.max(0, Math.floor((sorted.length + 1) / ONE_OF) - 1);
  const found = sorted[end === 'low' ? outside : sorted.length - 1 - outside];
  if (found === undefined) throw new RangeError('There are no runs');
  return found;
}

function keysOf<K extends string>(maps: readonly ReadonlyMap<K, unknown>[]): K[] {
  return [...new Set(maps.flatMap((map) => [...map.keys()]))].sort();
}
