import { Agenda } from '../../domain/backtest/agenda';
import { Background, type OtherHold } from '../../domain/backtest/background';
import { LimitBook, type Asking } from '../../domain/backtest/limit-book';
import { LimitRules, type LimitSeries } from '../../domain/backtest/limit-rules';
import { ONLY_DIALLED, NOTHING_HAPPENED, type Happened } from '../../domain/limits/happened';
import { after, allows, limitOn } from './backtest-samples';

const HOUR = 3_600;
/** Four windows of an hour. */
const HOURLY = { window: 'hour', starts: [0, 1, 2, 3].map((n) => after(n * HOUR)) } as const;
const CONNECTED: Happened = { ...ONLY_DIALLED, connected: true };
const CONVERTED: Happened = { ...CONNECTED, converted: true, spent: 7n };

function asking(given: Partial<Asking> = {}): Asking {
  return { scopes: ['assignment:a'], spend: 10n, payout: 4n, currency: 'USD', ...given };
}

/** A book for one limit. */
class Ledger {
  readonly rules: LimitRules;
  readonly book: LimitBook;

  constructor(readonly series: LimitSeries) {
    this.rules = new LimitRules([series]);
    this.book = new LimitBook(this.rules, null);
  }

  hasRoom(seconds: number, given?: Partial<Asking>): boolean {
    return this.book.refusals([0], asking(given), after(seconds)).length === 0;
  }

  hold(seconds: number, given?: Partial<Asking>) {
    return this.book.hold([0], asking(given), after(seconds));
  }
}

describe('limits as they were', () => {
  const rules = new LimitRules([
    limitOn('assignment:a', HOURLY),
    limitOn('buyer:x'),
    limitOn('assignment:a', { window: 'total' }),
  ]);
  const [hourly, once] = rules.series as [LimitSeries, LimitSeries];

  it('are found by scope, all of them', () => {
    expect(rules.on(['assignment:a'])).toEqual([0, 2]);
    expect(rules.on(['campaign:none', 'buyer:x', 'assignment:a'])).toEqual([1, 0, 2]);
    expect(rules.on(['assignment:b'])).toEqual([]);
  });

  it.each([
    [-5, 0],
    [0, 0],
    [HOUR - 0.001, 0],
    [HOUR, 1],
    [2.5 * HOUR, 2],
    [3 * HOUR, 3],
    [90 * HOUR, 3],
  ])('put an instant %d s on into window %d', (seconds, window) => {
    expect(rules.windowAt(hourly, after(seconds))).toBe(window);
    expect(rules.windowAt(once, after(seconds))).toBe(0);
  });

  it('allowed what they did at each moment, and nothing was refused where they were not there', () => {
    const series = limitOn('assignment:a', {
      spans: [
        { from: after(10), until: after(20), maximum: 1n },
        { from: after(20), until: after(30), maximum: 3n },
        { from: after(40), until: Infinity, maximum: 0n },
      ],
    });
    const at = [9.999, 10, 19.999, 20, 29.999, 30, 39.999, 40, 1e9];
    const maxima = at.map((seconds) => rules.maximumAt(series, after(seconds)));
    expect(maxima).toEqual([null, 1n, 1n, 3n, 3n, null, null, 0n, 0n]);
    const ledger = new Ledger(series);
    // Counted from the start, though nobody was refused then.
    ledger.hold(0);
    expect([9, 10, 20, 30, 40].map((seconds) => ledger.hasRoom(seconds))).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });
});

describe('the book of a limit', () => {
  it.each<readonly [LimitSeries['counts'], readonly (readonly [Happened, bigint])[]]>([
    [
      'attempt',
      [
        [NOTHING_HAPPENED, 0n],
        [ONLY_DIALLED, 1n],
        [CONNECTED, 1n],
        [CONVERTED, 1n],
      ],
    ],
    [
      'connection',
      [
        [NOTHING_HAPPENED, 0n],
        [ONLY_DIALLED, 0n],
        [CONNECTED, 1n],
        [CONVERTED, 1n],
      ],
    ],
    [
      'conversion',
      [
        [NOTHING_HAPPENED, 0n],
        [ONLY_DIALLED, 0n],
        [CONNECTED, 0n],
        [CONVERTED, 1n],
      ],
    ],
    [
      'spend',
      [
        [NOTHING_HAPPENED, 0n],
        [ONLY_DIALLED, 0n],
        [CONNECTED, 0n],
        [CONVERTED, 7n],
      ],
    ],
  ])('keeps of each %s what came of it', (counts, cases) => {
    const [asked, currency] = counts === 'spend' ? ([10n, 'USD'] as const) : ([1n, null] as const);
    for (const [happened, posted] of cases) {
      // As much room as is held, and as is left when it is resolved, to the micro.
      const full = { ...HOURLY, counts, currency };
      const tight = new Ledger(limitOn('assignment:a', { ...full, ...allows(2n * asked - 1n) }));
      const hold = tight.hold(0);
      expect(tight.hasRoom(1)).toBe(false);
      tight.book.resolve(hold, happened);
      expect(tight.hasRoom(2)).toBe(posted < asked);
      const exact = new Ledger(limitOn('assignment:a', { ...full, ...allows(posted + asked) }));
      exact.book.resolve(exact.hold(0), happened);
      expect(exact.hasRoom(2)).toBe(true);
      exact.hold(3);
      expect(exact.hasRoom(4)).toBe(false);
    }
  });

  it('gives a place at once back, whatever came of it', () => {
    const ledger = new Ledger(limitOn('assignment:a'));
    for (const happened of [NOTHING_HAPPENED, ONLY_DIALLED, CONVERTED]) {
      const hold = ledger.hold(0);
      expect(ledger.hasRoom(1)).toBe(false);
      ledger.book.resolve(hold, happened);
      expect(ledger.hasRoom(1)).toBe(true);
    }
  });

  it('posts into the window in which it was held, however late it is over', () => {
    const ledger = new Ledger(limitOn('assignment:a', { ...HOURLY, ...allows(1n) }));
    const hold = ledger.hold(HOUR - 1);
    expect([ledger.hasRoom(HOUR - 1), ledger.hasRoom(HOUR)]).toEqual([false, true]);
    ledger.book.resolve(hold, CONNECTED);
    expect([ledger.hasRoom(HOUR - 1), ledger.hasRoom(HOUR)]).toEqual([false, true]);
  });

  it('refuses money of another currency, and counts none of it', () => {
    const ledger = new Ledger(
      limitOn('assignment:a', { counts: 'spend', currency: 'USD', window: 'total', ...allows(10n) }),
    );
    expect(ledger.hold(0, { currency: 'EUR' })).toEqual([]);
    expect(ledger.hasRoom(0, { currency: 'EUR', spend: 0n })).toBe(false);
    expect(ledger.hasRoom(0)).toBe(true);
  });

  it('has room for nothing, however full it is', () => {
    const ledger = new Ledger(
      limitOn('assignment:a', { counts: 'spend', currency: 'USD', window: 'total', ...allows(0n) }),
    );
    expect([ledger.hasRoom(0), ledger.hasRoom(0, { spend: 0n })]).toEqual([false, true]);
    expect(ledger.hold(0, { spend: 0n })).toEqual([]);
  });

  it('names all limits without room, in their order', () => {
    const rules = new LimitRules([
      limitOn('buyer:x', { limitId: 'full', ...allows(0n) }),
      limitOn('assignment:a', { limitId: 'free' }),
      limitOn('assignment:a', { limitId: 'money', counts: 'spend', currency: 'EUR' }),
    ]);
    const book = new LimitBook(rules, null);
    const touched = rules.on(['buyer:x', 'assignment:a']);
    expect(book.refusals(touched, asking(), after(0)).map(({ limitId }) => limitId)).toEqual([
      'full',
      'money',
    ]);
  });
});

describe('what others use', () => {
  const series = limitOn('assignment:a', { ...HOURLY, counts: 'connection', ...allows(3n) });
  const rules = new LimitRules([series]);
  const other = (reservedAt: number, resolvedAt: number, happened: Happened): OtherHold => ({
    reservedAt: after(reservedAt),
    resolvedAt: after(resolvedAt),
    scopes: ['assignment:a', 'campaign:other'],
    spend: 0n,
    payout: 0n,
    currency: 'USD',
    happened,
  });
  /** How many more there is room for. */
  const roomIn = (book: LimitBook, seconds: number): number => {
    const own = new LimitBook(rules, book);
    for (let held = 0; ; held++) {
      if (own.refusals([0], asking(), after(seconds)).length > 0) return held;
      own.hold([0], asking(), after(seconds));
    }
  };

  it('is added to what each course uses, while it lasts and for what came of it', () => {
    const agenda = new Agenda();
    const background = new Background(rules, agenda, after(0), []);
    const roomAt = (seconds: number): number => {
      agenda.until(after(seconds));
      return roomIn(background.book, seconds);
    };
    background.begin(other(1, 10, ONLY_DIALLED));
    background.begin(other(2, 20, CONNECTED));
    expect([2, 9.999, 10, 20, HOUR - 1, HOUR].map(roomAt)).toEqual([1, 1, 2, 2, 2, 3]);
  });

  it('is held for ever where it is still open', () => {
    const agenda = new Agenda();
    const background = new Background(rules, agenda, after(0), []);
    background.begin({ ...other(1, 0, ONLY_DIALLED), resolvedAt: Infinity });
    agenda.until(Infinity);
    expect(roomIn(background.book, 5)).toBe(2);
  });

  it('begins with what was posted before, in the window that it was posted in', () => {
    const carried = [{ series, amount: 2n }];
    const { book } = new Background(rules, new Agenda(), after(HOUR + 5), carried);
    expect([roomIn(book, 0), roomIn(book, HOUR), roomIn(book, 2 * HOUR)]).toEqual([3, 1, 3]);
  });

  it('is not touched by the courses, nor they by one another', () => {
    const background = new LimitBook(rules, null);
    const [one, two] = [new LimitBook(rules, background), new LimitBook(rules, background)];
    for (let n = 0; n < 3; n++) one.hold([0], asking(), after(0));
    expect(one.refusals([0], asking(), after(0))).toEqual([series]);
    expect([two, background].flatMap((book) => book.refusals([0], asking(), after(0)))).toEqual([]);
  });
});
