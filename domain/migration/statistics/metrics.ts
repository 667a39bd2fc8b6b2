import type { MeanMetric, Metric, RateMetric } from '../plan';
import type { SideFigures } from './figures';

/** Trials and how many of them did what a rate counts. */
export interface Trials {
  readonly n: number;
  readonly hits: number;
}

/** A sample of amounts by its sums. */
export interface Amounts {
  readonly n: number;
  readonly sum: number;
  readonly squares: number;
  /** How many of them are not zero: a variance out of a handful of payments says nothing. */
  readonly nonZero: number;
}

/** Which way a metric gets worse. */
export type Harm = 'fall' | 'rise';

interface MetricTraits {
  /** For people, in the middle of a sentence. */
  readonly name: string;
  readonly harm: Harm;
  /** Whether only calls whose conversion window is over are compared. */
  readonly matures: boolean;
}

interface RateTraits extends MetricTraits {
  readonly of: 'rate';
  readonly read: (figures: SideFigures) => Trials;
}

interface MeanTraits extends MetricTraits {
  readonly of: 'mean';
  readonly unit: 'micros' | 'seconds';
  readonly read: (figures: SideFigures) => Amounts;
}

/**
 * Every metric and how it is read from the figures. A rate of bid requests that time out is one line here and two
 * counts in {@link SideFigures}: endpoints asked and answers too late, harm in a rise.
 */
export const METRICS = {
  answer_rate: {
    name: 'answer rate',
    of: 'rate',
    harm: 'fall',
    matures: false,
    read: ({ dialled, answered }) => ({ n: dialled, hits: answered }),
  },
  conversion_rate: {
    name: 'conversion rate',
    of: 'rate',
    harm: 'fall',
    matures: true,
    read: ({ matured, conversions }) => ({ n: matured, hits: conversions }),
  },
  no_candidate_rate: {
    name: 'rate of calls without a candidate',
    of: 'rate',
    harm: 'rise',
    matures: false,
    read: ({ calls, noCandidate }) => ({ n: calls, hits: noCandidate }),
  },
  revenue_per_call: {
    name: 'revenue per call',
    of: 'mean',
    harm: 'fall',
    matures: true,
    unit: 'micros',
    // Sums of amounts become floating point here: what follows are estimates, never money that somebody owes.
    read: ({ matured, conversions, revenueMicros, revenueSquares }) => ({
      n: matured,
      sum: Number(revenueMicros),
      squares: Number(revenueSquares),
      nonZero: conversions,
    }),
  },
  mean_duration: {
    name: 'mean duration',
    of: 'mean',
    harm: 'fall',
    matures: false,
    unit: 'seconds',
    read: ({ answered, talkSeconds, talkSquares }) => ({
      n: answered,
      sum: talkSeconds,
      squares: talkSquares,
      nonZero: answered,
    }),
  },
} as const satisfies Readonly<Record<RateMetric, RateTraits> & Record<MeanMetric, MeanTraits>>;

/** What a metric is called, which way it is harmed, and how to read it. */
export function traitsOf(metric: Metric): RateTraits | MeanTraits {
  return METRICS[metric];
}

/** Calls of a side that a metric can go by: those that have ended, or whose conversion window is over. */
export function countedCalls(metric: Metric, figures: SideFigures): number {
  return traitsOf(metric).matures ? figures.matured : figures.calls;
}
