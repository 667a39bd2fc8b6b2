import { z } from 'zod';
import { hoursSchema, timeZoneSchema } from '../hours';
import { pageQuery } from '../page';
import { buyerIdSchema, nameSchema, resourceFields } from './ids';

export const BUYER_STATUSES = ['active', 'paused'] as const;

/** What people may set of a buyer. */
export const buyerSettings = {
  name: nameSchema,
  /** Paused: takes no calls, in no campaign. */
  status: z.enum(BUYER_STATUSES),
  timeZone: timeZoneSchema,
  /** `null`: always open. An assignment's own hours narrow them. */
  hours: hoursSchema.nullable(),
};

export const buyerSchema = z.strictObject({ id: buyerIdSchema, ...buyerSettings, ...resourceFields });
export type Buyer = z.infer<typeof buyerSchema>;

export const newBuyerSchema = z.strictObject({
  /** Generated when it is left out. */
  id: buyerIdSchema.optional(),
  ...buyerSettings,
  status: buyerSettings.status.default('active'),
  hours: buyerSettings.hours.default(null),
});

export const buyerPatchSchema = z.strictObject(buyerSettings).partial();

export const buyerListQuerySchema = z.strictObject({
  status: buyerSettings.status.optional(),
  ...pageQuery,
});
