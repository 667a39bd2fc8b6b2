import type { ReserveCandidate } from '../limits/candidates';
import { postedOf, takenOf } from '../limits/count';
import type { Happened } from '../limits/happened';
import type { LimitRules, LimitSeries } from './limit-rules';

/** What an attempt asks of limits. */
export type Asking = Pick<ReserveCandidate, 'scopes' | 'spend' | 'payout' | 'currency'>;

/** What an attempt holds until it is over. */
export type Hold = readonly {
  readonly series: LimitSeries;
  readonly window: number;
  readonly amount: bigint;
}[];

/**
 * What limits have used up, of one course that calls might have taken: the same contract as the reservations of the
 * live system, for one process and one moment after the other.
 *
 * A limit counts also while it is not there: one that is set in the middle of a day knows that day's calls.
 */
export class LimitBook {
  /** Posted and pending together, by series and window. */
  private readonly used = new Map<LimitSeries, Map<number, bigint>>();

  /** @param background what is used by others, whatever course these calls take; `null`: nothing */
  constructor(
    private readonly rules: LimitRules,
    private readonly background: LimitBook | null,
  ) {}

  /** The limits without room, in their order. @param touched from {@link LimitRules.on} */
  refusals(touched: readonly number[], asking: Asking, at: number): LimitSeries[] {
    return this.of(touched).filter((series) => {
      const maximum = this.rules.maximumAt(series, at);
      if (maximum === null) return false;
      const taken = takenOf(series, asking);
      if (taken === 'misfit') return true;
      return taken > 0n && this.usedIn(series, this.rules.windowAt(series, at)) + taken > maximum;
    });
  }

  /** Takes what an attempt asks, whether there is room or not. */
  hold(touched: readonly number[], asking: Asking, at: number): Hold {
    return this.of(touched).flatMap((series) => {
      const amount = takenOf(series, asking);
      if (amount === 'misfit' || amount === 0n) return [];
      const window = this.rules.windowAt(series, at);
      this.add(series, window, amount);
      return [{ series, window, amount }];
    });
  }

  /** The attempt is over: what it held becomes what it came to. */
  resolve(hold: Hold, happened: Happened): void {
    for (const { series, window, amount } of hold)
      this.add(series, window, postedOf(series, happened) - amount);
  }

  /** Counts what was used before the first of these calls. @param at an instant of the window it counts in */
  carry(series: LimitSeries, at: number, amount: bigint): void {
    this.add(series, this.rules.windowAt(series, at), amount);
  }

  private usedIn(series: LimitSeries, window: number): bigint {
    const own = this.used.get(series)?.get(window) ?? 0n;
    return this.background === null ? own : own + this.background.usedIn(series, window);
  }

  private add(series: LimitSeries, window: number, amount: bigint): void {
    const windows = this.used.get(series) ?? new Map<number, bigint>();
    this.used.set(series, windows);
    windows.set(window, (windows.get(window) ?? 0n) + amount);
  }

  private of(touched: readonly number[]): LimitSeries[] {
    return touched.flatMap((place) => this.rules.series[place] ?? []);
  }
}
