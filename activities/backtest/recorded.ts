import { z } from 'zod';
import { duplicateRuleSchema } from '../../contract/campaign';
import { dateSchema, knownTimeZoneSchema } from '../../contract/hours';
import { currencySchema, payoutRuleSchema } from '../../contract/money';
import type { PastCampaign } from '../../domain/backtest/past-call';
import type { RecordedCampaign, RecordedFacts } from '../../domain/backtest/record';
import type { BuyerId } from '../../domain/ids';
import type { Currency } from '../../domain/money';
import type { CallerGeography, HistoryEntry } from '../../domain/routing/facts';
import type { DialableAssignment } from '../../domain/routing/snapshot';
import { dialableAssignmentSchema } from '../call/assignment';

/** A campaign as it was; its id stands with the call. */
export type CampaignRead = Omit<PastCampaign, 'campaignId'> & { readonly currency: Currency };

const recordedCampaignSchema = z.strictObject({
  timeZone: knownTimeZoneSchema,
  holidays: z.array(dateSchema),
  duplicates: duplicateRuleSchema.nullable(),
  currency: currencySchema,
  assignments: z.array(z.string()),
}) satisfies z.ZodType<RecordedCampaign>;

/**
 * Reads a campaign back, as `loadRecordedCampaign` finds it.
 * @param assignments in the order in which the body names them
 * @param known assignments read before, by digest: those that are new are added, so that each is in memory once
 * @throws ZodError naming what is not valid, or not there, in what was recorded
 */
export function readRecordedCampaign(
  body: unknown,
  assignments: readonly unknown[],
  known = new Map<string, DialableAssignment>(),
): CampaignRead {
  const { assignments: digests, ...campaign } = recordedCampaignSchema.parse(body);
  return {
    ...campaign,
    assignments: digests.map((digest, index) => {
      const before = known.get(digest);
      if (before !== undefined) return before;
      const read = dialableAssignmentSchema.parse(assignments[index]);
      known.set(digest, read);
      return read;
    }),
  };
}

const geographySchema = z.strictObject({
  country: z.string().nullable(),
  state: z.string().nullable(),
  areaCode: z.string().nullable(),
  postalCode: z.string().nullable(),
  timeZone: z.string().nullable(),
}) satisfies z.ZodType<CallerGeography>;

const instant = z.iso.datetime();
const historyEntrySchema = z.strictObject({
  buyerId: z
    .string()
    .transform((id) => id as BuyerId)
    .nullable(),
  lastCalledAt: instant,
  lastConnectedAt: instant.nullable(),
  lastConvertedAt: instant.nullable(),
  lastPaidAt: instant.nullable().exactOptional(),
}) satisfies z.ZodType<HistoryEntry>;

const recordedFactsSchema = z.strictObject({
  geography: geographySchema,
  channel: z.string(),
  // As long as callers made them: what they said in the IVR is not held to what operators may write.
  tags: z.record(z.string(), z.string()),
  history: z.array(historyEntrySchema).nullable(),
  payout: payoutRuleSchema.nullable(),
}) satisfies z.ZodType<RecordedFacts>;

/**
 * Reads back what a choice rested on beside its campaign and the call's own row.
 * @throws ZodError naming what is not valid in what was recorded
 */
export function readRecordedFacts(json: unknown): RecordedFacts {
  return recordedFactsSchema.parse(json);
}
