import type { Entrant } from './entrant';

/** Below 0: `a` comes first. */
export type Comparison<E> = (a: E, b: E) => number;

/**
 * Entrants by a number, smallest first, and equal ones by `tie`. The numbers are kept side by side and the entrants
 * stay where they are until the end: comparing does not go to them, which is what sorting thousands costs.
 * @param keyOf not NaN.
 */
export function sortByKey<E>(entrants: readonly E[], keyOf: (entrant: E) => number, tie: Comparison<E>): E[] {
  const keys = new Float64Array(entrants.length);
  // 0 is added because there is a -0, which is equal and has other bits.
  for (const [position, entrant] of entrants.entries()) keys[position] = keyOf(entrant) + 0;
  const compare = (i: number, j: number): number => {
    // Not by difference: that of two infinities is not 0.
    const [one, other] = [keys[i] ?? NaN, keys[j] ?? NaN];
    if (one < other) return -1;
    if (one > other) return 1;
    const [a, b] = [entrants[i], entrants[j]];
    return a === undefined || b === undefined ? 0 : tie(a, b);
  };
  const order =
    entrants.length < FEWEST_BY_DIGITS
      ? new Uint32Array(entrants.length).map((_, position) => position).sort(compare)
      : orderByDigits(keys, compare);
  const sorted: E[] = [];
  for (const position of order) {
    const entrant = entrants[position];
    if (entrant !== undefined) sorted.push(entrant);
  }
  return sorted;
}

/** From here on going through the digits is faster than comparing. */
const FEWEST_BY_DIGITS = 256;

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const SHIFTS = [0, DIGIT_BITS, 2 * DIGIT_BITS] as const;
const SIGN = 0x8000_0000;

/** Which half of a double holds its sign and exponent depends on the machine. */
const UPPER_HALF = new Uint32Array(new Float64Array([-1]).buffer)[0] === 0 ? 1 : 0;

/**
 * Radix sort, so that a campaign with ten times the buyers costs ten times as much and no more: least significant
 * digit first over the upper half of the doubles, whose bits are in their order once negative ones are turned over.
 * Doubles that have an upper half in common, about six decimals, are then compared.
 * @returns positions in `keys`.
 */
function orderByDigits(keys: Float64Array, compare: (i: number, j: number) => number): Uint32Array {
  const { length } = keys;
  const halves = new Uint32Array(keys.buffer);
  const ranks = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const bits = halves[2 * i + UPPER_HALF] ?? 0;
    ranks[i] = bits >= SIGN ? ~bits : bits | SIGN;
  }
  let from = new Uint32Array(length).map((_, position) => position);
  let to = new Uint32Array(length);
  for (const shift of SHIFTS) {
    passOverDigit(ranks, shift, from, to);
    [from, to] = [to, from];
  }
  for (let begin = 0; begin < length; ) {
    const rank = ranks[from[begin] ?? 0];
    let end = begin + 1;
    while (end < length && ranks[from[end] ?? 0] === rank) end += 1;
    if (end - begin > 1) from.subarray(begin, end).sort(compare);
    begin = end;
  }
  return from;
}

/** Moves positions from one array to the other in the order of one digit of their ranks; equal digits keep theirs. */
function passOverDigit(ranks: Uint32Array, shift: number, from: Uint32Array, to: Uint32Array): void {
  const next = new Uint32Array(DIGITS);
  for (const rank of ranks) {
    const digit = (rank >>> shift) & (DIGITS - 1);
    next[digit] = (next[digit] ?? 0) + 1;
  }
  let before = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = next[digit] ?? 0;
    next[digit] = before;
    before += count;
  }
  for (const position of from) {
    const digit = ((ranks[position] ?? 0) >>> shift) & (DIGITS - 1);
    const place = next[digit] ?? 0;
    to[place] = position;
    next[digit] = place + 1;
  }
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
