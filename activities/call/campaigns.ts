import { setTimeout } from 'node:timers/promises';
import type { Pool } from 'pg';
import { ZodError } from 'zod';
import {
  attestationSchema,
  campaignStatusSchema,
  dialSettingsSchema,
  duplicateRuleSchema,
  holidaysSchema,
  treatmentsSchema,
  type Treatments,
} from '../../contract/campaign';
import { conditionSchema } from '../../contract/condition';
import { flowSchema } from '../../contract/flow';
import { hoursSchema } from '../../contract/hours';
import { buyerPriceSchema, currencySchema } from '../../contract/money';
import { planSchema } from '../../contract/plan';
import {
  listActiveCampaigns,
  loadAssignments,
  loadCampaign,
  loadFlow,
  loadPlan,
} from '../../db/queries/setup';
import type { AssignmentRow, CampaignRow } from '../../db/queries/setup';
import { transaction } from '../../db/transaction';
import type { Attestation, CampaignStatus } from '../../domain/campaign/status';
import type { Hours } from '../../domain/hours';
import { unreachable } from '../../domain/exhaustive';
import type { AssignmentId, BuyerId, CampaignId, MigrationId } from '../../domain/ids';
import type { Flow } from '../../domain/ivr/flow';
import type { Shift, Split } from '../../domain/migration/call-side';
import type { Currency } from '../../domain/money';
import type { RoutingPlan } from '../../domain/routing/plan';
import type { CampaignSnapshot, DialableAssignment } from '../../domain/routing/snapshot';

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
function readable<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const fields = error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ');
    throw new UnreadableConfiguration(`${what} cannot be read: ${fields}`, { cause: error });
  }
}

/**
 * Campaigns kept parsed in this process. Who asks says which version they saw in the database, so that a copy is never
 * older than the read that led to it; `refresh` only makes sure that the next call need not wait for the reading.
 */
export interface Campaigns {
  /** The campaign, at `configVersion` or newer. @throws UnreadableConfiguration; and when it does not exist. */
  at(id: CampaignId, configVersion: bigint): Promise<Campaign>;
  /** A version a call was pinned to. Published ones never change. @throws when it does not exist. */
  plan(id: CampaignId, version: number): Promise<RoutingPlan>;
  flow(id: CampaignId, version: number): Promise<Flow>;
  /** Something of the campaign changed: reads it again, if it is kept at all. */
  refresh(id: CampaignId): Promise<void>;
  /**
   * Reads the campaigns that take calls, one after the other, so that no call has to wait for it: a process that has
   * just started would make each campaign's first caller wait, those of the largest for longest.
   */
  warm(): Promise<void>;
  /** Resolves when nothing is being read again any more: only then may the database's pool end. */
  quiet(): Promise<void>;
}

/**
 * Pause between two readings of one campaign that nobody waits for, in milliseconds: a thousand edits in a row must not
 * keep the process busy with reading.
 */
const REFRESH_PAUSE_MS = 100;

/** Campaigns, plans and flows kept at most, each; past it that store starts anew. */
const MOST_KEPT = 1_000;

export function createCampaigns(db: Pool): Campaigns {
  const kept = new Map<CampaignId, Promise<Campaign>>();
  const refreshing = new Map<CampaignId, Promise<void>>();
  const changedAgain = new Set<CampaignId>();
  const plans = new Map<string, Promise<RoutingPlan>>();
  const flows = new Map<string, Promise<Flow>>();

  function read(id: CampaignId): Promise<Campaign> {
    return keep(kept, id, readCampaign(db, id, kept.get(id)));
  }

  async function readUntilQuiet(id: CampaignId): Promise<void> {
    do {
      changedAgain.delete(id);
      await read(id);
      await setTimeout(REFRESH_PAUSE_MS);
    } while (changedAgain.has(id));
  }

  return {
    async at(id, configVersion) {
      const known = kept.get(id);
      if (known !== undefined) {
        const campaign = await known;
        if (campaign.configVersion >= configVersion) return campaign;
        // Whoever notices first reads; everybody else waits for that reading.
        const newer = kept.get(id);
        if (newer !== undefined && newer !== known) {
          const other = await newer;
          if (other.configVersion >= configVersion) return other;
        }
      }
      return read(id);
    },
    plan: (id, version) =>
      plans.get(`${id}/${version}`) ??
      keep(
        plans,
        `${id}/${version}`,
        loadPlan(db, id, version).then((definition) => {
          if (definition === null)
            throw new Error(`Plan version ${version} of campaign ${id} does not exist`);
          return readable(`plan version ${version} of campaign ${id}`, () => planSchema.parse(definition));
        }),
      ),
    flow: (id, version) =>
      flows.get(`${id}/${version}`) ??
      keep(
        flows,
        `${id}/${version}`,
        loadFlow(db, id, version).then((definition) => {
          if (definition === null)
            throw new Error(`Flow version ${version} of campaign ${id} does not exist`);
          return readable(`flow version ${version} of campaign ${id}`, () => flowSchema.parse(definition));
        }),
      ),
    refresh(id) {
      if (!kept.has(id)) return Promise.resolve();
      changedAgain.add(id);
      const known = refreshing.get(id);
      if (known !== undefined) return known;
      const reading = readUntilQuiet(id).finally(() => refreshing.delete(id));
      refreshing.set(id, reading);
      return reading;
    },
    async warm() {
      for (const { id, config_version } of await listActiveCampaigns(db, MOST_KEPT / 2)) {
        // One that cannot be read must not keep the others: its first call meets the same error, and says so.
        await this.at(id as CampaignId, config_version).catch(() => undefined);
      }
    },
    async quiet() {
      while (refreshing.size > 0) await Promise.allSettled(refreshing.values());
    },
  };
}

/** Keeps what is being read, unless reading it fails. */
function keep<K, T>(store: Map<K, Promise<T>>, key: K, reading: Promise<T>): Promise<T> {
  if (store.size >= MOST_KEPT) store.clear();
  store.set(key, reading);
  reading.catch(() => {
    if (store.get(key) === reading) store.delete(key);
  });
  return reading;
}

/** What of the campaign has not changed is taken over from `before`, with all that was made ready of it. */
async function readCampaign(
  db: Pool,
  id: CampaignId,
  before: Promise<Campaign> | undefined,
): Promise<Campaign> {
  // A reading that failed has nothing to take over; whoever asked for it has been told.
  const old = await before?.catch(() => undefined);
  const [row, assignments] = await transaction(db, async (tx) => ({
    value: await Promise.all([loadCampaign(tx, id), loadAssignments(tx, id)]),
  }));
  if (row === null) throw new Error(`Campaign ${id} does not exist`);
  return readable(`campaign ${id}`, () => toCampaign(row, assignments, old?.assignments ?? []));
}

/** The row each assignment in memory was made of. */
const rowVersions = new WeakMap<DialableAssignment, string>();

/** @throws ZodError naming what is not valid in the stored configuration. */
function toCampaign(
  row: CampaignRow,
  assignments: readonly AssignmentRow[],
  before: readonly DialableAssignment[],
): Campaign {
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
      return old !== undefined && rowVersions.get(old) === stored.row_version ? old : toAssignment(stored);
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

function toAssignment(row: AssignmentRow): DialableAssignment {
  const assignment: DialableAssignment = {
    id: row.id as AssignmentId,
    buyerId: row.buyer_id as BuyerId,
    buyerName: row.buyer_name,
    priority: row.priority,
    weight: row.weight,
    paused: row.paused,
    hours: hoursSchema.nullable().parse(row.hours),
    buyerHours: hoursSchema.nullable().parse(row.buyer_hours),
    filter: conditionSchema.nullable().parse(row.filter),
    price: buyerPriceSchema.parse(row.price),
    conversionEstimate: row.conversion_estimate,
    dialing: dialSettingsSchema.parse(row.dialing),
  };
  rowVersions.set(assignment, row.row_version);
  return assignment;
}
