/** What a pool has been through lately. */
export interface PoolUse {
  /** Numbers in it now. */
  readonly numbers: number;
  /** Days since its first lease of the period; 0: none. */
  readonly days: number;
  readonly leases: number;
  /** Most leases that lived at once. */
  readonly peak: number;
  /** For 95 % of the time there were at most so many at once. */
  readonly p95: number;
  /** Visitors who were told that no number was free. */
  readonly exhausted: number;
}

export interface PoolAdvice {
  /** How many numbers the pool should have; `null`: not enough is known. */
  readonly numbers: number | null;
  /** Why, in words. */
  readonly reason: string;
}

/** What is looked at, in days. */
export const OBSERVED_DAYS = 14;
/** A pool is large enough while no more of it than this was leased at once. */
export const GOOD_USE = 0.75;
const FEWEST_DAYS = 3;
const FEWEST_LEASES = 100;

/**
 * How large a pool should be: so large that the most leases at once in the last 14 days are 75 % of it. A pool that ran
 * empty hides how many more were wanted, so it is advised to grow by at least a third, and asked again later.
 */
export function advisePoolSize({ numbers, days, leases, peak, exhausted }: PoolUse): PoolAdvice {
  if (days < FEWEST_DAYS || leases < FEWEST_LEASES) {
    return {
      numbers: null,
      reason: `Not enough data: ${leases} leases in ${days.toFixed(1)} days; advice needs ${FEWEST_LEASES} in ${FEWEST_DAYS}`,
    };
  }
  const wanted = Math.max(1, Math.ceil(Math.max(peak, exhausted > 0 ? numbers : 0) / GOOD_USE));
  if (exhausted > 0) {
    return {
      numbers: wanted,
      reason: `It was empty ${exhausted} times in ${OBSERVED_DAYS} days, so more were wanted than could be counted: ask again once it has grown`,
    };
  }
  const most = `At most ${peak} leases at once in ${OBSERVED_DAYS} days`;
  if (wanted > numbers)
    return { numbers: wanted, reason: `${most}, more than ${GOOD_USE * 100} % of ${numbers} numbers` };
  return { numbers: wanted, reason: `${most}: ${wanted} numbers would be enough` };
}
