import type { PayoutRule } from '../../domain/call/attribution';
import type { DialOutcome } from '../../domain/backtest/outcomes';
import type { AssignmentId, PublisherId } from '../../domain/ids';
import { allows, dialableWith, inOrder, limitOn, Scene, talk } from './backtest-samples';
import { micros, ruleOf } from './routing-samples';

const AFTER_A_MINUTE = { on: 'duration', seconds: 60 } as const;
const tagged = (tag: string, value: string) =>
  ({ kind: 'tag', tag, test: { is: 'one_of', values: [value] } }) as const;

describe('money of a course', () => {
  const late = [dialableWith('a', { price: { amountMicros: micros(25), rates: [], due: AFTER_A_MINUTE } })];
  const come = (outcome: DialOutcome, payout: PayoutRule | null) => {
    const scene = new Scene({ assignments: late, outcomes: { a: outcome } });
    scene.arrive('c1', 0, { payout });
    const { connected, converted, revenue, payout: paid } = scene.finish().course.tally.figures;
    return [connected, converted, revenue / 1_000_000n, paid / 1_000_000n];
  };
  const at = (units: number, due: PayoutRule['due']): PayoutRule => ({ amountMicros: micros(units), due });

  it.each<readonly [string, DialOutcome, PayoutRule | null, readonly unknown[]]>([
    ['falls due at the second', talk(60), null, [1, 1, 25n, 0n]],
    ['does not a second before', talk(59), null, [1, 0, 0n, 0n]],
    ['does not for talk nobody reported', { ...talk(90), talkSeconds: null }, null, [1, 0, 0n, 0n]],
    ['is paid out by a rule of its own', talk(59), at(8, { on: 'connection' }), [1, 0, 0n, 8n]],
    [
      'is not paid out before that rule says',
      talk(60),
      at(8, { on: 'duration', seconds: 61 }),
      [1, 1, 25n, 0n],
    ],
    ['is paid out with it', talk(61), at(8, { on: 'duration', seconds: 61 }), [1, 1, 25n, 8n]],
  ])('%s', (_, outcome, payout, expected) => {
    expect(come(outcome, payout)).toEqual(expected);
  });

  it('goes by the call’s tags, for the figures of each buyer and the whole', () => {
    const rates = [{ when: tagged('state', 'CA'), amountMicros: micros(40) }];
    const assignments = [
      dialableWith('a', { price: { amountMicros: micros(5), rates, due: { on: 'connection' } } }),
      dialableWith('b', { price: { amountMicros: null, rates, due: { on: 'connection' } }, priority: 0 }),
    ];
    const scene = new Scene({ assignments, outcomes: { a: talk(1), b: talk(1) } });
    expect(scene.arrive('c1', 0, { tags: { state: 'CA' } })).toBe('b');
    expect(scene.arrive('c2', 0, { tags: { state: 'TX' } })).toBe('a');
    const { tally } = scene.finish().course;
    expect([...tally.buyers].map(([id, { revenue }]) => [id, revenue])).toEqual([
      ['b', 40_000_000n],
      ['a', 5_000_000n],
    ]);
    expect(tally.figures.revenue).toBe(45_000_000n);
    expect(scene.ended).toEqual(['c1: 40', 'c2: 5']);
  });

  it('takes of a buyer’s spend what the call costs, and gives back what did not fall due', () => {
    const spend = limitOn('assignment:a', {
      window: 'total',
      counts: 'spend',
      currency: 'USD',
      ...allows(50_000_000n),
    });
    const scene = new Scene({
      assignments: [...late, dialableWith('b', { priority: 2 })],
      series: [spend],
      outcomes: { 'c1→a': talk(60), 'c2→a': talk(10), 'c4→a': talk(70), b: talk(1) },
    });
    const dialled = [0, 1, 2, 80, 200].map((second, n) => scene.arrive(`c${n + 1}`, second));
    // Two may be under way; the second brought nothing, so there is room for one more, and then no longer.
    expect(dialled).toEqual(['a', 'a', 'b', 'a', 'b']);
  });

  it('takes of a publisher’s spend what they get', () => {
    const publisherId = 'pub_1' as PublisherId;
    const scene = new Scene({
      assignments: inOrder('a'),
      series: [
        limitOn('publisher:pub_1', {
          scopeKind: 'publisher',
          window: 'total',
          counts: 'spend',
          currency: 'USD',
          ...allows(5_000_000n),
        }),
      ],
      outcomes: { a: talk(30) },
    });
    const payout = at(2, { on: 'connection' });
    const dialled = [0, 1, 2].map((second, n) => scene.arrive(`c${n}`, second, { publisherId, payout }));
    expect([...dialled, scene.arrive('c3', 3, { payout })]).toEqual(['a', 'a', null, 'a']);
  });
});

describe('a call in a migration between two buyers', () => {
  const pair = { control: 'a' as AssignmentId, challenger: 'b' as AssignmentId };
  const scene = () =>
    new Scene({
      assignments: inOrder('a', 'c', 'b'),
      plan: { rules: [ruleOf('named', ['a', 'c'])] },
      outcomes: { a: talk(1), b: talk(1), c: talk(1) },
    });

  it('is the side’s that it was', () => {
    expect(scene().arrive('c1', 0, { side: { pair, side: 'control' } })).toBe('a');
    expect(scene().arrive('c1', 0, { side: { pair, side: 'challenger' } })).toBe('b');
    expect(scene().arrive('c1', 0)).toBe('a');
  });
});
