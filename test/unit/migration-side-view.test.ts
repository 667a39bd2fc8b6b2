import type { AssignmentId } from '../../domain/ids';
import { viewOf } from '../../domain/migration/side-view';
import type { RoutableAssignment } from '../../domain/routing/snapshot';
import type { RoutingPlan } from '../../domain/routing/plan';

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
