import fc from 'fast-check';
import type { AssignmentId, CallId, MigrationId } from '../../domain/ids';
import { viewOf } from '../../domain/migration/side-view';
import { pointOf, sideOf, WHOLE } from '../../domain/migration/split';
import type { RoutableAssignment } from '../../domain/routing/snapshot';
import type { RoutingPlan } from '../../domain/routing/plan';

const migration = (name: string): MigrationId => `mig_${name}` as MigrationId;
const call = (name: string): CallId => `call_${name}` as CallId;
const callers = Array.from({ length: 20_000 }, (_, n) => `+1415${String(n).padStart(7, '0')}`);

describe('the split of a migration', () => {
  it('gives the same caller the same side in every call', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.nat(WHOLE), (caller, one, other, share) => {
        const at = (id: string) => sideOf(migration('m'), { caller, callId: call(id) }, share);
        expect(at(one)).toBe(at(other));
      }),
    );
  });

  it('only moves callers to the challenger when the share is raised', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(WHOLE), fc.nat(WHOLE), (caller, one, other) => {
        const who = { caller, callId: call('x') };
        const low = sideOf(migration('m'), who, Math.min(one, other));
        const high = sideOf(migration('m'), who, Math.max(one, other));
        expect(low === 'challenger' && high === 'control').toBe(false);
      }),
    );
  });

  it.each([0, 1, 100, 500, 2_500, 5_000, 9_999, WHOLE])(
    'gives the challenger %i of 10,000 callers, within what chance allows',
    (share) => {
      const taken = callers.filter(
        (caller) => sideOf(migration('share'), { caller, callId: call('x') }, share) === 'challenger',
      ).length;
      const expected = (callers.length * share) / WHOLE;
      const deviation = Math.sqrt((expected * (WHOLE - share)) / WHOLE);
      expect(Math.abs(taken - expected)).toBeLessThanOrEqual(5 * deviation);
    },
  );

  it('spreads callers evenly: chi-square over 100 cells of points', () => {
    const cells = new Array<number>(100).fill(0);
    for (const caller of callers) {
      const cell = Math.floor(pointOf(migration('even'), { caller, callId: call('x') }) / 100);
      cells[cell] = (cells[cell] ?? 0) + 1;
    }
    const expected = callers.length / 100;
    const chi = cells.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    // 99 degrees of freedom: above 158 once in 10,000.
    expect(chi).toBeLessThan(158);
  });

  it('orders the callers of another migration anew', () => {
    const both = callers.filter((caller) => {
      const who = { caller, callId: call('x') };
      return sideOf(migration('a'), who, 5_000) === sideOf(migration('b'), who, 5_000);
    });
    expect(both.length / callers.length).toBeCloseTo(0.5, 1);
  });

  it('tells callers without a number apart by their calls', () => {
    const sides = new Set(
      Array.from({ length: 50 }, (_, n) =>
        sideOf(migration('m'), { caller: null, callId: call(String(n)) }, 5_000),
      ),
    );
    expect(sides.size).toBe(2);
  });
});

describe('a campaign as the sides of a buyer migration see it', () => {
  const assignment = (id: string, priority: number, weight = 1): RoutableAssignment => ({
    id: id as AssignmentId,
    buyerId: `buy_${id}` as never,
    buyerName: id,
    priority,
    weight,
    paused: false,
    hours: null,
    buyerHours: null,
    filter: null,
    price: { amountMicros: '1' as never, rates: [], due: { on: 'connection' } },
    conversionEstimate: 1,
  });
  const named = (...ids: string[]) =>
    ids.map((id) => ({ assignmentId: id as AssignmentId, priority: 5, weight: null }));
  const plan: RoutingPlan = {
    rules: [
      { name: 'all', when: null, strategy: { kind: 'waterfall' }, candidates: null, fallback: null },
      {
        name: 'some',
        when: null,
        strategy: { kind: 'waterfall' },
        candidates: named('a', 'c'),
        fallback: null,
      },
      {
        name: 'both',
        when: null,
        strategy: { kind: 'waterfall' },
        candidates: named('b', 'a'),
        fallback: null,
      },
      {
        name: 'neither',
        when: null,
        strategy: { kind: 'waterfall' },
        candidates: named('c'),
        fallback: null,
      },
    ],
    maxAttempts: 3,
    recoverUnderSeconds: null,
    fallback: { kind: 'reject', reason: 'busy' },
  };
  const snapshot = { assignments: [assignment('a', 1, 7), assignment('b', 9), assignment('c', 2)], plan };
  const pair = { control: 'a' as AssignmentId, challenger: 'b' as AssignmentId };
  const idsOf = (side: 'control' | 'challenger', rule: number) =>
    viewOf(snapshot, pair, side).plan.rules[rule]?.candidates?.map(({ assignmentId }) => assignmentId);

  it('has no challenger on the control’s side, and everything else as it is', () => {
    const view = viewOf(snapshot, pair, 'control');
    expect(view.assignments.map(({ id }) => id)).toEqual(['a', 'c']);
    expect(view.plan).toBe(plan);
  });

  it('has the challenger in the control’s place on its own side, with its priority and weight', () => {
    const view = viewOf(snapshot, pair, 'challenger');
    expect(view.assignments.map(({ id, priority, weight }) => [id, priority, weight])).toEqual([
      ['b', 1, 7],
      ['c', 2, 1],
    ]);
    expect([idsOf('challenger', 1), idsOf('challenger', 2), idsOf('challenger', 3)]).toEqual([
      ['b', 'c'],
      ['b'],
      ['c'],
    ]);
  });

  it('is made once for a configuration, so that what routing makes ready of it is kept', () => {
    for (const side of ['control', 'challenger'] as const) {
      expect(viewOf(snapshot, pair, side).assignments).toBe(viewOf(snapshot, pair, side).assignments);
      expect(viewOf(snapshot, pair, side).plan).toBe(viewOf(snapshot, pair, side).plan);
    }
  });
});
