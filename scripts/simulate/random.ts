/** Repeatable random numbers (mulberry32): the same seed gives the same traffic. */
export class SeededRandom {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Seconds until the next arrival of a Poisson process with `rate` per second. */
  exponential(rate: number): number {
    return -Math.log(1 - this.next()) / rate;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** One of the items. @throws RangeError when there is none. */
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  /** One of the names, by weight. Weights are not negative and at least one is positive. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const entries = Object.entries(weights) as [T, number][];
    const positive = entries.filter(([, weight]) => weight > 0);
    let left = this.next() * positive.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of positive) {
      left -= weight;
      if (left < 0) return name;
    }
    const last = positive.at(-1);
    if (last === undefined) throw new RangeError('all weights are 0');
    return last[0];
  }
}
