import fc from 'fast-check';
import { OPERATIONS, type MigrationEvent, type OperationType } from '../../domain/migration/events';
import { canDo, possibleNow } from '../../domain/migration/operations';
import { DEFAULT_STEPS, type MigrationPlan } from '../../domain/migration/plan';
import { reduceMigration } from '../../domain/migration/reducer';
import { isOver, isWatched } from '../../domain/migration/state';
import { NO_FIGURES } from '../../domain/migration/statistics/figures';
import { statusOf } from '../../domain/migration/status';
import {
  after,
  BAD,
  CAMPAIGN,
  doings,
  Driven,
  GOOD,
  HOUR,
  hourly,
  OTHER,
  planWith,
} from './migration-samples';

const at = fc.nat(40 * HOUR).map(after);
const anyCampaign = fc.constantFrom(CAMPAIGN, OTHER);
const anyOperation = fc.record({
  type: fc.constantFrom(...OPERATIONS),
  id: fc.nat(30).map((no) => `op_${no}`),
  shareBasisPoints: fc.nat(10_000),
});
const anyEvent: fc.Arbitrary<MigrationEvent> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ at, operation: anyOperation }).map(operated) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('time_passed' as const), at }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('evaluated' as const),
      at,
      comparison: fc.integer({ min: 1, max: 4 }),
      figures: fc.constantFrom(GOOD, GOOD, GOOD, BAD, { control: NO_FIGURES, challenger: NO_FIGURES }),
    }),
  },
  fc.record({
    type: fc.constantFrom('campaign_paused' as const, 'campaign_resumed' as const),
    at,
    campaignId: anyCampaign,
  }),
  fc.record({ type: fc.constant('campaign_archived' as const), at, campaignId: anyCampaign }),
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constantFrom('switched' as const, 'rolled_back' as const), at }),
  },
  fc.record({ type: fc.constant('switch_refused' as const), at, reason: fc.constant('gone') }),
);

function operated({
  at,
  operation: { type, id, shareBasisPoints },
}: {
  readonly at: string;
  readonly operation: {
    readonly type: OperationType;
    readonly id: string;
    readonly shareBasisPoints: number;
  };
}): MigrationEvent {
  const base = { id, by: 'ann', reason: null };
  const operation = type === 'set_share' ? { ...base, type, shareBasisPoints } : { ...base, type };
  return { type: 'operated', at, operation };
}

const anyPlan: fc.Arbitrary<MigrationPlan> = fc
  .record({
    onBreach: fc.constantFrom('hold' as const, 'roll_back' as const),
    approval: fc.boolean(),
    steps: fc.integer({ min: 1, max: 5 }),
    startsAt: fc.option(at, { nil: null }),
  })
  .map(({ onBreach, approval, steps, startsAt }) =>
    planWith({ onBreach, startsAt, steps: hourly({ approval }).slice(-steps) }),
  );

/** Every state that a list of events goes through. */
function walk(
  plan: MigrationPlan,
  events: readonly MigrationEvent[],
  visit: (driven: Driven) => void,
): Driven {
  const driven = new Driven(plan);
  visit(driven);
  for (const event of events) {
    driven.send(event);
    visit(driven);
  }
  return driven;
}

describe('in whatever order events come, a migration', () => {
  const events = fc.array(anyEvent, { maxLength: 60 });

  it('gets everywhere in these properties', () => {
    const reached = new Set<string>();
    for (const [plan, all] of fc.sample(fc.tuple(anyPlan, events), { numRuns: 2_000, seed: 1 }))
      walk(plan, all, ({ state }) => reached.add(state.phase.name));
    expect([...reached].toSorted()).toEqual([
      'aborted',
      'awaiting_approval',
      'completed',
      'completing',
      'holding',
      'paused',
      'rolled_back',
      'rolling_back',
      'running',
      'scheduled',
    ]);
  });

  it('never leaves a final phase, and asks for nothing there', () => {
    fc.assert(
      fc.property(anyPlan, events, anyEvent, (plan, before, event) => {
        const { state } = walk(plan, before, () => undefined);
        if (!isOver(state)) return;
        expect(reduceMigration(state, event)).toEqual({ state, effects: [] });
        expect(possibleNow(state)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('has no share above its steps that nobody set, and none at all once it goes back', () => {
    const shares = new Set([0, ...DEFAULT_STEPS.map(({ shareBasisPoints }) => shareBasisPoints)]);
    fc.assert(
      fc.property(anyPlan, events, (plan, all) => {
        const unset = all.filter(
          (event) => event.type !== 'operated' || event.operation.type !== 'set_share',
        );
        let last = 0;
        walk(plan, unset, ({ state }) => {
          expect(shares).toContain(state.shareBasisPoints);
          const { name } = state.phase;
          const goesBack = name === 'rolling_back' || name === 'rolled_back' || name === 'aborted';
          if (goesBack || name === 'scheduled') expect(state.shareBasisPoints).toBe(0);
          else expect(state.shareBasisPoints).toBeGreaterThanOrEqual(last);
          last = state.shareBasisPoints;
        });
      }),
      { numRuns: 500 },
    );
  });

  it('either does an operation or refuses it with a reason that names what is possible', () => {
    fc.assert(
      fc.property(anyPlan, events, (plan, all) => {
        walk(plan, all, (driven) => {
          for (const type of OPERATIONS) {
            const operation = driven.operation(type, { id: `new/${type}`, shareBasisPoints: 4_321 });
            const refused = canDo(driven.state, operation);
            const step = reduceMigration(driven.state, { type: 'operated', at: after(50 * HOUR), operation });
            if (refused === null) expect(step.effects[0]).toEqual({ do: 'write_state' });
            else expect(step).toEqual({ state: driven.state, effects: [] });
            if (refused === null) continue;
            expect(refused).toMatch(/Possible now|Nothing is possible|Wait until|already/);
          }
        });
      }),
    );
  });

  it('does an operation once, however often it comes', () => {
    fc.assert(
      fc.property(anyPlan, events, (plan, all) => {
        const once = walk(plan, all, () => undefined);
        const twice = new Driven(plan);
        for (const event of all) {
          twice.send(event);
          const done = event.type === 'operated' && twice.state.operations.includes(event.operation.id);
          if (done) expect(canDo(twice.state, event.operation)).toBeNull();
          if (done) expect(twice.send(event)).toEqual([]);
        }
        expect(twice.state).toEqual(once.state);
        expect(twice.effects).toEqual(once.effects);
      }),
      { numRuns: 500 },
    );
  });

  it('is asked to complete or to go back once, and looks only while it is watched', () => {
    fc.assert(
      fc.property(anyPlan, events, (plan, all) => {
        const driven = walk(plan, all, ({ state }) => {
          if (!isWatched(state) && state.phase.name !== 'scheduled') expect(state.nextLookAt).toBeNull();
          if (state.phase.name === 'running') expect(state.nextLookAt).not.toBeNull();
        });
        const asked = doings(driven.effects);
        expect(asked.filter((effect) => effect === 'roll_back').length).toBeLessThanOrEqual(1);
        const refused = all.filter(({ type }) => type === 'switch_refused').length;
        expect(asked.filter((effect) => effect === 'complete').length).toBeLessThanOrEqual(refused + 1);
      }),
      { numRuns: 500 },
    );
  });

  it('goes on the same from a copy of its state, as after continue-as-new, and its status can be told', () => {
    fc.assert(
      fc.property(anyPlan, events, anyEvent, (plan, all, event) => {
        const { state } = walk(plan, all, () => undefined);
        const copy = JSON.parse(JSON.stringify(state)) as typeof state;
        expect(copy).toEqual(state);
        expect(reduceMigration(copy, event)).toEqual(reduceMigration(state, event));
        expect(statusOf(state, after(50 * HOUR)).nextDecision).not.toBe('');
      }),
    );
  });
});
