import {
  attestationSchema,
  duplicateRuleSchema,
  holidaysSchema,
  treatmentsSchema,
} from '../../contract/campaign';
import { hoursSchema } from '../../contract/hours';
import type { Campaign } from '../../contract/resources/campaign';
import type { CampaignRow } from '../../db/queries/campaigns';
import type { CampaignId } from '../../domain/ids';
import type { Currency } from '../../domain/money';
import type { AuditedKind } from '../http/edit';

/**
 * A campaign as the API shows it. JSON that was stored before a field existed gets its default.
 * @throws ZodError when the database holds what never was a campaign's
 */
export function presentCampaign(row: CampaignRow): Campaign {
  return {
    id: row.id as CampaignId,
    status: row.status,
    name: row.name,
    vertical: row.vertical,
    geography: row.geography as Campaign['geography'],
    timeZone: row.time_zone,
    currency: row.currency as Currency,
    hours: hoursSchema.nullable().parse(row.hours),
    holidays: holidaysSchema.parse(row.holidays),
    treatments: treatmentsSchema.parse(row.treatments),
    anonymousCallers: row.anonymous_callers,
    spamWindowSeconds: row.spam_window_seconds,
    minimumAttestation: attestationSchema.nullable().parse(row.minimum_attestation),
    duplicates: duplicateRuleSchema.nullable().parse(row.duplicates),
    maxCallSeconds: row.max_call_seconds,
    reportAnswer: row.report_answer,
    recordCalls: row.record_calls,
    currentPlanVersion: row.plan_version,
    currentFlowVersion: row.flow_version,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Why a campaign cannot have another currency, draft or not. */
export const CURRENCY_STAYS =
  'cannot be changed any more: the campaign has calls or entries of the ledger, which count in the one it has. Make another campaign';

export const CAMPAIGN: AuditedKind<Campaign> = {
  entity: 'campaign',
  idOf: ({ id }) => id,
  campaignOf: ({ id }) => id,
};
