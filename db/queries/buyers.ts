import type { Buyer } from '../../contract/resources/buyer';
import { jsonOrNull } from '../json';
import { CREATED_PLACE, type CreatedPlace } from '../keyset';
import type { Queryable } from '../pool';
import { only } from '../rows';

export interface BuyerRow {
  readonly id: string;
  readonly name: string;
  readonly status: 'active' | 'paused';
  readonly time_zone: string;
  readonly hours: unknown;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_place: string;
}

export type BuyerSettings = Pick<Buyer, 'name' | 'status' | 'timeZone' | 'hours'>;

const COLUMNS = `id, name, status, time_zone, hours, revision, created_at, updated_at, ${CREATED_PLACE}`;

export async function findBuyer(db: Queryable, id: string): Promise<BuyerRow | null> {
  const { rows } = await db.query<BuyerRow & Record<string, unknown>>({
    name: 'find_buyer',
    text: `SELECT ${COLUMNS} FROM buyers WHERE id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The buyer, locked against other edits until the transaction ends. Lock their campaigns first: see lockOrder.ts. */
export async function lockBuyer(db: Queryable, id: string): Promise<BuyerRow | null> {
  const { rows } = await db.query<BuyerRow & Record<string, unknown>>({
    name: 'lock_buyer',
    text: `SELECT ${COLUMNS} FROM buyers WHERE id = $1::text FOR NO KEY UPDATE`,
    values: [id],
  });
  return rows[0] ?? null;
}

/**
 * Keeps edits of the buyer waiting until the transaction ends, so that they get no place in another campaign while one
 * is under way. Any number of transactions may do so at once. Lock the campaign first.
 */
export async function holdBuyer(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'hold_buyer',
    text: 'SELECT FROM buyers WHERE id = $1::text FOR SHARE',
    values: [id],
  });
}

export interface BuyerFilter {
  readonly status: string | null;
  readonly after: CreatedPlace | null;
  readonly limit: number;
}

/** Newest first. */
export async function listBuyers(db: Queryable, filter: BuyerFilter): Promise<BuyerRow[]> {
  const { rows } = await db.query<BuyerRow & Record<string, unknown>>({
    name: 'list_buyers',
    text: `
      SELECT ${COLUMNS} FROM buyers
       WHERE ($1::text IS NULL OR status = $1::text)
         AND ($2::timestamptz IS NULL OR (created_at, id) < ($2::timestamptz, $3::text))
       ORDER BY created_at DESC, id DESC
       LIMIT $4::integer`,
    values: [filter.status, filter.after?.at ?? null, filter.after?.id ?? null, filter.limit],
  });
  return rows;
}

/** @throws when the id is taken: `buyers_pkey` */
export async function insertBuyer(
  db: Queryable,
  id: string,
  { name, status, timeZone, hours }: BuyerSettings,
): Promise<BuyerRow> {
  const { rows } = await db.query<BuyerRow & Record<string, unknown>>({
    name: 'insert_buyer',
    text: `
      INSERT INTO buyers (id, name, status, time_zone, hours)
      VALUES ($1::text, $2::text, $3::text, $4::text, $5::jsonb)
      RETURNING ${COLUMNS}`,
    values: [id, name, status, timeZone, jsonOrNull(hours)],
  });
  return only(rows);
}

/** Replaces all settings, and counts the edit. */
export async function updateBuyer(
  db: Queryable,
  id: string,
  { name, status, timeZone, hours }: BuyerSettings,
): Promise<BuyerRow> {
  const { rows } = await db.query<BuyerRow & Record<string, unknown>>({
    name: 'update_buyer',
    text: `
      UPDATE buyers
         SET name = $2::text, status = $3::text, time_zone = $4::text, hours = $5::jsonb,
             revision = revision + 1, updated_at = now()
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, name, status, timeZone, jsonOrNull(hours)],
  });
  return only(rows);
}

/** What refers to a buyer, so that it cannot be deleted: up to ten assignments of each kind, and whether there are calls. */
export async function findBuyerUses(
  db: Queryable,
  id: string,
): Promise<{ readonly assignments: string[]; readonly removed: string[]; readonly calls: boolean }> {
  const { rows } = await db.query<{ assignments: string[]; removed: string[]; calls: boolean }>({
    name: 'find_buyer_uses',
    text: `
      SELECT ARRAY(SELECT id FROM assignments WHERE buyer_id = $1::text AND removed_at IS NULL
                    ORDER BY id LIMIT 10) AS assignments,
             ARRAY(SELECT id FROM assignments WHERE buyer_id = $1::text AND removed_at IS NOT NULL
                    ORDER BY id LIMIT 10) AS removed,
             EXISTS (SELECT FROM calls WHERE buyer_id = $1::text)
             OR EXISTS (SELECT FROM attempts WHERE buyer_id = $1::text)
             OR EXISTS (SELECT FROM ledger_entries WHERE buyer_id = $1::text) AS calls`,
    values: [id],
  });
  return only(rows);
}

/** Deletes a buyer with their limits. @throws when something refers to them */
export async function deleteBuyer(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'delete_buyer',
    text: `
      WITH limits_of_buyer AS (DELETE FROM limits WHERE scope_kind = 'buyer' AND scope_id = $1::text)
      DELETE FROM buyers WHERE id = $1::text`,
    values: [id],
  });
}
