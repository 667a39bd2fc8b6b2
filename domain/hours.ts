import { localTime, readInstant, type Clock, type LocalTime } from './clock';

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
 * one that is skipped never comes. A holiday's openings replace those of its weekday.
 * @param at ISO 8601 instant.
 * @throws RangeError on an unknown zone or a malformed instant.
 */
export function isOpen(hours: Hours, at: string): boolean {
  return timetableOf(hours)(localTime(readInstant(at), hours.timeZone));
}

/**
 * {@link isOpen} at a clock's instant, for whoever asks about many hours at once.
 * @throws RangeError on an unknown zone.
 */
export function isOpenBy(hours: Hours, clock: Clock): boolean {
  return timetableOf(hours)(clock.localIn(hours.timeZone));
}

/** Tells whether it is open at a local time of the hours it was made of. */
export type Timetable = (local: LocalTime) => boolean;

/** Hours are configuration, and never change: what they were made into is kept as long as they are. */
const timetables = new WeakMap<Hours, Timetable>();

/** Sorts openings by day once, so that a week of split days and years of holidays cost no more than one opening. */
export function timetableOf(hours: Hours): Timetable {
  const known = timetables.get(hours);
  if (known !== undefined) return known;
  const timetable = makeTimetable(hours);
  timetables.set(hours, timetable);
  return timetable;
}

/** A stretch of a local day on the clock on the wall: `HH:MM`, the end exclusive. */
export type Span = Pick<Opening, 'from' | 'to'>;

/** The openings of a local day, in no order; a holiday's own take the place of its weekday's. */
export function openingsByDay({
  openings,
  holidays,
}: Pick<Hours, 'openings' | 'holidays'>): (day: Pick<LocalTime, 'date' | 'weekday'>) => readonly Span[] {
  const week: Span[][] = [];
  for (const opening of openings) (week[opening.weekday] ??= []).push(opening);
  const days = new Map<string, Span[]>();
  for (const { date, openings: ofDay } of holidays) days.set(date, [...(days.get(date) ?? []), ...ofDay]);
  return ({ date, weekday }) => (days.size > 0 ? days.get(date) : undefined) ?? week[weekday] ?? NEVER;
}

const NEVER: readonly Span[] = [];

function makeTimetable(hours: Hours): Timetable {
  const openingsOf = openingsByDay(hours);
  return (local) => {
    for (const { from, to } of openingsOf(local)) if (from <= local.clock && local.clock < to) return true;
    return false;
  };
}
