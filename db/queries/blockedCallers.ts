import type { BlockedCaller } from '../../contract/resources/blocked-caller';
import { CREATED_PLACE, type CreatedPlace } from '../keyset';
import type { Queryable } from '../pool';
import { only } from '../rows';

export interface BlockedCallerRow {
  readonly id: string;
  readonly kind: 'number' | 'prefix';
  readonly pattern: string;
  readonly campaign_id: string | null;
  readonly reason: string;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_place: string;
}

const COLUMNS = `id, kind, pattern, campaign_id, reason, revision, created_at, updated_at, ${CREATED_PLACE}`;

export async function findBlockedCaller(db: Queryable, id: string): Promise<BlockedCallerRow | null> {
  const { rows } = await db.query<BlockedCallerRow & Record<string, unknown>>({
    name: 'find_blocked_caller',
    text: `SELECT ${COLUMNS} FROM blocked_callers WHERE id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The entry, locked against other edits until the transaction ends. */
export async function lockBlockedCaller(db: Queryable, id: string): Promise<BlockedCallerRow | null> {
  const { rows } = await db.query<BlockedCallerRow & Record<string, unknown>>({
    name: 'lock_blocked_caller',
    text: `SELECT ${COLUMNS} FROM blocked_callers WHERE id = $1::text FOR UPDATE`,
    values: [id],
  });
  return rows[0] ?? null;
}

export interface BlockedCallerFilter {
  readonly campaignId: string | null;
  readonly kind: string | null;
  readonly after: CreatedPlace | null;
  readonly limit: number;
}

/** Newest first. */
export async function listBlockedCallers(
  db: Queryable,
  filter: BlockedCallerFilter,
): Promise<BlockedCallerRow[]> {
  const { rows } = await db.query<BlockedCallerRow & Record<string, unknown>>({
    name: 'list_blocked_callers',
    text: `
      SELECT ${COLUMNS} FROM blocked_callers
       WHERE ($1::text IS NULL OR campaign_id = $1::text)
         AND ($2::text IS NULL OR kind = $2::text)
         AND ($3::timestamptz IS NULL OR (created_at, id) < ($3::timestamptz, $4::text))
       ORDER BY created_at DESC, id DESC
       LIMIT $5::integer`,
    values: [
      filter.campaignId,
      filter.kind,
      filter.after?.at ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  });
  return rows;
}

export type NewBlockedCaller = Pick<BlockedCaller, 'id' | 'kind' | 'pattern' | 'campaignId' | 'reason'>;

/** @throws when the same is blocked already, or the campaign is not there */
export async function insertBlockedCaller(db: Queryable, entry: NewBlockedCaller): Promise<BlockedCallerRow> {
  const { rows } = await db.query<BlockedCallerRow & Record<string, unknown>>({
    name: 'insert_blocked_caller',
    text: `
      INSERT INTO blocked_callers (id, kind, pattern, campaign_id, reason)
      VALUES ($1::text, $2::text, $3::text, $4::text, $5::text)
      RETURNING ${COLUMNS}`,
    values: [entry.id, entry.kind, entry.pattern, entry.campaignId, entry.reason],
  });
  return only(rows);
}

/** Says anew why somebody is blocked, and counts the edit. */
export async function updateBlockedCaller(
  db: Queryable,
  id: string,
  reason: string,
): Promise<BlockedCallerRow> {
  const { rows } = await db.query<BlockedCallerRow & Record<string, unknown>>({
    name: 'update_blocked_caller',
    text: `
      UPDATE blocked_callers SET reason = $2::text, revision = revision + 1, updated_at = now()
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, reason],
  });
  return only(rows);
}

export async function deleteBlockedCaller(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'delete_blocked_caller',
    text: 'DELETE FROM blocked_callers WHERE id = $1::text',
    values: [id],
  });
}
