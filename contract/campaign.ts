import { z } from 'zod';
import type { Terms } from '../domain/call/attribution';
import type { Menu } from '../domain/call/policy';
import type { Hours, Weekday } from '../domain/hours';
import type { E164 } from '../domain/ids';
import type { Destination, Prompt } from '../domain/instructions';
import type { Currency, MicrosText } from '../domain/money';
import type { Strategy } from '../domain/routing/candidates';
import type { Treatment } from '../domain/treatment';

/*
 * Campaign configuration as it crosses a boundary: JSON columns today, the campaign API and config files later.
 * Every schema is held to the domain's type, so that the two cannot drift apart.
 */

export const e164Schema = z
  .string()
  .regex(/^\+[1-9]\d{3,14}$/, 'must be a telephone number in E.164, for example +14155550100')
  .transform((text) => text as E164);

export const promptSchema = z.strictObject({
  text: z.string().min(1).max(4096),
  language: z.string().min(2).max(35),
}) satisfies z.ZodType<Prompt>;

export const destinationSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tel'), number: e164Schema }),
  z.strictObject({
    kind: z.literal('sip'),
    uri: z.string().regex(/^sips?:[^\s@]+@[^\s@]+$/, 'must be a SIP URI'),
  }),
]) satisfies z.ZodType<Destination>;

export const treatmentSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('message'), prompt: promptSchema }),
  z.strictObject({ kind: z.literal('reject'), reason: z.enum(['busy', 'rejected']) }),
  z.strictObject({
    kind: z.literal('forward'),
    destination: destinationSchema,
    ringTimeoutSeconds: z.int().min(5).max(120),
  }),
  z.strictObject({
    kind: z.literal('voicemail'),
    prompt: promptSchema,
    maxSeconds: z.int().min(1).max(3600),
  }),
]) satisfies z.ZodType<Treatment>;

const clock = z.string().regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be HH:MM, up to 24:00');

export const hoursSchema = z.strictObject({
  timeZone: z.string().refine(isTimeZone, 'must be an IANA time zone, for example America/Chicago'),
  openings: z.array(
    z
      .strictObject({
        weekday: z
          .int()
          .min(1)
          .max(7)
          .transform((day) => day as Weekday),
        from: clock,
        to: clock,
      })
      .refine(
        (opening) => opening.from < opening.to,
        'must close after it opens; split a night into two days',
      ),
  ),
}) satisfies z.ZodType<Hours>;

export const dueRuleSchema = z.discriminatedUnion('on', [
  z.strictObject({ on: z.literal('connection') }),
  z.strictObject({ on: z.literal('duration'), seconds: z.int().min(0) }),
]);

export const microsTextSchema = z
  .string()
  .regex(/^\d{1,18}$/, 'must be whole micros in a string, for example "1500000" for 1.50')
  .transform((text) => text as MicrosText);

export const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, for example USD')
  .transform((text) => text as Currency);

export const priceRuleSchema = z.strictObject({ amountMicros: microsTextSchema, due: dueRuleSchema });

export const termsSchema = z.strictObject({
  currency: currencySchema,
  price: priceRuleSchema,
  payout: priceRuleSchema.nullable(),
}) satisfies z.ZodType<Terms>;

/** One version of a routing plan. Rules with conditions, and more strategies, join here. */
export const planSchema = z.strictObject({
  strategy: z.enum(['waterfall']) satisfies z.ZodType<Strategy>,
  maxAttempts: z.int().min(1).max(20),
  fallback: treatmentSchema,
});
export type Plan = z.infer<typeof planSchema>;

export const menuSchema = z.strictObject({
  prompt: promptSchema,
  retryPrompt: promptSchema,
  options: z
    .array(
      z.strictObject({
        digit: z.string().regex(/^[0-9*#]$/, 'must be one key of a telephone'),
        tag: z.string().min(1).max(64),
        value: z.string().min(1).max(256),
      }),
    )
    .min(1),
  timeoutSeconds: z.int().min(1).max(60),
  tries: z.int().min(1).max(10),
  whenUnanswered: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('route') }),
    z.strictObject({ kind: z.literal('hang_up'), prompt: promptSchema }),
  ]),
}) satisfies z.ZodType<Menu>;

/** One version of an IVR flow: for now exactly one menu; the graph of nodes takes its place. */
export const flowSchema = z.strictObject({ menu: menuSchema });
export type Flow = z.infer<typeof flowSchema>;

/** What callers get who are not routed because of the campaign's state. */
export const treatmentsSchema = z.strictObject({
  paused: treatmentSchema,
  blocked: treatmentSchema,
  afterHours: treatmentSchema,
});
export type Treatments = z.infer<typeof treatmentsSchema>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
