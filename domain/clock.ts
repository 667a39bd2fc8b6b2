import { DateTime } from 'luxon';
import type { ClockZone } from './condition';
import type { Weekday } from './hours';

/** What a clock on the wall shows. */
export interface LocalTime {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly weekday: Weekday;
  /** `HH:MM:SS`, `00:00:00` to `23:59:59`; compares as text with `HH:MM` and `24:00`. */
  readonly clock: string;
}

/** One instant, read on the clocks that a campaign's hours and conditions name. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly instant: number;
  /**
   * @returns `null` when the caller's zone is asked for and nobody knows it.
   * @throws RangeError on an unknown zone.
   */
  local(zone: ClockZone): LocalTime | null;
  /**
   * @param timeZone IANA zone.
   * @throws RangeError on an unknown zone.
   */
  localIn(timeZone: string): LocalTime;
  /** Whether the campaign has a holiday on the day that clock shows; `false` on a clock nobody knows. */
  isHoliday(zone: ClockZone): boolean;
}

/** What a clock needs to know of the call and its campaign. */
export interface ClockSettings {
  /** ISO 8601 instant. */
  readonly at: string;
  /** The campaign's IANA zone. */
  readonly timeZone: string;
  /** IANA zone; `null`: unknown. */
  readonly callerTimeZone: string | null;
  /** The campaign's, `YYYY-MM-DD`. */
  readonly holidays: readonly string[];
}

/**
 * Converts one instant for everybody who asks. Each zone is converted once, however many buyers are in it: a
 * conversion costs about as much as looking at 20 buyers.
 * @throws RangeError on a malformed instant.
 */
export function createClock({ at, timeZone, callerTimeZone, holidays }: ClockSettings): Clock {
  const instant = readInstant(at);
  const known = new Map<string, LocalTime>();
  let days: ReadonlySet<string> | null = null;

  const localIn = (zone: string): LocalTime => {
    const before = known.get(zone);
    if (before !== undefined) return before;
    const local = localTime(instant, zone);
    known.set(zone, local);
    return local;
  };
  const local = (zone: ClockZone): LocalTime | null => {
    if (zone === 'campaign') return localIn(timeZone);
    if (zone === 'caller') return callerTimeZone === null ? null : localIn(callerTimeZone);
    return localIn(zone.timeZone);
  };
  return {
    instant,
    local,
    localIn,
    isHoliday(zone) {
      const today = local(zone);
      days ??= new Set(holidays);
      return today !== null && days.has(today.date);
    },
  };
}

/**
 * @param at ISO 8601 instant.
 * @returns milliseconds since 1970.
 * @throws RangeError when it is none.
 */
export function readInstant(at: string): number {
  const instant = DateTime.fromISO(at, { zone: 'utc' });
  if (!instant.isValid) {
    throw new RangeError(`"${at}" is not an instant: ${instant.invalidExplanation ?? instant.invalidReason}`);
  }
  return instant.toMillis();
}

/**
 * @param instant milliseconds since 1970.
 * @throws RangeError on an unknown zone.
 */
export function localTime(instant: number, timeZone: string): LocalTime {
  const local = DateTime.fromMillis(instant, { zone: timeZone });
  if (!local.isValid) {
    throw new RangeError(
      `Cannot tell the time in zone ${timeZone}: ${local.invalidExplanation ?? local.invalidReason}`,
    );
  }
  return {
    date: local.toISODate(),
    weekday: local.weekday,
    clock: `${twoDigits(local.hour)}:${twoDigits(local.minute)}:${twoDigits(local.second)}`,
  };
}

/** The weekday before, on which a window over midnight began. */
export function dayBefore(weekday: Weekday): Weekday {
  return weekday === 1 ? 7 : ((weekday - 1) as Weekday);
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}
