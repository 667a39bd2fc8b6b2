import { z } from 'zod';
import { dialSettingsSchema } from '../campaign';
import { conditionSchema } from '../condition';
import { hoursSchema } from '../hours';
import { buyerPriceSchema } from '../money';
import { pageQuery } from '../page';
import { prioritySchema, weightSchema } from '../plan';
import { assignmentIdSchema, buyerIdSchema, campaignIdSchema, instantSchema, resourceFields } from './ids';

/** What people may set of an assignment. Its campaign and buyer are for ever: another pair is another assignment. */
export const assignmentSettings = {
  dialing: dialSettingsSchema,
  priority: prioritySchema.describe('1 is first.'),
  weight: weightSchema,
  paused: z.boolean(),
  hours: hoursSchema.nullable().describe('`null`: whenever the buyer is open.'),
  filter: conditionSchema.nullable().describe('Calls it takes; `null`: all.'),
  price: buyerPriceSchema,
  conversionEstimate: z
    .number()
    .min(0)
    .max(1)
    .describe('Chance that a connected call converts, as you estimate it: 0 to 1.'),
};

export const assignmentSchema = z.strictObject({
  id: assignmentIdSchema,
  campaignId: campaignIdSchema,
  buyerId: buyerIdSchema,
  ...assignmentSettings,
  ...resourceFields,
  removedAt: instantSchema
    .nullable()
    .describe('It takes no more calls from then on, and is kept for those it took; `null`: it is in place.'),
});
export type Assignment = z.infer<typeof assignmentSchema>;
export type AssignmentSettings = Pick<Assignment, keyof typeof assignmentSettings>;

export const newAssignmentSchema = z.strictObject({
  id: assignmentIdSchema.optional().describe('Generated when it is left out.'),
  buyerId: buyerIdSchema,
  ...assignmentSettings,
  priority: assignmentSettings.priority.default(1),
  weight: assignmentSettings.weight.default(1),
  paused: assignmentSettings.paused.default(false),
  hours: assignmentSettings.hours.default(null),
  filter: assignmentSettings.filter.default(null),
  conversionEstimate: assignmentSettings.conversionEstimate.default(1),
});

export const assignmentPatchSchema = z.strictObject(assignmentSettings).partial();

export const assignmentListQuerySchema = z.strictObject({
  buyerId: buyerIdSchema.optional(),
  removed: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Whether removed ones are listed too; default no.'),
  ...pageQuery,
});
