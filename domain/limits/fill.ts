import type { Measure, LimitWindow, Scope } from './limit';

/** How full a limit is in the window that runs. Counts, or micros of what counts spend. */
export type Fill = Measure & {
  readonly limitId: string;
  readonly scope: Scope;
  readonly window: LimitWindow;
  /** For good, and held for calls in progress. */
  readonly used: bigint;
  readonly limit: bigint;
};

/** The fullest of limits; of those that are equally full the first by id. `null`: there is none. */
export function fullest(fills: readonly Fill[]): Fill | null {
  return fills.toSorted((a, b) => fuller(a, b) || (a.limitId < b.limitId ? -1 : 1))[0] ?? null;
}

/** Below zero: `a` is fuller. A limit of nothing is as full as one that is used up. */
function fuller(a: Fill, b: Fill): number {
  const [usedA, ofA] = a.limit === 0n ? [1n, 1n] : [a.used, a.limit];
  const [usedB, ofB] = b.limit === 0n ? [1n, 1n] : [b.used, b.limit];
  const difference = usedB * ofA - usedA * ofB;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** Used of the limit; `null`: the limit is 0. */
export function fillShare({ used, limit }: Pick<Fill, 'used' | 'limit'>): number | null {
  return limit === 0n ? null : Number(used) / Number(limit);
}
