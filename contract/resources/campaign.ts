import { z } from 'zod';
import {
  attestationSchema,
  campaignStatusSchema,
  duplicateRuleSchema,
  holidaysSchema,
  treatmentsSchema,
  type Treatments,
} from '../campaign';
import { hoursSchema, timeZoneSchema } from '../hours';
import { currencySchema } from '../money';
import { pageQuery, searchable } from '../page';
import { campaignIdSchema, nameSchema, resourceFields } from './ids';

/** A country (`US`) or a part of one (`US-CA`), ISO 3166. */
const placeSchema = z
  .string()
  .regex(/^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/, 'must be a country or a part of one, for example US or US-CA');

/** What people may set of a campaign. */
export const campaignSettings = {
  name: nameSchema,
  vertical: z.string().trim().min(1).max(80),
  geography: z
    .array(placeSchema)
    .max(300)
    .describe("A label, not a rule: who may call is the plan's to say."),
  timeZone: timeZoneSchema,
  currency: currencySchema.describe('Fixed from the first activation, call or entry of the ledger on.'),
  hours: hoursSchema.nullable().describe('`null`: always open.'),
  holidays: holidaysSchema,
  treatments: treatmentsSchema,
  anonymousCallers: z.enum(['allow', 'block']),
  spamWindowSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .describe('The same caller within so many seconds is spam; 0: never.'),
  minimumAttestation: attestationSchema
    .nullable()
    .describe('STIR/SHAKEN: callers attested worse, or not at all, are blocked; `null`: anybody may call.'),
  duplicates: duplicateRuleSchema.nullable().describe('`null`: no rule.'),
  maxCallSeconds: z.int().min(1).max(86_400).describe('A call is ended after so long, in seconds.'),
  reportAnswer: z
    .boolean()
    .describe('Whether carriers report when a buyer answers: live state at once, for one message a call.'),
  recordCalls: z.boolean(),
};

export const campaignSchema = z.strictObject({
  id: campaignIdSchema,
  status: campaignStatusSchema,
  ...campaignSettings,
  currentPlanVersion: z
    .int()
    .min(1)
    .nullable()
    .describe('The published version new calls are routed by; `null`: none yet.'),
  currentFlowVersion: z.int().min(1).nullable().describe('`null`: callers are routed without an IVR.'),
  ...resourceFields,
});
export type Campaign = z.infer<typeof campaignSchema>;
export type CampaignSettings = Pick<Campaign, keyof typeof campaignSettings>;

const message = (text: string) => ({ kind: 'message' as const, prompt: { text, language: 'en-US' } });

/** Polite, and in English: there to be replaced. */
export const DEFAULT_TREATMENTS: Treatments = {
  paused: message('Thank you for calling. This line is not taking calls at the moment.'),
  blocked: { kind: 'reject', reason: 'rejected' },
  afterHours: message('Thank you for calling. We are closed now. Please call again during office hours.'),
};

export const newCampaignSchema = z.strictObject({
  id: campaignIdSchema.optional().describe('Generated when it is left out.'),
  ...campaignSettings,
  vertical: campaignSettings.vertical.default('general'),
  geography: campaignSettings.geography.default([]),
  hours: campaignSettings.hours.default(null),
  holidays: campaignSettings.holidays.default([]),
  treatments: campaignSettings.treatments.default(DEFAULT_TREATMENTS),
  anonymousCallers: campaignSettings.anonymousCallers.default('allow'),
  spamWindowSeconds: campaignSettings.spamWindowSeconds.default(0),
  minimumAttestation: campaignSettings.minimumAttestation.default(null),
  duplicates: campaignSettings.duplicates.default(null),
  maxCallSeconds: campaignSettings.maxCallSeconds.default(14_400),
  reportAnswer: campaignSettings.reportAnswer.default(false),
  recordCalls: campaignSettings.recordCalls.default(false),
});

/** Fields that are left out stay as they are; a field that is there is replaced as a whole. */
export const campaignPatchSchema = z.strictObject(campaignSettings).partial();

export const campaignListQuerySchema = z.strictObject({
  status: campaignStatusSchema.optional(),
  vertical: searchable.optional(),
  ...pageQuery,
});
