import { Tally } from '../../domain/backtest/figures';
import { moneyRange, range, summarise } from '../../domain/backtest/summary';
import type { AssignmentId } from '../../domain/ids';
import type { Micros } from '../../domain/money';
import { seededRandom } from '../../domain/routing/draw';

/** 1 to so many, shuffled. */
function shuffled(many: number): number[] {
  const random = seededRandom(`shuffle/${many}`);
  return Array.from({ length: many }, (_, n) => [random(), n + 1] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, n]) => n);
}

describe('a figure over the runs', () => {
  it.each([
    // Runs, low, high, mean.
    [1, 1, 1, 1],
    [2, 1, 2, 1.5],
    [19, 1, 19, 10],
    [20, 1, 20, 10.5],
    [39, 2, 38, 20],
    [38, 1, 38, 19.5],
    [40, 2, 39, 20.5],
    [199, 10, 190, 100],
    [200, 10, 191, 100.5],
  ])('of %d runs lies between %d and %d, %d on average', (runs, low, high, mean) => {
    const figures = shuffled(runs);
    expect(range(figures)).toEqual({ low, high, mean });
    const amounts = figures.map((each) => BigInt(each) * 10n ** 18n);
    expect(moneyRange(amounts)).toMatchObject({
      low: BigInt(low) * 10n ** 18n,
      high: BigInt(high) * 10n ** 18n,
    });
    expect(figures).toEqual(shuffled(runs));
  });

  it('is sorted as a number, not as text', () => {
    expect(range([10, 9])).toMatchObject({ low: 9, high: 10 });
    expect(moneyRange([10n, 9n])).toMatchObject({ low: 9n, high: 10n });
  });

  it('has a mean of money in whole micros, rounded down', () => {
    expect(moneyRange([1n, 2n]).mean).toBe(1n);
    expect(moneyRange([1n, 1n, 3n]).mean).toBe(1n);
    expect(moneyRange([2n, 2n, 2n]).mean).toBe(2n);
    expect(range([1, 2]).mean).toBe(1.5);
  });

  it('needs a run', () => {
    expect(() => range([])).toThrow(RangeError);
    expect(() => moneyRange([])).toThrow(RangeError);
  });
});

describe('a summary', () => {
  const a = 'a' as AssignmentId;
  const b = 'b' as AssignmentId;
  const c = 'c' as AssignmentId;
  const due = (revenue: bigint, converted: boolean) => ({
    converted,
    revenue: revenue as Micros,
    payout: 1n as Micros,
  });

  const observed = new Tally();
  observed.dial(c, true);
  observed.connect(c, due(9n, true));
  observed.refuse('lim_2');
  const one = new Tally();
  one.dial(a, true);
  one.dial(b, false);
  one.draw(a);
  one.draw(b);
  one.connect(b, due(4n, false));
  one.refuse('lim_1');
  one.refuse('lim_1');
  const two = new Tally();
  two.dial(a, true);
  two.observedOutcomes += 1;
  two.connect(a, due(7n, true));
  const summary = summarise(observed, [one, two]);

  it('is of all who were or would have been dialled, by id', () => {
    const none = { mean: 0, low: 0, high: 0 };
    const half = { mean: 0.5, low: 0, high: 1 };
    expect(summary.buyers).toEqual([
      {
        assignmentId: a,
        observed: { dials: 0, connected: 0, converted: 0, revenue: 0n },
        modelled: {
          dials: { mean: 1, low: 1, high: 1 },
          connected: half,
          converted: half,
          revenue: { mean: 3n, low: 0n, high: 7n },
        },
        drawn: true,
      },
      {
        assignmentId: b,
        observed: { dials: 0, connected: 0, converted: 0, revenue: 0n },
        modelled: {
          dials: half,
          connected: half,
          converted: none,
          revenue: { mean: 2n, low: 0n, high: 4n },
        },
        drawn: true,
      },
      {
        assignmentId: c,
        observed: { dials: 1, connected: 1, converted: 1, revenue: 9n },
        modelled: { dials: none, connected: none, converted: none, revenue: { mean: 0n, low: 0n, high: 0n } },
        drawn: false,
      },
    ]);
  });

  it('tells whose outcomes were drawn, and how many dials', () => {
    expect(summary.outcomes).toEqual({
      observed: { mean: 0.5, low: 0, high: 1 },
      drawn: { mean: 1, low: 0, high: 2 },
    });
  });

  it('is of every limit that stood in the way, of what was or of a run', () => {
    expect(summary.limits).toEqual([
      { limitId: 'lim_1', observed: 0, modelled: { mean: 1, low: 0, high: 2 } },
      { limitId: 'lim_2', observed: 1, modelled: { mean: 0, low: 0, high: 0 } },
    ]);
  });

  it('has each figure beside its own range', () => {
    expect(summary.observed).toMatchObject({ dialled: 1, dials: 1, connected: 1, revenue: 9n, payout: 1n });
    expect(summary.modelled).toMatchObject({
      dialled: { mean: 1 },
      dials: { mean: 1.5 },
      connected: { mean: 1 },
      converted: { mean: 0.5 },
      revenue: { mean: 5n, low: 4n, high: 7n },
      payout: { mean: 1n },
      exhausted: { mean: 0 },
    });
    for (const end of ['noCandidate', 'afterHours', 'exhausted', 'abandonedRinging'] as const) {
      const run = new Tally();
      run.end(end);
      const ranges = summarise(new Tally(), [run]).modelled;
      const ended = Object.entries(ranges).filter(([, { high }]) => Number(high) > 0);
      expect(ended.map(([name]) => name)).toEqual([end]);
    }
  });
});
