import { z } from 'zod';
import { ENTRY_KINDS, ENTRY_SIDES } from '../../domain/ledger';
import type { MicrosText } from '../../domain/money';
import {
  amountSchema,
  currencySchema,
  microsTextSchema,
  signedAmountSchema,
  signedMicrosTextSchema,
} from '../money';
import { pageQuery, searchable } from '../page';
import { buyerIdSchema, campaignIdSchema, instantSchema, publisherIdSchema } from './ids';

/*
 * The ledger, and what people book in it.
 */

export const entryKindSchema = z.enum(ENTRY_KINDS);
export const entrySideSchema = z.enum(ENTRY_SIDES);

/** The largest rate of a number, in micros: a million of a currency's unit a minute, or a month. */
const LARGEST_RATE = 10n ** 12n;
const rateSchema = microsTextSchema.refine(
  (text) => BigInt(text) <= LARGEST_RATE,
  `must be ${LARGEST_RATE} micros at most`,
);

const reasonSchema = z.string().trim().min(1, 'must say why').max(500);
const entryIdSchema = z.string().regex(/^\d{1,18}$/, 'must be the id of an entry');

/** Something that is owed or was spent. Nothing of it ever changes. */
export const ledgerEntrySchema = z.strictObject({
  id: entryIdSchema,
  /** What it was booked for: nothing is booked twice for the same cause. */
  cause: z.string(),
  kind: entryKindSchema,
  side: entrySideSchema,
  callId: z.string().nullable(),
  campaignId: z.string().nullable(),
  buyerId: z.string().nullable(),
  publisherId: z.string().nullable(),
  number: z.string().nullable(),
  channel: z.string().nullable(),
  migrationId: z.string().nullable(),
  migrationSide: z.enum(['control', 'challenger']).nullable(),
  amountMicros: signedMicrosTextSchema,
  currency: currencySchema,
  /** Of a reversal: the entry it takes back. */
  reverses: entryIdSchema.nullable(),
  /** Who booked it by hand, and why; `null`: nobody did. */
  actor: z.string().nullable(),
  reason: z.string().nullable(),
  /** When it counts in reports: when the call came in, or when its day or month began. */
  occurredAt: instantSchema,
  bookedAt: instantSchema,
});
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;

export const ledgerQuerySchema = z.strictObject({
  callId: searchable.optional(),
  campaignId: campaignIdSchema.optional(),
  buyerId: buyerIdSchema.optional(),
  publisherId: publisherIdSchema.optional(),
  kind: entryKindSchema.optional(),
  from: instantSchema.optional().describe('Of `occurredAt`.'),
  to: instantSchema.optional().describe('Exclusive.'),
  ...pageQuery,
});

export const entryParamsSchema = z.strictObject({ id: entryIdSchema });

export const newAdjustmentSchema = z.strictObject({
  side: entrySideSchema.describe(
    'What it counts towards: `revenue` of the buyer, `payout` of the publisher, or `cost`.',
  ),
  amountMicros: signedAmountSchema
    .refine((text) => BigInt(text) !== 0n, 'must not be 0')
    .describe('Below zero: less is owed, or was spent.'),
  reason: reasonSchema,
});

export const reversalSchema = z.strictObject({ reason: reasonSchema });

/** What a buyer does not want to pay. */
export const disputeSchema = z.strictObject({
  id: z.string(),
  callId: z.string(),
  buyerId: buyerIdSchema,
  status: z.enum(['open', 'accepted', 'rejected']),
  amountMicros: microsTextSchema,
  currency: currencySchema,
  reason: z.string(),
  openedBy: z.string(),
  /** What was taken off what the buyer owes; `null`: nothing was decided, or it was rejected. */
  grantedMicros: microsTextSchema.nullable(),
  decidedBy: z.string().nullable(),
  decision: z.string().nullable(),
  createdAt: instantSchema,
  decidedAt: instantSchema.nullable(),
});
export type Dispute = z.infer<typeof disputeSchema>;

export const disputeParamsSchema = z.strictObject({
  id: z.string().regex(/^dsp_[a-z0-9_]{1,40}$/, 'must be an id: dsp_ and up to 40 of a-z, 0-9 and _'),
});
export const newDisputeSchema = z.strictObject({
  callId: searchable,
  amountMicros: microsTextSchema.optional().describe('Left out: all that the buyer owes for the call.'),
  reason: reasonSchema,
});
export const disputeAcceptedSchema = z.strictObject({
  grantedMicros: microsTextSchema
    .optional()
    .describe('What is taken off what the buyer owes, at most what they dispute; left out: all of it.'),
  payoutMicros: microsTextSchema
    .optional()
    .describe('What is taken off what the publisher gets; left out: nothing.'),
  reason: reasonSchema,
});
export const disputeListQuerySchema = z.strictObject({
  status: disputeSchema.shape.status.optional(),
  buyerId: buyerIdSchema.optional(),
  ...pageQuery,
});

const dayIs = 'must be a day, YYYY-MM-DD, of 2000 or later';

/** What a campaign's advertising in a channel has cost on a day of the campaign's calendar. */
export const adSpendSchema = z.strictObject({
  campaignId: campaignIdSchema,
  channel: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be a channel: lower-case letters, digits, _ and -'),
  day: z.iso
    .date(dayIs)
    .refine((day) => day >= '2000-01-01', dayIs)
    .describe('Of the campaign’s calendar: from 2000-01-01 to tomorrow.'),
  amountMicros: amountSchema.describe(
    'In all, for that day: said again, it takes the place of what was said before.',
  ),
  currency: currencySchema.describe('The campaign’s.'),
});
export type AdSpend = z.infer<typeof adSpendSchema>;

export const newAdSpendSchema = z.strictObject({ days: z.array(adSpendSchema).min(1).max(10_000) });
export const adSpendBookedSchema = z.strictObject({
  /** Days that changed something; of the others the same was known. */
  booked: z.int(),
  unchanged: z.int(),
});

/** What the carrier takes for a tracked number. */
export const numberCostSchema = z.strictObject({
  currency: currencySchema.describe('That of the number’s campaign.'),
  perMinuteMicros: rateSchema.describe('Of a call to it, from first ring to end.'),
  incrementSeconds: z
    .int()
    .min(1)
    .max(60)
    .default(60)
    .describe('What is begun is paid: 60 for whole minutes, 1 for seconds.'),
  perMonthMicros: rateSchema.default('0' as MicrosText).describe('Rent, booked for each month in UTC.'),
});
export type NumberCost = z.infer<typeof numberCostSchema>;

/** Shown once. */
export const postbackSecretSchema = z.strictObject({
  buyerId: buyerIdSchema,
  secret: z.string().describe('Keep it: it is not shown again.'),
  signedPath: z.string().describe('POST here, signed by Standard Webhooks.'),
  secretPath: z.string().describe('GET or POST here, for systems that cannot sign.'),
});
