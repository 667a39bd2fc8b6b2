import type { Scope } from '../limits/limit';
import type { Happened } from '../limits/happened';
import { FREED_BY_OTHERS, type Agenda } from './agenda';
import { LimitBook } from './limit-book';
import type { LimitRules, LimitSeries } from './limit-rules';

/** A reservation of somebody else's: it is as it was, whatever course the calls take. Instants in milliseconds since 1970. */
export interface OtherHold {
  readonly reservedAt: number;
  /** `Infinity`: still open. */
  readonly resolvedAt: number;
  readonly scopes: readonly Scope[];
  readonly spend: bigint;
  readonly payout: bigint;
  /** Empty where no money was reserved. */
  readonly currency: string;
  /** It outlives its call, for what a postback may bring: it counts towards conversions and spend alone. */
  readonly deferred?: boolean;
  readonly happened: Happened;
}

/** What a limit's window had posted before the first call. */
export interface Carried {
  readonly series: LimitSeries;
  readonly amount: bigint;
}

/** What others use up of limits, beside the calls that are run again. */
export class Background {
  readonly book: LimitBook;

  /** @param from milliseconds since 1970: what is carried was posted by then */
  constructor(
    private readonly rules: LimitRules,
    private readonly agenda: Agenda,
    from: number,
    carried: readonly Carried[],
  ) {
    this.book = new LimitBook(rules, null);
    for (const { series, amount } of carried) this.book.carry(series, from, amount);
  }

  /** Somebody reserves. All that comes before has happened. */
  begin(other: OtherHold): void {
    const { reservedAt, resolvedAt, happened } = other;
    const touched = this.rules.on(other.scopes).filter((place) => {
      const counts = this.rules.series[place]?.counts;
      return other.deferred !== true || counts === 'conversion' || counts === 'spend';
    });
    const hold = this.book.hold(touched, other, reservedAt);
    if (hold.length === 0 || resolvedAt === Infinity) return;
    this.agenda.enter(resolvedAt, FREED_BY_OTHERS, () => this.book.resolve(hold, happened));
  }
}
