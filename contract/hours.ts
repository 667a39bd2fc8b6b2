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

export const timeZoneSchema = z
  .string()
  .refine(isTimeZone, 'must be an IANA time zone, for example America/Chicago');

/** A calendar day that exists. */
export const dateSchema = z.iso.date('must be a day as YYYY-MM-DD');

const MUST_CLOSE_LATER = 'must close after it opens; split a night into two days';
const closesLater = (opening: { readonly from: string; readonly to: string }): boolean =>
  opening.from < opening.to;

export const hoursSchema = z.strictObject({
  timeZone: timeZoneSchema,
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

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
