import { DateTime } from 'luxon';
import { localTime } from '../clock';
import { unreachable } from '../exhaustive';

/*
 * Local days by their dates, `YYYY-MM-DD`: how long a day is on the clock does not matter to them.
 */

const DAY_MS = 86_400_000;
const QUARTER_MS = 900_000;

/** Stretches of the calendar that people speak of as of now. */
export const NAMED_RANGES = [
  'today',
  'yesterday',
  'this_week',
  'last_week',
  'this_month',
  'last_month',
] as const;
export type NamedRange = (typeof NAMED_RANGES)[number];

/** Days from the first up to, and without, the second. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

/** Parts of the calendar that follow each other without a gap. Weeks begin on Monday (ISO 8601). */
export const CALENDAR_PERIODS = ['day', 'week', 'month'] as const;
export type CalendarPeriod = (typeof CALENDAR_PERIODS)[number];

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

/** So many days, of which `today` is the last. */
export function lastDays(days: number, today: string): Days {
  return { from: addDays(today, 1 - days), to: addDays(today, 1) };
}

/** The period that a day is in. */
export function periodOf(period: CalendarPeriod, date: string): Days {
  switch (period) {
    case 'day':
      return { from: date, to: addDays(date, 1) };
    case 'week': {
      const day = new Date(date).getUTCDay();
      const monday = addDays(date, day === 0 ? -6 : 1 - day);
      return { from: monday, to: addDays(monday, 7) };
    }
    case 'month': {
      const [year = 0, month = 0] = date.split('-').map(Number);
      return {
        from: `${date.slice(0, 7)}-01`,
        to: new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10),
      };
    }
    default:
      return unreachable(period);
  }
}

/** The period before the one that a day is in. */
function periodBefore(period: CalendarPeriod, date: string): Days {
  return periodOf(period, addDays(periodOf(period, date).from, -1));
}

/** A named range as of a day. */
export function namedRange(name: NamedRange, today: string): Days {
  switch (name) {
    case 'today':
      return periodOf('day', today);
    case 'yesterday':
      return periodBefore('day', today);
    case 'this_week':
      return periodOf('week', today);
    case 'last_week':
      return periodBefore('week', today);
    case 'this_month':
      return periodOf('month', today);
    case 'last_month':
      return periodBefore('month', today);
    default:
      return unreachable(name);
  }
}

/** How many whole periods days are made of; `null`: they begin or end within one. */
export function wholePeriods(period: CalendarPeriod, { from, to }: Days): number | null {
  if (periodOf(period, from).from !== from || periodOf(period, to).from !== to) return null;
  switch (period) {
    case 'day':
    case 'week':
      return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS / (period === 'day' ? 1 : 7));
    case 'month': {
      const [year = 0, month = 0] = from.split('-').map(Number);
      const [toYear = 0, toMonth = 0] = to.split('-').map(Number);
      return 12 * (toYear - year) + toMonth - month;
    }
    default:
      return unreachable(period);
  }
}

/**
 * The first instant of a local day, in milliseconds since 1970: not midnight where the clocks skip it, and the first of
 * two where they go back across it.
 * @throws RangeError on an unknown zone
 */
export function startOfDay(date: string, zone: string): number {
  const shown = DateTime.fromISO(date, { zone });
  if (!shown.isValid) throw new RangeError(`There is no day ${date} in ${zone}`);
  let at = shown.toMillis();
  // Clocks change at whole quarters of an hour, and by three hours at most.
  while (localTime(at, zone).date < date) at += QUARTER_MS;
  while (localTime(at - QUARTER_MS, zone).date >= date) at -= QUARTER_MS;
  return at;
}
