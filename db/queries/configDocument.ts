import type { CountedEvent, LimitWindow, ScopeKind } from '../../domain/limits/limit';
import type { Queryable } from '../pool';
import { scopesOfCampaign } from './limits/limits';

/*
 * What a campaign's document is read from, and written to. Rows are read under a lock when they are about to be
 * changed, so that the difference shown is the one applied.
 */

/** Any number that is no other advisory lock's. */
const CONFIG_LOCK = 7_203_150_011n;

/** Waits until no other document is being applied, and keeps others waiting to the end of the transaction. */
export async function waitForOtherDocuments(db: Queryable): Promise<void> {
  await db.query({
    name: 'wait_for_other_documents',
    text: 'SELECT pg_advisory_xact_lock($1::bigint)',
    values: [CONFIG_LOCK],
  });
}

export interface ConfigCampaignRow {
  readonly id: string;
  readonly name: string;
  readonly vertical: string;
  readonly geography: unknown;
  readonly time_zone: string;
  readonly currency: string;
  readonly status: string;
  readonly hours: unknown;
  readonly holidays: unknown;
  readonly treatments: unknown;
  readonly anonymous_callers: string;
  readonly spam_window_seconds: number;
  readonly minimum_attestation: string | null;
  readonly duplicates: unknown;
  readonly max_call_seconds: number;
  readonly report_answer: boolean;
  readonly record_calls: boolean;
  readonly plan_version: number | null;
  readonly plan: unknown;
  readonly flow_version: number | null;
  readonly flow: unknown;
}

/** The campaign with its current plan and flow; `null`: there is none. */
export async function loadConfigCampaign(db: Queryable, campaign: string): Promise<ConfigCampaignRow | null> {
  const { rows } = await db.query<ConfigCampaignRow & Record<string, unknown>>({
    name: 'load_config_campaign',
    text: `
      SELECT c.id, c.name, c.vertical, c.geography, c.time_zone, c.currency, c.status, c.hours, c.holidays,
             c.treatments, c.anonymous_callers, c.spam_window_seconds, c.minimum_attestation, c.duplicates,
             c.max_call_seconds, c.report_answer, c.record_calls,
             c.plan_version, p.definition AS plan, c.flow_version, f.definition AS flow
        FROM campaigns c
        LEFT JOIN routing_plans p ON p.campaign_id = c.id AND p.version = c.plan_version
        LEFT JOIN ivr_flows f ON f.campaign_id = c.id AND f.version = c.flow_version
       WHERE c.id = $1::text`,
    values: [campaign],
  });
  return rows[0] ?? null;
}

export interface ConfigPublisherRow {
  readonly id: string;
  readonly name: string;
  readonly payout: unknown;
}

/** What is read beside what a campaign has: what a document names. `lock`: it is about to be changed. */
export interface ConfigScope {
  readonly campaignId: string;
  readonly ids: readonly string[];
  readonly lock: boolean;
}

/** Publishers of the campaign's numbers, and those named. */
export async function loadConfigPublishers(db: Queryable, scope: ConfigScope): Promise<ConfigPublisherRow[]> {
  const { rows } = await db.query<ConfigPublisherRow & Record<string, unknown>>({
    name: `load_config_publishers${scope.lock ? '_locked' : ''}`,
    text: `
      SELECT id, name, payout FROM publishers
       WHERE id = ANY ($2::text[]) OR id IN (SELECT publisher_id FROM numbers WHERE campaign_id = $1::text)
       ORDER BY id ${scope.lock ? 'FOR NO KEY UPDATE' : ''}`,
    values: [scope.campaignId, [...scope.ids]],
  });
  return rows;
}

export interface ConfigBuyerRow {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly time_zone: string;
  readonly hours: unknown;
}

/** Buyers of the campaign's assignments, and those named. */
export async function loadConfigBuyers(db: Queryable, scope: ConfigScope): Promise<ConfigBuyerRow[]> {
  const { rows } = await db.query<ConfigBuyerRow & Record<string, unknown>>({
    name: `load_config_buyers${scope.lock ? '_locked' : ''}`,
    text: `
      SELECT id, name, status, time_zone, hours FROM buyers
       WHERE id = ANY ($2::text[])
          OR id IN (SELECT buyer_id FROM assignments WHERE campaign_id = $1::text AND removed_at IS NULL)
       ORDER BY id ${scope.lock ? 'FOR NO KEY UPDATE' : ''}`,
    values: [scope.campaignId, [...scope.ids]],
  });
  return rows;
}

export interface ConfigNumberRow {
  readonly e164: string;
  readonly campaign_id: string | null;
  readonly campaign_status: string | null;
  readonly publisher_id: string | null;
  readonly channel: string;
  readonly tags: unknown;
  readonly fail_safe: unknown;
}

/** The campaign's numbers, and those named, whoever has them. */
export async function loadConfigNumbers(db: Queryable, scope: ConfigScope): Promise<ConfigNumberRow[]> {
  const { rows } = await db.query<ConfigNumberRow & Record<string, unknown>>({
    name: `load_config_numbers${scope.lock ? '_locked' : ''}`,
    text: `
      SELECT n.e164, n.campaign_id, c.status AS campaign_status, n.publisher_id, n.channel, n.tags, n.fail_safe
        FROM numbers n LEFT JOIN campaigns c ON c.id = n.campaign_id
       WHERE n.campaign_id = $1::text OR n.e164 = ANY ($2::text[])
       ORDER BY n.e164 ${scope.lock ? 'FOR NO KEY UPDATE OF n' : ''}`,
    values: [scope.campaignId, [...scope.ids]],
  });
  return rows;
}

export interface ConfigAssignmentRow {
  readonly id: string;
  readonly campaign_id: string;
  readonly buyer_id: string;
  readonly priority: number;
  readonly weight: number;
  readonly paused: boolean;
  readonly dialing: unknown;
  readonly hours: unknown;
  readonly filter: unknown;
  readonly price: unknown;
  readonly conversion_estimate: number;
  readonly removed: boolean;
}

/** The campaign's assignments, and those named, also removed ones and other campaigns'. */
export async function loadConfigAssignments(
  db: Queryable,
  scope: ConfigScope,
): Promise<ConfigAssignmentRow[]> {
  const { rows } = await db.query<ConfigAssignmentRow & Record<string, unknown>>({
    name: `load_config_assignments${scope.lock ? '_locked' : ''}`,
    text: `
      SELECT id, campaign_id, buyer_id, priority, weight, paused, dialing, hours, filter, price, conversion_estimate,
             removed_at IS NOT NULL AS removed
        FROM assignments
       WHERE (campaign_id = $1::text AND removed_at IS NULL) OR id = ANY ($2::text[])
       ORDER BY id ${scope.lock ? 'FOR NO KEY UPDATE' : ''}`,
    values: [scope.campaignId, [...scope.ids]],
  });
  return rows;
}

export interface ConfigLimitRow {
  readonly id: string;
  readonly scope_kind: ScopeKind;
  readonly scope_id: string;
  readonly window: LimitWindow;
  readonly counts: CountedEvent;
  readonly maximum: bigint;
  readonly currency: string | null;
  readonly time_zone: string;
}

/**
 * Limits on the campaign and on all it uses, those on the scopes named, and those named themselves. Counters are not
 * looked at: what is counted is no configuration.
 * @param scope.scopes as `<kind>:<id>`
 */
export async function loadConfigLimits(
  db: Queryable,
  scope: ConfigScope & { readonly scopes: readonly string[] },
): Promise<ConfigLimitRow[]> {
  const { rows } = await db.query<ConfigLimitRow & Record<string, unknown>>({
    name: `load_config_limits${scope.lock ? '_locked' : ''}`,
    text: `
      SELECT id, scope_kind, scope_id, "window", counts, maximum, currency, time_zone
        FROM limits
       WHERE id = ANY ($2::text[]) OR scope = ANY ($3::text[]) OR scope IN (${scopesOfCampaign('$1::text')})
       ORDER BY id ${scope.lock ? 'FOR NO KEY UPDATE OF limits' : ''}`,
    values: [scope.campaignId, [...scope.ids], [...scope.scopes]],
  });
  return rows;
}
