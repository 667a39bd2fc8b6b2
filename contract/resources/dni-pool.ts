import { z } from 'zod';
import type { DniPoolId } from '../../domain/ids';
import { UTM_FIELDS } from '../../domain/dni/visitor';
import { dniSessionIdSchema, visitFactsSchema } from '../dni';
import { pageQuery } from '../page';
import { e164Schema } from '../prompt';
import { campaignIdSchema, instantSchema, nameSchema, publisherIdSchema, resourceFields } from './ids';
import { numberSettings } from './number';

export const dniPoolIdSchema = z
  .string()
  .regex(/^dni_[a-z0-9_]{1,40}$/, 'must be an id: dni_ and up to 40 of a-z, 0-9 and _')
  .transform((id) => id as DniPoolId);

const origin = z
  .string()
  .max(256)
  .regex(
    /^(\*|https?:\/\/(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?)$/,
    'must be an origin, such as https://www.example.com or https://*.example.com, or *',
  );

/** What a static number goes by. */
export const STATIC_SOURCES = [...UTM_FIELDS, 'referrer_host'] as const;

const staticNumberSchema = z.strictObject({
  source: z.enum(STATIC_SOURCES),
  equals: z.string().min(1).max(256).describe('Upper and lower case are the same.'),
  number: e164Schema,
});

const settings = {
  name: nameSchema,
  publisherId: publisherIdSchema.nullable().describe('Of calls to numbers that have no publisher.'),
  channel: numberSettings.channel.nullable().describe('Of calls to numbers whose channel is `other`.'),
  tags: numberSettings.tags.describe('Given to calls to its numbers, where these do not say otherwise.'),
  leaseSeconds: z
    .int()
    .min(60)
    .max(86_400)
    .describe('How long a visitor keeps the number after their last sign of life.'),
  graceSeconds: z
    .int()
    .min(0)
    .max(2_592_000)
    .describe('How long after that a caller is still taken for the visitor.'),
  overflowNumber: e164Schema
    .nullable()
    .describe('What visitors get while no number is free; `null`: the page keeps its own.'),
  allowedOrigins: z.array(origin).max(50).describe('Sites whose pages may use the pool.'),
  staticNumbers: z
    .array(staticNumberSchema)
    .max(100)
    .describe('Numbers that stand for a source and are not leased. The first that fits is used.'),
};

export const dniPoolSchema = z.strictObject({
  id: dniPoolIdSchema,
  campaignId: campaignIdSchema,
  ...settings,
  numbers: z.int().min(0).describe('How many numbers it has.'),
  ...resourceFields,
});
export type DniPool = z.infer<typeof dniPoolSchema>;
export type DniPoolSettings = Pick<DniPool, keyof typeof settings>;

export const newDniPoolSchema = z.strictObject({
  id: dniPoolIdSchema.optional().describe('Generated when it is left out.'),
  campaignId: campaignIdSchema,
  ...settings,
  publisherId: settings.publisherId.default(null),
  channel: settings.channel.default(null),
  tags: settings.tags.default({}),
  leaseSeconds: settings.leaseSeconds.default(1800),
  graceSeconds: settings.graceSeconds.default(7200),
  overflowNumber: settings.overflowNumber.default(null),
  allowedOrigins: settings.allowedOrigins.default([]),
  staticNumbers: settings.staticNumbers.default([]),
});

export const dniPoolPatchSchema = z.strictObject(settings).partial();

export const dniPoolListQuerySchema = z.strictObject({
  campaignId: campaignIdSchema.optional(),
  ...pageQuery,
});

/** Numbers that join a pool. */
export const dniNumbersSchema = z.strictObject({ numbers: z.array(e164Schema).min(1).max(500) });

/** A number of a pool, and who has it. */
export const dniNumberSchema = z.strictObject({
  number: e164Schema,
  state: z
    .enum(['leased', 'grace', 'free'])
    .describe('`grace`: nobody has it, and late callers are still taken for the last visitor.'),
  sessionId: z.string().nullable().describe('The last visitor.'),
  liveUntil: instantSchema.nullable(),
});
export type DniNumber = z.infer<typeof dniNumberSchema>;

/** How a pool is doing. */
export const dniPoolStatusSchema = z.strictObject({
  numbers: z.int().min(0),
  leased: z.int().min(0).describe('With visitors now.'),
  grace: z.int().min(0).describe('Free; late callers are still taken for the last visitor.'),
  free: z.int().min(0),
  exhaustedToday: z
    .int()
    .min(0)
    .describe("How often nobody could be given a number, since midnight in the campaign's zone."),
  observed: z.strictObject({
    days: z.number().min(0).describe('Since the first lease of the last 14 days.'),
    leases: z.int().min(0),
    peak: z.int().min(0).describe('Most leases at once.'),
    p95: z.int().min(0).describe('For 95 % of that time there were at most so many at once.'),
    exhausted: z.int().min(0),
  }),
  advice: z.strictObject({
    numbers: z.int().min(1).nullable().describe('How many it should have; `null`: not enough is known.'),
    reason: z.string(),
  }),
});
export type DniPoolStatus = z.infer<typeof dniPoolStatusSchema>;

/** What a server asks that renders a page. */
export const serverLeaseSchema = z.strictObject({
  session: dniSessionIdSchema.optional().describe('Of the cookie `callyard_session`, when it is there.'),
  ...visitFactsSchema.shape,
});

/** The number for a visitor. */
export const dniLeaseSchema = z.strictObject({
  kind: z
    .enum(['leased', 'static', 'overflow'])
    .describe('`static`: it stands for the source. `overflow`: no number was free.'),
  number: e164Schema.nullable().describe('`null`: the page keeps its own.'),
  session: dniSessionIdSchema
    .nullable()
    .describe('To be set as the cookie `callyard_session`; `null` of a static number.'),
  liveUntil: instantSchema.nullable().describe('Unless the visitor gives a sign of life; `null`: no lease.'),
});
export type DniLease = z.infer<typeof dniLeaseSchema>;
