import { z } from 'zod';
import { payoutRuleSchema } from '../money';
import { pageQuery } from '../page';
import { nameSchema, publisherIdSchema, resourceFields } from './ids';

/** What people may set of a publisher. */
export const publisherSettings = {
  name: nameSchema,
  payout: payoutRuleSchema.nullable().describe('What they are paid for a call, and when; `null`: nothing.'),
};

export const publisherSchema = z.strictObject({
  id: publisherIdSchema,
  ...publisherSettings,
  ...resourceFields,
});
export type Publisher = z.infer<typeof publisherSchema>;

export const newPublisherSchema = z.strictObject({
  id: publisherIdSchema.optional().describe('Generated when it is left out.'),
  ...publisherSettings,
  payout: publisherSettings.payout.default(null),
});

export const publisherPatchSchema = z.strictObject(publisherSettings).partial();

export const publisherListQuerySchema = z.strictObject({ ...pageQuery });
