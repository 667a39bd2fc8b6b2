import fc from 'fast-check';
import { meanEstimate, rateEstimate } from '../../domain/migration/statistics/intervals';
import type { Amounts, Trials } from '../../domain/migration/statistics/metrics';
import { seededRandom } from '../../domain/routing/draw';
import { amount, detections, mostAlarms, noTrials, trial } from './migration-traffic';

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
