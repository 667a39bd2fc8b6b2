import { writeFile } from 'node:fs/promises';
import type { Machine } from './machine';

/** One figure. Null where a field does not apply. */
export interface Result {
  readonly metric: string;
  readonly unit: string;
  readonly value: number | null;
  /** The same figure of what it is compared with. */
  readonly baseline: number | null;
  /** Value by baseline. Where a run has rounds: the median of the rounds' ratios, not the ratio of the medians. */
  readonly ratio: number | null;
  /** For example `ratio <= 1.3` or `<= 24`. */
  readonly goal: string | null;
  readonly met: boolean | null;
}

/** What `--json FILE` writes. */
export interface Report {
  readonly bench: string;
  readonly machine: Machine;
  readonly seed: number;
  readonly rounds: number;
  readonly results: readonly Result[];
}

/** A bound on a figure or on its ratio to the baseline. */
export interface Goal {
  readonly of: 'value' | 'ratio';
  readonly is: '<=' | '>=';
  readonly bound: number;
}

/** What a figure is before it is held against its goal. */
export type Figure = Pick<Result, 'metric' | 'unit' | 'value'> & Partial<Pick<Result, 'baseline' | 'ratio'>>;

/** Holds a figure against its goal. A figure that could not be measured meets none. */
export function judge(figure: Figure, goal: Goal | null): Result {
  const { baseline = null, ratio = null } = figure;
  const measured = {
    ...figure,
    baseline: finite(baseline),
    ratio: finite(ratio),
    value: finite(figure.value),
  };
  if (goal === null) return { ...measured, goal: null, met: null };
  const judged = measured[goal.of];
  const met = judged !== null && (goal.is === '<=' ? judged <= goal.bound : judged >= goal.bound);
  return { ...measured, goal: describeGoal(goal), met };
}

export function describeGoal({ of, is, bound }: Goal): string {
  return `${of === 'ratio' ? 'ratio ' : ''}${is} ${bound}`;
}

/** JSON has no NaN and no infinity. */
function finite(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : value;
}

export function writeReport(file: string, report: Report): Promise<void> {
  return writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}
