import type { CampaignSettings } from '../../contract/resources/campaign';
import type { CampaignStatus } from '../../domain/campaign/status';
import { CREATED_PLACE, type CreatedPlace } from '../keyset';
import { jsonOrNull } from '../json';
import type { Queryable } from '../pool';
import { only } from '../rows';

/** A campaign as people configure it; `contract/` gives the JSON its types. */
export interface CampaignRow {
  readonly id: string;
  readonly name: string;
  readonly vertical: string;
  readonly geography: unknown;
  readonly time_zone: string;
  readonly currency: string;
  readonly status: CampaignStatus;
  readonly hours: unknown;
  readonly holidays: unknown;
  readonly treatments: unknown;
  readonly anonymous_callers: 'allow' | 'block';
  readonly spam_window_seconds: number;
  readonly minimum_attestation: string | null;
  readonly duplicates: unknown;
  readonly max_call_seconds: number;
  readonly report_answer: boolean;
  readonly record_calls: boolean;
  readonly plan_version: number | null;
  readonly flow_version: number | null;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_place: string;
}

const COLUMNS = `
  id, name, vertical, geography, time_zone, currency, status, hours, holidays, treatments, anonymous_callers,
  spam_window_seconds, minimum_attestation, duplicates, max_call_seconds, report_answer, record_calls, plan_version,
  flow_version, revision, created_at, updated_at, ${CREATED_PLACE}`;

export async function findCampaign(db: Queryable, id: string): Promise<CampaignRow | null> {
  const { rows } = await db.query<CampaignRow & Record<string, unknown>>({
    name: 'find_campaign',
    text: `SELECT ${COLUMNS} FROM campaigns WHERE id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The campaign, locked against other edits until the transaction ends. Calls are not held up by it. */
export async function lockCampaign(db: Queryable, id: string): Promise<CampaignRow | null> {
  const { rows } = await db.query<CampaignRow & Record<string, unknown>>({
    name: 'lock_campaign',
    text: `SELECT ${COLUMNS} FROM campaigns WHERE id = $1::text FOR NO KEY UPDATE`,
    values: [id],
  });
  return rows[0] ?? null;
}

/**
 * Whether there are calls or entries of the ledger, which count in the currency a campaign had; until the transaction ends
 * none come in. In two statements: one that waits for calls on their way in has not seen them.
 */
export async function holdHistory(db: Queryable, id: string): Promise<boolean> {
  await db.query({
    name: 'hold_calls_of_campaign',
    // Every call and entry has a key of the campaign's row, which this one waits for and keeps.
    text: 'SELECT FROM campaigns WHERE id = $1::text FOR UPDATE',
    values: [id],
  });
  const { rows } = await db.query<{ history: boolean }>({
    name: 'find_history_of_campaign',
    text: `
      SELECT EXISTS (SELECT FROM calls WHERE campaign_id = $1::text)
          OR EXISTS (SELECT FROM ledger_entries WHERE campaign_id = $1::text) AS history`,
    values: [id],
  });
  return only(rows).history;
}

/** A campaign's status, which stays what it is until the transaction ends. */
export async function holdCampaignStatus(db: Queryable, id: string): Promise<CampaignStatus | null> {
  const { rows } = await db.query<{ status: CampaignStatus }>({
    name: 'hold_campaign_status',
    text: 'SELECT status FROM campaigns WHERE id = $1::text FOR SHARE',
    values: [id],
  });
  return rows[0]?.status ?? null;
}

export interface CampaignFilter {
  readonly status: string | null;
  readonly vertical: string | null;
  readonly after: CreatedPlace | null;
  readonly limit: number;
}

/** Newest first. */
export async function listCampaigns(db: Queryable, filter: CampaignFilter): Promise<CampaignRow[]> {
  const { rows } = await db.query<CampaignRow & Record<string, unknown>>({
    name: 'list_campaigns',
    text: `
      SELECT ${COLUMNS} FROM campaigns
       WHERE ($1::text IS NULL OR status = $1::text)
         AND ($2::text IS NULL OR vertical = $2::text)
         AND ($3::timestamptz IS NULL OR (created_at, id) < ($3::timestamptz, $4::text))
       ORDER BY created_at DESC, id DESC
       LIMIT $5::integer`,
    values: [
      filter.status,
      filter.vertical,
      filter.after?.at ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  });
  return rows;
}

/** What people set of a campaign: columns, their values from `$2` on, and those values. */
export const SETTINGS = `
  name, vertical, geography, time_zone, currency, hours, holidays, treatments, anonymous_callers, spam_window_seconds,
  minimum_attestation, duplicates, max_call_seconds, report_answer, record_calls`;

export const SETTING_VALUES = `
  $2::text, $3::text, $4::jsonb, $5::text, $6::text, $7::jsonb, $8::jsonb, $9::jsonb, $10::text, $11::integer,
  $12::text, $13::jsonb, $14::integer, $15::boolean, $16::boolean`;

export function settingValues(settings: CampaignSettings): unknown[] {
  return [
    settings.name,
    settings.vertical,
    JSON.stringify(settings.geography),
    settings.timeZone,
    settings.currency,
    jsonOrNull(settings.hours),
    JSON.stringify(settings.holidays),
    JSON.stringify(settings.treatments),
    settings.anonymousCallers,
    settings.spamWindowSeconds,
    settings.minimumAttestation,
    jsonOrNull(settings.duplicates),
    settings.maxCallSeconds,
    settings.reportAnswer,
    settings.recordCalls,
  ];
}

/** Makes a draft. @throws when the id is taken: `campaigns_pkey` */
export async function insertCampaign(
  db: Queryable,
  id: string,
  settings: CampaignSettings,
): Promise<CampaignRow> {
  const { rows } = await db.query<CampaignRow & Record<string, unknown>>({
    name: 'insert_campaign',
    text: `
      INSERT INTO campaigns (id, status, ${SETTINGS}) VALUES ($1::text, 'draft', ${SETTING_VALUES})
      RETURNING ${COLUMNS}`,
    values: [id, ...settingValues(settings)],
  });
  return only(rows);
}

/** Replaces all settings, and counts the edit. */
export async function updateCampaign(
  db: Queryable,
  id: string,
  settings: CampaignSettings,
): Promise<CampaignRow> {
  const { rows } = await db.query<CampaignRow & Record<string, unknown>>({
    name: 'update_campaign',
    text: `
      UPDATE campaigns SET (${SETTINGS}, revision, updated_at) = ROW (${SETTING_VALUES}, revision + 1, now())
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, ...settingValues(settings)],
  });
  return only(rows);
}

/** Puts a campaign into another status, and counts the edit. */
export async function setCampaignStatus(
  db: Queryable,
  id: string,
  status: CampaignStatus,
): Promise<CampaignRow> {
  const { rows } = await db.query<CampaignRow & Record<string, unknown>>({
    name: 'set_campaign_status',
    text: `
      UPDATE campaigns SET status = $2::text, revision = revision + 1, updated_at = now()
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, status],
  });
  return only(rows);
}
