import { z } from 'zod';
import {
  GEOGRAPHY_FIELDS,
  HISTORY_EVENTS,
  SOURCE_FIELDS,
  type ClockZone,
  type Condition,
  type GeographyField,
  type TagTest,
} from '../domain/condition';
import type { BuyerId } from '../domain/ids';
import { clockSchema, knownTimeZoneSchema, weekdaySchema } from './hours';

const text = z.string().min(1).max(256);
/** A tag's name. What is stored may be older than the rule for new ones, which is the validator's of `domain/ivr`. */
export const tagSchema = z
  .string()
  .min(1)
  .max(64)
  .refine(
    (tag) => !/\p{Cc}/u.test(tag),
    'must be a tag: text of up to 64 characters without control characters',
  );

export const clockZoneSchema = z.union([
  z.literal('campaign'),
  z.literal('caller'),
  z.strictObject({ timeZone: knownTimeZoneSchema }),
]) satisfies z.ZodType<ClockZone>;

export const tagTestSchema = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('present') }),
  z.strictObject({ is: z.literal('one_of'), values: z.array(z.string().max(1024)).min(1).max(1000) }),
  z.strictObject({
    is: z.literal('between'),
    from: z.number().nullable().default(null),
    to: z.number().nullable().default(null),
  }),
]) satisfies z.ZodType<TagTest>;

const days = z.number().positive().max(3650);

/** Deeper than anybody means; a bound, so that a document cannot exhaust the stack. */
export const DEEPEST_CONDITION = 20;

/** What a place looks like, and what to write. Names that no caller can ever have would make a rule that never applies. */
const PLACES = {
  country: { like: /^[A-Za-z]{2}$/, write: 'must be a country in two letters, for example US' },
  state: {
    like: /^[A-Za-z]{2,3}$/,
    write: 'must be the abbreviation of a state or province, for example CA',
  },
  area_code: { like: /^\d{3}$/, write: 'must be the three digits of an area code, for example 415' },
  postal_code: {
    like: /^[A-Za-z0-9][A-Za-z0-9 -]{0,11}\*?$/,
    write: 'must be a postal code, or the beginning of one with a *, for example 94105 or 941*',
  },
} as const satisfies Record<GeographyField, { readonly like: RegExp; readonly write: string }>;

/** What a leaf of {@link conditionSchema} may be. */
const leaf = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('geography'),
      field: z.enum(GEOGRAPHY_FIELDS),
      in: z.array(text).min(1).max(5000),
    })
    .superRefine(({ field, in: places }, context) => {
      const { like, write } = PLACES[field];
      for (const [index, place] of places.entries()) {
        if (!like.test(place)) context.addIssue({ code: 'custom', path: ['in', index], message: write });
      }
    }),
  z.strictObject({
    kind: z.literal('local_time'),
    zone: clockZoneSchema.default('campaign'),
    weekdays: z.array(weekdaySchema).min(1).max(7).nullable().default(null),
    from: clockSchema,
    to: clockSchema,
  }),
  z.strictObject({ kind: z.literal('holiday'), zone: clockZoneSchema.default('campaign') }),
  z.strictObject({ kind: z.literal('tag'), tag: tagSchema, test: tagTestSchema }),
  z.strictObject({
    kind: z.literal('source'),
    field: z.enum(SOURCE_FIELDS),
    in: z.array(text).min(1).max(5000),
  }),
  z.strictObject({ kind: z.literal('first_call') }),
  z.strictObject({
    kind: z.literal('caller_history'),
    event: z.enum(HISTORY_EVENTS),
    withinDays: days.nullable().default(null),
    buyerIds: z
      .array(text.transform((id) => id as BuyerId))
      .min(1)
      .max(1000)
      .nullable()
      .default(null),
  }),
]);

/** A condition as it is stored and written: nested `all`, `any` and `not` over leaves. */
export const conditionSchema: z.ZodType<Condition> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('all'), conditions: z.array(conditionSchema).max(100) }),
    z.strictObject({ kind: z.literal('any'), conditions: z.array(conditionSchema).max(100) }),
    z.strictObject({ kind: z.literal('not'), condition: conditionSchema }),
    ...leaf.options,
  ]),
);
