import fc from 'fast-check';
import { DateTime } from 'luxon';
import { isOpen, type Hours, type Weekday } from '../../domain/hours';
import { openTime } from '../../domain/open-time';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Zones whose clocks change by an hour, by half of one, at midnight, or never; one a quarter off. */
const ZONES = [
  'UTC',
  'America/New_York',
  'America/Havana',
  'America/Santiago',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
];

const NIGHTS = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-11-01', '2026-06-10'];

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

const spanArb = fc
  .tuple(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 1, max: 1440 }))
  .filter(([from, to]) => from < to)
  .map(([from, to]) => ({ from: clock(from), to: clock(to) }));

const hoursArb: fc.Arbitrary<Hours> = fc.record({
  timeZone: fc.constantFrom(...ZONES),
  openings: fc.array(
    fc
      .tuple(fc.integer({ min: 1, max: 7 }), spanArb)
      .map(([weekday, span]) => ({ weekday: weekday as Weekday, ...span })),
    { maxLength: 12 },
  ),
  holidays: fc.array(
    fc.record({ date: fc.constantFrom(...NIGHTS), openings: fc.array(spanArb, { maxLength: 2 }) }),
    { maxLength: 2 },
  ),
});

/** What a clock that is looked at every minute says. */
function lookedAt(hours: Hours, from: number, to: number): number {
  let open = 0;
  for (let at = from; at < to; at += MINUTE) if (isOpen(hours, new Date(at).toISOString())) open += MINUTE;
  return open;
}

describe('open time', () => {
  it('is what a look at the clock every minute adds up to, on nights when clocks change too', () => {
    fc.assert(
      fc.property(
        hoursArb,
        fc.constantFrom(...NIGHTS),
        fc.integer({ min: -900, max: 900 }),
        fc.integer({ min: 0, max: 2_000 }),
        (hours, night, before, minutes) => {
          const from = Date.parse(night) + before * MINUTE;
          const to = from + minutes * MINUTE;
          expect(openTime(hours, from, to)).toBe(lookedAt(hours, from, to));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('adds up: of two parts it is that of the whole', () => {
    fc.assert(
      fc.property(hoursArb, fc.nat(60 * 86_400), fc.nat(20 * 86_400), (hours, first, second) => {
        const from = Date.parse('2026-03-01T00:00:07.123Z');
        const middle = from + first * 1000;
        const to = middle + second * 1000;
        expect(openTime(hours, from, middle) + openTime(hours, middle, to)).toBe(openTime(hours, from, to));
      }),
      { numRuns: 50 },
    );
  });

  it('is all of the time where there are no hours, and none where there are no openings', () => {
    const from = Date.parse('2026-03-02T00:00:00Z');
    expect(openTime(null, from, from + HOUR)).toBe(HOUR);
    expect(openTime({ timeZone: 'UTC', openings: [], holidays: [] }, from, from + HOUR)).toBe(0);
    expect(openTime(null, from, from - HOUR)).toBe(0);
  });

  it('counts the hour that comes twice twice, and the one that is skipped not at all', () => {
    const nights: Hours = {
      timeZone: 'America/New_York',
      openings: [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({
        weekday: weekday as Weekday,
        from: '00:00',
        to: '06:00',
      })),
      holidays: [],
    };
    const day = (date: string): [number, number] => [
      DateTime.fromISO(date, { zone: nights.timeZone }).toMillis(),
      DateTime.fromISO(date, { zone: nights.timeZone }).plus({ days: 1 }).toMillis(),
    ];
    expect(openTime(nights, ...day('2026-03-07'))).toBe(6 * HOUR);
    expect(openTime(nights, ...day('2026-03-08'))).toBe(5 * HOUR);
    expect(openTime(nights, ...day('2026-11-01'))).toBe(7 * HOUR);
  });

  it('refuses a zone that does not exist', () => {
    expect(() => openTime({ timeZone: 'Mars/Olympus', openings: [], holidays: [] }, 0, 1)).toThrow(
      RangeError,
    );
  });
});
