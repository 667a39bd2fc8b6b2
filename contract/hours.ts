import { z } from 'zod';
import type { Hours, Weekday } from '../domain/hours';

export const clockSchema = z
  .string()
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be HH:MM, up to 24:00');

export const weekdaySchema = z
  .int()
  .min(1)
  .max(7)
  .transform((day) => day as Weekday);

/** A zone that PostgreSQL has to work with too. */
export const timeZoneSchema = z
  .string()
  .refine(
    isTimeZone,
    'must be an IANA time zone, for example America/Chicago; by a place where there is a short name too: Europe/Brussels rather than CET',
  );

/** A zone whose time is told here alone; also of what was kept before short names were refused. */
export const knownTimeZoneSchema = z
  .string()
  .refine(isKnown, 'must be an IANA time zone, for example America/Chicago');

/** A calendar day that exists. */
export const dateSchema = z.iso.date('must be a day as YYYY-MM-DD');

const MUST_CLOSE_LATER = 'must close after it opens; split a night into two days';
const closesLater = (opening: { readonly from: string; readonly to: string }): boolean =>
  opening.from < opening.to;

export const hoursSchema = z.strictObject({
  timeZone: knownTimeZoneSchema,
  openings: z
    .array(
      z
        .strictObject({ weekday: weekdaySchema, from: clockSchema, to: clockSchema })
        .refine(closesLater, MUST_CLOSE_LATER),
    )
    .max(200),
  holidays: z
    .array(
      z.strictObject({
        date: dateSchema,
        openings: z
          .array(z.strictObject({ from: clockSchema, to: clockSchema }).refine(closesLater, MUST_CLOSE_LATER))
          .max(20),
      }),
    )
    .max(400)
    .default([]),
}) satisfies z.ZodType<Hours>;

/** Names that Node still knows and the time zone database does not, nor PostgreSQL. */
const GONE = /^(?:SystemV\/.*|US\/Pacific-New|Canada\/East-Saskatchewan)$/i;

/**
 * Whether Node and PostgreSQL take a name for the same zone. PostgreSQL takes short names for abbreviations first: CET is an
 * hour ahead of UTC all the year, IST is Israel's; Node knows some it does not, as AET.
 */
function isTimeZone(name: string): boolean {
  return (name === 'UTC' || name.includes('/')) && !GONE.test(name) && isKnown(name);
}

function isKnown(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
