import type { DialOutcome } from '../../domain/backtest/outcomes';
import type { DialableAssignment } from '../../domain/routing/snapshot';
import {
  after,
  allows,
  dialableWith,
  dialOf,
  inOrder,
  limitOn,
  ringing,
  Scene,
  talk,
} from './backtest-samples';
import { NEVER_OPEN, ruleOf, ruleWith } from './routing-samples';

const ON_A = limitOn('assignment:a');
const drawnOf = (scene: Scene): readonly string[] => scene.finish().drawn;

describe('a course', () => {
  it('gives one place to one call at a time, and again once it is free', () => {
    const scene = new Scene({
      assignments: inOrder('a', 'b'),
      series: [ON_A],
      outcomes: { a: talk(60), b: talk(60) },
    });
    expect(scene.arrive('c1', 0)).toBe('a');
    expect(scene.arrive('c2', 59.999)).toBe('b');
    expect(scene.arrive('c3', 60)).toBe('a');
    expect(scene.arrive('c4', 119)).toBe('b');
    const { figures, refusals } = scene.finish().course.tally;
    expect(figures).toMatchObject({ dialled: 4, dials: 4, connected: 4, revenue: 40_000_000n });
    expect([...refusals]).toEqual([['lim_assignment:a', 2]]);
  });

  it('goes on to the next candidate when one does not take the call, with the place given back', () => {
    const scene = new Scene({
      assignments: inOrder('a', 'b'),
      series: [ON_A],
      outcomes: { 'c1→a': ringing('busy', 4), 'c2→a': talk(30), b: talk(60) },
    });
    expect(scene.arrive('c1', 0)).toBe('a');
    expect(scene.arrive('c2', 4)).toBe('a');
    expect(drawnOf(scene)).toEqual(['c1→a', 'c1→b', 'c2→a']);
    expect(scene.ended).toEqual(['c2: 10', 'c1: 10']);
    expect(scene.course.tally.figures).toMatchObject({ dialled: 2, dials: 3, connected: 2 });
  });

  it('waits for a dial’s end before the next one, and finds what is free by then', () => {
    const scene = new Scene({
      assignments: inOrder('a', 'b', 'c'),
      series: [limitOn('assignment:b')],
      outcomes: {
        'c1→a': ringing('no_answer', 20),
        'c2→a': ringing('busy', 1),
        b: talk(10),
        c: talk(5),
      },
    });
    scene.arrive('c1', 0);
    scene.arrive('c2', 9);
    // b is taken by the second call from 10 to 20, and free in the moment in which the first one asks.
    expect(drawnOf(scene)).toEqual(['c1→a', 'c2→a', 'c2→b', 'c1→b']);
  });

  it.each(['no_answer', 'failed', 'rejected', 'dropped'] as const)(
    'takes %s for no end of the call',
    (state) => {
      const scene = new Scene({
        assignments: inOrder('a', 'b'),
        outcomes: { a: ringing(state, 5), b: talk(60) },
      });
      scene.arrive('c1', 0);
      expect(drawnOf(scene)).toEqual(['c1→a', 'c1→b']);
    },
  );

  it('is over for a caller who hung up before anybody would have answered, after as long as they waited', () => {
    const observed = { hungUpAfterMs: 5_000, dials: [dialOf('elsewhere', ringing('canceled', 5))] };
    const rings = { ...talk(60), ringMs: 6_000 };
    const scene = new Scene({
      assignments: inOrder('a', 'b'),
      outcomes: { a: rings, 'c3→a': ringing('busy', 5) },
    });
    expect(scene.arrive('c1', 0, { observed })).toBe('a');
    // Somebody who waited longer is put through, and so is whoever did not hang up at all.
    expect(scene.arrive('c2', 0, { observed: { ...observed, hungUpAfterMs: 6_000 } })).toBe('a');
    // The first is busy for as long as this caller waits: there is nobody to dial on for.
    expect(scene.arrive('c3', 0, { observed })).toBe('a');
    scene.finish();
    expect(scene.ended).toEqual(['c1: 0', 'c3: 0', 'c2: 10']);
    expect(scene.course.tally.figures).toMatchObject({
      dials: 3,
      abandonedRinging: 2,
      connected: 1,
      exhausted: 0,
    });
  });

  it('knows of a dial that the caller ended only that nobody had answered by then', () => {
    // Busy after ten seconds, then four seconds at the next one: this caller waits for fourteen.
    const observed = {
      hungUpAfterMs: 14_000,
      dials: [dialOf('a', ringing('busy', 10)), dialOf('b', ringing('canceled', 4))],
    };
    const rings = (seconds: number) => ({ ...talk(60), ringMs: seconds * 1000 });
    const first = (id: string, outcomes: Readonly<Record<string, DialOutcome>>) => {
      const scene = new Scene({ assignments: inOrder('b', 'a'), outcomes });
      scene.arrive(id, 0, { observed });
      return scene.finish().course.tally.figures;
    };
    // Who is dialled first now answers after six seconds; in three they would have been heard of.
    expect(first('c1', { b: rings(6) })).toMatchObject({ dials: 1, connected: 1, abandonedRinging: 0 });
    expect(first('c1', { b: rings(15) })).toMatchObject({ dials: 1, connected: 0, abandonedRinging: 1 });
    expect(first('c1', { b: rings(3) })).toMatchObject({ dials: 1, connected: 0, abandonedRinging: 1 });
    expect(first('c1', { b: ringing('busy', 5) })).toMatchObject({
      dials: 2,
      abandonedRinging: 1,
      exhausted: 0,
    });
  });

  it('ends with a caller who hangs up while it rings', () => {
    const scene = new Scene({ assignments: inOrder('a', 'b'), outcomes: { a: ringing('canceled', 7) } });
    scene.arrive('c1', 0);
    expect(drawnOf(scene)).toEqual(['c1→a']);
    expect(scene.ended).toEqual(['c1: 0']);
    expect(scene.course.tally.figures).toMatchObject({ abandonedRinging: 1, exhausted: 0, connected: 0 });
  });

  it('dials no more often than the plan says', () => {
    const scene = new Scene({
      assignments: inOrder('a', 'b', 'c'),
      plan: { maxAttempts: 2 },
      outcomes: { a: ringing('busy', 1), b: ringing('busy', 1) },
    });
    scene.arrive('c1', 0);
    expect(drawnOf(scene)).toEqual(['c1→a', 'c1→b']);
    expect(scene.course.tally.figures).toMatchObject({ exhausted: 1, dials: 2, noCandidate: 0 });
  });

  it('is exhausted when nobody of all takes the call', () => {
    const scene = new Scene({
      assignments: inOrder('a', 'b'),
      outcomes: { a: ringing('busy', 1), b: ringing('no_answer', 20) },
    });
    scene.arrive('c1', 0);
    expect(drawnOf(scene)).toEqual(['c1→a', 'c1→b']);
    expect(scene.course.tally.figures).toMatchObject({ exhausted: 1, dialled: 1, dials: 2 });
    expect(scene.ended).toEqual(['c1: 0']);
  });

  it.each<readonly [string, readonly DialableAssignment[], 'afterHours' | 'noCandidate']>([
    ['all are closed', [dialableWith('a', { hours: NEVER_OPEN })], 'afterHours'],
    [
      'one is closed and one paused',
      [dialableWith('a', { hours: NEVER_OPEN }), dialableWith('b', { paused: true })],
      'noCandidate',
    ],
    ['there is nobody', [], 'noCandidate'],
    ['nobody has room', [dialableWith('a')], 'noCandidate'],
  ])('dials nobody when %s', (_, assignments, how) => {
    const none = { afterHours: 0, noCandidate: 0, exhausted: 0, dialled: 0, dials: 0 };
    const scene = new Scene({ assignments, series: [limitOn('assignment:a', allows(0n))] });
    expect(scene.arrive('c1', 0)).toBeNull();
    expect(scene.course.tally.figures).toMatchObject({ ...none, [how]: 1 });
    expect(scene.ended).toEqual(['c1: 0']);
  });

  it('counts a limit once a call, however often it stands in the way', () => {
    const scene = new Scene({
      assignments: inOrder('a', 'b', 'c'),
      series: [limitOn('assignment:a', allows(0n))],
      outcomes: { b: ringing('busy', 1), c: ringing('busy', 1) },
    });
    scene.arrive('c1', 0);
    expect(drawnOf(scene)).toEqual(['c1→b', 'c1→c']);
    expect([...scene.course.tally.refusals]).toEqual([['lim_assignment:a', 1]]);
  });

  it('goes by the clock of each dial: who has closed by then is not dialled', () => {
    const untilNoon: DialableAssignment = dialableWith('b', {
      priority: 2,
      hours: { timeZone: 'UTC', openings: [{ weekday: 1, from: '09:00', to: '12:01' }], holidays: [] },
    });
    const scene = new Scene({
      assignments: [...inOrder('a'), untilNoon],
      outcomes: { a: ringing('no_answer', 20), b: talk(60) },
    });
    scene.arrive('c1', 30);
    scene.arrive('c2', 45);
    expect(drawnOf(scene)).toEqual(['c1→a', 'c2→a', 'c1→b']);
    expect(scene.course.tally.figures).toMatchObject({ connected: 1, exhausted: 1 });
  });

  it('asks limits at the moment at which they were asked, not at that of the choice', () => {
    const spans = [{ from: after(1), until: Infinity, maximum: 0n }];
    const scene = new Scene({
      assignments: inOrder('a', 'b'),
      series: [limitOn('assignment:a', { spans })],
      outcomes: { a: talk(5), b: talk(5) },
    });
    expect(scene.arrive('c1', 0, { reservedAt: after(0.999) })).toBe('a');
    expect(scene.arrive('c2', 0, { reservedAt: after(1) })).toBe('b');
  });
});

describe('what is known of a call’s own dials', () => {
  it('holds wherever in the line the assignment stands, and the rest is drawn', () => {
    const scene = new Scene({
      assignments: inOrder('b', 'a'),
      outcomes: { b: ringing('busy', 3), a: talk(1) },
    });
    scene.arrive('c1', 0, {
      observed: { outcome: 'connected', dials: [dialOf('c', ringing('busy', 2)), dialOf('a', talk(90))] },
    });
    scene.arrive('c2', 1, {
      observed: { dials: [dialOf('a', ringing('no_answer', 20)), dialOf('b', talk(40))] },
    });
    expect(drawnOf(scene)).toEqual(['c1→b']);
    const { tally } = scene.course;
    expect(tally.observedOutcomes).toBe(2);
    expect([...tally.drawn]).toEqual([['b', 1]]);
    expect([...tally.buyers].map(([id, { dials, connected }]) => [id, dials, connected])).toEqual([
      ['b', 2, 1],
      ['a', 1, 1],
    ]);
  });
});

describe('turns of a round robin', () => {
  const ROUND: { readonly kind: 'round_robin' } = { kind: 'round_robin' };
  const IDS = ['a', 'b', 'c', 'd', 'e'];
  const outcomes = Object.fromEntries(IDS.map((id) => [id, talk(1)]));
  const firsts = (scene: Scene, calls: number): (string | null)[] =>
    Array.from({ length: calls }, (_, n) => scene.arrive(`c${n}`, n * 0.1));

  it.each([1, 3, 40])('give %d each of five as many calls', (k) => {
    const scene = new Scene({
      assignments: IDS.map((id) => dialableWith(id)),
      plan: { rules: [ruleWith('everyone', { strategy: ROUND })] },
      outcomes,
    });
    expect(firsts(scene, IDS.length * k)).toEqual(Array.from({ length: k }, () => IDS).flat());
  });

  it('begin with who was dialled last before', () => {
    const scene = new Scene({
      assignments: IDS.map((id) => dialableWith(id)),
      plan: { rules: [ruleWith('everyone', { strategy: ROUND })] },
      turns: ['c', 'a', 'e'],
      outcomes,
    });
    // b and d never, then who waits longest.
    expect(firsts(scene, 7)).toEqual(['b', 'd', 'c', 'a', 'e', 'b', 'd']);
  });

  it('are kept by rule, and taken only by dials under one that goes by turns', () => {
    const tagged = (value: string) =>
      ({ kind: 'tag', tag: 't', test: { is: 'one_of', values: [value] } }) as const;
    const scene = new Scene({
      assignments: IDS.slice(0, 2).map((id) => dialableWith(id)),
      plan: {
        rules: [
          ruleOf('one', ['a', 'b'], { strategy: ROUND, when: tagged('one') }),
          ruleOf('two', ['a', 'b'], { strategy: ROUND, when: tagged('two') }),
          ruleOf('first', ['a']),
        ],
      },
      outcomes,
    });
    const tags = ['one', 'two', 'none', 'one', 'none', 'two', 'one'];
    const dialled = tags.map((t, n) => scene.arrive(`c${n}`, n, { tags: { t } }));
    expect(dialled).toEqual(['a', 'a', 'a', 'b', 'a', 'b', 'a']);
  });

  it('count every dial, also one that nobody took', () => {
    const scene = new Scene({
      assignments: ['a', 'b', 'c'].map((id) => dialableWith(id)),
      plan: { rules: [ruleWith('everyone', { strategy: ROUND })] },
      outcomes: { ...outcomes, 'c0→a': ringing('busy', 1) },
    });
    expect(scene.arrive('c0', 0)).toBe('a');
    // By then the first call was at a and b.
    expect(scene.arrive('c1', 2)).toBe('c');
    expect(scene.arrive('c2', 3)).toBe('a');
  });
});
