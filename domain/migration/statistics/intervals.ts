import type { Amounts, Trials } from './metrics';
import { logLikelihood, momentsOf } from './evidence';

/** Looked up once, as in evidence.ts. */
const { log, max, PI, sqrt } = Math;

/** A figure and where its true value is; `null` where there are too few calls to say anything. */
export interface Estimate {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

const UNKNOWN: Estimate = { value: null, low: null, high: null };

/**
 * A rate with an interval that holds it at all looks together with probability 1 − α, for independent calls and samples
 * of any size: all rates under which the uniform mixture of binomials has not become 1/α times likelier than they are
 * (Robbins 1970; the conjugate beta mixture of Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric,
 * nonasymptotic confidence sequences", Annals of Statistics 2021).
 */
export function rateEstimate({ n, hits }: Trials, alpha: number): Estimate {
  if (n === 0) return UNKNOWN;
  const misses = n - hits;
  const least = logFactorial(hits) + logFactorial(misses) - logFactorial(n + 1) + log(alpha);
  const inside = (rate: number): boolean => logLikelihood({ n, hits }, rate) >= least;
  const value = hits / n;
  return {
    value,
    low: hits === 0 ? 0 : edge(inside, value, 0),
    high: misses === 0 ? 1 : edge(inside, value, 1),
  };
}

/** The last point from `inside` towards `outside` that is still inside, to 7 digits. */
function edge(inside: (rate: number) => boolean, from: number, to: number): number {
  let near = from;
  let far = to;
  for (let step = 0; step < 24; step++) {
    const middle = (near + far) / 2;
    if (inside(middle)) near = middle;
    else far = middle;
  }
  return near;
}

/** The sample size at which the interval of a mean is to be narrowest, in calls. */
const NARROWEST_AT = 200;

/**
 * A mean with an interval that holds it at all looks together with probability 1 − α, once there are enough calls for
 * the central limit theorem (Waudby-Smith et al. 2021, Theorem 2.2, with their ρ for the narrowest interval at
 * {@link NARROWEST_AT} calls).
 */
export function meanEstimate(amounts: Amounts, alpha: number): Estimate {
  const { n, mean, variance } = momentsOf(amounts);
  if (n === 0) return UNKNOWN;
  if (n < 2 || variance === 0) return { value: mean, low: null, high: null };
  const wanted = -2 * log(alpha);
  const rho = (wanted + log(wanted + 1)) / NARROWEST_AT;
  const spread = n * rho + 1;
  const half = sqrt((variance * 2 * spread * log(sqrt(spread) / alpha)) / (n * n * rho));
  // Neither revenue nor talk time is ever below zero.
  return { value: mean, low: max(0, mean - half), high: mean + half };
}

/** ln(n!): by Stirling's series from 10 up, where it is exact to 10 digits. */
function logFactorial(n: number): number {
  if (n < 10) {
    let product = 1;
    for (let factor = 2; factor <= n; factor++) product *= factor;
    return log(product);
  }
  const x = n + 1;
  return (x - 0.5) * log(x) - x + log(2 * PI) / 2 + 1 / (12 * x) - 1 / (360 * x ** 3);
}
