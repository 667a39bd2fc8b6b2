import { ZodError } from 'zod';
import {
  attestationSchema,
  campaignStatusSchema,
  duplicateRuleSchema,
  holidaysSchema,
  treatmentsSchema,
  type Treatments,
} from '../../contract/campaign';
import { flowSchema } from '../../contract/flow';
import { hoursSchema } from '../../contract/hours';
import { currencySchema } from '../../contract/money';
import { planSchema } from '../../contract/plan';
import type { AssignmentRow, CampaignRow } from '../../db/queries/setup';
import type { Attestation, CampaignStatus } from '../../domain/campaign/status';
import { unreachable } from '../../domain/exhaustive';
import type { Hours } from '../../domain/hours';
import type { AssignmentId, CampaignId, MigrationId } from '../../domain/ids';
import type { Flow } from '../../domain/ivr/flow';
import type { Shift, Split } from '../../domain/migration/call-side';
import type { Currency } from '../../domain/money';
import type { RoutingPlan } from '../../domain/routing/plan';
import type { CampaignSnapshot, DialableAssignment } from '../../domain/routing/snapshot';
import { toAssignment } from './assignment';

/** A campaign as it stands at one version of its configuration. */
export interface Campaign extends Omit<CampaignSnapshot<DialableAssignment>, 'planVersion' | 'plan'> {
  readonly configVersion: bigint;
  readonly name: string;
  readonly status: CampaignStatus;
  readonly currency: Currency;
  /** `null`: always open. */
  readonly hours: Hours | null;
  readonly treatments: Treatments;
  readonly anonymousCallers: 'allow' | 'block';
  readonly spamWindowSeconds: number;
  readonly minimumAttestation: Attestation | null;
  readonly maxCallSeconds: number;
  readonly reportAnswer: boolean;
  readonly record: boolean;
  /** `null`: nothing has been published yet. */
  readonly plan: { readonly version: number; readonly definition: RoutingPlan } | null;
  readonly flow: { readonly version: number; readonly definition: Flow } | null;
  /** The migration that divides its callers; `null`: there is none. */
  readonly split: Split | null;
  /** A version of its plan that is asked about every call, and gets none; `null`: there is none. */
  readonly shadow: { readonly version: number; readonly definition: RoutingPlan } | null;
  /** The digest under which it is on record, for good, so that a choice made in it can be made again. */
  readonly recorded: string;
}

/** What is stored of a campaign cannot be read: a call to it must not be tried for ever. The message names the fields. */
class UnreadableConfiguration extends Error {
  override readonly name = 'UnreadableConfiguration';
}

/** What to end a call with that cannot be tried again. @throws `error` itself, when it is anything else */
export function whyUnreadable(error: unknown): string {
  if (error instanceof UnreadableConfiguration) return error.message;
  throw error;
}

/** @throws UnreadableConfiguration where a schema refuses what is stored. */
export function readable<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const fields = error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ');
    throw new UnreadableConfiguration(`${what} cannot be read: ${fields}`, { cause: error });
  }
}

/** The row each assignment in memory was made of. */
const rowVersions = new WeakMap<DialableAssignment, string>();

/**
 * What is stored of a campaign, parsed. An assignment whose row is still that of one in `before` is the same object.
 * @throws ZodError naming what is not valid in the stored configuration
 */
export function toCampaign(
  row: CampaignRow,
  assignments: readonly AssignmentRow[],
  before: readonly DialableAssignment[],
): Omit<Campaign, 'recorded'> {
  const known = new Map(
    before.map((assignment): [string, DialableAssignment] => [assignment.id, assignment]),
  );
  return {
    campaignId: row.id as CampaignId,
    configVersion: row.config_version,
    name: row.name,
    status: campaignStatusSchema.parse(row.status),
    timeZone: row.time_zone,
    currency: currencySchema.parse(row.currency),
    hours: hoursSchema.nullable().parse(row.hours),
    holidays: holidaysSchema.parse(row.holidays).map(({ date }) => date),
    treatments: treatmentsSchema.parse(row.treatments),
    anonymousCallers: row.anonymous_callers === 'block' ? 'block' : 'allow',
    spamWindowSeconds: row.spam_window_seconds,
    minimumAttestation: attestationSchema.nullable().parse(row.minimum_attestation),
    duplicates: duplicateRuleSchema.nullable().parse(row.duplicates),
    maxCallSeconds: row.max_call_seconds,
    reportAnswer: row.report_answer,
    record: row.record_calls,
    plan:
      row.plan_version === null
        ? null
        : { version: row.plan_version, definition: planSchema.parse(row.plan) },
    flow:
      row.flow_version === null
        ? null
        : { version: row.flow_version, definition: flowSchema.parse(row.flow) },
    split: splitOf(row),
    shadow:
      row.shadow_version === null
        ? null
        : { version: row.shadow_version, definition: planSchema.parse(row.shadow_plan) },
    assignments: assignments.map((stored) => {
      const old = known.get(stored.id);
      return old !== undefined && rowVersions.get(old) === stored.row_version ? old : newAssignment(stored);
    }),
  };
}

function splitOf(row: CampaignRow): Split | null {
  if (row.migration_id === null) return null;
  const shift = shiftOf(row);
  if (shift === null) throw new Error(`Migration ${row.migration_id} does not say from what to what`);
  return {
    migrationId: row.migration_id as MigrationId,
    shareBasisPoints: row.share_basis_points ?? 0,
    comparison: row.comparison ?? 0,
    shift,
  };
}

function shiftOf(row: CampaignRow): Shift | null {
  switch (row.migration_kind) {
    case 'buyer': {
      const { control_assignment_id: control, challenger_assignment_id: challenger } = row;
      if (control === null || challenger === null) return null;
      return { kind: 'buyer', control: control as AssignmentId, challenger: challenger as AssignmentId };
    }
    case 'plan': {
      const { control_version: control, challenger_version: challenger } = row;
      return control === null || challenger === null ? null : { kind: 'plan', control, challenger };
    }
    case 'campaign': {
      const { challenger_campaign_id: challenger } = row;
      if (challenger === null) return null;
      return { kind: 'campaign', control: row.id as CampaignId, challenger: challenger as CampaignId };
    }
    case null:
      return null;
    default:
      return unreachable(row.migration_kind);
  }
}

function newAssignment(row: AssignmentRow): DialableAssignment {
  const assignment = toAssignment(row);
  rowVersions.set(assignment, row.row_version);
  return assignment;
}
