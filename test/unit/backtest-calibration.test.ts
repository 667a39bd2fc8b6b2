import type { DialOutcome } from '../../domain/backtest/outcomes';
import { moneyRange } from '../../domain/backtest/summary';
import type { AssignmentId } from '../../domain/ids';
import { seededRandom } from '../../domain/routing/draw';
import type { RoutingPlan, RoutingRule } from '../../domain/routing/plan';
import { allows, dialableWith, limitOn, ringing, talk, versionOf } from './backtest-samples';
import { backtest, revenueOf, routeLive, type World, type WorldCall } from './backtest-world';
import { BUSY, micros, ruleWith } from './routing-samples';

const IDS = ['a', 'b', 'c'] as const;

interface Kind {
  readonly calls: number;
  /** Chance that a buyer answers, drawn anew for each world. */
  readonly answerRate: (random: number) => number;
  /** What it is multiplied with for a caller. */
  readonly factor?: (call: WorldCall, assignment: AssignmentId) => number;
  readonly places?: bigint;
  readonly from: Partial<RoutingPlan>;
  readonly to: Partial<RoutingPlan>;
}

function worldOf(seed: string, kind: Kind): World {
  const random = seededRandom(seed);
  const buyers = new Map(
    IDS.map((id) => [
      id as string,
      {
        rate: kind.answerRate(random()),
        meanTalk: 60 + 180 * random(),
        price: 8 + Math.floor(30 * random()),
      },
    ]),
  );
  const assignments = IDS.map((id) =>
    dialableWith(id, {
      weight: 1,
      price: {
        amountMicros: micros(buyers.get(id)?.price ?? 0),
        rates: [],
        due: { on: 'duration', seconds: 60 },
      },
    }),
  );
  const { places } = kind;
  return {
    assignments,
    calls: Array.from({ length: kind.calls }, (_, n) => ({
      id: `${seed}/${n}`,
      chosen: n * 40 + Math.floor(random() * 40),
      lag: 0,
      tags: { kind: n % 2 === 0 ? 'even' : 'odd' },
    })),
    series: places === undefined ? [] : IDS.map((id) => limitOn(`assignment:${id}`, allows(places))),
    others: [],
    carried: [],
    payout: null,
    turns: [],
    truth: (call, assignment) => {
      const chance = seededRandom(`${call.id}/${assignment}`);
      const { rate = 0, meanTalk = 0 } = buyers.get(assignment) ?? {};
      return outcomeOf(chance, rate * (kind.factor?.(call, assignment) ?? 1), meanTalk);
    },
  };
}

function outcomeOf(chance: () => number, rate: number, meanTalk: number): DialOutcome {
  if (chance() >= rate) return chance() < 0.5 ? ringing('busy', 2) : ringing('no_answer', 20);
  return talk(Math.ceil(-meanTalk * Math.log(1 - chance())));
}

/** How far backtests were from the truth in so many worlds. */
interface Calibration {
  /** Share of the worlds in which the truth lay within the range. */
  readonly covered: number;
  readonly below: number;
  readonly above: number;
  /** What the model says more than the truth, as a share of it, and the standard error of that. */
  readonly bias: number;
  readonly error: number;
  /** Of the range, by the truth. */
  readonly width: number;
  /** By how much the truth is more than what was observed, and the model. */
  readonly change: number;
  readonly modelledChange: number;
}

const RUNS = 20;

function calibrate(name: string, worlds: number, kind: Kind): Calibration {
  const [from, to] = [versionOf(1, kind.from), versionOf(2, kind.to)];
  const results = Array.from({ length: worlds }, (_, n) => {
    const world = worldOf(`${name} ${n}`, kind);
    const past = routeLive(world, from);
    const { runs } = backtest(world, past, to, { runs: RUNS, seed: `${name} ${n}` });
    const { low, high, mean } = moneyRange(runs.map(({ tally }) => tally.figures.revenue));
    const truth = revenueOf(routeLive(world, to));
    return { truth, low, high, mean, observed: revenueOf(past), miss: Number(mean - truth) };
  });
  const share = (is: (result: (typeof results)[number]) => boolean): number =>
    results.filter(is).length / worlds;
  const sum = (of: (result: (typeof results)[number]) => bigint | number): number =>
    results.reduce((total, each) => total + Number(of(each)), 0);
  const truth = sum((each) => each.truth);
  const observed = sum((each) => each.observed);
  const modelled = sum((each) => each.mean);
  const miss = (modelled - truth) / worlds;
  const variance = sum((each) => (each.miss - miss) ** 2) / (worlds - 1);
  return {
    covered: share((each) => each.low <= each.truth && each.truth <= each.high),
    below: share((each) => each.truth < each.low),
    above: share((each) => each.truth > each.high),
    bias: modelled / truth - 1,
    error: Math.sqrt(variance * worlds) / truth,
    width: sum((each) => each.high - each.low) / truth,
    change: truth / observed - 1,
    modelledChange: modelled / observed - 1,
  };
}

const MOST = { maxAttempts: 2 };
const WEIGHTED: Partial<RoutingPlan> = {
  ...MOST,
  rules: [ruleWith('everyone', { strategy: { kind: 'weighted' } })],
};
const first = (...ids: readonly string[]): RoutingRule =>
  ruleWith(ids.join(), {
    candidates: ids.map((id, n) => ({ assignmentId: id as AssignmentId, priority: n + 1, weight: null })),
  });
const EVEN = { kind: 'tag', tag: 'kind', test: { is: 'one_of', values: ['even'] } } as const;

const WORLDS = 200;

describe(`${WORLDS} worlds in which it is known how every dial would end`, () => {
  const { covered, below, above, bias, error, width } = calibrate('world', WORLDS, {
    calls: 60,
    answerRate: (random) => 0.2 + 0.7 * random,
    places: 2n,
    from: WEIGHTED,
    to: { ...MOST, rules: [first('c', 'b')] },
  });

  it('have what the plan would have brought between low and high nine times in ten', () => {
    // 2.1 % is one standard deviation of 200 worlds.
    expect(covered).toBeGreaterThan(0.85);
    expect(covered).toBeLessThan(0.97);
    expect(Math.max(below, above)).toBeLessThan(0.1);
  });

  it('have it at the mean, give or take', () => {
    expect(Math.abs(bias)).toBeLessThan(3 * error);
    expect(error).toBeLessThan(0.01);
  });

  it('have a range that says something', () => {
    expect(width).toBeLessThan(0.5);
  });
});

describe('worlds in which buyers answer callers by a tag', () => {
  // Buyer a answers 3 of 4 even callers and 1 of 4 odd ones; the others the other way round.
  const byTag = (even: string, odd: string): Calibration =>
    calibrate(`tag ${even}`, 25, {
      calls: 60,
      answerRate: () => 0.5,
      factor: ({ tags }, id) => ((id === 'a') === (tags['kind'] === 'even') ? 1.5 : 0.5),
      from: { ...WEIGHTED, maxAttempts: 1 },
      to: { rules: [{ ...first(even), when: EVEN, fallback: BUSY }, first(odd)], maxAttempts: 1 },
    });

  it('are taken for worlds in which they do not: of a plan that goes by it little is seen beforehand', () => {
    const better = byTag('a', 'b');
    expect(better.change).toBeGreaterThan(0.4);
    // Of the third of the calls that went there before.
    expect(Math.abs(better.modelledChange)).toBeLessThan(0.2);
    const worse = byTag('b', 'a');
    expect(worse.change).toBeLessThan(-0.35);
    expect(Math.abs(worse.modelledChange)).toBeLessThan(0.25);
  });
});
