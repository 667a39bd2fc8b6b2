import type { Amounts, Harm, Trials } from './metrics';

/** Looked up once: in the sandbox a workflow runs in, finding a global takes longer than these do. */
const { exp, log, log1p, max, min, sqrt } = Math;

/**
 * How sure it is that a challenger is worse than allowed, by a test that may be looked at after every call.
 *
 * Method: the mixture sequential probability ratio test (Robbins, "Statistical methods related to the law of the
 * iterated logarithm", 1970; for comparisons in progress Johari, Koomen, Pekelis and Walsh, "Always valid inference",
 * Operations Research 2022). The evidence is the likelihood of the calls so far were the challenger worse than allowed
 * by a certain factor, over their likelihood were it just as bad as allowed, averaged over the factors below. While the
 * challenger is no worse than allowed, this ratio is a martingale that starts at 1 (or falls), and the chance that it
 * ever reaches 1/α is α at most, at whatever moments it is looked at (Ville's inequality). A handful of calls cannot
 * raise it far, so that it needs no smallest sample.
 *
 * What it rests on:
 * - a rate against a floor: calls are independent. The ratio is then exact, for the smallest samples too.
 * - a rate against control: control's own rate is unknown, so each likelihood is taken at the control rate that suits
 *   it best. The ratio is that of a martingale only approximately; test/unit/migration-false-alarms.test.ts finds no more
 *   false alarms than were chosen, looking from the first call on, for rates from 2 to 95 % and shares from 1 to 90 %.
 * - means (talk times, revenue with many zeroes and a long tail): the central limit theorem over time (Waudby-Smith,
 *   Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", 2021),
 *   that is a finite variance, and no few calls that make up most of the sum. A side that has hardly been paid shows too
 *   small a variance of its own; it borrows the other side's, see {@link evidenceOfMeans}.
 * - all of them: the same mixture of hours on both sides, which a share that stays the same gives. Of a caller
 *   who calls again only the first call counts, see SideFigures.
 */
const HARMS = [0.95, 0.9, 0.75, 0.6, 0.4, 0.2, 0.05];

/** An average of equally likely factors: from their log likelihood ratios to that of the mixture. */
function mixture(logRatio: (factor: number) => number, harm: Harm): number {
  const all = HARMS.map((factor) => logRatio(harm === 'fall' ? factor : 1 / factor));
  const most = max(...all);
  // All of them impossible, or one of them certain.
  if (!Number.isFinite(most)) return most;
  const sum = all.reduce((total, one) => total + exp(one - most), 0);
  return most + log(sum / HARMS.length);
}

/**
 * The log of the evidence that a rate is worse than `floor`.
 * @param floor from 0 to 1. At the edge beyond which nothing is worse there can be no evidence.
 * @returns `null`: no calls.
 */
export function evidenceOfRate({ n, hits }: Trials, floor: number, harm: Harm): number | null {
  if (n === 0) return null;
  if (harm === 'fall' ? floor <= 0 : floor >= 1) return 0;
  const base = logLikelihood({ n, hits }, floor);
  // Not a single hit was allowed and there is one, or not a single miss.
  if (base === -Infinity) return Infinity;
  return mixture((factor) => logLikelihood({ n, hits }, min(1, floor * factor)) - base, harm);
}

/**
 * The log of the evidence that the challenger's rate is worse than `factor` times control's.
 * @param factor `1 - drop`, or `1 + drop` where a rise is the harm; above 0.
 * @returns `null`: one side has no calls.
 */
export function evidenceOfRates(
  control: Trials,
  challenger: Trials,
  factor: number,
  harm: Harm,
): number | null {
  if (control.n === 0 || challenger.n === 0) return null;
  const base = logLikelihoodAt(control, challenger, factor);
  return mixture((worse) => logLikelihoodAt(control, challenger, factor * worse) - base, harm);
}

/**
 * The greatest likelihood with a challenger at exactly `ratio` times control's rate: the root of a quadratic, since
 * the derivative of the log likelihood in control's rate is one after multiplying out.
 */
function logLikelihoodAt(control: Trials, challenger: Trials, ratio: number): number {
  const hits = control.hits + challenger.hits;
  const a = ratio * (control.n + challenger.n);
  const b = hits * (1 + ratio) + ratio * (challenger.n - challenger.hits) + control.n - control.hits;
  // Of the form that loses no digits when the root is small.
  const root = (2 * hits) / (b + sqrt(max(0, b * b - 4 * a * hits)));
  const rate = min(root, 1, 1 / ratio);
  return logLikelihood(control, rate) + logLikelihood(challenger, min(1, rate * ratio));
}

/** The log likelihood of trials, leaving out how many orders they could have come in. */
export function logLikelihood({ n, hits }: Trials, rate: number): number {
  const ofHits = hits === 0 ? 0 : hits * log(rate);
  const misses = n - hits;
  return misses === 0 ? ofHits : ofHits + misses * log1p(-rate);
}

/** A sample's mean and the variance of one of its amounts. */
interface Moments {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
}

/** Amounts other than zero from which on they show how control's amounts vary. */
const FEWEST_AMOUNTS = 10;

/**
 * Amounts other than zero from which on a side is believed without another to compare with. Measured: with talk times
 * whose logarithm has a standard deviation of 1, at a chosen rate of 5 %, 30 gave 8 % false alarms and 100 gave 3 %.
 */
const FEWEST_AMOUNTS_ALONE = 100;

export function momentsOf({ n, sum, squares }: Amounts): Moments {
  const mean = n === 0 ? 0 : sum / n;
  // Rounding of the sums must not make it negative.
  const variance = n < 2 ? 0 : max(0, (squares - n * mean * mean) / (n - 1));
  return { n, mean, variance };
}

/** The variance of amounts for a mean of 1; `null` with fewer than `fewest` amounts other than zero. */
function relativeVariance(amounts: Amounts, fewest: number): number | null {
  const { mean, variance } = momentsOf(amounts);
  return amounts.nonZero < fewest || mean <= 0 || variance <= 0 ? null : variance / (mean * mean);
}

/**
 * The log of the evidence that the challenger's mean is worse than `factor` times control's. Were the challenger just
 * as bad as allowed, its amounts would vary as control's do, times `factor`: where one side varies less than that, the
 * other's variance is taken. Otherwise three unpaid calls in a row would look like certainty.
 * @returns `null`: no calls, or control has too few amounts to show how they vary.
 */
export function evidenceOfMeans(
  control: Amounts,
  challenger: Amounts,
  factor: number,
  harm: Harm,
): number | null {
  if (challenger.n === 0 || relativeVariance(control, FEWEST_AMOUNTS) === null) return null;
  const reference = momentsOf(control);
  const own = momentsOf(challenger);
  const scale = factor * factor;
  const ofChallenger = max(own.variance, scale * reference.variance);
  const ofControl = max(reference.variance, own.variance / scale);
  const variance = ofChallenger / own.n + (scale * ofControl) / reference.n;
  return evidenceOfShift(own.mean, factor * reference.mean, variance, harm);
}

/**
 * The log of the evidence that a mean is worse than `floor`. Amounts are taken to vary in proportion to their mean, as
 * much as on the side that varies more: a sample without a single large amount does not show that there are any.
 * @param reference the other side's amounts, at whatever time. Without enough of them nothing is said before
 * {@link FEWEST_AMOUNTS_ALONE}.
 * @returns `null`: nothing can be said.
 */
export function evidenceOfMean(
  amounts: Amounts,
  floor: number,
  reference: Amounts,
  harm: Harm,
): number | null {
  const others = relativeVariance(reference, FEWEST_AMOUNTS);
  const own = relativeVariance(amounts, others === null ? FEWEST_AMOUNTS_ALONE : FEWEST_AMOUNTS);
  if (amounts.n === 0 || (own === null && others === null)) return null;
  if (floor <= 0) return 0;
  const variance = max(own ?? 0, others ?? 0) * floor * floor;
  return evidenceOfShift(momentsOf(amounts).mean, floor, variance / amounts.n, harm);
}

function evidenceOfShift(mean: number, allowed: number, variance: number, harm: Harm): number {
  const shift = mean - allowed;
  return mixture((factor) => {
    const worse = allowed * factor - allowed;
    return (worse * shift - (worse * worse) / 2) / variance;
  }, harm);
}
