import type { Queryable } from '../pool';

/** A number with what decides about a call to it, as stored; `contract/` gives the JSON its types. */
export interface CallSetupRow {
  /** Why the caller may not call; `null`: they may. */
  readonly blocked_reason: string | null;
  readonly publisher_id: string | null;
  readonly payout: unknown;
  readonly channel: string;
  readonly tags: unknown;
  readonly campaign_id: string | null;
  /** Of the campaign: a copy of that version is fresh. `null`: no campaign. */
  readonly config_version: bigint | null;
  /** Of the campaign that takes a share of its calls in a migration; `null`: there is none. */
  readonly challenger_config_version: bigint | null;
  /** Labels of the DNI pool the number is in; all `null`: it is in none. */
  readonly pool_publisher_id: string | null;
  readonly pool_payout: unknown;
  readonly pool_channel: string | null;
  readonly pool_tags: unknown;
  /** Whose number it was when the call came, or last before, within the grace; `null`: nobody's. */
  readonly visitor: unknown;
}

/**
 * The campaign behind a number, the web visitor who has it, and whether the caller is on its block list or on everybody's.
 * @param receivedAt ISO 8601: leases that began later are another visitor's
 * @param callerPrefixes the caller's number and every shorter beginning of it; none for an anonymous caller
 * @returns `null`: nobody owns the number
 */
export async function loadCallSetup(
  db: Queryable,
  dialed: string,
  caller: string | null,
  callerPrefixes: readonly string[],
  receivedAt: string,
): Promise<CallSetupRow | null> {
  const { rows } = await db.query<CallSetupRow & Record<string, unknown>>({
    name: 'load_call_setup',
    text: `
      SELECT (SELECT b.reason FROM blocked_callers b
               WHERE b.pattern = ANY ($3::text[]) AND (b.kind = 'prefix' OR b.pattern = $2::text)
                 AND (b.campaign_id IS NULL OR b.campaign_id = n.campaign_id)
               ORDER BY length(b.pattern) DESC LIMIT 1) AS blocked_reason,
             n.publisher_id, p.payout, n.channel, n.tags, n.campaign_id, c.config_version,
             cc.config_version AS challenger_config_version,
             dp.publisher_id AS pool_publisher_id, pp.payout AS pool_payout, dp.channel AS pool_channel,
             dp.tags AS pool_tags,
             CASE WHEN s.id IS NOT NULL
               THEN jsonb_build_object('poolId', s.pool_id, 'sessionId', s.id, 'landingPage', s.landing_page,
                                       'referrer', s.referrer, 'utm', s.utm, 'clickIds', s.click_ids, 'tags', s.tags)
             END AS visitor
        FROM numbers n
        LEFT JOIN publishers p ON p.id = n.publisher_id
        LEFT JOIN campaigns c ON c.id = n.campaign_id
        LEFT JOIN migrations m ON m.campaign_id = n.campaign_id AND m.splits
        LEFT JOIN campaigns cc ON cc.id = m.challenger_campaign_id
        LEFT JOIN dni_numbers d ON d.e164 = n.e164
        LEFT JOIN dni_pools dp ON dp.id = d.pool_id
        LEFT JOIN publishers pp ON pp.id = dp.publisher_id
        LEFT JOIN LATERAL (
               SELECT l.pool_id, l.session_id, l.live_until, l.attributes_until FROM dni_leases l
                WHERE l.e164 = n.e164 AND l.leased_at <= $4::timestamptz
                ORDER BY l.leased_at DESC LIMIT 1
             ) l ON l.attributes_until > $4::timestamptz
        LEFT JOIN dni_sessions s ON s.pool_id = l.pool_id AND s.id = l.session_id
       WHERE n.e164 = $1::text`,
    values: [dialed, caller, [...callerPrefixes], receivedAt],
  });
  return rows[0] ?? null;
}

/** Which version of each campaign's configuration is the stored one; one that is not there is left out. */
export async function loadConfigVersions(
  db: Queryable,
  campaigns: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const { rows } = await db.query<{ id: string; config_version: bigint }>({
    name: 'load_config_versions',
    text: `SELECT id, config_version FROM campaigns WHERE id = ANY ($1::text[])`,
    values: [[...campaigns]],
  });
  return new Map(rows.map(({ id, config_version }) => [id, config_version]));
}

/** A campaign with its current plan and flow, as stored. */
export interface CampaignRow {
  readonly id: string;
  readonly config_version: bigint;
  readonly name: string;
  readonly status: string;
  readonly time_zone: string;
  readonly currency: string;
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
  /** The migration that divides its callers now; `null`, and all that follows: there is none. */
  readonly migration_id: string | null;
  readonly migration_kind: 'buyer' | 'plan' | 'campaign' | null;
  readonly share_basis_points: number | null;
  readonly comparison: number | null;
  readonly control_assignment_id: string | null;
  readonly challenger_assignment_id: string | null;
  readonly control_version: number | null;
  readonly challenger_version: number | null;
  readonly challenger_campaign_id: string | null;
  /** The plan version that is asked about every call and gets none; `null`: there is none. */
  readonly shadow_version: number | null;
  readonly shadow_plan: unknown;
}

/** Read before {@link loadAssignments}, on the same connection: so no assignment is older than `config_version` says. */
export async function loadCampaign(db: Queryable, campaign: string): Promise<CampaignRow | null> {
  const { rows } = await db.query<CampaignRow & Record<string, unknown>>({
    name: 'load_campaign',
    text: `
      SELECT c.id, c.config_version, c.name, c.status, c.time_zone, c.currency, c.hours, c.holidays, c.treatments,
             c.anonymous_callers, c.spam_window_seconds, c.minimum_attestation, c.duplicates, c.max_call_seconds,
             c.report_answer, c.record_calls, c.plan_version, rp.definition AS plan,
             c.flow_version, f.definition AS flow,
             m.id AS migration_id, m.kind AS migration_kind, m.share_basis_points, m.comparison, m.control_assignment_id,
             m.challenger_assignment_id, m.control_version, m.challenger_version, m.challenger_campaign_id,
             s.version AS shadow_version, sp.definition AS shadow_plan
        FROM campaigns c
        LEFT JOIN migrations m ON m.campaign_id = c.id AND m.splits
        LEFT JOIN shadow_plans s ON s.campaign_id = c.id
        LEFT JOIN routing_plans sp ON sp.campaign_id = c.id AND sp.version = s.version
        LEFT JOIN routing_plans rp ON rp.campaign_id = c.id AND rp.version = c.plan_version
        LEFT JOIN ivr_flows f ON f.campaign_id = c.id AND f.version = c.flow_version
       WHERE c.id = $1::text`,
    values: [campaign],
  });
  return rows[0] ?? null;
}

/** Campaigns that take calls, the ones changed last first. */
export async function listActiveCampaigns(
  db: Queryable,
  most: number,
): Promise<{ readonly id: string; readonly config_version: bigint }[]> {
  const { rows } = await db.query<{ id: string; config_version: bigint }>({
    name: 'list_active_campaigns',
    text: `
      SELECT id, config_version FROM campaigns WHERE status = 'active'
       ORDER BY updated_at DESC, id LIMIT $1::integer`,
    values: [most],
  });
  return rows;
}

/** A published plan, immutable. `null`: there is none of that number. */
export async function loadPlan(db: Queryable, campaign: string, version: number): Promise<unknown> {
  const { rows } = await db.query<{ definition: unknown }>({
    name: 'load_plan',
    text: `SELECT definition FROM routing_plans WHERE campaign_id = $1::text AND version = $2::integer`,
    values: [campaign, version],
  });
  return rows[0]?.definition ?? null;
}

/** A published flow, immutable. `null`: there is none of that number. */
export async function loadFlow(db: Queryable, campaign: string, version: number): Promise<unknown> {
  const { rows } = await db.query<{ definition: unknown }>({
    name: 'load_flow',
    text: `SELECT definition FROM ivr_flows WHERE campaign_id = $1::text AND version = $2::integer`,
    values: [campaign, version],
  });
  return rows[0]?.definition ?? null;
}

/** A buyer's place in a campaign, as stored. */
export interface AssignmentRow {
  readonly id: string;
  /** Another one whenever the assignment or its buyer is written, by whomever: PostgreSQL's own row versions. */
  readonly row_version: string;
  readonly buyer_id: string;
  readonly buyer_name: string;
  readonly buyer_hours: unknown;
  readonly hours: unknown;
  readonly filter: unknown;
  readonly dialing: unknown;
  readonly priority: number;
  readonly weight: number;
  readonly paused: boolean;
  readonly price: unknown;
  readonly conversion_estimate: number;
}

/** All assignments of a campaign that have not been removed. `paused` is their own or their buyer's. */
export async function loadAssignments(db: Queryable, campaign: string): Promise<AssignmentRow[]> {
  const { rows } = await db.query<AssignmentRow & Record<string, unknown>>({
    name: 'load_assignments',
    text: `
      SELECT a.id, a.xmin::text || '/' || b.xmin::text AS row_version, a.buyer_id, b.name AS buyer_name, b.hours AS buyer_hours, a.hours, a.filter, a.dialing, a.priority,
             a.weight, a.paused OR b.status = 'paused' AS paused, a.price, a.conversion_estimate
        FROM assignments a
        JOIN buyers b ON b.id = a.buyer_id
       WHERE a.campaign_id = $1::text AND a.removed_at IS NULL
       ORDER BY a.id`,
    values: [campaign],
  });
  return rows;
}
