import { z } from 'zod';
import type { Acceptance, CallerId, DialSettings } from '../domain/campaign/dialing';
import {
  DUPLICATE_DEFINITIONS,
  DUPLICATE_TREATMENTS,
  type DuplicateRule,
} from '../domain/campaign/duplicates';
import { ATTESTATIONS, CAMPAIGN_STATUSES } from '../domain/campaign/status';
import { dateSchema } from './hours';
import { destinationSchema, e164Schema, promptSchema, ringTimeoutSchema, treatmentSchema } from './prompt';

/*
 * Parts of a campaign's configuration as they cross a boundary: JSON columns, the API, config files. Every schema is
 * held to the domain's type, so that the two cannot drift apart.
 */

export const campaignStatusSchema = z.enum(CAMPAIGN_STATUSES);

export const callerIdSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('caller') }),
  z.strictObject({ kind: z.literal('dialed') }),
  z.strictObject({ kind: z.literal('number'), number: e164Schema }),
]) satisfies z.ZodType<CallerId>;

export const acceptanceSchema = z.strictObject({
  prompt: promptSchema,
  digit: z
    .string()
    .regex(/^[0-9]$/, 'must be one digit')
    .default('1'),
  timeoutSeconds: z.int().min(1).max(60).default(10),
}) satisfies z.ZodType<Acceptance>;

export const dialSettingsSchema = z.strictObject({
  destinations: z.array(destinationSchema).min(1).max(10),
  ringTimeoutSeconds: ringTimeoutSchema.default(20),
  whisper: promptSchema.nullable().default(null),
  acceptance: acceptanceSchema.nullable().default(null),
  callerId: callerIdSchema.default({ kind: 'caller' }),
  record: z.enum(['campaign', 'always', 'never']).default('campaign'),
}) satisfies z.ZodType<DialSettings>;

export const duplicateRuleSchema = z.strictObject({
  definition: z.enum(DUPLICATE_DEFINITIONS),
  treatment: z.enum(DUPLICATE_TREATMENTS),
  days: z.number().positive().max(3650),
}) satisfies z.ZodType<DuplicateRule>;

/** What callers get who are not routed because of the campaign's state, or of who they are. */
export const treatmentsSchema = z.strictObject({
  paused: treatmentSchema,
  blocked: treatmentSchema,
  afterHours: treatmentSchema,
});
export type Treatments = z.infer<typeof treatmentsSchema>;

/** Days on which the campaign's clock has a holiday. */
export const holidaysSchema = z
  .array(z.strictObject({ date: dateSchema, name: z.string().min(1).max(120) }))
  .max(400);

/** Free tags of a number, and qualifications of a call. */
export const tagsSchema = z.record(z.string().min(1).max(64), z.string().max(1024));

export const attestationSchema = z.enum(ATTESTATIONS);
