import { createClock, dayBefore, localTime, readInstant } from '../../domain/clock';
import { isOpen, isOpenBy, type Hours, type Weekday } from '../../domain/hours';
import { hoursOn } from './routing-samples';

const NEW_YORK = 'America/New_York';
const MINUTE = 60_000;

describe('hours', () => {
  it('open at the first second and close at the last one, in their own zone', () => {
    const monday = hoursOn(1, '09:00', '17:30', NEW_YORK);
    expect(isOpen(monday, '2026-01-05T13:59:59Z')).toBe(false);
    expect(isOpen(monday, '2026-01-05T14:00:00Z')).toBe(true);
    expect(isOpen(monday, '2026-01-05T22:29:59Z')).toBe(true);
    expect(isOpen(monday, '2026-01-05T22:30:00Z')).toBe(false);
  });

  it('are open twice in the hour that comes twice, and never in the one that is skipped', () => {
    const autumn = hoursOn(7, '01:00', '02:00', NEW_YORK);
    expect(isOpen(autumn, '2026-11-01T05:30:00Z')).toBe(true);
    expect(isOpen(autumn, '2026-11-01T06:30:00Z')).toBe(true);
    expect(isOpen(autumn, '2026-11-01T07:00:00Z')).toBe(false);
    const spring = hoursOn(7, '02:00', '03:00', NEW_YORK);
    for (let minute = 0; minute < 24 * 60; minute += 10) {
      const at = new Date(Date.parse('2026-03-08T05:00:00Z') + minute * MINUTE).toISOString();
      expect(isOpen(spring, at)).toBe(false);
    }
  });

  it('know zones with half an hour', () => {
    const monday = hoursOn(1, '00:00', '24:00', 'Asia/Kolkata');
    expect(isOpen(monday, '2026-01-04T18:30:00Z')).toBe(true);
    expect(isOpen(monday, '2026-01-04T18:29:59Z')).toBe(false);
  });

  it('know split days', () => {
    const split: Hours = {
      timeZone: 'UTC',
      openings: [
        { weekday: 1, from: '08:00', to: '12:00' },
        { weekday: 1, from: '13:00', to: '18:00' },
      ],
      holidays: [],
    };
    const open = ['07:59', '08:00', '11:59', '12:00', '12:59', '13:00', '17:59', '18:00'].map((clock) =>
      isOpen(split, `2026-01-05T${clock}:00Z`),
    );
    expect(open).toEqual([false, true, true, false, false, true, true, false]);
  });

  it('have holidays in place of their weekday, on the day of their own clock', () => {
    const hours: Hours = {
      ...hoursOn(4, '09:00', '17:00', 'America/Los_Angeles'),
      holidays: [
        { date: '2026-12-24', openings: [{ from: '09:00', to: '12:00' }] },
        { date: '2026-12-25', openings: [] },
        { date: '2026-12-27', openings: [{ from: '20:00', to: '24:00' }] },
      ],
    };
    expect(isOpen(hours, '2026-12-24T19:59:59Z')).toBe(true);
    expect(isOpen(hours, '2026-12-24T20:00:00Z')).toBe(false);
    expect(isOpen(hours, '2026-12-17T20:00:00Z')).toBe(true);
    // A Sunday, on which the week has nothing; the day is over at midnight in Los Angeles, not in London.
    expect(isOpen(hours, '2026-12-28T07:59:59Z')).toBe(true);
    expect(isOpen(hours, '2026-12-28T08:00:00Z')).toBe(false);
  });

  it('of a holiday that is written twice are those of both entries', () => {
    const hours: Hours = {
      timeZone: 'UTC',
      openings: [],
      holidays: [
        { date: '2026-01-05', openings: [{ from: '08:00', to: '09:00' }] },
        { date: '2026-01-05', openings: [{ from: '10:00', to: '11:00' }] },
      ],
    };
    expect(['08:30', '09:30', '10:30'].map((clock) => isOpen(hours, `2026-01-05T${clock}:00Z`))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('refuse a zone that does not exist, and a time that is none', () => {
    const nowhere = hoursOn(1, '00:00', '24:00', 'Mars/Olympus');
    expect(() => isOpen(nowhere, '2026-01-04T18:30:00Z')).toThrow(RangeError);
    expect(() => isOpen(hoursOn(1, '00:00', '24:00', 'UTC'), 'noon')).toThrow(RangeError);
  });
});

describe('hours over a change of the clock', () => {
  const openings = [
    { weekday: 6 as Weekday, from: '18:00', to: '24:00' },
    { weekday: 7 as Weekday, from: '00:00', to: '00:30' },
    { weekday: 7 as Weekday, from: '01:15', to: '01:45' },
    { weekday: 7 as Weekday, from: '01:50', to: '02:10' },
    { weekday: 7 as Weekday, from: '02:30', to: '03:15' },
  ];

  /** What a clock on the wall shows, read by nothing that the hours use. */
  function wall(timeZone: string): (at: number) => { weekday: string; clock: string; offset: string } {
    const format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
    return (at) => {
      const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
      return {
        weekday: parts.get('weekday') ?? '',
        clock: `${parts.get('hour') ?? ''}:${parts.get('minute') ?? ''}`,
        offset: parts.get('timeZoneName') ?? '',
      };
    };
  }
  const NAMES: Record<Weekday, string> = {
    1: 'Mon',
    2: 'Tue',
    3: 'Wed',
    4: 'Thu',
    5: 'Fri',
    6: 'Sat',
    7: 'Sun',
  };

  it.each([
    // Half an hour of daylight saving, and offsets of half an hour with a whole one.
    ['Australia/Lord_Howe', 'GMT+10:30 GMT+11:00', '2026-04-04', '2026-10-03'],
    ['America/St_Johns', 'GMT-02:30 GMT-03:30', '2026-03-07', '2026-10-31'],
    ['Australia/Adelaide', 'GMT+09:30 GMT+10:30', '2026-04-04', '2026-10-03'],
    ['America/New_York', 'GMT-04:00 GMT-05:00', '2026-03-07', '2026-10-31'],
    // No change at all, at half past.
    ['Asia/Kolkata', 'GMT+05:30', '2026-03-28', '2026-10-24'],
  ])('are those a clock on the wall shows, minute by minute: %s', (timeZone, offsets, ...saturdays) => {
    const hours: Hours = { timeZone, openings, holidays: [] };
    const shown = wall(timeZone);
    for (const saturday of saturdays) {
      const seen = new Set<string>();
      const begin = Date.parse(`${saturday}T00:00:00Z`) - 12 * 60 * MINUTE;
      for (let at = begin; at < begin + 72 * 60 * MINUTE; at += MINUTE) {
        const { weekday, clock, offset } = shown(at);
        seen.add(offset);
        const expected = openings.some(
          (opening) => NAMES[opening.weekday] === weekday && opening.from <= clock && clock < opening.to,
        );
        const instant = new Date(at).toISOString();
        if (isOpen(hours, instant) !== expected)
          throw new Error(`${instant} (${weekday} ${clock}): ${expected}`);
      }
      expect([...seen].toSorted().join(' ')).toBe(offsets);
    }
  });
});

describe('a clock', () => {
  const clock = createClock({
    at: '2026-01-01T04:30:00.999Z',
    timeZone: NEW_YORK,
    callerTimeZone: 'Asia/Kolkata',
    holidays: ['2026-01-01'],
  });

  it('tells the time in the campaign’s zone, the caller’s and any other', () => {
    expect(clock.local('campaign')).toEqual({ date: '2025-12-31', weekday: 3, clock: '23:30:00' });
    expect(clock.local('caller')).toEqual({ date: '2026-01-01', weekday: 4, clock: '10:00:00' });
    expect(clock.local({ timeZone: 'UTC' })).toEqual({ date: '2026-01-01', weekday: 4, clock: '04:30:00' });
  });

  it('knows the campaign’s holidays on each of them', () => {
    expect(clock.isHoliday('campaign')).toBe(false);
    expect(clock.isHoliday('caller')).toBe(true);
  });

  it('converts a zone once', () => {
    expect(clock.localIn('UTC')).toBe(clock.local({ timeZone: 'UTC' }));
    expect(clock.localIn(NEW_YORK)).toBe(clock.local('campaign'));
  });

  it('does not guess a caller’s zone', () => {
    const unknown = createClock({
      at: '2026-01-01T04:30:00Z',
      timeZone: 'UTC',
      callerTimeZone: null,
      holidays: ['2026-01-01'],
    });
    expect(unknown.local('caller')).toBeNull();
    expect(unknown.isHoliday('caller')).toBe(false);
    expect(unknown.isHoliday('campaign')).toBe(true);
  });

  it('gives hours the same answer as they have by themselves', () => {
    const hours = hoursOn(3, '23:00', '24:00', NEW_YORK);
    expect(isOpenBy(hours, clock)).toBe(true);
    expect(isOpen(hours, '2026-01-01T04:30:00Z')).toBe(true);
  });

  it('refuses unknown zones and malformed instants', () => {
    expect(() => clock.localIn('Mars/Olympus')).toThrow(RangeError);
    expect(() => localTime(0, 'Mars/Olympus')).toThrow(RangeError);
    expect(() => readInstant('yesterday')).toThrow(RangeError);
  });

  it('knows the day before', () => {
    const days: Weekday[] = [1, 2, 3, 4, 5, 6, 7];
    expect(days.map(dayBefore)).toEqual([7, 1, 2, 3, 4, 5, 6]);
  });
});
