import fc from 'fast-check';
import type { DuplicateRule } from '../../domain/campaign/duplicates';
import { priceFor } from '../../domain/campaign/price';
import type { Condition } from '../../domain/condition';
import type { AssignmentId, BuyerId } from '../../domain/ids';
import { allClosed } from '../../domain/routing/decide';
import type { HistoryEntry } from '../../domain/routing/facts';
import type { Strategy } from '../../domain/routing/plan';
import { matchRules, roundRobinRules, routingClock } from '../../domain/routing/rules';
import type { RoutableAssignment } from '../../domain/routing/snapshot';
import type { Treatment } from '../../domain/treatment';
import {
  assignmentWith,
  bidOf,
  BUSY,
  decide,
  factsWith,
  hoursOn,
  micros,
  NEVER_OPEN,
  NOWHERE,
  orderOf,
  reasonsOf,
  ruleOf,
  ruleWith,
  snapshotWith,
} from './routing-samples';

const CALIFORNIA: Condition = { kind: 'geography', field: 'state', in: ['CA'] };
const TEXAS: Condition = { kind: 'geography', field: 'state', in: ['TX'] };
const inState = (state: string) => ({ facts: factsWith({ geography: { ...NOWHERE, state } }) });
const GOODBYE: Treatment = { kind: 'message', prompt: { text: 'Goodbye.', language: 'en-US' } };
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((id, index) => assignmentWith(id, { priority: index + 1 })) as [
  RoutableAssignment,
  RoutableAssignment,
  RoutableAssignment,
  RoutableAssignment,
];

describe('rules', () => {
  it('put the candidates of each that matches behind those before, each at its first place', () => {
    const snapshot = snapshotWith([a, b, c, d], {
      rules: [
        ruleOf('california', ['c'], { when: CALIFORNIA }),
        ruleOf('texas', ['d'], { when: TEXAS }),
        ruleOf('best', ['c', 'b']),
        ruleWith('everyone'),
      ],
    });
    const decision = decide(snapshot, inState('CA'));
    expect(decision.candidates.map(({ assignment, rule }) => [assignment.id, rule])).toEqual([
      ['c', 'california'],
      ['b', 'best'],
      ['a', 'everyone'],
      ['d', 'everyone'],
    ]);
    expect(decision.rules).toEqual([
      { name: 'california', matched: true },
      { name: 'texas', matched: false },
      { name: 'best', matched: true },
      { name: 'everyone', matched: true },
    ]);
    expect(decision.fallback).toBe(snapshot.plan.fallback);
  });

  it('end with the first that matches and has a fallback of its own', () => {
    const snapshot = snapshotWith([a, b, c], {
      rules: [
        ruleOf('texas', ['c'], { when: TEXAS, fallback: BUSY }),
        ruleOf('california', ['b'], { when: CALIFORNIA, fallback: GOODBYE }),
        ruleWith('everyone'),
      ],
    });
    const california = decide(snapshot, inState('CA'));
    expect(orderOf(california)).toEqual(['b']);
    expect(reasonsOf(california)).toEqual(['a: no_rule', 'c: no_rule']);
    expect(california.fallback).toBe(GOODBYE);
    expect(california.rules.map(({ name }) => name)).toEqual(['texas', 'california']);
    const ohio = decide(snapshot, inState('OH'));
    expect(orderOf(ohio)).toEqual(['a', 'b', 'c']);
    expect(ohio.fallback).toBe(snapshot.plan.fallback);
  });

  it('that are for nobody leave the plan’s fallback, and everybody without a rule', () => {
    const snapshot = snapshotWith([a, b], { rules: [ruleWith('texas', { when: TEXAS, fallback: GOODBYE })] });
    const decision = decide(snapshot, inState('CA'));
    expect(decision).toMatchObject({ candidates: [], rules: [{ name: 'texas', matched: false }] });
    expect(decision.fallback).toBe(snapshot.plan.fallback);
    expect(reasonsOf(decision)).toEqual(['a: no_rule', 'b: no_rule']);
  });

  it('may give an assignment another priority, and name ones the campaign no longer has, or one twice', () => {
    const place = (id: string, priority: number | null) => ({
      assignmentId: id as AssignmentId,
      priority,
      weight: null,
    });
    const candidates = [place('a', 9), place('gone', 1), place('b', null), place('a', 1)];
    expect(orderOf(decide(snapshotWith([a, b], { rules: [ruleWith('r', { candidates })] })))).toEqual([
      'b',
      'a',
    ]);
  });

  it('are each ordered by their own strategy', () => {
    const bids = [assignmentWith('low', bidOf(1)), assignmentWith('high', bidOf(9)), a, b];
    const snapshot = snapshotWith(bids, {
      rules: [
        ruleOf('auction', ['low', 'high'], {
          strategy: { kind: 'auction', reserveMicros: null, rankBy: 'bid' },
        }),
        ruleOf('turns', ['a', 'b'], { strategy: { kind: 'round_robin' } }),
      ],
    });
    const turns = new Map([['turns', new Map([['a' as AssignmentId, 3n]])]]);
    expect(orderOf(decide(snapshot, { turns }))).toEqual(['high', 'low', 'b', 'a']);
  });

  it('give a bid under the reserve of one a place in the next', () => {
    const auction: Strategy = { kind: 'auction', reserveMicros: micros(5), rankBy: 'bid' };
    const all = [assignmentWith('low', bidOf(1)), assignmentWith('high', bidOf(9))];
    const rules = [ruleWith('auction', { strategy: auction }), ruleOf('rest', ['low'])];
    const decision = decide(snapshotWith(all, { rules }));
    expect(decision.candidates.map(({ assignment, rule }) => [assignment.id, rule])).toEqual([
      ['high', 'auction'],
      ['low', 'rest'],
    ]);
    expect(decision.skipped).toEqual([]);
    expect(reasonsOf(decide(snapshotWith(all, { rules: rules.slice(0, 1) })))).toEqual([
      'low: below_reserve',
    ]);
  });

  it('that are round robin and match are named, so that their turns can be locked before the decision', () => {
    const strategy: Strategy = { kind: 'round_robin' };
    const snapshot = snapshotWith([a], {
      rules: [
        ruleWith('one', { strategy }),
        ruleWith('two', { strategy, when: TEXAS }),
        ruleWith('three'),
        ruleWith('four', { strategy, fallback: BUSY }),
        ruleWith('five', { strategy }),
      ],
    });
    const { facts } = inState('CA');
    const clock = routingClock(snapshot, facts);
    expect(roundRobinRules(snapshot, facts, clock)).toEqual(['one', 'four']);
    expect(matchRules(snapshot, facts, clock).map(({ rule, matched }) => [rule.name, matched])).toEqual([
      ['one', true],
      ['two', false],
      ['three', true],
      ['four', true],
    ]);
  });
});

describe('an assignment is skipped', () => {
  const skipped = (given: Partial<RoutableAssignment>, ...tried: string[]) =>
    decide(snapshotWith([assignmentWith('x', given)]), { alreadyTried: tried as AssignmentId[] }).skipped;

  it.each<[string, Partial<RoutableAssignment>, object]>([
    ['when it is paused', { paused: true }, { reason: 'paused' }],
    [
      'when its buyer is closed',
      { buyerHours: NEVER_OPEN },
      { reason: 'closed', detail: "the buyer's hours" },
    ],
    [
      'when it is closed itself',
      { hours: NEVER_OPEN },
      { reason: 'closed', detail: "the assignment's hours" },
    ],
    ['when its filter is false', { filter: CALIFORNIA }, { reason: 'filtered' }],
    [
      'when its buyer pays nothing for such a call',
      {
        price: {
          amountMicros: null,
          rates: [{ when: CALIFORNIA, amountMicros: micros(5) }],
          due: { on: 'connection' },
        },
      },
      { reason: 'no_bid' },
    ],
  ])('%s', (_, given, reason) => {
    expect(skipped(given)).toEqual([{ assignmentId: 'x', ...reason }]);
  });

  it('for the first reason that applies', () => {
    const all = { paused: true, buyerHours: NEVER_OPEN, filter: CALIFORNIA };
    expect(skipped(all, 'x')).toEqual([{ assignmentId: 'x', reason: 'already_tried' }]);
    expect(skipped(all)).toMatchObject([{ reason: 'paused' }]);
    expect(skipped({ ...all, paused: false })).toMatchObject([{ reason: 'closed' }]);
  });

  it('not when both hours are open', () => {
    const open = hoursOn(1, '12:00', '12:01', 'UTC');
    expect(skipped({ hours: open, buyerHours: hoursOn(1, '07:00', '08:00', 'America/New_York') })).toEqual(
      [],
    );
  });

  it('as tried also where no rule names it any more', () => {
    const snapshot = snapshotWith([a, b], { rules: [ruleOf('r', ['b'])] });
    expect(reasonsOf(decide(snapshot, { alreadyTried: [a.id] }))).toEqual(['a: already_tried']);
  });

  it('once the plan’s attempts are used up, unless there is a reason of its own', () => {
    const snapshot = snapshotWith([a, b, c, assignmentWith('x', { paused: true })], { maxAttempts: 2 });
    const decision = decide(snapshot, { alreadyTried: [a.id, b.id] });
    expect(decision.candidates).toEqual([]);
    expect(reasonsOf(decision)).toEqual([
      'a: already_tried',
      'b: already_tried',
      'c: attempts_used_up',
      'x: paused',
    ]);
    expect(orderOf(decide(snapshot, { alreadyTried: [a.id] }))).toEqual(['b', 'c']);
  });

  it('or a candidate, and never both, whatever the campaign', () => {
    const strategy = fc.constantFrom<Strategy>(
      { kind: 'waterfall' },
      { kind: 'weighted' },
      { kind: 'round_robin' },
      { kind: 'auction', reserveMicros: micros(3), rankBy: 'bid' },
      { kind: 'auction', reserveMicros: null, rankBy: 'expected_revenue' },
    );
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const seldom = fc.constantFrom(false, false, false, true);
    const assignments = fc.array(
      fc.record({
        paused: seldom,
        closed: seldom,
        buyerClosed: seldom,
        filter: fc.constantFrom(null, null, CALIFORNIA, TEXAS),
        price: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
        buyer: fc.constantFrom('one', 'two', 'three'),
      }),
      { maxLength: ids.length },
    );
    const rules = fc.array(
      fc.record({
        when: fc.constantFrom(null, CALIFORNIA, TEXAS),
        strategy,
        names: fc.option(fc.uniqueArray(fc.constantFrom(...ids)), { nil: null }),
        ends: fc.boolean(),
      }),
      { minLength: 1, maxLength: 5 },
    );
    const duplicates = fc.option(
      fc.record({
        definition: fc.constantFrom('any_call' as const, 'connected' as const, 'converted' as const),
        treatment: fc.constantFrom('same_buyer' as const, 'different_buyer' as const, 'pay_once' as const),
        days: fc.constantFrom(1, 30),
      }),
      { nil: null },
    );
    let met = 0;
    fc.assert(
      fc.property(
        assignments,
        rules,
        duplicates,
        fc.constantFrom('CA', 'CA', 'TX', 'OH'),
        fc.subarray(ids, { maxLength: 2 }),
        fc.integer({ min: 2, max: 4 }),
        (drawn, plan, duplicateRule, state, tried, maxAttempts) => {
          const all = drawn.map(({ paused, closed, buyerClosed, filter, price, buyer }, index) =>
            assignmentWith(ids[index] ?? '', {
              paused,
              filter,
              buyerId: buyer as BuyerId,
              hours: closed ? NEVER_OPEN : null,
              buyerHours: buyerClosed ? NEVER_OPEN : null,
              price: {
                amountMicros: price === null ? null : micros(price),
                rates: [],
                due: { on: 'connection' },
              },
            }),
          );
          const made = plan.map(({ when, strategy, names, ends }, index) =>
            names === null
              ? ruleWith(`${index}`, { when, strategy, fallback: ends ? GOODBYE : null })
              : ruleOf(`${index}`, names, { when, strategy, fallback: ends ? GOODBYE : null }),
          );
          const snapshot = snapshotWith(all, { rules: made, maxAttempts }, { duplicates: duplicateRule });
          const facts = factsWith({
            geography: { ...NOWHERE, state },
            history: [earlier('one', '2026-01-05T00:00:00Z'), earlier('two', '2025-12-20T00:00:00Z')],
          });
          const alreadyTried = tried as AssignmentId[];
          const decision = decide(snapshot, { facts, alreadyTried });

          const named = [...orderOf(decision), ...decision.skipped.map(({ assignmentId }) => assignmentId)];
          expect(named.toSorted()).toEqual(all.map(({ id }) => id as string).toSorted());

          // What follows is the specification of who is a candidate, with nothing in common with the code.
          const end = made.findIndex(({ when, fallback }) => fallback !== null && isFor(when, state));
          const chain = (end === -1 ? made : made.slice(0, end + 1)).filter(({ when }) => isFor(when, state));
          const expected = all.filter((one) => {
            const own = drawn[all.indexOf(one)];
            const price = own?.price ?? null;
            const hadCaller =
              duplicateRule?.treatment === 'different_buyer' &&
              (one.buyerId === 'one' || (one.buyerId === 'two' && duplicateRule.days === 30));
            return (
              tried.length < maxAttempts &&
              !tried.includes(one.id) &&
              own !== undefined &&
              !own.paused &&
              !own.closed &&
              !own.buyerClosed &&
              isFor(own.filter, state) &&
              price !== null &&
              !hadCaller &&
              chain.some(
                ({ candidates, strategy: { kind, ...rest } }) =>
                  (candidates === null || candidates.some(({ assignmentId }) => assignmentId === one.id)) &&
                  !(
                    kind === 'auction' &&
                    'reserveMicros' in rest &&
                    rest.reserveMicros !== null &&
                    price < 3
                  ),
              )
            );
          });
          expect(orderOf(decision).toSorted()).toEqual(expected.map(({ id }) => id as string).toSorted());
          met += expected.length;
        },
      ),
      { numRuns: 1500 },
    );
    expect(met).toBeGreaterThan(300);
  });
});

function isFor(when: Condition | null, state: string): boolean {
  return when === null || (when.kind === 'geography' && when.in.includes(state));
}

function earlier(buyerId: string | null, at: string, given: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    buyerId: buyerId as BuyerId | null,
    lastCalledAt: at,
    lastConnectedAt: at,
    lastConvertedAt: at,
    ...given,
  };
}

describe('a duplicate caller', () => {
  const history = [earlier('buy_b', '2026-01-02T12:00:00Z'), earlier('buy_c', '2026-01-04T12:00:00Z')];
  const facts = factsWith({ history });
  const under = (treatment: DuplicateRule['treatment'], strategy: Strategy = { kind: 'waterfall' }) =>
    snapshotWith(
      [a, b, c, d],
      { rules: [ruleWith('everyone', { strategy })] },
      { duplicates: { definition: 'connected', treatment, days: 30 } },
    );

  it('gets the buyer of the last call first, and the others in their order after', () => {
    const decision = decide(under('same_buyer'), { facts });
    expect(orderOf(decision)).toEqual(['c', 'a', 'b', 'd']);
    expect(decision.duplicate).toEqual({
      treatment: 'same_buyer',
      definition: 'connected',
      buyerIds: ['buy_c', 'buy_b'],
      lastAt: '2026-01-04T12:00:00Z',
    });
  });

  it('gets that buyer whatever strategy and rule it stands in', () => {
    const turns = new Map([['everyone', new Map([[c.id, 99n]])]]);
    expect(orderOf(decide(under('same_buyer', { kind: 'round_robin' }), { facts, turns }))[0]).toBe('c');
    const auction: Strategy = { kind: 'auction', reserveMicros: null, rankBy: 'bid' };
    expect(orderOf(decide(under('same_buyer', auction), { facts }))[0]).toBe('c');
    const behind = snapshotWith(
      [a, b, c],
      { rules: [ruleOf('first', ['a', 'b']), ruleWith('rest')] },
      { duplicates: { definition: 'connected', treatment: 'same_buyer', days: 30 } },
    );
    expect(orderOf(decide(behind, { facts }))).toEqual(['c', 'a', 'b']);
  });

  it('gets the others when that buyer is closed or tried', () => {
    const decision = decide(under('same_buyer'), { facts, alreadyTried: [c.id] });
    expect(orderOf(decision)).toEqual(['a', 'b', 'd']);
  });

  it('gets none of the buyers of earlier calls where another one is wanted', () => {
    const decision = decide(under('different_buyer'), { facts });
    expect(orderOf(decision)).toEqual(['a', 'd']);
    expect(reasonsOf(decision)).toEqual(['b: duplicate', 'c: duplicate']);
  });

  it.each(['pay_once', 'refuse'] as const)('is routed as ever under %s: others act on it', (treatment) => {
    const decision = decide(under(treatment), { facts });
    expect(orderOf(decision)).toEqual(['a', 'b', 'c', 'd']);
    expect(decision.duplicate?.treatment).toBe(treatment);
  });

  it('is none without a rule, and without history', () => {
    expect(decide(snapshotWith([a]), { facts }).duplicate).toBeNull();
    expect(decide(under('refuse')).duplicate).toBeNull();
  });
});

describe('a price', () => {
  const price = {
    amountMicros: micros(1),
    rates: [
      { when: CALIFORNIA, amountMicros: micros(2) },
      { when: { kind: 'first_call' } as const, amountMicros: micros(3) },
    ],
    due: { on: 'duration', seconds: 90 } as const,
  };
  const priceIn = (state: string, history: readonly HistoryEntry[] = []) => {
    const facts = factsWith({ geography: { ...NOWHERE, state }, history });
    return priceFor(price, { facts, clock: routingClock(snapshotWith([]), facts) });
  };

  it('is that of the first rate that applies, else the plain one', () => {
    expect(priceIn('CA')).toEqual({ amountMicros: '2000000', due: price.due });
    expect(priceIn('TX')).toEqual({ amountMicros: '3000000', due: price.due });
    expect(priceIn('TX', [earlier(null, '2026-01-01T00:00:00Z')])).toEqual({
      amountMicros: '1000000',
      due: price.due,
    });
  });

  it('is pinned on the candidate, and is what it bids', () => {
    const strategy: Strategy = { kind: 'auction', reserveMicros: null, rankBy: 'bid' };
    const all = [assignmentWith('plain', bidOf(2)), assignmentWith('rates', { price })];
    const snapshot = snapshotWith(all, { rules: [ruleWith('r', { strategy })] });
    const decision = decide(snapshot, inState('TX'));
    expect(decision.candidates.map(({ assignment, price }) => [assignment.id, price])).toEqual([
      ['rates', { amountMicros: '3000000', due: price.due }],
      ['plain', { amountMicros: '2000000', due: { on: 'connection' } }],
    ]);
  });

  it('is none where neither a rate nor a plain amount is', () => {
    const facts = factsWith();
    const context = { facts, clock: routingClock(snapshotWith([]), facts) };
    expect(priceFor({ ...price, amountMicros: null, rates: [] }, context)).toBeNull();
  });
});

describe('everybody is closed', () => {
  const closed = (id: string): RoutableAssignment => assignmentWith(id, { buyerHours: NEVER_OPEN });

  it('when nobody is a candidate for any other reason', () => {
    expect(allClosed(decide(snapshotWith([closed('x'), closed('y')])))).toBe(true);
    expect(allClosed(decide(snapshotWith([closed('x'), a])))).toBe(false);
    expect(allClosed(decide(snapshotWith([closed('x'), assignmentWith('y', { paused: true })])))).toBe(false);
  });

  it('also when rules leave somebody out, who is never asked', () => {
    const rules = [ruleOf('r', ['x'])];
    expect(allClosed(decide(snapshotWith([closed('x'), a], { rules })))).toBe(true);
  });

  it('not when there is nobody at all', () => {
    expect(allClosed(decide(snapshotWith([])))).toBe(false);
    expect(allClosed(decide(snapshotWith([a], { rules: [ruleWith('r', { when: TEXAS })] })))).toBe(false);
  });
});
