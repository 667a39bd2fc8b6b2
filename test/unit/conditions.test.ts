import fc from 'fast-check';
import type { Condition } from '../../domain/condition';
import { explainCondition, type Explanation } from '../../domain/condition-explanation';
import { isTrue, type ConditionContext } from '../../domain/condition-truth';
import type { Weekday } from '../../domain/hours';
import type { BuyerId, E164 } from '../../domain/ids';
import type { RoutingFacts } from '../../domain/routing/facts';
import { routingClock } from '../../domain/routing/rules';
import { referenceTruth, type ReferenceCampaign } from './condition-reference';
import { factsWith, NOWHERE } from './routing-samples';

const CAMPAIGN: ReferenceCampaign = {
  timeZone: 'America/New_York',
  holidays: ['2026-03-08', '2026-11-01', '2026-12-25'],
};

function contextOf(facts: RoutingFacts, campaign = CAMPAIGN): ConditionContext {
  return { facts, clock: routingClock(campaign, facts) };
}

function holds(condition: Condition, given: Partial<RoutingFacts> = {}): boolean {
  return isTrue(condition, contextOf(factsWith(given)));
}

describe('conditions', () => {
  /** Few values, so that conditions and calls meet. */
  const states = fc.constantFrom('CA', 'ca', 'NY', 'ON');
  const postal = fc.constantFrom('90210', '90211', '10001', 'K1A 0B1', 'k1a0b1', '90210-1234', '902101234');
  const clockText = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom('00', '29', '30', '31'))
    .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${minute}`);
  const zone = fc.constantFrom(
    'campaign' as const,
    'caller' as const,
    { timeZone: 'Asia/Kolkata' },
    { timeZone: 'Australia/Lord_Howe' },
    { timeZone: 'America/St_Johns' },
  );
  const buyers = fc.constantFrom('buy_a', 'buy_b', 'buy_c').map((id) => id as BuyerId);
  const tags = fc.constantFrom('product', 'age', 'constructor');
  const values = fc.constantFrom('auto', 'home', '25', '64.5', '-3', '0x10', '', '1e3', ' 7');
  const bound = fc.option(fc.constantFrom(-3, 0, 16, 25, 64.5, 1000), { nil: null });

  const leaf: fc.Arbitrary<Condition> = fc.oneof(
    fc.oneof(
      fc.record({
        kind: fc.constant('geography' as const),
        field: fc.constant('state' as const),
        in: fc.array(states, { minLength: 1, maxLength: 3 }),
      }),
      fc.record({
        kind: fc.constant('geography' as const),
        field: fc.constant('postal_code' as const),
        in: fc.array(fc.oneof(postal, fc.constantFrom('902*', 'K1A*', '1*', '*', '90210*')), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
      fc.record({
        kind: fc.constant('geography' as const),
        field: fc.constantFrom('country' as const, 'area_code' as const),
        in: fc.array(fc.constantFrom('US', 'us', '213', '416'), { minLength: 1, maxLength: 3 }),
      }),
    ),
    fc.record({
      kind: fc.constant('local_time' as const),
      zone,
      weekdays: fc.option(
        fc.uniqueArray(
          fc.integer({ min: 1, max: 7 }).map((day) => day as Weekday),
          { minLength: 1 },
        ),
        { nil: null },
      ),
      from: fc.oneof(clockText, fc.constant('24:00')),
      to: fc.oneof(clockText, fc.constant('24:00')),
    }),
    fc.record({ kind: fc.constant('holiday' as const), zone }),
    fc.record({
      kind: fc.constant('tag' as const),
      tag: tags,
      test: fc.oneof(
        fc.constant({ is: 'present' as const }),
        fc.record({
          is: fc.constant('one_of' as const),
          values: fc.array(values, { minLength: 1, maxLength: 3 }),
        }),
        fc.record({ is: fc.constant('between' as const), from: bound, to: bound }),
      ),
    }),
    fc.record({
      kind: fc.constant('source' as const),
      field: fc.constantFrom('number' as const, 'publisher' as const, 'channel' as const),
      in: fc.array(fc.constantFrom('+14155550100', 'pub_1', 'print', 'Print'), {
        minLength: 1,
        maxLength: 2,
      }),
    }),
    fc.constant({ kind: 'first_call' as const }),
    fc.record({
      kind: fc.constant('caller_history' as const),
      event: fc.constantFrom('called' as const, 'connected' as const, 'converted' as const),
      withinDays: fc.option(fc.constantFrom(0.5, 1, 7, 30), { nil: null }),
      buyerIds: fc.option(fc.array(buyers, { minLength: 1, maxLength: 2 }), { nil: null }),
    }),
  );

  const condition = fc.letrec<{ node: Condition }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      leaf,
      fc.record({ kind: fc.constant('all' as const), conditions: fc.array(tie('node'), { maxLength: 4 }) }),
      fc.record({ kind: fc.constant('any' as const), conditions: fc.array(tie('node'), { maxLength: 4 }) }),
      fc.record({ kind: fc.constant('not' as const), condition: tie('node') }),
    ),
  })).node;

  /** Around the nights the clock changes in New York and on Lord Howe, and a holiday. */
  const instant = fc
    .tuple(
      fc.constantFrom('2026-03-08', '2026-11-01', '2026-04-04', '2026-10-03', '2026-12-25'),
      fc.integer({ min: -36 * 60, max: 36 * 60 }),
    )
    .map(([day, minutes]) => new Date(Date.parse(`${day}T00:00:00Z`) + minutes * 60_000).toISOString());

  const facts = fc
    .record({
      at: instant,
      caller: fc.option(fc.constant('+12135550100' as E164), { nil: null }),
      geography: fc.record({
        country: fc.option(fc.constantFrom('US', 'CA'), { nil: null }),
        state: fc.option(states, { nil: null }),
        areaCode: fc.option(fc.constantFrom('213', '416'), { nil: null }),
        postalCode: fc.option(postal, { nil: null }),
        timeZone: fc.option(fc.constantFrom('America/Los_Angeles', 'America/St_Johns'), { nil: null }),
      }),
      source: fc.record({
        number: fc.constant('+14155550100'),
        publisherId: fc.option(fc.constant('pub_1'), { nil: null }),
        channel: fc.constantFrom('print', 'radio'),
      }),
      tags: fc.dictionary(tags, values, { maxKeys: 2 }),
      history: fc.array(
        fc.record({
          buyerId: fc.option(buyers, { nil: null }),
          days: fc.tuple(...[0, 1, 2].map(() => fc.constantFrom(0.25, 0.5, 1, 7, 30, 31, null))),
        }),
        { maxLength: 3 },
      ),
    })
    .map(({ history, ...rest }): RoutingFacts => {
      const back = (days: number): string => new Date(Date.parse(rest.at) - days * 86_400_000).toISOString();
      return factsWith({
        ...rest,
        history: history.map(({ buyerId, days: [called, connected, converted] }) => ({
          buyerId,
          lastCalledAt: back(called ?? 0.25),
          lastConnectedAt: connected === null || connected === undefined ? null : back(connected),
          lastConvertedAt: converted === null || converted === undefined ? null : back(converted),
        })),
      });
    });

  it('are what an evaluator written the slow and obvious way says', () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(condition, facts, (asked, call) => {
        const value = isTrue(asked, contextOf(call));
        seen[`${value}`] += 1;
        expect(value).toBe(referenceTruth(asked, call, CAMPAIGN));
      }),
      { numRuns: 4000 },
    );
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(400);
  });

  it('come out the same leaf by leaf, so that no error hides behind another', () => {
    fc.assert(
      fc.property(leaf, facts, (asked, call) => {
        expect(isTrue(asked, contextOf(call))).toBe(referenceTruth(asked, call, CAMPAIGN));
      }),
      { numRuns: 4000 },
    );
  });

  it('are explained with the value they have, down to the leaves', () => {
    const check = (explained: Explanation, asked: Condition, context: ConditionContext): void => {
      expect(explained).toMatchObject({ kind: asked.kind, value: isTrue(asked, context) });
      const parts = 'conditions' in asked ? asked.conditions : 'condition' in asked ? [asked.condition] : [];
      expect(explained.parts?.length ?? 0).toBe(parts.length);
      parts.forEach((part, index) => {
        const of = explained.parts?.[index];
        if (of === undefined) throw new Error('a part is not explained');
        check(of, part, context);
      });
    };
    fc.assert(
      fc.property(condition, facts, (asked, call) => {
        const context = contextOf(call);
        check(explainCondition(asked, context), asked, context);
      }),
    );
  });
});

describe('a condition', () => {
  it('of nothing is true for all and false for any', () => {
    expect(holds({ kind: 'all', conditions: [] })).toBe(true);
    expect(holds({ kind: 'any', conditions: [] })).toBe(false);
  });

  it('on an unknown fact is false, and its opposite true', () => {
    const unknown: Condition[] = [
      { kind: 'geography', field: 'state', in: ['CA'] },
      { kind: 'local_time', zone: 'caller', weekdays: null, from: '00:00', to: '24:00' },
      { kind: 'holiday', zone: 'caller' },
      { kind: 'tag', tag: 'age', test: { is: 'between', from: null, to: null } },
      { kind: 'source', field: 'publisher', in: ['pub_1'] },
      { kind: 'caller_history', event: 'called', withinDays: null, buyerIds: null },
    ];
    for (const condition of unknown) {
      expect(holds(condition)).toBe(false);
      expect(holds({ kind: 'not', condition })).toBe(true);
    }
  });

  it('on geography does not mind the case, and takes postal codes by their beginning', () => {
    const geography = { ...NOWHERE, state: 'ca', postalCode: '90210' };
    const postal = (...entries: string[]): boolean =>
      holds({ kind: 'geography', field: 'postal_code', in: entries }, { geography });
    expect(holds({ kind: 'geography', field: 'state', in: ['CA'] }, { geography })).toBe(true);
    expect(postal('902*')).toBe(true);
    expect(postal('90210*', '1')).toBe(true);
    expect(postal('902')).toBe(false);
    expect(postal('903*', '9021')).toBe(false);
    expect(holds({ kind: 'geography', field: 'state', in: ['c*'] }, { geography })).toBe(false);
  });

  it('on a night belongs to the weekday it begins on', () => {
    // 2026-01-05 is a Monday; in New York it is five hours earlier.
    const night: Condition = {
      kind: 'local_time',
      zone: 'campaign',
      weekdays: [1],
      from: '22:00',
      to: '06:00',
    };
    expect(holds(night, { at: '2026-01-05T10:00:00Z' })).toBe(false); // Monday 05:00, Sunday's night
    expect(holds(night, { at: '2026-01-06T02:59:59Z' })).toBe(false); // Monday 21:59:59
    expect(holds(night, { at: '2026-01-06T03:00:00Z' })).toBe(true); // Monday 22:00
    expect(holds(night, { at: '2026-01-06T10:59:59Z' })).toBe(true); // Tuesday 05:59:59, Monday's night
    expect(holds(night, { at: '2026-01-06T11:00:00Z' })).toBe(false); // Tuesday 06:00
    expect(holds(night, { at: '2026-01-07T03:00:00Z' })).toBe(false); // Tuesday 22:00
  });

  it('on a window that ends when it begins holds for 24 hours', () => {
    const day: Condition = {
      kind: 'local_time',
      zone: { timeZone: 'UTC' },
      weekdays: [1],
      from: '09:00',
      to: '09:00',
    };
    const at = [
      '2026-01-05T08:59:59Z',
      '2026-01-05T09:00:00Z',
      '2026-01-06T08:59:59Z',
      '2026-01-06T09:00:00Z',
    ];
    expect(at.map((instant) => holds(day, { at: instant }))).toEqual([false, true, true, false]);
  });

  it.each([
    ['25', true],
    ['64.0', true],
    ['64.1', false],
    ['24.99', false],
    ['0x20', false],
    ['3e1', false],
    ['', false],
    ['thirty', false],
  ])('on a number takes the tag "%s": %s', (value, expected) => {
    const between: Condition = { kind: 'tag', tag: 'age', test: { is: 'between', from: 25, to: 64 } };
    expect(holds(between, { tags: { age: value } })).toBe(expected);
  });

  it('on a tag is not taken in by what every object has', () => {
    expect(holds({ kind: 'tag', tag: 'constructor', test: { is: 'present' } })).toBe(false);
    expect(holds({ kind: 'tag', tag: 'toString', test: { is: 'present' } })).toBe(false);
  });

  it('on days of history counts 24 hours back from the call, the last second included', () => {
    const within: Condition = { kind: 'caller_history', event: 'connected', withinDays: 1, buyerIds: null };
    const connectedAt = (lastConnectedAt: string): boolean =>
      holds(within, {
        at: '2026-01-05T12:00:00Z',
        history: [
          {
            buyerId: 'buy_a' as BuyerId,
            lastCalledAt: lastConnectedAt,
            lastConnectedAt,
            lastConvertedAt: null,
          },
        ],
      });
    expect(connectedAt('2026-01-04T12:00:00Z')).toBe(true);
    expect(connectedAt('2026-01-04T11:59:59Z')).toBe(false);
  });

  it('takes an anonymous caller for a first one, of whom nothing is known', () => {
    expect(holds({ kind: 'first_call' }, { caller: null })).toBe(true);
    expect(
      holds({ kind: 'caller_history', event: 'called', withinDays: null, buyerIds: null }, { caller: null }),
    ).toBe(false);
  });

  it('refuses a zone that does not exist', () => {
    const nowhere: Condition = { kind: 'holiday', zone: { timeZone: 'Mars/Olympus' } };
    expect(() => holds(nowhere)).toThrow(RangeError);
  });
});

describe('an explanation', () => {
  const explain = (condition: Condition, given: Partial<RoutingFacts> = {}): Explanation =>
    explainCondition(condition, contextOf(factsWith(given)));

  it('says in words what is asked and what was found', () => {
    const geography = { ...NOWHERE, state: 'TX', timeZone: 'America/Chicago' };
    expect(explain({ kind: 'geography', field: 'state', in: ['CA', 'NV', 'OR'] }, { geography })).toEqual({
      kind: 'geography',
      summary: 'state is CA, NV or OR',
      value: false,
      found: 'TX',
    });
    expect(
      explain(
        { kind: 'local_time', zone: 'caller', weekdays: [1, 2], from: '08:00', to: '20:00' },
        { geography },
      ),
    ).toEqual({
      kind: 'local_time',
      summary: "Mon, Tue from 08:00 to 20:00 on the caller's clock",
      value: false,
      found: 'Mon 2026-01-05 06:00:00',
    });
    expect(
      explain(
        { kind: 'tag', tag: 'age', test: { is: 'between', from: 25, to: null } },
        { tags: { age: '30' } },
      ),
    ).toEqual({ kind: 'tag', summary: 'tag "age" is a number from 25', value: true, found: '30' });
  });

  it('says null for what nobody knows', () => {
    expect(explain({ kind: 'first_call' }, { caller: null })).toMatchObject({ value: true, found: null });
    expect(explain({ kind: 'geography', field: 'area_code', in: ['213'] })).toMatchObject({ found: null });
  });

  it('names the first entries of a long list and counts the others', () => {
    const long = Array.from({ length: 100 }, (_, index) => `${10000 + index}`);
    expect(explain({ kind: 'geography', field: 'postal_code', in: long }).summary).toBe(
      'postal code is 10000, 10001, 10002, 10003, 10004, 10005, 10006, 10007 or one of 92 more',
    );
  });

  it('tells the caller’s history', () => {
    const condition: Condition = {
      kind: 'caller_history',
      event: 'converted',
      withinDays: 30,
      buyerIds: null,
    };
    expect(explain(condition)).toMatchObject({
      summary: 'converted before within 30 days',
      found: 'never converted',
    });
    const history = [
      {
        buyerId: 'buy_a' as BuyerId,
        lastCalledAt: '2026-01-01T00:00:00Z',
        lastConnectedAt: '2026-01-01T00:00:00Z',
        lastConvertedAt: '2026-01-01T00:01:30Z',
      },
    ];
    expect(explain(condition, { history })).toMatchObject({
      value: true,
      found: 'last converted 2026-01-01T00:01:30Z (buy_a)',
    });
  });
});
