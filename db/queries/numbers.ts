import type { NumberSettings } from '../../contract/resources/number';
import { jsonOrNull } from '../json';
import type { Queryable } from '../pool';
import { only } from '../rows';

export interface NumberRow {
  readonly e164: string;
  readonly campaign_id: string | null;
  readonly publisher_id: string | null;
  readonly channel: string;
  readonly tags: unknown;
  readonly fail_safe: unknown;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

const COLUMNS = 'e164, campaign_id, publisher_id, channel, tags, fail_safe, revision, created_at, updated_at';

export async function findNumber(db: Queryable, e164: string): Promise<NumberRow | null> {
  const { rows } = await db.query<NumberRow & Record<string, unknown>>({
    name: 'find_number',
    text: `SELECT ${COLUMNS} FROM numbers WHERE e164 = $1::text`,
    values: [e164],
  });
  return rows[0] ?? null;
}

/** The number, locked against other edits until the transaction ends. */
export async function lockNumber(db: Queryable, e164: string): Promise<NumberRow | null> {
  const { rows } = await db.query<NumberRow & Record<string, unknown>>({
    name: 'lock_number',
    text: `SELECT ${COLUMNS} FROM numbers WHERE e164 = $1::text FOR UPDATE`,
    values: [e164],
  });
  return rows[0] ?? null;
}

export interface NumberFilter {
  readonly campaignId: string | null;
  readonly publisherId: string | null;
  readonly channel: string | null;
  /** Numbers behind this one. */
  readonly after: string | null;
  readonly limit: number;
}

/** In the order of the numbers. */
export async function listNumbers(db: Queryable, filter: NumberFilter): Promise<NumberRow[]> {
  const { rows } = await db.query<NumberRow & Record<string, unknown>>({
    name: 'list_numbers',
    text: `
      SELECT ${COLUMNS} FROM numbers
       WHERE ($1::text IS NULL OR campaign_id = $1::text)
         AND ($2::text IS NULL OR publisher_id = $2::text)
         AND ($3::text IS NULL OR channel = $3::text)
         AND ($4::text IS NULL OR e164 > $4::text)
       ORDER BY e164
       LIMIT $5::integer`,
    values: [filter.campaignId, filter.publisherId, filter.channel, filter.after, filter.limit],
  });
  return rows;
}

/** @throws when the number is there: `numbers_pkey`; when campaign or publisher are not */
export async function insertNumber(
  db: Queryable,
  e164: string,
  settings: NumberSettings,
): Promise<NumberRow> {
  const { rows } = await db.query<NumberRow & Record<string, unknown>>({
    name: 'insert_number',
    text: `
      INSERT INTO numbers (e164, campaign_id, publisher_id, channel, tags, fail_safe)
      VALUES ($1::text, $2::text, $3::text, $4::text, $5::jsonb, $6::jsonb)
      RETURNING ${COLUMNS}`,
    values: [e164, ...settingValues(settings)],
  });
  return only(rows);
}

/** Replaces all settings, and counts the edit. @throws when campaign or publisher are not there */
export async function updateNumber(
  db: Queryable,
  e164: string,
  settings: NumberSettings,
): Promise<NumberRow> {
  const { rows } = await db.query<NumberRow & Record<string, unknown>>({
    name: 'update_number',
    text: `
      UPDATE numbers
         SET campaign_id = $2::text, publisher_id = $3::text, channel = $4::text, tags = $5::jsonb,
             fail_safe = $6::jsonb, revision = revision + 1, updated_at = now()
       WHERE e164 = $1::text
      RETURNING ${COLUMNS}`,
    values: [e164, ...settingValues(settings)],
  });
  return only(rows);
}

function settingValues({ campaignId, publisherId, channel, tags, failSafe }: NumberSettings): unknown[] {
  return [campaignId, publisherId, channel, JSON.stringify(tags), jsonOrNull(failSafe)];
}

/** Whether a call to a number goes on: what it costs is known by its end, from the number. */
export async function hasOpenCalls(db: Queryable, e164: string): Promise<boolean> {
  const { rows } = await db.query({
    name: 'has_open_calls',
    text: 'SELECT FROM calls WHERE ended_at IS NULL AND dialed = $1::text LIMIT 1',
    values: [e164],
  });
  return rows.length > 0;
}

export async function deleteNumber(db: Queryable, e164: string): Promise<void> {
  await db.query({
    name: 'delete_number',
    text: 'DELETE FROM numbers WHERE e164 = $1::text',
    values: [e164],
  });
}
