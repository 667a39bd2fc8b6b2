import type { Entrant } from './entrant';

/** Below 0: `a` comes first. */
export type Comparison<E> = (a: E, b: E) => number;

/**
 * Entrants by a number, smallest first, and equal ones by `tie`. The numbers are kept side by side and the entrants
 * stay where they are until the end: comparing does not go to them, which is what sorting thousands costs.
 */
export function sortByKey<E>(entrants: readonly E[], keyOf: (entrant: E) => number, tie: Comparison<E>): E[] {
  const keys = new Float64Array(entrants.length);
  const order = new Uint32Array(entrants.length);
  for (const [position, entrant] of entrants.entries()) {
    keys[position] = keyOf(entrant);
    order[position] = position;
  }
  order.sort((i, j) => {
    const difference = (keys[i] ?? NaN) - (keys[j] ?? NaN);
    if (difference !== 0) return difference;
    const [a, b] = [entrants[i], entrants[j]];
    return a === undefined || b === undefined ? 0 : tie(a, b);
  });
  const sorted: E[] = [];
  for (const position of order) {
    const entrant = entrants[position];
    if (entrant !== undefined) sorted.push(entrant);
  }
  return sorted;
}

/** For what nothing else tells apart: by code unit, so that every machine has the same order. */
export function byId(a: Entrant, b: Entrant): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export function byPriority(a: Entrant, b: Entrant): number {
  return a.priority - b.priority;
}

/** Smaller first. */
export function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
