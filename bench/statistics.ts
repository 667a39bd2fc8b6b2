/**
 * The value below which `share` of the sample lies, by the nearest-rank method: always a value that was measured.
 *
 * @param share from 0 to 1
 * @returns NaN for an empty sample
 */
export function quantile(sample: readonly number[], share: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? NaN;
}

/** The middle value, or the mean of the two middle ones. NaN for an empty sample. */
export function median(sample: readonly number[]): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? NaN;
  if (sorted.length % 2 === 1) return upper;
  return ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The median of what was measured in each round, and how far the rounds lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(sample: readonly number[]): Spread {
  return { median: median(sample), min: Math.min(...sample), max: Math.max(...sample) };
}
