import fc from 'fast-check';
import type { CampaignId } from '../../domain/ids';
import { OPERATIONS, type MigrationEvent, type OperationType } from '../../domain/migration/events';
import { canDo, possibleNow } from '../../domain/migration/operations';
import { DEFAULT_STEPS, type MigrationPlan, type MigrationStep } from '../../domain/migration/plan';
import { reduceMigration } from '../../domain/migration/reducer';
import { isOver, isWatched, MOST_HISTORY, MOST_OPERATIONS } from '../../domain/migration/state';
import type { MigrationEffect } from '../../domain/migration/state';
import { NO_FIGURES } from '../../domain/migration/statistics/figures';
import { statusOf } from '../../domain/migration/status';
import { after, BAD, CAMPAIGN, Driven, GOOD, planWith } from './migration-samples';

const HOUR = 3_600;
const OTHER = 'cmp_2' as CampaignId;

/** Steps that ask for an hour each. */
const hourly = (changes: Partial<MigrationStep> = {}): readonly MigrationStep[] =>
  DEFAULT_STEPS.map((step) => ({ ...step, minimumSeconds: HOUR, ...changes }));

const begun = (changes: Partial<MigrationPlan> = {}): Driven => {
  const driven = new Driven(planWith({ steps: hourly(), ...changes }));
  driven.operate('start');
  return driven;
};

const kinds = (effects: readonly MigrationEffect[]): readonly string[] => effects.map((effect) => effect.do);

describe('a migration', () => {
  it('goes through its steps by itself, one when time, calls and guardrails allow it, and is completed', () => {
    const driven = begun();
    const shares = [driven.state.shareBasisPoints];
    for (let hour = 1; hour <= 5; hour++) {
      const effects = driven.look(hour * HOUR + hour, GOOD);
      expect(kinds(effects)).toEqual(hour < 5 ? ['write_state'] : ['write_state', 'complete']);
      shares.push(driven.state.shareBasisPoints);
    }
    expect(shares).toEqual([100, 500, 2_500, 5_000, 10_000, 10_000]);
    expect(driven.state.phase).toEqual({ name: 'completing' });
    expect(kinds(driven.send({ type: 'switched', at: after(6 * HOUR) }))).toEqual(['write_state', 'notify']);
    expect(driven.state.phase).toEqual({ name: 'completed', at: after(6 * HOUR) });
    expect(driven.state.nextLookAt).toBeNull();
    expect(driven.state.history.map(({ what }) => what)).toEqual([
      'started',
      'advanced',
      'advanced',
      'advanced',
      'advanced',
      'completing',
      'completed',
    ]);
  });

  it('counts figures anew at every share, and ignores those of the share before', () => {
    const driven = begun();
    driven.look(HOUR, GOOD);
    expect(driven.state.comparison).toMatchObject({ no: 2, since: after(HOUR) });
    expect(driven.state.figures).toBeNull();
    expect(driven.send({ type: 'evaluated', at: after(HOUR + 1), comparison: 1, figures: BAD })).toEqual([]);
    expect(driven.state.phase.name).toBe('running');
    expect(driven.state.reference).toEqual(GOOD.control);
  });

  it('stays where it is while a step’s time, calls or guardrails are lacking', () => {
    const driven = begun();
    driven.look(HOUR - 1, GOOD);
    expect(driven.state.shareBasisPoints).toBe(100);
    driven.look(2 * HOUR, { ...GOOD, challenger: { ...GOOD.challenger, calls: 99 } });
    expect(driven.state.shareBasisPoints).toBe(100);
    driven.look(3 * HOUR, { ...GOOD, challenger: { ...GOOD.challenger, matured: 50, conversions: 5 } });
    expect(driven.state.shareBasisPoints).toBe(100);
    expect(statusOf(driven.state, after(3 * HOUR))).toMatchObject({ secondsLeft: 0, callsLeft: 50 });
    driven.look(4 * HOUR, GOOD);
    expect(driven.state.shareBasisPoints).toBe(500);
  });

  it('looks once an evaluation period, and again when an answer never came', () => {
    const driven = begun();
    expect(driven.state.nextLookAt).toBe(after(30));
    expect(driven.send({ type: 'time_passed', at: after(29) })).toEqual([]);
    const asked = [{ do: 'evaluate', comparison: 1, since: after(0) }];
    expect(driven.send({ type: 'time_passed', at: after(30) })).toEqual(asked);
    expect(driven.send({ type: 'time_passed', at: after(59) })).toEqual([]);
    expect(driven.send({ type: 'time_passed', at: after(60) })).toEqual(asked);
  });

  it('gives all calls to control at a breach, with figures and reason, at the look that found it', () => {
    const driven = begun();
    const effects = driven.look(30, BAD);
    expect(kinds(effects)).toEqual(['write_state', 'roll_back', 'notify']);
    expect(driven.state).toMatchObject({
      shareBasisPoints: 0,
      phase: { name: 'rolling_back', to: 'rolled_back' },
    });
    const entry = driven.state.history.at(-1);
    expect(entry?.reason).toContain('Answer rate 30 %');
    expect(entry?.figures).toHaveLength(2);
    driven.send({ type: 'rolled_back', at: after(40) });
    expect(driven.state.phase).toMatchObject({ name: 'rolled_back', at: after(40) });
  });

  it('holds at a breach where that is the setting, and goes on in a new comparison when resumed', () => {
    const driven = begun({ onBreach: 'hold' });
    expect(kinds(driven.look(30, BAD))).toEqual(['write_state', 'notify']);
    expect(driven.state).toMatchObject({ shareBasisPoints: 100, phase: { name: 'holding' } });
    expect(driven.look(HOUR, GOOD)).toEqual([]);
    expect(driven.state.phase.name).toBe('holding');
    driven.operate('resume', 2 * HOUR);
    expect(driven.state).toMatchObject({
      phase: { name: 'running' },
      shareBasisPoints: 100,
      comparison: { no: 2, since: after(2 * HOUR) },
      judgements: [],
    });
  });

  it('asks for approval of a step when nothing else is missing, and begins it when approved', () => {
    const driven = begun({ steps: hourly({ approval: true }) });
    driven.look(30, GOOD);
    expect(driven.state.phase.name).toBe('running');
    expect(canDo(driven.state, driven.operation('approve'))).toContain('cannot be approved');
    expect(kinds(driven.look(HOUR, GOOD))).toEqual(['write_state', 'notify']);
    expect(driven.state).toMatchObject({ phase: { name: 'awaiting_approval' }, shareBasisPoints: 100 });
    expect(driven.look(2 * HOUR, GOOD)).toEqual([]);
    driven.operate('approve', 2 * HOUR + 1);
    expect(driven.state).toMatchObject({
      phase: { name: 'running' },
      shareBasisPoints: 500,
      approved: false,
    });
  });

  it('watches its guardrails while it waits for approval and while it is paused', () => {
    const waiting = begun({ steps: hourly({ approval: true }) });
    waiting.look(HOUR, GOOD);
    waiting.look(2 * HOUR, BAD);
    expect(waiting.state.phase.name).toBe('rolling_back');
    const paused = begun();
    paused.operate('pause', 10);
    paused.look(HOUR, GOOD);
    expect(paused.state).toMatchObject({ phase: { name: 'paused' }, shareBasisPoints: 100 });
    paused.look(2 * HOUR, BAD);
    expect(paused.state.phase.name).toBe('rolling_back');
  });

  it('advances by itself only in its window; an approval at night is kept until then', () => {
    const window = {
      timeZone: 'America/Chicago',
      openings: [{ weekday: 1 as const, from: '09:00', to: '17:00' }],
      holidays: [],
    };
    // It begins on a Monday at 06:00 in Chicago.
    const driven = begun({ steps: hourly({ approval: true }), window });
    driven.look(HOUR, GOOD);
    expect(driven.state.phase.name).toBe('awaiting_approval');
    driven.operate('approve', HOUR + 10);
    expect(driven.state).toMatchObject({ phase: { name: 'running' }, approved: true, shareBasisPoints: 100 });
    driven.look(2 * HOUR, GOOD);
    expect(driven.state.shareBasisPoints).toBe(100);
    expect(statusOf(driven.state, after(2 * HOUR)).nextDecision).toBe(
      'It goes to 5 % after its window opens',
    );
    driven.look(3 * HOUR, GOOD);
    expect(driven.state.shareBasisPoints).toBe(500);
  });

  it('starts by itself when it is to, once its window is open', () => {
    const window = {
      timeZone: 'UTC',
      openings: [{ weekday: 1 as const, from: '14:00', to: '15:00' }],
      holidays: [],
    };
    const driven = new Driven(planWith({ startsAt: after(HOUR), window }));
    expect(driven.state.nextLookAt).toBe(after(HOUR));
    driven.send({ type: 'time_passed', at: after(HOUR) });
    expect(driven.state).toMatchObject({ phase: { name: 'scheduled' }, nextLookAt: after(HOUR + 30) });
    driven.send({ type: 'time_passed', at: after(2 * HOUR) });
    expect(driven.state).toMatchObject({ phase: { name: 'running' }, shareBasisPoints: 100 });
  });

  it('is paused with its campaign, and no step’s time runs meanwhile', () => {
    const driven = begun();
    driven.send({ type: 'campaign_paused', at: after(HOUR / 2), campaignId: CAMPAIGN });
    expect(driven.state).toMatchObject({ phase: { name: 'paused', by: 'campaign' }, nextLookAt: null });
    expect(canDo(driven.state, driven.operation('resume'))).toContain('campaign cmp_1 is paused');
    driven.send({ type: 'campaign_resumed', at: after(9 * HOUR), campaignId: CAMPAIGN });
    driven.look(9 * HOUR + HOUR / 2 - 10, GOOD);
    expect(driven.state).toMatchObject({ phase: { name: 'running' }, shareBasisPoints: 100 });
    expect(statusOf(driven.state, after(9 * HOUR + HOUR / 2 - 10)).secondsLeft).toBe(10);
    driven.look(9.5 * HOUR + 30, GOOD);
    expect(driven.state.shareBasisPoints).toBe(500);
  });

  it('goes on only when both its campaigns do and nobody has paused it besides', () => {
    const driven = begun();
    driven.send({ type: 'campaign_paused', at: after(1), campaignId: CAMPAIGN });
    driven.send({ type: 'campaign_paused', at: after(2), campaignId: OTHER });
    driven.send({ type: 'campaign_resumed', at: after(3), campaignId: CAMPAIGN });
    expect(driven.state.phase).toEqual({ name: 'paused', by: 'campaign' });
    driven.operate('pause', 4);
    driven.send({ type: 'campaign_resumed', at: after(5), campaignId: OTHER });
    expect(driven.state.phase).toEqual({ name: 'paused', by: 'operator' });
    driven.operate('resume', 6);
    expect(driven.state.phase).toEqual({ name: 'running' });
  });

  it('is aborted with all calls on control when a campaign is archived', () => {
    const driven = begun();
    const effects = driven.send({ type: 'campaign_archived', at: after(5), campaignId: CAMPAIGN });
    expect(effects).toContainEqual({ do: 'roll_back', to: 'aborted' });
    driven.send({ type: 'rolled_back', at: after(6) });
    expect(driven.state.phase).toEqual({
      name: 'aborted',
      at: after(6),
      reason: 'campaign cmp_1 is archived',
    });
  });

  it('holds with all calls when the switch is refused, and can go back from there', () => {
    const driven = begun({ steps: [{ ...hourly()[0], shareBasisPoints: 10_000 } as MigrationStep] });
    driven.operate('advance', 5);
    expect(driven.state.phase.name).toBe('completing');
    driven.send({ type: 'switch_refused', at: after(6), reason: 'plan version 2 is gone' });
    expect(driven.state).toMatchObject({
      phase: { name: 'holding', reason: 'plan version 2 is gone' },
      shareBasisPoints: 10_000,
    });
    driven.operate('roll_back', 7);
    expect(driven.state.shareBasisPoints).toBe(0);
  });

  it('takes a share set by hand, and goes on above it', () => {
    const driven = begun();
    driven.operate('set_share', 5, { shareBasisPoints: 1_234 });
    expect(driven.state).toMatchObject({ shareBasisPoints: 1_234, comparison: { no: 2 } });
    expect(statusOf(driven.state, after(5))).toMatchObject({
      step: { no: 2, of: 5 },
      nextShareBasisPoints: 2_500,
    });
    driven.operate('advance', 6);
    expect(driven.state.shareBasisPoints).toBe(2_500);
  });

  it.each([
    [-1, 'is no share'],
    [10_001, 'is no share'],
    [0.5, 'is no share'],
    [100, 'The share is 1 % already.'],
  ])('refuses a share of %d by hand', (shareBasisPoints, why) => {
    const driven = begun();
    const before = driven.state;
    expect(canDo(before, driven.operation('set_share', { shareBasisPoints }))).toContain(why);
    expect(driven.operate('set_share', 5, { shareBasisPoints })).toEqual([]);
    expect(driven.state).toBe(before);
  });

  it('says what is not possible, and what is', () => {
    const driven = begun();
    driven.operate('pause');
    expect(canDo(driven.state, driven.operation('advance'))).toBe(
      'The migration is paused and cannot advance. Possible now: resume, set_share, roll_back, abort.',
    );
  });
});

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
  fc.record({ type: fc.constantFrom('switched' as const, 'rolled_back' as const), at }),
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
    startsAt: fc.option(at, { nil: null }),
  })
  .map(({ onBreach, approval, startsAt }) => planWith({ onBreach, startsAt, steps: hourly({ approval }) }));

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
        const asked = kinds(driven.effects);
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

it('a migration’s memory is bounded', () => {
  const driven = begun();
  for (let no = 0; no < 500; no++) driven.operate('set_share', no, { shareBasisPoints: 1 + (no % 99) });
  expect(driven.state.history).toHaveLength(MOST_HISTORY);
  expect(driven.state.operations).toHaveLength(MOST_OPERATIONS);
});
