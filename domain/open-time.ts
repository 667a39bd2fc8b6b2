import { IANAZone } from 'luxon';
import { openingsByDay, type Hours, type Span, type Weekday } from './hours';

const MINUTE = 60_000;
/** Clocks change at whole quarters of an hour, and every zone's days begin with one. */
const QUARTER = 15 * MINUTE;
const DAY = 86_400_000;

/**
 * How long it is open between two instants, in milliseconds: what {@link isOpen} would say of each of them, added up. An
 * hour that occurs twice counts twice, one that is skipped not at all.
 * @param hours `null`: always open
 * @param from milliseconds since 1970
 * @param to exclusive
 * @throws RangeError on an unknown zone
 */
export function openTime(hours: Hours | null, from: number, to: number): number {
  if (from >= to) return 0;
  if (hours === null) return to - from;
  const zone = IANAZone.create(hours.timeZone);
  if (!zone.isValid) throw new RangeError(`"${hours.timeZone}" is no time zone`);
  const openingsOf = openingsByDay(hours);
  let open = 0;
  for (const { from: start, to: end, offset } of stretches(zone, from, to))
    for (const { date, weekday, begins, ends } of localDays(start + offset, end + offset))
      for (const span of joined(openingsOf({ date, weekday })))
        open += Math.max(0, Math.min(ends, span.to) - Math.max(begins, span.from));
  return open;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  /** What local clocks are ahead of UTC, in milliseconds. */
  readonly offset: number;
}

/** Stretches in which a zone's clocks do not change: days, and quarters of an hour of the days on which they do. */
function* stretches(zone: IANAZone, from: number, to: number): Generator<Stretch> {
  for (let at = from; at < to; ) {
    const end = Math.min(to, nextMultiple(at, DAY));
    const offset = zone.offset(at) * MINUTE;
    if (offset === zone.offset(end) * MINUTE) yield { from: at, to: end, offset };
    else
      for (let part = at; part < end; part = nextMultiple(part, QUARTER))
        yield {
          from: part,
          to: Math.min(end, nextMultiple(part, QUARTER)),
          offset: zone.offset(part) * MINUTE,
        };
    at = end;
  }
}

function nextMultiple(at: number, step: number): number {
  return (Math.floor(at / step) + 1) * step;
}

interface LocalPart {
  readonly date: string;
  readonly weekday: Weekday;
  /** Milliseconds of the day. */
  readonly begins: number;
  readonly ends: number;
}

/** The local days of a stretch, told by what a clock shows, as if it were UTC. */
function* localDays(from: number, to: number): Generator<LocalPart> {
  for (let at = from; at < to; at = nextMultiple(at, DAY)) {
    const midnight = Math.floor(at / DAY) * DAY;
    const day = new Date(midnight);
    yield {
      date: day.toISOString().slice(0, 10),
      weekday: (day.getUTCDay() === 0 ? 7 : day.getUTCDay()) as Weekday,
      begins: at - midnight,
      ends: Math.min(to - midnight, DAY),
    };
  }
}

/** Spans as milliseconds of the day, those that overlap as one. */
function joined(spans: readonly Span[]): readonly { readonly from: number; readonly to: number }[] {
  const apart: { from: number; to: number }[] = [];
  for (const { from, to } of spans.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const span = { from: ofDay(from), to: ofDay(to) };
    const last = apart.at(-1);
    if (last !== undefined && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else apart.push(span);
  }
  return apart;
}

/** `HH:MM` as milliseconds of the day. */
function ofDay(clock: string): number {
  const [hour = 0, minute = 0] = clock.split(':').map(Number);
  return (hour * 60 + minute) * MINUTE;
}
