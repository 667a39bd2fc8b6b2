import { seededRandom } from '../../domain/routing/draw';
import type { Amounts, Trials } from '../../domain/migration/statistics/metrics';
import { NO_FIGURES, type SideFigures } from '../../domain/migration/statistics/figures';
import { after, type Driven } from './migration-samples';

/** Traffic that reaches a migration, all of it decided by the seed. */
export interface Traffic {
  readonly seed: string;
  readonly callsPerLook: number;
  /** Chance that a call is answered, `hours` after the migration began. */
  readonly answerRate: (hours: number) => number;
  /** Chance that an answered call converts. */
  readonly conversionRate: number;
  /** What the challenger's answer rate is of control's. */
  readonly challengerFactor: number;
}

/** What became of one migration under its traffic. */
export interface Fate {
  readonly phase: string;
  readonly looks: number;
  /** Calls of the challenger over all comparisons. */
  readonly challengerCalls: number;
}

interface Tally {
  calls: number;
  answered: number;
  conversions: number;
}

const LOOK_SECONDS = 30;

/** Runs a migration with the real reducer, a look every 30 s, until it is no longer running. */
export function runMigration(driven: Driven, traffic: Traffic): Fate {
  const random = seededRandom(traffic.seed);
  let tallies = { control: tally(), challenger: tally() };
  let comparison = 0;
  let looks = 0;
  let challengerCalls = 0;
  driven.operate('start');
  while (driven.state.phase.name === 'running') {
    if (driven.state.comparison?.no !== comparison) {
      comparison = driven.state.comparison?.no ?? 0;
      tallies = { control: tally(), challenger: tally() };
    }
    looks++;
    const rate = traffic.answerRate((looks * LOOK_SECONDS) / 3600);
    for (let call = 0; call < traffic.callsPerLook; call++) {
      const challenger = random() * 10_000 < driven.state.shareBasisPoints;
      if (challenger) challengerCalls++;
      const side = challenger ? tallies.challenger : tallies.control;
      side.calls++;
      if (random() >= rate * (challenger ? traffic.challengerFactor : 1)) continue;
      side.answered++;
      if (random() < traffic.conversionRate) side.conversions++;
    }
    driven.send({ type: 'time_passed', at: after(looks * LOOK_SECONDS) });
    driven.send({
      type: 'evaluated',
      at: after(looks * LOOK_SECONDS),
      comparison,
      figures: { control: figures(tallies.control), challenger: figures(tallies.challenger) },
    });
  }
  return { phase: driven.state.phase.name, looks, challengerCalls };
}

function tally(): Tally {
  return { calls: 0, answered: 0, conversions: 0 };
}

function figures({ calls, answered, conversions }: Tally): SideFigures {
  return { ...NO_FIGURES, calls, dialled: calls, answered, matured: calls, conversions };
}

/** Something that is said to be worse, or not yet, after each call of the challenger. */
export type Detector<Sample> = (control: Sample, challenger: Sample) => boolean;

export interface Stream<Sample> {
  readonly seed: string;
  readonly share: number;
  /** Calls of the challenger after which it is given up. */
  readonly mostCalls: number;
  readonly empty: () => Sample;
  readonly control: (random: () => number, into: Sample) => Sample;
  readonly challenger: (random: () => number, into: Sample) => Sample;
  readonly detect: Detector<Sample>;
}

/**
 * How many calls of the challenger it took each of so many runs to detect something, ascending; Infinity: it never did.
 * Every one of the first 60 calls is looked at, every fourth after that.
 */
export function detections<Sample>(runs: number, stream: Stream<Sample>): readonly number[] {
  const random = seededRandom(stream.seed);
  const perCall = (1 - stream.share) / stream.share;
  const calls = Array.from({ length: runs }, () => {
    let control = stream.empty();
    let challenger = stream.empty();
    let due = 0;
    for (let call = 1; call <= stream.mostCalls; call++) {
      for (due += perCall; due >= 1; due--) control = stream.control(random, control);
      challenger = stream.challenger(random, challenger);
      if ((call <= 60 || call % 4 === 0) && stream.detect(control, challenger)) return call;
    }
    return Infinity;
  });
  return calls.toSorted((a, b) => a - b);
}

export const noTrials = (): Trials => ({ n: 0, hits: 0 });
export const noAmounts = (): Amounts => ({ n: 0, sum: 0, squares: 0, nonZero: 0 });

/** One more trial with a chance of `rate`. */
export function trial(rate: number): (random: () => number, into: Trials) => Trials {
  return (random, { n, hits }) => ({ n: n + 1, hits: random() < rate ? hits + 1 : hits });
}

/** One more amount. */
export function amount(
  draw: (random: () => number) => number,
): (random: () => number, into: Amounts) => Amounts {
  return (random, { n, sum, squares, nonZero }) => {
    const x = draw(random);
    return { n: n + 1, sum: sum + x, squares: squares + x * x, nonZero: x === 0 ? nonZero : nonZero + 1 };
  };
}

/** Looked up once: in the sandbox of a test, finding a global takes longer than these do. */
const { cos, log, PI, sqrt } = Math;

/** Standard normal (Box and Muller). */
export function normal(random: () => number): number {
  return sqrt(-2 * log(1 - random())) * cos(2 * PI * random());
}

/**
 * The most alarms to expect of so many runs at a true rate of `alpha`: one in a thousand tests of a perfect method has
 * more (3.09 standard deviations of the binomial).
 */
export function mostAlarms(runs: number, alpha: number): number {
  return runs * alpha + 3.09 * Math.sqrt(runs * alpha * (1 - alpha));
}
