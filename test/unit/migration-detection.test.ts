import { evidenceOfRates } from '../../domain/migration/statistics/evidence';
import type { Trials } from '../../domain/migration/statistics/metrics';
import { detections, noTrials, trial } from './migration-traffic';

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
