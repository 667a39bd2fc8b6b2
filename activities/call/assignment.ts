import { z } from 'zod';
import { dialSettingsSchema } from '../../contract/campaign';
import { conditionSchema } from '../../contract/condition';
import { hoursSchema } from '../../contract/hours';
import { buyerPriceSchema } from '../../contract/money';
import type { AssignmentRow } from '../../db/queries/setup';
import type { AssignmentId, BuyerId } from '../../domain/ids';
import type { DialableAssignment } from '../../domain/routing/snapshot';

/**
 * An assignment as calls use it, from its row or from what was recorded of it. What comes out has its fields in this
 * order, whatever the order they came in: that makes its JSON the same for the same content.
 */
export const dialableAssignmentSchema = z.strictObject({
  id: z.string().transform((id) => id as AssignmentId),
  buyerId: z.string().transform((id) => id as BuyerId),
  buyerName: z.string(),
  priority: z.number(),
  weight: z.number(),
  paused: z.boolean(),
  hours: hoursSchema.nullable(),
  buyerHours: hoursSchema.nullable(),
  filter: conditionSchema.nullable(),
  price: buyerPriceSchema,
  conversionEstimate: z.number(),
  dialing: dialSettingsSchema,
}) satisfies z.ZodType<DialableAssignment>;

/** @throws ZodError naming what is not valid in the stored assignment */
export function toAssignment(row: AssignmentRow): DialableAssignment {
  return dialableAssignmentSchema.parse({
    id: row.id,
    buyerId: row.buyer_id,
    buyerName: row.buyer_name,
    priority: row.priority,
    weight: row.weight,
    paused: row.paused,
    hours: row.hours,
    buyerHours: row.buyer_hours,
    filter: row.filter,
    price: row.price,
    conversionEstimate: row.conversion_estimate,
    dialing: row.dialing,
  });
}
