import fc from 'fast-check';
import { LimitBook, type Asking, type Hold } from '../../domain/backtest/limit-book';
import { LimitRules, type LimitSeries } from '../../domain/backtest/limit-rules';
import type { Happened } from '../../domain/limits/happened';
import { COUNTED_EVENTS, LIMIT_WINDOWS, type Scope } from '../../domain/limits/limit';
import { limitOn } from './backtest-samples';

const SCOPES = ['campaign:c', 'publisher:p', 'buyer:b', 'assignment:a'] as const;
const TIME = 100;

/** What limits use up, in as few words as can be: a list, and sums over it. */
interface Held {
  readonly by: 'course' | 'others';
  readonly asking: Asking;
  readonly at: number;
  readonly happened: Happened | null;
}

const takes = (limit: LimitSeries, { spend, payout }: Asking): bigint => {
  if (limit.counts !== 'spend') return 1n;
  return limit.scope === 'publisher:p' ? payout : spend;
};

function posted(limit: LimitSeries, happened: Happened): bigint {
  if (limit.window === 'concurrency') return 0n;
  const theirs = limit.scope === 'publisher:p';
  const of = {
    attempt: BigInt(happened.dialled),
    connection: BigInt(happened.connected),
    conversion: BigInt(theirs ? happened.paid : happened.converted),
    spend: theirs ? happened.payout : happened.spent,
  };
  return of[limit.counts];
}

const windowOf = ({ starts }: LimitSeries, at: number): number | undefined =>
  starts.findLast((start) => start <= at) ?? starts[0];

function refusals(
  series: readonly LimitSeries[],
  held: readonly Held[],
  asking: Asking,
  at: number,
): string[] {
  return series
    .filter((limit) => {
      const span = limit.spans.find(({ from, until }) => from <= at && at < until);
      if (!asking.scopes.includes(limit.scope) || span === undefined) return false;
      if (limit.currency !== null && limit.currency !== asking.currency) return true;
      const amount = takes(limit, asking);
      const used = held
        .filter(
          ({ asking: { scopes, currency } }) =>
            scopes.includes(limit.scope) && [null, currency].includes(limit.currency),
        )
        .filter((each) => windowOf(limit, each.at) === windowOf(limit, at))
        .filter((each) => takes(limit, each.asking) > 0n)
        .map(({ asking: theirs, happened }) =>
          happened === null ? takes(limit, theirs) : posted(limit, happened),
        )
        .reduce((sum, each) => sum + each, 0n);
      return amount > 0n && used + amount > span.maximum;
    })
    .map(({ limitId }) => limitId);
}

const instant = fc.integer({ min: -5, max: TIME });
const money = fc.bigInt({ min: 0n, max: 4n });

const limit: fc.Arbitrary<Omit<LimitSeries, 'limitId'>> = fc
  .record({
    scope: fc.constantFrom(...SCOPES),
    window: fc.constantFrom(...LIMIT_WINDOWS),
    counts: fc.constantFrom(...COUNTED_EVENTS),
    currency: fc.constantFrom('USD', 'EUR'),
    starts: fc.uniqueArray(instant, { minLength: 1, maxLength: 5 }),
    maximum: fc.bigInt({ min: 0n, max: 9n }),
    changes: fc.uniqueArray(instant, { maxLength: 4 }),
  })
  .map(({ scope, window, counts, currency, starts, maximum, changes }) => ({
    ...limitOn(scope),
    scopeKind: scope.slice(0, scope.indexOf(':')) as LimitSeries['scopeKind'],
    window,
    counts,
    currency: counts === 'spend' ? currency : null,
    starts: window === 'total' || window === 'concurrency' ? [-Infinity] : starts.toSorted((a, b) => a - b),
    spans: [-Infinity, ...changes.toSorted((a, b) => a - b)]
      .map((from, n, all) => ({ from, until: all[n + 1] ?? Infinity, maximum: maximum + BigInt(n) }))
      // Not there for a time.
      .filter((_, n) => n !== 1),
  }));

const asking: fc.Arbitrary<Asking> = fc.record({
  scopes: fc.uniqueArray(fc.constantFrom<Scope>(...SCOPES), { minLength: 1 }),
  spend: money,
  payout: money,
  currency: fc.constantFrom('USD', 'EUR', ''),
});

const happened: fc.Arbitrary<Happened> = fc.record({
  dialled: fc.boolean(),
  connected: fc.boolean(),
  converted: fc.boolean(),
  spent: money,
  paid: fc.boolean(),
  payout: money,
});

const step = fc.oneof(
  fc.record({
    do: fc.constant('hold' as const),
    by: fc.constantFrom('course' as const, 'others' as const),
    asking,
    at: instant,
  }),
  fc.record({ do: fc.constant('resolve' as const), which: fc.nat(), happened }),
  fc.record({ do: fc.constant('ask' as const), asking, at: instant }),
);

it('the books of a course and of others refuse what a list would, whatever is held and resolved', () => {
  fc.assert(
    fc.property(
      fc.array(limit, { minLength: 1, maxLength: 6 }),
      fc.array(step, { maxLength: 60 }),
      (limits, steps) => {
        const series = limits.map((each, n) => ({ ...each, limitId: `lim_${n}` }));
        const rules = new LimitRules(series);
        const others = new LimitBook(rules, null);
        const books = { others, course: new LimitBook(rules, others) };
        const held: Held[] = [];
        const holds: Hold[] = [];
        for (const each of steps) {
          if (each.do === 'hold') {
            held.push({ by: each.by, asking: each.asking, at: each.at, happened: null });
            holds.push(books[each.by].hold(rules.on(each.asking.scopes), each.asking, each.at));
          } else if (each.do === 'resolve') {
            const which = each.which % Math.max(held.length, 1);
            const [one, hold] = [held[which], holds[which]];
            if (one === undefined || hold === undefined || one.happened !== null) continue;
            held[which] = { ...one, happened: each.happened };
            books[one.by].resolve(hold, each.happened);
          } else {
            const touched = rules.on(each.asking.scopes).toSorted((a, b) => a - b);
            const refused = books.course.refusals(touched, each.asking, each.at);
            expect(refused.map(({ limitId }) => limitId)).toEqual(
              refusals(series, held, each.asking, each.at),
            );
          }
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
