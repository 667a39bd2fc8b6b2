import fc from 'fast-check';
import { NO_FIGURES, type BothFigures, type SideFigures } from '../../domain/migration/statistics/figures';
import {
  carriedOver,
  evidenceNeeded,
  judge,
  stakeOf,
  type Look,
} from '../../domain/migration/statistics/judge';
import type { Judgement } from '../../domain/migration/statistics/verdict';
import type { Guardrail } from '../../domain/migration/plan';
import type { MicrosText } from '../../domain/money';
import { BAD, figuresOf, GOOD } from './migration-samples';

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
    carried: [],
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
      /^Answer rate 60 % \(5\d\.\d % to 6\d\.\d %\) in 1000 calls of the challenger, 60 % \(.*\) in 9000 of control; allowed is at most 10 % below control\. No breach: evidence .* of 20\.$/,
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

  it('has its part of the false alarms, staked on all comparisons there may ever be', () => {
    expect(evidenceNeeded({ guardrails: EVERY, falseAlarmRate: 0.05 })).toBeCloseTo(EVERY.length / 0.05);
    let sum = 0;
    for (let comparison = 1; comparison <= 10_000; comparison++) sum += stakeOf(comparison);
    expect(sum).toBeLessThan(1);
    expect(sum).toBeGreaterThan(0.999);
  });

  it('adds up what several comparisons find, none of which is enough by itself', () => {
    const figures = { control: figuresOf(900, 540), challenger: figuresOf(100, 42) };
    let carried: readonly number[] = [];
    const verdicts: string[] = [];
    for (let comparison = 1; comparison <= 4; comparison++) {
      const judgement = only(figures, ANSWERS, { comparison, carried });
      expect(only(figures, ANSWERS, { comparison }).verdict).toBe('holds');
      carried = carriedOver(carried, [judgement]);
      verdicts.push(judgement.verdict);
    }
    expect(verdicts).toEqual(['holds', 'holds', 'breach', 'breach']);
  });

  it('does not let a good beginning excuse what comes after it', () => {
    const good = { control: figuresOf(9_000, 5_400), challenger: figuresOf(9_000, 6_300) };
    const [carried = 1] = carriedOver([], [only(good, ANSWERS)]);
    expect(carried).toBeLessThan(1e-6);
    expect(only(BAD, ANSWERS, { comparison: 2, carried: [carried] }).verdict).toBe('breach');
  });

  it('keeps what it found while there is nothing to compare', () => {
    expect(carriedOver([7], [])).toEqual([7]);
    const nothing = only({ control: NO_FIGURES, challenger: NO_FIGURES }, ANSWERS, { carried: [7] });
    expect(carriedOver([7], [nothing])).toEqual([7]);
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
