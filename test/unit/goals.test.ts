import { goalBeside, type Goal, type GoalFigures } from '../../domain/goals/goal';
import { goalPeriod, openSoFar, progressOf } from '../../domain/goals/progress';
import type { Hours, Weekday } from '../../domain/hours';

const GOAL: Goal = { period: 'week', calls: 100, costPerCall: 10_000_000n, conversionRate: 0.5 };
const figures = (received: bigint, more: Partial<GoalFigures> = {}): GoalFigures => ({
  received,
  costPerCall: 10_000_000n,
  conversionRate: 0.5,
  ...more,
});
const NOTHING: GoalFigures = { received: 0n, costPerCall: null, conversionRate: null };

/** Monday to Friday, eight hours each. */
const OFFICE: Hours = {
  timeZone: 'America/Chicago',
  openings: [1, 2, 3, 4, 5].map((weekday) => ({ weekday: weekday as Weekday, from: '09:00', to: '17:00' })),
  holidays: [{ date: '2026-03-06', openings: [] }],
};

describe('progress towards a goal', () => {
  const pace = (received: bigint): unknown =>
    progressOf(GOAL, { passed: 40, of: 100 }, figures(received)).calls?.pace;

  it('is expected by the share of open time that has passed', () => {
    const progress = progressOf(GOAL, { passed: 1, of: 4 }, figures(20n));
    expect(progress.share).toBe(0.25);
    expect(progress.calls).toEqual({
      goal: 100,
      received: 20n,
      expected: 25,
      ahead: -5,
      pace: 'behind',
      projected: 80,
    });
  });

  it('is on the goal within a twentieth of what is expected', () => {
    expect([37n, 38n, 40n, 42n, 43n].map(pace)).toEqual(['behind', 'on', 'on', 'on', 'ahead']);
  });

  it('is on the goal within one call, where few are expected', () => {
    const few = { ...GOAL, calls: 10 };
    const paces = [2n, 3n, 4n, 5n, 6n].map(
      (received) => progressOf(few, { passed: 40, of: 100 }, figures(received)).calls?.pace,
    );
    expect(paces).toEqual(['behind', 'on', 'on', 'on', 'ahead']);
  });

  it('is ahead where a call costs less, or more of them convert', () => {
    const better = progressOf(
      GOAL,
      { passed: 1, of: 2 },
      figures(50n, { costPerCall: 9_000_000n, conversionRate: 0.6 }),
    );
    expect(better.costPerCall).toMatchObject({ over: -1_000_000n, pace: 'ahead' });
    expect(better.conversionRate).toMatchObject({ delta: 0.1, pace: 'ahead' });
    const worse = progressOf(
      GOAL,
      { passed: 1, of: 2 },
      figures(50n, { costPerCall: 11_000_000n, conversionRate: 0.4 }),
    );
    expect(worse.costPerCall).toMatchObject({ over: 1_000_000n, pace: 'behind' });
    expect(worse.conversionRate).toMatchObject({ delta: -0.1, pace: 'behind' });
  });

  it('says nothing where there is nothing to divide by', () => {
    const notYet = progressOf(GOAL, { passed: 0, of: 10 }, NOTHING);
    expect(notYet.calls).toMatchObject({ expected: 0, pace: 'on', projected: null });
    expect(notYet.costPerCall).toMatchObject({ soFar: null, over: null, pace: null });
    expect(notYet.conversionRate).toMatchObject({ soFar: null, delta: null, pace: null });
    const never = progressOf(GOAL, { passed: 0, of: 0 }, figures(3n));
    expect(never.share).toBeNull();
    expect(never.calls).toMatchObject({ expected: null, ahead: null, pace: null, projected: null });
  });

  it('is only of what the goal names', () => {
    const one = progressOf({ ...GOAL, calls: null, costPerCall: null }, { passed: 1, of: 2 }, figures(1n));
    expect([one.calls, one.costPerCall]).toEqual([null, null]);
  });
});

describe('the period of a goal', () => {
  it('is that of the campaign’s own clock', () => {
    const at = Date.parse('2026-03-09T04:30:00Z'); // Sunday evening in Chicago
    const { days, startsAt, endsAt } = goalPeriod(GOAL, 'America/Chicago', at);
    expect(days).toEqual({ from: '2026-03-02', to: '2026-03-09' });
    // Clocks have gone forward on Sunday.
    expect([startsAt, endsAt].map((each) => new Date(each).toISOString())).toEqual([
      '2026-03-02T06:00:00.000Z',
      '2026-03-09T05:00:00.000Z',
    ]);
  });

  it('is open by hours and holidays, in the zone of the hours', () => {
    const at = Date.parse('2026-03-04T19:00:00Z'); // Wednesday, 13:00
    const period = goalPeriod(GOAL, 'America/Chicago', at);
    const hour = 3_600_000;
    expect(openSoFar(OFFICE, period, at)).toEqual({ passed: 20 * hour, of: 32 * hour });
    expect(openSoFar(null, period, at)).toEqual({ passed: 61 * hour, of: 167 * hour });
  });
});

describe('a goal beside a row', () => {
  it('expects as many calls as the row has periods', () => {
    expect(goalBeside(GOAL, figures(30n), 3)).toEqual({
      calls: 300,
      callsShare: 0.1,
      costPerCall: 10_000_000n,
      costPerCallOver: 0n,
      conversionRate: 0.5,
      conversionRateDelta: 0,
    });
  });

  it('expects none in part of one, and compares the rest all the same', () => {
    expect(goalBeside(GOAL, figures(30n, { conversionRate: 0.3 }), null)).toMatchObject({
      calls: null,
      callsShare: null,
      conversionRateDelta: -0.2,
    });
  });
});
