import { judge, type Goal, type Result } from '../report';
import { median, quantile, spread, type Spread } from '../statistics';
import type { Webhook } from './carrier';
import { PARTS, type Measurement } from './rounds';

/** A figure over all rounds: what the report holds, and how far the rounds lie apart. */
export interface RoundsFigure {
  readonly inFlight: number;
  /** Short, without the number in flight. */
  readonly name: string;
  readonly result: Result;
  readonly ours: Spread;
  readonly bare: Spread | null;
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly goal: Goal | null;
  readonly of: (measurement: Measurement) => number;
}

/** The API's own deadline for instructions where it is not configured, in milliseconds: past it, the fail-safe. */
const WEBHOOK_DEADLINE_MS = 1_500;

const METRICS: readonly Metric[] = [
  {
    name: 'calls/s',
    unit: 'calls/s',
    goal: { of: 'ratio', is: '>=', bound: 0.8 },
    of: ({ load }) => load.calls / load.seconds,
  },
  {
    name: 'webhook p50',
    unit: 'ms',
    goal: { of: 'ratio', is: '<=', bound: 1.3 },
    of: (measurement) => quantile(times(measurement, isInstructed), 0.5),
  },
  {
    name: 'webhook p99',
    unit: 'ms',
    goal: { of: 'ratio', is: '<=', bound: 1.5 },
    of: (measurement) => quantile(times(measurement, isInstructed), 0.99),
  },
];

/** Told for information: no goal rests on them. */
const DETAILS: readonly Metric[] = [
  ...(['voice', 'dial', 'status'] as const).map((webhook) => ({
    name: `${webhook} p50`,
    unit: 'ms',
    goal: null,
    of: (measurement: Measurement) =>
      quantile(
        times(measurement, (name) => name === webhook),
        0.5,
      ),
  })),
  ...PARTS.map((part) => ({
    name: `CPU ${part}`,
    unit: 'ms/call',
    goal: null,
    of: ({ cpu, load }: Measurement) => ((cpu[part] ?? NaN) * 1000) / load.calls,
  })),
];

/** The figures that the goals are about, level by level. */
export function headlineFigures(measurements: readonly Measurement[]): RoundsFigure[] {
  return figures(METRICS, measurements);
}

/** Each webhook's own latency, and the processor time of each process. */
export function detailFigures(measurements: readonly Measurement[]): RoundsFigure[] {
  return figures(DETAILS, measurements);
}

/** Calls through the menu, for information: the baseline has none. */
export function menuFigures(measurements: readonly Measurement[]): RoundsFigure[] {
  return levelsOf(measurements).flatMap((inFlight) =>
    METRICS.flatMap((metric): RoundsFigure[] => {
      const of = select(measurements, 'callyard', 'menu', inFlight).map(metric.of);
      if (of.length === 0) return [];
      const ours = spread(of);
      const name = `with a menu: ${metric.name}`;
      const result = judge(
        { metric: `${name} at ${inFlight} in flight`, unit: metric.unit, value: ours.median },
        null,
      );
      return [{ inFlight, name, result, ours, bare: null }];
    }),
  );
}

/** Figures that say whether the others can be trusted. */
export function soundness(measurements: readonly Measurement[]): Result[] {
  const failed = (system: Measurement['system']): number =>
    measurements
      .filter((one) => one.system === system)
      .reduce((sum, { load }) => sum + load.failures.length, 0);
  const late = (system: Measurement['system']): number =>
    measurements
      .filter((one) => one.system === system)
      .flatMap((one) => times(one, isInstructed))
      .filter((milliseconds) => milliseconds > WEBHOOK_DEADLINE_MS).length;
  return [
    judge(
      { metric: 'failed calls', unit: 'calls', value: failed('callyard'), baseline: failed('bare') },
      { of: 'value', is: '<=', bound: 0 },
    ),
    judge(
      {
        metric: `webhooks slower than ${WEBHOOK_DEADLINE_MS} ms`,
        unit: 'webhooks',
        value: late('callyard'),
        baseline: late('bare'),
      },
      null,
    ),
  ];
}

function figures(metrics: readonly Metric[], measurements: readonly Measurement[]): RoundsFigure[] {
  return levelsOf(measurements).flatMap((inFlight) =>
    metrics.map((metric): RoundsFigure => {
      const ours = select(measurements, 'callyard', 'direct', inFlight);
      const bare = select(measurements, 'bare', 'direct', inFlight);
      const ratios = ours.flatMap((one) => {
        const other = bare.find(({ round }) => round === one.round);
        return other === undefined ? [] : [metric.of(one) / metric.of(other)];
      });
      const [value, baseline] = [spread(ours.map(metric.of)), spread(bare.map(metric.of))];
      const figure = {
        metric: `${metric.name} at ${inFlight} in flight`,
        unit: metric.unit,
        value: value.median,
        baseline: baseline.median,
        ratio: median(ratios),
      };
      return { inFlight, name: metric.name, result: judge(figure, metric.goal), ours: value, bare: baseline };
    }),
  );
}

function levelsOf(measurements: readonly Measurement[]): number[] {
  return [...new Set(measurements.map(({ inFlight }) => inFlight))].sort((a, b) => a - b);
}

function select(
  measurements: readonly Measurement[],
  system: Measurement['system'],
  kind: Measurement['kind'],
  inFlight: number,
): Measurement[] {
  return measurements.filter(
    (one) => one.system === system && one.kind === kind && one.inFlight === inFlight,
  );
}

function times({ load }: Measurement, which: (webhook: Webhook) => boolean): number[] {
  return load.webhooks.flatMap(({ webhook, milliseconds }) => (which(webhook) ? [milliseconds] : []));
}

/** Webhooks whose answer the caller waits for. */
function isInstructed(webhook: Webhook): boolean {
  return webhook !== 'status';
}
