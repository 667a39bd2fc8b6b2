import { dialSettingsSchema } from '../../contract/campaign';
import { conditionSchema } from '../../contract/condition';
import { hoursSchema } from '../../contract/hours';
import { buyerPriceSchema } from '../../contract/money';
import type { Assignment } from '../../contract/resources/assignment';
import type { AssignmentRow } from '../../db/queries/assignments';
import type { AssignmentId, BuyerId, CampaignId } from '../../domain/ids';
import type { AuditedKind } from '../http/edit';

/**
 * An assignment as the API shows it. JSON that was stored before a field existed gets its default.
 * @throws ZodError when the database holds what never was an assignment's
 */
export function presentAssignment(row: AssignmentRow): Assignment {
  return {
    id: row.id as AssignmentId,
    campaignId: row.campaign_id as CampaignId,
    buyerId: row.buyer_id as BuyerId,
    dialing: dialSettingsSchema.parse(row.dialing),
    priority: row.priority,
    weight: row.weight,
    paused: row.paused,
    hours: hoursSchema.nullable().parse(row.hours),
    filter: conditionSchema.nullable().parse(row.filter),
    price: buyerPriceSchema.parse(row.price),
    conversionEstimate: row.conversion_estimate,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    removedAt: row.removed_at,
  };
}

export const ASSIGNMENT: AuditedKind<Assignment> = {
  entity: 'assignment',
  idOf: ({ id }) => id,
  campaignOf: ({ campaignId }) => campaignId,
};
