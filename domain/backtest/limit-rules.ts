import type { Counting } from '../limits/count';
import type { Scope } from '../limits/limit';

/**
 * One way in which a limit has counted: its windows in one zone. A limit whose zone changed has counted in two ways.
 * Instants are milliseconds since 1970.
 */
export interface LimitSeries extends Counting {
  readonly limitId: string;
  readonly scope: Scope;
  /** When its windows begin, ascending; `-Infinity` alone where there is only one window. */
  readonly starts: readonly number[];
  /** What it allowed, and when: `until` is exclusive. In between the limit was not there, and nobody was refused. */
  readonly spans: readonly { readonly from: number; readonly until: number; readonly maximum: bigint }[];
}

/** Limits as they were over a time. Nothing in here changes. */
export class LimitRules {
  private readonly byScope = new Map<Scope, number[]>();

  constructor(readonly series: readonly LimitSeries[]) {
    for (const [index, { scope }] of series.entries()) {
      const on = this.byScope.get(scope) ?? [];
      on.push(index);
      this.byScope.set(scope, on);
    }
  }

  /** Places in {@link series} of all that are on one of these scopes. */
  on(scopes: readonly Scope[]): readonly number[] {
    return scopes.flatMap((scope) => this.byScope.get(scope) ?? []);
  }

  /** Which of its windows an instant lies in, from 0. */
  windowAt(series: LimitSeries, at: number): number {
    let low = 0;
    let high = series.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((series.starts[middle] ?? Infinity) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** What it allowed at an instant; `null`: it was not there. */
  maximumAt({ spans }: LimitSeries, at: number): bigint | null {
    return spans.find(({ from, until }) => from <= at && at < until)?.maximum ?? null;
  }
}
