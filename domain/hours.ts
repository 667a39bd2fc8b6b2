import { DateTime } from 'luxon';

/** ISO weekday: 1 is Monday, 7 is Sunday. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** One opening on one weekday in local wall-clock time; several a day make a split day. `24:00` closes at midnight. */
export interface Opening {
  readonly weekday: Weekday;
  /** `HH:MM`, inclusive. */
  readonly from: string;
  /** `HH:MM`, exclusive; `24:00` for the end of the day. */
  readonly to: string;
}

/** One day on which the week does not apply. No openings: closed all day. */
export interface HolidayHours {
  /** Local calendar day, `YYYY-MM-DD`. */
  readonly date: string;
  readonly openings: readonly { readonly from: string; readonly to: string }[];
}

/** When somebody takes calls. No openings at all means never; no `Hours` at all means always. */
export interface Hours {
  /** IANA zone, for example `America/Chicago`. */
  readonly timeZone: string;
  readonly openings: readonly Opening[];
  /** Days that replace their weekday. */
  readonly holidays: readonly HolidayHours[];
}

/**
 * Whether `hours` are open at an instant. Openings are wall-clock times, so on the nights the clock changes an
 * opening is open whenever a clock on the wall would show a time inside it: an hour that occurs twice is open twice,
 * one that is skipped never comes.
 * @param at ISO 8601 instant.
 * @throws RangeError on an unknown zone or a malformed instant.
 */
export function isOpen(hours: Hours, at: string): boolean {
  const local = DateTime.fromISO(at, { zone: hours.timeZone });
  if (!local.isValid) {
    throw new RangeError(
      `Cannot read ${at} in time zone ${hours.timeZone}: ${local.invalidExplanation ?? local.invalidReason}`,
    );
  }
  const clock = local.toFormat('HH:mm:ss');
  return hours.openings.some(
    (opening) => opening.weekday === local.weekday && opening.from <= clock && clock < opening.to,
  );
}
