import { z } from 'zod';
import type { MicrosText } from '../../domain/money';
import { PACES } from '../../domain/goals/progress';
import { CALENDAR_PERIODS } from '../../domain/report/calendar';
import { dateSchema, knownTimeZoneSchema } from '../hours';
import { currencySchema, microsTextSchema, signedMicrosTextSchema } from '../money';
import { campaignIdSchema, instantSchema, resourceFields } from './ids';

/*
 * Goals: what a campaign is to come to in each day, week or month of its own zone.
 */

const COST = 'Payout and cost of one call received, at most; in the currency of the campaign.';

/** Without zeros in front, so that the same amount is the same text. */
const plainMicrosSchema = microsTextSchema.transform((text) => BigInt(text).toString() as MicrosText);

const targets = {
  calls: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .nullable()
    .describe('Calls received in a period, connected or not.'),
  costPerCallMicros: microsTextSchema.nullable().describe(COST),
  conversionRate: z.number().min(0).max(1).nullable().describe('Converted of connected calls, at least.'),
};

const period = z.enum(CALENDAR_PERIODS).describe("Of the campaign's own zone; weeks begin on Monday.");

/** What people say of a goal. */
export const goalSettingsSchema = z
  .strictObject({
    period,
    calls: targets.calls.default(null),
    costPerCallMicros: plainMicrosSchema.nullable().describe(COST).default(null),
    conversionRate: targets.conversionRate.default(null),
  })
  .refine(
    ({ calls, costPerCallMicros, conversionRate }) =>
      calls !== null || costPerCallMicros !== null || conversionRate !== null,
    'needs one of calls, costPerCallMicros and conversionRate at least',
  );
export type GoalSettings = z.output<typeof goalSettingsSchema>;

export const goalSchema = z.strictObject({
  campaignId: campaignIdSchema,
  period,
  ...targets,
  ...resourceFields,
});
export type CampaignGoal = z.infer<typeof goalSchema>;

export const goalProgressQuerySchema = z.strictObject({
  at: instantSchema
    .refine((at) => at >= '2000' && at < '2200', 'must be from 2000 on and before 2200')
    .refine(
      (at) => Date.parse(at) % 900_000 === 0,
      'must be a quarter of an hour, for example 2026-03-02T09:15:00Z',
    )
    .optional()
    .describe('As of another time: of calls that came in before it. Default: now.'),
});

const pace = z
  .enum(PACES)
  .nullable()
  .describe('`on`: within 5 % of what is expected; `ahead` is better than that. `null`: of nothing.');

export const goalProgressSchema = z.strictObject({
  campaignId: campaignIdSchema,
  name: z.string(),
  currency: currencySchema,
  timeZone: knownTimeZoneSchema,
  at: instantSchema,
  period: z.strictObject({
    kind: period,
    from: dateSchema,
    to: dateSchema.describe('Exclusive.'),
    startsAt: instantSchema,
    endsAt: instantSchema,
  }),
  open: z
    .strictObject({
      passedSeconds: z.int().min(0),
      ofSeconds: z.int().min(0),
      share: z.number().min(0).max(1).nullable().describe('`null`: it is not open in this period.'),
    })
    .describe('How long the campaign takes calls in this period, by its hours; always, where it has none.'),
  soFar: z.strictObject({
    received: z.int().min(0),
    costPerCallMicros: signedMicrosTextSchema.nullable(),
    conversionRate: z.number().nullable(),
  }),
  calls: z
    .strictObject({
      goal: z.int(),
      received: z.int().min(0),
      expected: z
        .number()
        .nullable()
        .describe('By now: the goal times the share of open time that has passed.'),
      ahead: z.number().nullable().describe('Received less expected.'),
      pace,
      projected: z.number().nullable().describe('At the end of the period, if it goes on like this.'),
    })
    .nullable()
    .describe('`null`: the goal says nothing of it.'),
  costPerCall: z
    .strictObject({
      goalMicros: microsTextSchema,
      soFarMicros: signedMicrosTextSchema.nullable(),
      overMicros: signedMicrosTextSchema.nullable().describe('Below zero: less than it may be.'),
      pace,
    })
    .nullable(),
  conversionRate: z
    .strictObject({
      goal: z.number(),
      soFar: z.number().nullable(),
      delta: z.number().nullable().describe('So far less the goal.'),
      pace,
    })
    .nullable(),
});
export type GoalProgress = z.infer<typeof goalProgressSchema>;

/** A goal beside what a row of a report comes to. */
export const goalBesideSchema = z.strictObject({
  calls: z
    .number()
    .nullable()
    .describe(
      "Expected in the row's time; `null`: none are, or its time is not made of whole periods of the goal.",
    ),
  callsShare: z.number().nullable().describe('Received of these.'),
  costPerCallMicros: microsTextSchema.nullable(),
  costPerCallOver: signedMicrosTextSchema.nullable().describe('Micros; below zero: less than it may be.'),
  conversionRate: z.number().nullable(),
  conversionRateDelta: z.number().nullable().describe("The row's rate less the goal."),
});
