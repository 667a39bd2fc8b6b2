import { z } from 'zod';
import { priceRuleSchema } from '../money';
import { pageQuery } from '../page';
import { nameSchema, publisherIdSchema, resourceFields } from './ids';

/** What people may set of a publisher. */
export const publisherSettings = {
  name: nameSchema,
  /** What they are paid for a call, and when; `null`: nothing. */
  payout: priceRuleSchema.nullable(),
};

export const publisherSchema = z.strictObject({
  id: publisherIdSchema,
  ...publisherSettings,
  ...resourceFields,
});
export type Publisher = z.infer<typeof publisherSchema>;

export const newPublisherSchema = z.strictObject({
  /** Generated when it is left out. */
  id: publisherIdSchema.optional(),
  ...publisherSettings,
  payout: publisherSettings.payout.default(null),
});

export const publisherPatchSchema = z.strictObject(publisherSettings).partial();

export const publisherListQuerySchema = z.strictObject({ ...pageQuery });
