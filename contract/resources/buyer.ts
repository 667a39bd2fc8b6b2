import { z } from 'zod';
import { hoursSchema, timeZoneSchema } from '../hours';
import { pageQuery } from '../page';
import { buyerIdSchema, nameSchema, resourceFields } from './ids';

export const BUYER_STATUSES = ['active', 'paused'] as const;

/** What people may set of a buyer. */
export const buyerSettings = {
  name: nameSchema,
  status: z.enum(BUYER_STATUSES).describe('Paused: takes no calls, in no campaign.'),
  timeZone: timeZoneSchema,
  hours: hoursSchema.nullable().describe("`null`: always open. An assignment's own hours narrow them."),
};

export const buyerSchema = z.strictObject({ id: buyerIdSchema, ...buyerSettings, ...resourceFields });
export type Buyer = z.infer<typeof buyerSchema>;

export const newBuyerSchema = z.strictObject({
  id: buyerIdSchema.optional().describe('Generated when it is left out.'),
  ...buyerSettings,
  status: buyerSettings.status.default('active'),
  hours: buyerSettings.hours.default(null),
});

export const buyerPatchSchema = z.strictObject(buyerSettings).partial();

export const buyerListQuerySchema = z.strictObject({
  status: buyerSettings.status.optional(),
  ...pageQuery,
});
