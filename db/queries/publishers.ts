import type { Publisher } from '../../contract/resources/publisher';
import { jsonOrNull } from '../json';
import { CREATED_PLACE, type CreatedPlace } from '../keyset';
import type { Queryable } from '../pool';
import { only } from '../rows';

export interface PublisherRow {
  readonly id: string;
  readonly name: string;
  readonly payout: unknown;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_place: string;
}

export type PublisherSettings = Pick<Publisher, 'name' | 'payout'>;

const COLUMNS = `id, name, payout, revision, created_at, updated_at, ${CREATED_PLACE}`;

export async function findPublisher(db: Queryable, id: string): Promise<PublisherRow | null> {
  const { rows } = await db.query<PublisherRow & Record<string, unknown>>({
    name: 'find_publisher',
    text: `SELECT ${COLUMNS} FROM publishers WHERE id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The publisher, locked against other edits until the transaction ends. */
export async function lockPublisher(db: Queryable, id: string): Promise<PublisherRow | null> {
  const { rows } = await db.query<PublisherRow & Record<string, unknown>>({
    name: 'lock_publisher',
    text: `SELECT ${COLUMNS} FROM publishers WHERE id = $1::text FOR NO KEY UPDATE`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Newest first. */
export async function listPublishers(
  db: Queryable,
  filter: { readonly after: CreatedPlace | null; readonly limit: number },
): Promise<PublisherRow[]> {
  const { rows } = await db.query<PublisherRow & Record<string, unknown>>({
    name: 'list_publishers',
    text: `
      SELECT ${COLUMNS} FROM publishers
       WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1::timestamptz, $2::text)
       ORDER BY created_at DESC, id DESC
       LIMIT $3::integer`,
    values: [filter.after?.at ?? null, filter.after?.id ?? null, filter.limit],
  });
  return rows;
}

/** @throws when the id is taken: `publishers_pkey` */
export async function insertPublisher(
  db: Queryable,
  id: string,
  { name, payout }: PublisherSettings,
): Promise<PublisherRow> {
  const { rows } = await db.query<PublisherRow & Record<string, unknown>>({
    name: 'insert_publisher',
    text: `
      INSERT INTO publishers (id, name, payout) VALUES ($1::text, $2::text, $3::jsonb) RETURNING ${COLUMNS}`,
    values: [id, name, jsonOrNull(payout)],
  });
  return only(rows);
}

/** Replaces all settings, and counts the edit. */
export async function updatePublisher(
  db: Queryable,
  id: string,
  { name, payout }: PublisherSettings,
): Promise<PublisherRow> {
  const { rows } = await db.query<PublisherRow & Record<string, unknown>>({
    name: 'update_publisher',
    text: `
      UPDATE publishers
         SET name = $2::text, payout = $3::jsonb, revision = revision + 1, updated_at = now()
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, name, jsonOrNull(payout)],
  });
  return only(rows);
}

/** What refers to a publisher, so that it cannot be deleted: up to ten numbers, and whether there are calls. */
export async function findPublisherUses(
  db: Queryable,
  id: string,
): Promise<{ readonly numbers: string[]; readonly calls: boolean }> {
  const { rows } = await db.query<{ numbers: string[]; calls: boolean }>({
    name: 'find_publisher_uses',
    text: `
      SELECT ARRAY(SELECT e164 FROM numbers WHERE publisher_id = $1::text ORDER BY e164 LIMIT 10) AS numbers,
             EXISTS (SELECT FROM calls WHERE publisher_id = $1::text)
             OR EXISTS (SELECT FROM ledger_entries WHERE publisher_id = $1::text) AS calls`,
    values: [id],
  });
  return only(rows);
}

/** Deletes a publisher with their limits. @throws when something refers to it */
export async function deletePublisher(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'delete_publisher',
    text: `
      WITH limits_of_publisher AS (DELETE FROM limits WHERE scope_kind = 'publisher' AND scope_id = $1::text)
      DELETE FROM publishers WHERE id = $1::text`,
    values: [id],
  });
}
