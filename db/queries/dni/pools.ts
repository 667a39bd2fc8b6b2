import type { DniPoolSettings } from '../../../contract/resources/dni-pool';
import { CREATED_PLACE, type CreatedPlace } from '../../keyset';
import type { Queryable } from '../../pool';
import { only } from '../../rows';

export interface DniPoolRow {
  readonly id: string;
  readonly campaign_id: string;
  readonly name: string;
  readonly publisher_id: string | null;
  readonly channel: string | null;
  readonly tags: unknown;
  readonly lease_seconds: number;
  readonly grace_seconds: number;
  readonly overflow_number: string | null;
  readonly allowed_origins: string[];
  readonly static_numbers: unknown;
  /** How many it has. */
  readonly numbers: number;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_place: string;
}

const COLUMNS = `
  id, campaign_id, name, publisher_id, channel, tags, lease_seconds, grace_seconds, overflow_number, allowed_origins,
  static_numbers, (SELECT count(*) FROM dni_numbers n WHERE n.pool_id = dni_pools.id)::integer AS numbers,
  revision, created_at, updated_at, ${CREATED_PLACE}`;

export async function findDniPool(db: Queryable, id: string): Promise<DniPoolRow | null> {
  const { rows } = await db.query<DniPoolRow & Record<string, unknown>>({
    name: 'find_dni_pool',
    text: `SELECT ${COLUMNS} FROM dni_pools WHERE id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The pool, locked against other edits until the transaction ends; leases go on. */
export async function lockDniPool(db: Queryable, id: string): Promise<DniPoolRow | null> {
  const { rows } = await db.query<DniPoolRow & Record<string, unknown>>({
    name: 'lock_dni_pool',
    text: `SELECT ${COLUMNS} FROM dni_pools WHERE id = $1::text FOR NO KEY UPDATE`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Newest first. */
export async function listDniPools(
  db: Queryable,
  filter: {
    readonly campaignId: string | null;
    readonly after: CreatedPlace | null;
    readonly limit: number;
  },
): Promise<DniPoolRow[]> {
  const { rows } = await db.query<DniPoolRow & Record<string, unknown>>({
    name: 'list_dni_pools',
    text: `
      SELECT ${COLUMNS} FROM dni_pools
       WHERE ($1::text IS NULL OR campaign_id = $1::text)
         AND ($2::timestamptz IS NULL OR (created_at, id) < ($2::timestamptz, $3::text))
       ORDER BY created_at DESC, id DESC
       LIMIT $4::integer`,
    values: [filter.campaignId, filter.after?.at ?? null, filter.after?.id ?? null, filter.limit],
  });
  return rows;
}

/** @throws when the id is taken: `dni_pools_pkey`; when campaign or publisher are not there */
export async function insertDniPool(
  db: Queryable,
  id: string,
  campaignId: string,
  settings: DniPoolSettings,
): Promise<DniPoolRow> {
  const { rows } = await db.query<DniPoolRow & Record<string, unknown>>({
    name: 'insert_dni_pool',
    text: `
      INSERT INTO dni_pools (id, campaign_id, name, publisher_id, channel, tags, lease_seconds, grace_seconds,
                             overflow_number, allowed_origins, static_numbers)
      VALUES ($1::text, $11::text, $2::text, $3::text, $4::text, $5::jsonb, $6::integer, $7::integer, $8::text,
              $9::text[], $10::jsonb)
      RETURNING ${COLUMNS}`,
    values: [id, ...settingValues(settings), campaignId],
  });
  return only(rows);
}

/** Replaces all settings, and counts the edit. Leases that live keep their end. @throws when the publisher is not there */
export async function updateDniPool(
  db: Queryable,
  id: string,
  settings: DniPoolSettings,
): Promise<DniPoolRow> {
  const { rows } = await db.query<DniPoolRow & Record<string, unknown>>({
    name: 'update_dni_pool',
    text: `
      UPDATE dni_pools
         SET name = $2::text, publisher_id = $3::text, channel = $4::text, tags = $5::jsonb,
             lease_seconds = $6::integer, grace_seconds = $7::integer, overflow_number = $8::text,
             allowed_origins = $9::text[], static_numbers = $10::jsonb, revision = revision + 1, updated_at = now()
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, ...settingValues(settings)],
  });
  return only(rows);
}

/** Counts an edit of the pool's numbers. */
export async function touchDniPool(db: Queryable, id: string): Promise<DniPoolRow> {
  const { rows } = await db.query<DniPoolRow & Record<string, unknown>>({
    name: 'touch_dni_pool',
    text: `
      UPDATE dni_pools SET revision = revision + 1, updated_at = now() WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id],
  });
  return only(rows);
}

/** With its leases and visitors; calls keep theirs. */
export async function deleteDniPool(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'delete_dni_pool',
    text: 'DELETE FROM dni_pools WHERE id = $1::text',
    values: [id],
  });
}

function settingValues(settings: DniPoolSettings): unknown[] {
  return [
    settings.name,
    settings.publisherId,
    settings.channel,
    JSON.stringify(settings.tags),
    settings.leaseSeconds,
    settings.graceSeconds,
    settings.overflowNumber,
    [...settings.allowedOrigins],
    JSON.stringify(settings.staticNumbers),
  ];
}
