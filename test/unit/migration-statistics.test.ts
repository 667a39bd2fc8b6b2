import fc from 'fast-check';
import { evidenceOfRates } from '../../domain/migration/statistics/evidence';
import { NO_FIGURES, type BothFigures, type SideFigures } from '../../domain/migration/statistics/figures';
import { meanEstimate, rateEstimate } from '../../domain/migration/statistics/intervals';
import { falseAlarmRateOf, judge, type Look } from '../../domain/migration/statistics/judge';
import type { Amounts, Trials } from '../../domain/migration/statistics/metrics';
import type { Judgement } from '../../domain/migration/statistics/verdict';
import type { Guardrail } from '../../domain/migration/plan';
import type { MicrosText } from '../../domain/money';
import { BAD, figuresOf, GOOD } from './migration-samples';
import { amount, detections, mostAlarms, noTrials, trial } from './migration-traffic';
import { seededRandom } from '../../domain/routing/draw';

const ANSWERS: Guardrail = { metric: 'answer_rate', rule: { kind: 'relative_drop', drop: 0.1 } };
const CONVERSIONS: Guardrail = { metric: 'conversion_rate', rule: { kind: 'relative_drop', drop: 0.1 } };
const REVENUE: Guardrail = { metric: 'revenue_per_call', rule: { kind: 'relative_drop', drop: 0.1 } };
const REVENUE_FLOOR: Guardrail = {
  metric: 'revenue_per_call',
  rule: { kind: 'floor', valueMicros: '2500000' as MicrosText },
};
const TALK: Guardrail = { metric: 'mean_duration', rule: { kind: 'floor', value: 90 } };
const NO_CANDIDATE: Guardrail = { metric: 'no_candidate_rate', rule: { kind: 'relative_drop', drop: 0.1 } };
const EVERY = [ANSWERS, CONVERSIONS, REVENUE, REVENUE_FLOOR, TALK, NO_CANDIDATE];

function lookAt(figures: BothFigures, guardrails: readonly Guardrail[], changes: Partial<Look> = {}): Look {
  return {
    plan: { guardrails, falseAlarmRate: 0.05 },
    figures,
    shareBasisPoints: 1_000,
    comparison: 1,
    minimumCalls: 100,
    reference: null,
    ...changes,
  };
}

function only(figures: BothFigures, guardrail: Guardrail, changes: Partial<Look> = {}): Judgement {
  const [judgement] = judge(lookAt(figures, [guardrail], changes));
  if (judgement === undefined) throw new Error('one guardrail, one judgement');
  return judgement;
}

describe('a guardrail', () => {
  it('waits while the step’s calls are not there, however good they look', () => {
    const { verdict, reason } = only({ ...GOOD, challenger: figuresOf(99, 99, 99) }, ANSWERS);
    expect(verdict).toBe('wait');
    expect(reason).toContain('Too few calls of the challenger: 100 are asked for.');
  });

  it('waits while there is no control to compare with', () => {
    const { verdict, reason } = only({ ...GOOD, control: figuresOf(29, 15) }, ANSWERS);
    expect(verdict).toBe('wait');
    expect(reason).toContain('Too few calls of control: 30 are asked for.');
  });

  it('waits when not one of the calls was dialled, however many there were', () => {
    const challenger: SideFigures = { ...NO_FIGURES, calls: 500, noCandidate: 500, matured: 500 };
    expect(only({ ...GOOD, challenger }, ANSWERS).verdict).toBe('wait');
    expect(only({ ...GOOD, challenger }, NO_CANDIDATE).verdict).toBe('breach');
  });

  it('waits when nothing has come at all', () => {
    const nothing = { control: NO_FIGURES, challenger: NO_FIGURES };
    for (const judgement of judge(lookAt(nothing, EVERY))) {
      expect(judgement).toMatchObject({ verdict: 'wait', evidence: null });
      expect(judgement.challenger).toEqual({ value: null, low: null, high: null });
    }
  });

  it('holds with calls enough and no breach, and says that it did', () => {
    const { verdict, reason } = only(GOOD, ANSWERS);
    expect(verdict).toBe('holds');
    expect(reason).toMatch(
      /^Answer rate 60 % \(5\d\.\d % to 6\d\.\d %\) in 1000 calls of the challenger, 60 % \(.*\) in 9000 of control; allowed is at most 10 % below control\. No breach: evidence .* of 40\.$/,
    );
  });

  it('is breached by a challenger that is worse, also before the step’s calls are there', () => {
    for (const guardrail of [ANSWERS, CONVERSIONS, REVENUE])
      expect(only(BAD, guardrail, { minimumCalls: 5_000 }).verdict).toBe('breach');
    expect(only(BAD, ANSWERS).reason).toContain('It is worse: evidence');
  });

  it('takes a rise for the harm where it is one', () => {
    const control: SideFigures = { ...figuresOf(5_000, 2_500), noCandidate: 50 };
    const rate = (noCandidate: number): Judgement =>
      only({ control, challenger: { ...figuresOf(1_000, 500), noCandidate } }, NO_CANDIDATE);
    expect(rate(0).verdict).toBe('holds');
    expect(rate(10).verdict).toBe('holds');
    expect(rate(60).verdict).toBe('breach');
  });

  it('notices calls without a candidate that control never has', () => {
    const figures = {
      control: figuresOf(5_000, 2_500),
      challenger: { ...figuresOf(50, 20), noCandidate: 30 },
    };
    expect(only(figures, NO_CANDIDATE).verdict).toBe('breach');
  });

  it('compares only calls whose conversion window is over, and says when others are to come', () => {
    const control = figuresOf(9_000, 5_400, 900);
    const young = { control, challenger: figuresOf(1_000, 600, 4, 40) };
    expect(only(young, CONVERSIONS)).toMatchObject({
      verdict: 'wait',
      provisional: true,
      calls: { control: 9_000, challenger: 40 },
    });
    expect(only(young, CONVERSIONS).reason).toContain('Provisional: calls may still convert.');
    expect(only(young, ANSWERS)).toMatchObject({ verdict: 'holds', provisional: false });
    expect(only(GOOD, CONVERSIONS).provisional).toBe(false);
  });

  it('is not compared while the challenger has all calls; a floor goes on', () => {
    const figures = { control: NO_FIGURES, challenger: BAD.challenger };
    const all = { shareBasisPoints: 10_000 };
    expect(only(figures, ANSWERS, all).verdict).toBe('not_compared');
    const floor: Guardrail = { metric: 'answer_rate', rule: { kind: 'floor', value: 0.4 } };
    expect(only(figures, floor, all).verdict).toBe('breach');
  });

  it('breaches a floor of revenue once it is known how amounts vary', () => {
    const figures = { control: NO_FIGURES, challenger: figuresOf(1_000, 500, 9) };
    const all = { shareBasisPoints: 10_000 };
    const unknown = only(figures, REVENUE_FLOOR, all);
    expect(unknown).toMatchObject({ verdict: 'wait', evidence: null });
    expect(unknown.reason).toContain('to tell how much it varies');
    const { verdict, reason } = only(figures, REVENUE_FLOOR, { ...all, reference: GOOD.control });
    expect(verdict).toBe('breach');
    expect(reason).toContain('Revenue per call 0.27');
    expect(reason).toContain('allowed is at least 2.50');
  });

  it('does not take a few unpaid calls for certainty', () => {
    const figures = { control: GOOD.control, challenger: figuresOf(30, 18, 0) };
    expect(only(figures, REVENUE).verdict).toBe('wait');
  });

  it('gets its part of the false alarms, which add up to no more than were chosen', () => {
    const plan = { guardrails: EVERY, falseAlarmRate: 0.05 };
    let sum = 0;
    for (let comparison = 1; comparison <= 10_000; comparison++)
      sum += EVERY.length * falseAlarmRateOf(plan, comparison);
    expect(sum).toBeLessThan(0.05);
    expect(sum).toBeGreaterThan(0.0499);
    expect(falseAlarmRateOf({ ...plan, guardrails: [ANSWERS] }, 1)).toBeCloseTo(0.025);
  });

  const side: fc.Arbitrary<SideFigures> = fc
    .tuple(fc.nat(3_000), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(5_000_000), fc.nat(900))
    .map(([calls, part, price, talk]) => {
      const some = Math.floor(calls * part);
      return {
        calls,
        dialled: calls,
        answered: some,
        noCandidate: calls - some,
        matured: calls,
        conversions: some,
        revenueMicros: `${some * price}` as MicrosText,
        revenueSquares: `${BigInt(some) * BigInt(price) ** 2n}`,
        talkSeconds: some * talk,
        talkSquares: some * talk ** 2,
        turnedAway: 0,
      };
    });
  const rule = fc.oneof(
    fc.record({ kind: fc.constant('floor' as const), value: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({
      kind: fc.constant('relative_drop' as const),
      drop: fc.double({ min: 0, max: 0.99, noNaN: true }),
    }),
  );

  it('comes to a verdict on any figures, in plain JSON', () => {
    fc.assert(
      fc.property(
        side,
        side,
        rule,
        fc.constantFrom('answer_rate', 'conversion_rate', 'no_candidate_rate', 'mean_duration'),
        (control, challenger, ofAny, metric) => {
          const guardrails: Guardrail[] = [{ metric, rule: ofAny }, REVENUE, REVENUE_FLOOR];
          const judgements = judge(lookAt({ control, challenger }, guardrails));
          expect(JSON.parse(JSON.stringify(judgements))).toEqual(judgements);
          for (const { evidence, reason } of judgements) {
            expect(evidence ?? 0).toBeGreaterThanOrEqual(0);
            expect(reason).not.toMatch(/NaN|Infinity|undefined/);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('is never breached by a challenger that is no worse than control', () => {
    fc.assert(
      fc.property(side, fc.double({ min: 0, max: 0.9, noNaN: true }), (figures, drop) => {
        const guardrails: Guardrail[] = [
          { metric: 'answer_rate', rule: { kind: 'relative_drop', drop } },
          { metric: 'revenue_per_call', rule: { kind: 'relative_drop', drop } },
          { metric: 'no_candidate_rate', rule: { kind: 'relative_drop', drop } },
        ];
        for (const { verdict } of judge(lookAt({ control: figures, challenger: figures }, guardrails)))
          expect(verdict).not.toBe('breach');
      }),
    );
  });
});

describe('intervals', () => {
  it('hold the true rate at all looks together, as often as they say', () => {
    const runs = 400;
    for (const rate of [0.02, 0.5, 0.9]) {
      const missed = detections<Trials>(runs, {
        seed: `intervals/${rate}`,
        share: 1,
        mostCalls: 1_000,
        empty: noTrials,
        control: trial(rate),
        challenger: trial(rate),
        detect: (_, trials) => {
          const { low, high } = rateEstimate(trials, 0.05);
          return (low ?? 0) > rate || (high ?? 1) < rate;
        },
      }).filter(Number.isFinite).length;
      expect(missed).toBeLessThanOrEqual(mostAlarms(runs, 0.05));
    }
  });

  it('contain their figure, within what is possible', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.double({ min: 0, max: 1, noNaN: true }), (n, part) => {
        fc.pre(n > 0);
        const { value, low, high } = rateEstimate({ n, hits: Math.round(n * part) }, 0.05);
        if (value === null || low === null || high === null) throw new Error('there are calls');
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('of means get narrower with calls', () => {
    const random = seededRandom('means');
    const one = amount((draw) => 100 * draw());
    let amounts: Amounts = { n: 0, sum: 0, squares: 0, nonZero: 0 };
    const widths: number[] = [];
    for (let n = 1; n <= 10_000; n++) {
      amounts = one(random, amounts);
      const { low, high } = meanEstimate(amounts, 0.05);
      if (n === 100 || n === 1_000 || n === 10_000) widths.push((high ?? Infinity) - (low ?? 0));
    }
    const [first = 0, second = 0, third = 0] = widths;
    expect(first).toBeGreaterThan(2 * second);
    expect(second).toBeGreaterThan(2 * third);
    expect(third).toBeLessThan(3);
  });

  it('of means say nothing about a single call, or about calls that are all alike', () => {
    expect(meanEstimate({ n: 0, sum: 0, squares: 0, nonZero: 0 }, 0.05).value).toBeNull();
    expect(meanEstimate({ n: 1, sum: 5, squares: 25, nonZero: 1 }, 0.05)).toEqual({
      value: 5,
      low: null,
      high: null,
    });
  });
});

describe('a challenger that is 30 % worse', () => {
  const RUNS = 500;

  /** One-sided quantiles of the normal distribution: 5 % false alarms, and 80 % power. */
  const Z = 1.6449 + 0.8416;

  /** Calls of the challenger for a one-sided test of two proportions that looks once, at the end. */
  function fixedSample(rate: number, allowed: number, share: number): number {
    const challenger = 0.7 * rate;
    const variance =
      challenger * (1 - challenger) + (allowed * allowed * rate * (1 - rate) * share) / (1 - share);
    return Math.ceil((variance * Z * Z) / (allowed * rate - challenger) ** 2);
  }

  it.each([
    [0.8, 1, 0.05],
    [0.8, 1, 0.5],
    [0.4, 1, 0.05],
    [0.4, 1, 0.5],
    [0.1, 1, 0.05],
    [0.1, 1, 0.5],
    [0.8, 0.9, 0.5],
    [0.4, 0.9, 0.05],
    [0.4, 0.9, 0.5],
  ])(
    'of a rate of %d, with a factor of %d allowed and a share of %d, is found about as soon as by one look at the end',
    (rate, allowed, share) => {
      const calls = detections<Trials>(RUNS, {
        seed: `detection/${rate}/${allowed}/${share}`,
        share,
        mostCalls: 5_000,
        empty: noTrials,
        control: trial(rate),
        challenger: trial(0.7 * rate),
        detect: (control, challenger) =>
          (evidenceOfRates(control, challenger, allowed, 'fall') ?? 0) >= Math.log(20),
      });
      const median = calls[RUNS / 2] ?? Infinity;
      expect(median).toBeLessThan(1.4 * fixedSample(rate, allowed, share));
    },
  );
});
