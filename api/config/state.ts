import {
  configAssignmentSchema,
  configBuyerSchema,
  configCampaignSchema,
  configNumberSchema,
  configPublisherSchema,
  type ConfigAssignment,
  type ConfigBuyer,
  type ConfigCampaign,
  type ConfigDocument,
  type ConfigNumber,
  type ConfigPublisher,
} from '../../contract/config-document';
import { configLimitSchema, type ConfigLimit } from '../../contract/resources/limit';
import type { GoalSettings } from '../../contract/resources/goal';
import { flowSchema } from '../../contract/flow';
import { knownTimeZoneSchema } from '../../contract/hours';
import { planSchema } from '../../contract/plan';
import { presentGoal, settingsOf } from '../goals/present';
import { saysZone, scopesOfDocument } from './limits';
import type { Queryable } from '../../db/pool';
import {
  loadConfigAssignments,
  loadConfigBuyers,
  loadConfigCampaign,
  loadConfigLimits,
  loadConfigNumbers,
  loadConfigPublishers,
  type ConfigCampaignRow,
  type ConfigLimitRow,
} from '../../db/queries/configDocument';
import { findGoal } from '../../db/queries/goals';
import type { CampaignStatus } from '../../domain/campaign/status';
import type { Flow } from '../../domain/ivr/flow';
import type { RoutingPlan } from '../../domain/routing/plan';

/* What was kept is read with any zone that is known: a document can be made of it, and says what has to be mended. */
const storedCampaignSchema = configCampaignSchema.extend({ timeZone: knownTimeZoneSchema });
const storedBuyerSchema = configBuyerSchema.extend({ timeZone: knownTimeZoneSchema });

/** A number, and who has it. */
export interface StoredNumber extends ConfigNumber {
  readonly campaignId: string | null;
  /** Of that campaign. */
  readonly campaignStatus: CampaignStatus | null;
}

export interface StoredAssignment extends ConfigAssignment {
  readonly campaignId: string;
  readonly removed: boolean;
}

export interface StoredVersion<T> {
  readonly version: number;
  readonly definition: T;
}

/** All of the database that a campaign's document says something about. */
export interface ConfigState {
  /** `null`: there is no such campaign. */
  readonly campaign: (ConfigCampaign & { readonly status: CampaignStatus }) | null;
  readonly publishers: ReadonlyMap<string, ConfigPublisher>;
  readonly buyers: ReadonlyMap<string, ConfigBuyer>;
  /** Also other campaigns', where the document names them. */
  readonly numbers: ReadonlyMap<string, StoredNumber>;
  /** Also removed ones and other campaigns', where the document names them. */
  readonly assignments: ReadonlyMap<string, StoredAssignment>;
  /** On the campaign and all it uses, and those that stand against the document's. */
  readonly limits: ReadonlyMap<string, ConfigLimit>;
  readonly goal: GoalSettings | null;
  readonly plan: StoredVersion<RoutingPlan> | null;
  readonly flow: StoredVersion<Flow> | null;
}

/** What a document names, beside what its campaign has already. */
export interface Named {
  readonly publishers: readonly string[];
  readonly buyers: readonly string[];
  readonly numbers: readonly string[];
  readonly assignments: readonly string[];
  readonly limits: readonly string[];
  /** Of its limits, as `<kind>:<id>`. */
  readonly scopes: readonly string[];
}

const NOTHING: Named = { publishers: [], buyers: [], numbers: [], assignments: [], limits: [], scopes: [] };

/** All ids a document names, also those it only refers to. */
export function namedBy(document: ConfigDocument): Named {
  return {
    publishers: [
      ...document.publishers.map(({ id }) => id),
      ...document.numbers.flatMap(({ publisherId }) => publisherId ?? []),
    ],
    buyers: [...document.buyers.map(({ id }) => id), ...document.assignments.map(({ buyerId }) => buyerId)],
    numbers: document.numbers.map(({ number }) => number),
    assignments: document.assignments.map(({ id }) => id),
    limits: document.limits?.map(({ id }) => id) ?? [],
    scopes: document.limits === undefined ? [] : [...scopesOfDocument(document)],
  };
}

/**
 * Reads the state, seven statements in one round trip.
 * @param lock whether the rows are about to be changed
 * @throws ZodError when the database holds what no edit could have written
 */
export async function loadState(
  db: Queryable,
  campaignId: string,
  { named = NOTHING, lock = false }: { readonly named?: Named; readonly lock?: boolean } = {},
): Promise<ConfigState> {
  const scope = (ids: readonly string[]) => ({ campaignId, ids, lock });
  const [campaign, publishers, buyers, numbers, assignments, limits, goal] = await Promise.all([
    loadConfigCampaign(db, campaignId),
    loadConfigPublishers(db, scope(named.publishers)),
    loadConfigBuyers(db, scope(named.buyers)),
    loadConfigNumbers(db, scope(named.numbers)),
    loadConfigAssignments(db, scope(named.assignments)),
    loadConfigLimits(db, { ...scope(named.limits), scopes: named.scopes }),
    findGoal(db, campaignId),
  ]);
  return {
    campaign: campaign === null ? null : readCampaign(campaign),
    publishers: byKey(
      publishers.map((row) => configPublisherSchema.parse(row)),
      ({ id }) => id,
    ),
    buyers: byKey(
      buyers.map(({ time_zone, ...row }) => storedBuyerSchema.parse({ ...row, timeZone: time_zone })),
      ({ id }) => id,
    ),
    numbers: byKey(
      numbers.map((row) => ({
        ...configNumberSchema.parse({
          number: row.e164,
          publisherId: row.publisher_id,
          channel: row.channel,
          tags: row.tags,
          failSafe: row.fail_safe,
        }),
        campaignId: row.campaign_id,
        campaignStatus: row.campaign_status as CampaignStatus | null,
      })),
      ({ number }) => number,
    ),
    assignments: byKey(
      assignments.map((row) => ({
        ...configAssignmentSchema.parse({
          id: row.id,
          buyerId: row.buyer_id,
          priority: row.priority,
          weight: row.weight,
          paused: row.paused,
          dialing: row.dialing,
          hours: row.hours,
          filter: row.filter,
          price: row.price,
          conversionEstimate: row.conversion_estimate,
        }),
        campaignId: row.campaign_id,
        removed: row.removed,
      })),
      ({ id }) => id,
    ),
    limits: byKey(limits.map(readLimit), ({ id }) => id),
    goal: goal === null ? null : settingsOf(presentGoal(goal)),
    plan: readVersion(campaign?.plan_version ?? null, () => planSchema.parse(campaign?.plan)),
    flow: readVersion(campaign?.flow_version ?? null, () => flowSchema.parse(campaign?.flow)),
  };
}

/** Zone and currency only where they are the limit's own to say. */
function readLimit(row: ConfigLimitRow): ConfigLimit {
  const limit = {
    id: row.id,
    scope: { kind: row.scope_kind, id: row.scope_id },
    window: row.window,
    counts: row.counts,
    limit: row.counts === 'spend' ? row.maximum.toString() : Number(row.maximum),
    ...(row.currency === null ? {} : { currency: row.currency }),
  };
  if (!saysZone(limit)) return configLimitSchema.parse(limit);
  return {
    ...configLimitSchema.parse({ ...limit, timeZone: 'UTC' }),
    timeZone: knownTimeZoneSchema.parse(row.time_zone),
  };
}

function readVersion<T>(version: number | null, read: () => T): StoredVersion<T> | null {
  return version === null ? null : { version, definition: read() };
}

function readCampaign(row: ConfigCampaignRow): ConfigCampaign & { readonly status: CampaignStatus } {
  const campaign = storedCampaignSchema.parse({
    id: row.id,
    name: row.name,
    vertical: row.vertical,
    geography: row.geography,
    timeZone: row.time_zone,
    currency: row.currency,
    status: row.status,
    hours: row.hours,
    holidays: row.holidays,
    treatments: row.treatments,
    anonymousCallers: row.anonymous_callers,
    spamWindowSeconds: row.spam_window_seconds,
    minimumAttestation: row.minimum_attestation,
    duplicates: row.duplicates,
    maxCallSeconds: row.max_call_seconds,
    reportAnswer: row.report_answer,
    recordCalls: row.record_calls,
  });
  return { ...campaign, status: campaign.status ?? 'draft' };
}

function byKey<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [keyOf(item), item]));
}

/** What a stored number is in a document. */
export function numberOf({ number, publisherId, channel, tags, failSafe }: StoredNumber): ConfigNumber {
  return { number, publisherId, channel, tags, failSafe };
}

/** What a stored assignment is in a document. */
export function assignmentOf(stored: StoredAssignment): ConfigAssignment {
  const { campaignId: _campaignId, removed: _removed, ...assignment } = stored;
  return assignment;
}

/** The document that says what is there; `null`: there is no such campaign. Lists are in the order of their ids. */
export function documentOf(state: ConfigState): ConfigDocument | null {
  if (state.campaign === null) return null;
  return {
    campaign: state.campaign,
    publishers: [...state.publishers.values()],
    buyers: [...state.buyers.values()],
    numbers: [...state.numbers.values()].map(numberOf),
    assignments: [...state.assignments.values()].map(assignmentOf),
    limits: [...state.limits.values()],
    goal: state.goal,
    plan: state.plan?.definition ?? null,
    flow: state.flow?.definition ?? null,
  };
}
