import { z } from 'zod';
import { currencySchema, microsTextSchema } from '../money';
import { assignmentIdSchema, campaignIdSchema, instantSchema } from './ids';

const versionSchema = z.int().min(1).max(2_147_483_647);
const count = z.int().min(0);

export const newShadowSchema = z.strictObject({
  version: versionSchema.describe('A published version of the campaign’s routing plan.'),
});

/** A plan version that is asked about every call, and what its answers come to. */
export const shadowSchema = z.strictObject({
  campaignId: campaignIdSchema,
  version: versionSchema,
  since: instantSchema,
  calls: count.describe('Calls it was asked about.'),
  same: count.describe(
    'Of those, calls that it would have given to the same assignment, or to nobody either.',
  ),
  otherBuyer: count.describe('Calls that it would have given to another assignment.'),
  gained: count.describe('Calls nobody was dialled for, where it would have dialled somebody.'),
  lost: count.describe('Calls it would have dialled nobody for, where somebody was dialled.'),
  livePriceMicros: microsTextSchema.describe(
    'What the first buyers dialled pay for a converted call, in all.',
  ),
  shadowPriceMicros: microsTextSchema.describe('The same of those it would have dialled.'),
});
export type Shadow = z.infer<typeof shadowSchema>;

const dialSchema = z
  .strictObject({
    assignmentId: assignmentIdSchema,
    buyerName: z.string().nullable(),
    priceMicros: microsTextSchema,
  })
  .nullable()
  .describe('`null`: nobody.');

/** A call that would have gone elsewhere. */
export const shadowDifferenceSchema = z.strictObject({
  callId: z.string(),
  at: instantSchema,
  liveVersion: versionSchema,
  shadowVersion: versionSchema,
  currency: currencySchema,
  live: dialSchema,
  shadow: dialSchema,
});
export type ShadowDifference = z.infer<typeof shadowDifferenceSchema>;
