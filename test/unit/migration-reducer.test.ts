import { canDo } from '../../domain/migration/operations';
import type { MigrationPlan, MigrationStep } from '../../domain/migration/plan';
import { MOST_HISTORY, MOST_OPERATIONS } from '../../domain/migration/state';
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

const begun = (changes: Partial<MigrationPlan> = {}): Driven => {
  const driven = new Driven(planWith({ steps: hourly(), ...changes }));
  driven.operate('start');
  return driven;
};

describe('a migration', () => {
  it('goes through its steps by itself, one when time, calls and guardrails allow it, and is completed', () => {
    const driven = begun();
    const shares = [driven.state.shareBasisPoints];
    for (let hour = 1; hour <= 5; hour++) {
      const effects = driven.look(hour * HOUR + hour, GOOD);
      expect(doings(effects)).toEqual(hour < 5 ? ['write_state'] : ['write_state', 'complete']);
      shares.push(driven.state.shareBasisPoints);
    }
    expect(shares).toEqual([100, 500, 2_500, 5_000, 10_000, 10_000]);
    expect(driven.state.phase).toEqual({ name: 'completing' });
    expect(doings(driven.send({ type: 'switched', at: after(6 * HOUR) }))).toEqual(['write_state', 'notify']);
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
    expect(driven.state.carried).toHaveLength(2);
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
    expect(doings(effects)).toEqual(['write_state', 'roll_back', 'notify']);
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
    expect(doings(driven.look(30, BAD))).toEqual(['write_state', 'notify']);
    expect(driven.state).toMatchObject({ shareBasisPoints: 100, phase: { name: 'holding' } });
    expect(driven.look(HOUR, GOOD)).toEqual([]);
    expect(driven.state.phase.name).toBe('holding');
    driven.operate('resume', 2 * HOUR);
    expect(driven.state).toMatchObject({
      phase: { name: 'running' },
      shareBasisPoints: 100,
      comparison: { no: 2, since: after(2 * HOUR) },
      judgements: [],
      carried: [],
    });
  });

  it('asks for approval of a step when nothing else is missing, and begins it when approved', () => {
    const driven = begun({ steps: hourly({ approval: true }) });
    driven.look(30, GOOD);
    expect(driven.state.phase.name).toBe('running');
    expect(canDo(driven.state, driven.operation('approve'))).toContain('cannot be approved');
    expect(doings(driven.look(HOUR, GOOD))).toEqual(['write_state', 'notify']);
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

it('a migration’s memory is bounded', () => {
  const driven = begun();
  for (let no = 0; no < 500; no++) driven.operate('set_share', no, { shareBasisPoints: 1 + (no % 99) });
  expect(driven.state.history).toHaveLength(MOST_HISTORY);
  expect(driven.state.operations).toHaveLength(MOST_OPERATIONS);
});
