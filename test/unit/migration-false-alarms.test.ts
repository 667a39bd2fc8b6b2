import {
  evidenceOfMean,
  evidenceOfMeans,
  evidenceOfRate,
  evidenceOfRates,
} from '../../domain/migration/statistics/evidence';
import type { Guardrail } from '../../domain/migration/plan';
import type { Amounts, Trials } from '../../domain/migration/statistics/metrics';
import { Driven, planWith } from './migration-samples';
import {
  amount,
  detections,
  mostAlarms,
  noAmounts,
  normal,
  noTrials,
  runMigration,
  trial,
  type Traffic,
} from './migration-traffic';

const ALPHA = 0.05;
const SURE = Math.log(1 / ALPHA);
const { exp } = Math;
const isSure = (evidence: number | null): boolean => evidence !== null && evidence >= SURE;

/** The strictest guardrails there are: with no true difference the challenger is exactly as bad as allowed. */
const STRICT: readonly Guardrail[] = [
  { metric: 'answer_rate', rule: { kind: 'relative_drop', drop: 0 } },
  { metric: 'conversion_rate', rule: { kind: 'relative_drop', drop: 0 } },
];

const strictPlan = planWith({
  guardrails: STRICT,
  falseAlarmRate: ALPHA,
  steps: [500, 2_500, 5_000, 10_000].map((shareBasisPoints, index) => ({
    shareBasisPoints,
    minimumSeconds: 600,
    minimumCalls: 100 * (index + 1),
    approval: false,
  })),
});

/** Days on which twice as many calls are answered as at night. */
const daily = (hours: number): number => (hours % 2 < 1 ? 0.7 : 0.35);

const traffic: Omit<Traffic, 'seed'> = {
  callsPerLook: 24,
  answerRate: daily,
  conversionRate: 0.3,
  challengerFactor: 1,
};

describe('2,000 migrations, looked at every 30 s from the first call on', () => {
  it('are rolled back no more often than chosen when the challenger is as good as control', () => {
    const runs = 2_000;
    const rolledBack: string[] = [];
    for (let no = 0; no < runs; no++) {
      const seed = `alike/${no}`;
      const { phase } = runMigration(new Driven(strictPlan), { ...traffic, seed });
      expect(['rolling_back', 'completing']).toContain(phase);
      if (phase === 'rolling_back') rolledBack.push(seed);
    }
    // The seeds show in the failure, each of a migration that can be run again alone.
    if (rolledBack.length > mostAlarms(runs, ALPHA)) expect(rolledBack).toEqual([]);
  });
});

describe('200 migrations to a challenger that answers 30 % fewer calls', () => {
  it('are rolled back before they are completed, all but a few', () => {
    const fates = Array.from({ length: 200 }, (_, no) =>
      runMigration(new Driven(strictPlan), { ...traffic, seed: `worse/${no}`, challengerFactor: 0.7 }),
    );
    expect(fates.filter(({ phase }) => phase === 'rolling_back').length).toBeGreaterThan(190);
  });
});

describe('the test of rates', () => {
  const RUNS = 1_000;

  it.each([
    // Share of the challenger, control's rate, allowed factor, calls of the challenger.
    [0.01, 0.02, 1, 250],
    [0.01, 0.4, 0.8, 250],
    [0.01, 0.95, 1, 250],
    [0.05, 0.1, 0.9, 800],
    [0.05, 0.4, 1, 800],
    [0.25, 0.05, 1, 1_500],
    [0.25, 0.8, 0.8, 1_500],
    [0.5, 0.02, 0.9, 2_000],
    [0.5, 0.1, 1, 2_000],
    [0.5, 0.4, 0.8, 2_000],
    [0.5, 0.95, 0.9, 2_000],
    [0.9, 0.1, 0.9, 2_000],
    [0.9, 0.8, 1, 2_000],
  ])(
    'keeps its rate of false alarms at a share of %d, a rate of %d and a factor of %d',
    (share, rate, factor, mostCalls) => {
      const alarms = detections<Trials>(RUNS, {
        seed: `rates/${share}/${rate}/${factor}`,
        share,
        mostCalls,
        empty: noTrials,
        control: trial(rate),
        challenger: trial(rate * factor),
        detect: (control, challenger) => isSure(evidenceOfRates(control, challenger, factor, 'fall')),
      }).filter(Number.isFinite).length;
      expect(alarms).toBeLessThanOrEqual(mostAlarms(RUNS, ALPHA));
    },
  );

  it.each([
    [0.05, 0.01],
    [0.5, 0.05],
  ])('keeps it where a rise is the harm, at a share of %d and a rate of %d', (share, rate) => {
    const alarms = detections<Trials>(RUNS, {
      seed: `rises/${share}/${rate}`,
      share,
      mostCalls: 800,
      empty: noTrials,
      control: trial(rate),
      challenger: trial(rate * 1.2),
      detect: (control, challenger) => isSure(evidenceOfRates(control, challenger, 1.2, 'rise')),
    }).filter(Number.isFinite).length;
    expect(alarms).toBeLessThanOrEqual(mostAlarms(RUNS, ALPHA));
  });

  it.each([0.02, 0.3, 0.9])('keeps it against a floor of %d', (floor) => {
    const alarms = detections<Trials>(RUNS, {
      seed: `floor/${floor}`,
      share: 1,
      mostCalls: 2_000,
      empty: noTrials,
      control: trial(floor),
      challenger: trial(floor),
      detect: (_, challenger) => isSure(evidenceOfRate(challenger, floor, 'fall')),
    }).filter(Number.isFinite).length;
    expect(alarms).toBeLessThanOrEqual(mostAlarms(RUNS, ALPHA));
  });
});

/** Amounts as calls bring them, with their true mean. */
const AMOUNTS = {
  'talk times with a long tail': {
    draw: (random: () => number): number => 60 * exp(normal(random)),
    mean: 60 * Math.exp(0.5),
  },
  'one price for every tenth call': {
    draw: (random: () => number): number => (random() < 0.1 ? 50 : 0),
    mean: 5,
  },
  'one price for every fiftieth call': {
    draw: (random: () => number): number => (random() < 0.02 ? 50 : 0),
    mean: 1,
  },
  'bids with a long tail for every seventh call': {
    draw: (random: () => number): number => (random() < 1 / 7 ? 30 * exp(1.2 * normal(random)) : 0),
    mean: (30 * Math.exp(0.72)) / 7,
  },
};

describe.each(Object.entries(AMOUNTS))('the test of means, with %s', (name, { draw, mean }) => {
  const RUNS = 400;

  it.each([
    [0.01, 250],
    [0.05, 800],
    [0.5, 2_000],
    [0.9, 2_000],
  ])('keeps its rate of false alarms at a share of %d', (share, mostCalls) => {
    const alarms = detections<Amounts>(RUNS, {
      seed: `means/${name}/${share}`,
      share,
      mostCalls,
      empty: noAmounts,
      control: amount(draw),
      challenger: amount((random) => 0.9 * draw(random)),
      detect: (control, challenger) => isSure(evidenceOfMeans(control, challenger, 0.9, 'fall')),
    }).filter(Number.isFinite).length;
    expect(alarms).toBeLessThanOrEqual(mostAlarms(RUNS, ALPHA));
  });

  it.each([
    ['with control to show how amounts vary', 0.5],
    ['without', 1],
  ])('keeps it against a floor, %s', (_, share) => {
    const alarms = detections<Amounts>(RUNS, {
      seed: `mean floor/${name}/${share}`,
      share,
      mostCalls: 2_000,
      empty: noAmounts,
      control: amount(draw),
      challenger: amount(draw),
      detect: (control, challenger) => isSure(evidenceOfMean(challenger, mean, control, 'fall')),
    }).filter(Number.isFinite).length;
    expect(alarms).toBeLessThanOrEqual(mostAlarms(RUNS, ALPHA));
  });
});
