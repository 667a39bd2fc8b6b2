import { DateTime } from 'luxon';
import fc from 'fast-check';
import {
  CALENDAR_PERIODS,
  lastDays,
  namedRange,
  periodOf,
  startOfDay,
  wholePeriods,
} from '../../domain/report/calendar';

const dateArb = fc
  .integer({ min: 0, max: 20_000 })
  .map((days) => DateTime.fromISO('2000-01-01', { zone: 'utc' }).plus({ days }));

describe('ranges as of a day', () => {
  it('are those of the local calendar, with weeks from Monday', () => {
    // A Tuesday.
    expect(namedRange('today', '2026-03-31')).toEqual({ from: '2026-03-31', to: '2026-04-01' });
    expect(namedRange('yesterday', '2026-03-01')).toEqual({ from: '2026-02-28', to: '2026-03-01' });
    expect(namedRange('this_week', '2026-03-31')).toEqual({ from: '2026-03-30', to: '2026-04-06' });
    expect(namedRange('last_week', '2026-03-31')).toEqual({ from: '2026-03-23', to: '2026-03-30' });
    expect(namedRange('this_month', '2026-03-31')).toEqual({ from: '2026-03-01', to: '2026-04-01' });
    expect(namedRange('last_month', '2026-03-31')).toEqual({ from: '2026-02-01', to: '2026-03-01' });
    expect(namedRange('last_month', '2026-01-15')).toEqual({ from: '2025-12-01', to: '2026-01-01' });
    expect(namedRange('last_month', '2024-03-30')).toEqual({ from: '2024-02-01', to: '2024-03-01' });
  });

  it('of so many days end with the day of asking', () => {
    expect(lastDays(1, '2026-03-01')).toEqual({ from: '2026-03-01', to: '2026-03-02' });
    expect(lastDays(30, '2026-03-01')).toEqual({ from: '2026-01-31', to: '2026-03-02' });
  });
});

describe('periods', () => {
  it('are those another calendar knows', () => {
    fc.assert(
      fc.property(dateArb, fc.constantFrom(...CALENDAR_PERIODS), (day, period) => {
        expect(periodOf(period, day.toISODate() ?? '')).toEqual({
          from: day.startOf(period).toISODate(),
          to: day
            .startOf(period)
            .plus({ [period]: 1 })
            .toISODate(),
        });
      }),
    );
  });

  it('are counted only where they are whole', () => {
    fc.assert(
      fc.property(dateArb, fc.constantFrom(...CALENDAR_PERIODS), fc.nat(30), (day, period, count) => {
        const from = day.startOf(period);
        const days = {
          from: from.toISODate() ?? '',
          to: from.plus({ [period]: count }).toISODate() ?? '',
        };
        expect(wholePeriods(period, days)).toBe(count);
      }),
    );
    expect(wholePeriods('week', { from: '2026-03-03', to: '2026-03-10' })).toBeNull();
    expect(wholePeriods('month', { from: '2026-03-01', to: '2026-03-31' })).toBeNull();
  });
});

describe('the beginning of a day', () => {
  const at = (date: string, zone: string): string => new Date(startOfDay(date, zone)).toISOString();

  it('is the first instant whose local date it is', () => {
    expect(at('2026-03-08', 'America/New_York')).toBe('2026-03-08T05:00:00.000Z');
    // Clocks there go from 00:00 to 01:00, so there is no midnight.
    expect(at('2026-03-29', 'Asia/Beirut')).toBe('2026-03-28T22:00:00.000Z');
    // They go from 01:00 back to 00:00, so there are two midnights; the day begins with the first.
    expect(at('2026-11-01', 'America/Havana')).toBe('2026-11-01T04:00:00.000Z');
    // They go from 24:00 back to 23:00, which belongs to the day before.
    expect(at('2026-04-05', 'America/Santiago')).toBe('2026-04-05T04:00:00.000Z');
    expect(at('2026-03-02', 'Asia/Kathmandu')).toBe('2026-03-01T18:15:00.000Z');
  });

  it('refuses a zone that does not exist', () => {
    expect(() => startOfDay('2026-03-02', 'Mars/Olympus')).toThrow(RangeError);
  });
});
