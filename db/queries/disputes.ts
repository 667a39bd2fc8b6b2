import { CREATED_PLACE, type CreatedPlace } from '../keyset';
import type { Queryable } from '../pool';
import { only } from '../rows';

/** Something a buyer does not want to pay. Amounts are micros. */
export interface DisputeRow {
  readonly id: string;
  readonly call_id: string;
  readonly buyer_id: string;
  readonly status: 'open' | 'accepted' | 'rejected';
  readonly amount_micros: bigint;
  readonly currency: string;
  readonly reason: string;
  readonly opened_by: string;
  readonly granted_micros: bigint | null;
  readonly decided_by: string | null;
  readonly decision: string | null;
  readonly created_at: string;
  readonly decided_at: string | null;
  readonly created_place: string;
}

const COLUMNS = `
  id, call_id, buyer_id, status, amount_micros, currency, reason, opened_by, granted_micros, decided_by, decision,
  created_at, decided_at, ${CREATED_PLACE}`;

/** @throws when one of the call is open: `disputes_open` */
export async function insertDispute(
  db: Queryable,
  dispute: {
    readonly id: string;
    readonly callId: string;
    readonly buyerId: string;
    readonly amount: bigint;
    readonly currency: string;
    readonly reason: string;
    readonly openedBy: string;
  },
): Promise<DisputeRow> {
  const { rows } = await db.query<DisputeRow & Record<string, unknown>>({
    name: 'insert_dispute',
    text: `
      INSERT INTO disputes (id, call_id, buyer_id, amount_micros, currency, reason, opened_by)
      VALUES ($1::text, $2::text, $3::text, $4::bigint, $5::text, $6::text, $7::text)
      RETURNING ${COLUMNS}`,
    values: [
      dispute.id,
      dispute.callId,
      dispute.buyerId,
      dispute.amount,
      dispute.currency,
      dispute.reason,
      dispute.openedBy,
    ],
  });
  return only(rows);
}

export async function findDispute(db: Queryable, id: string): Promise<DisputeRow | null> {
  const { rows } = await db.query<DisputeRow & Record<string, unknown>>({
    name: 'find_dispute',
    text: `SELECT ${COLUMNS} FROM disputes WHERE id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The dispute, locked until the transaction ends. Lock its call first. */
export async function lockDispute(db: Queryable, id: string): Promise<DisputeRow | null> {
  const { rows } = await db.query<DisputeRow & Record<string, unknown>>({
    name: 'lock_dispute',
    text: `SELECT ${COLUMNS} FROM disputes WHERE id = $1::text FOR NO KEY UPDATE`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Newest first. */
export async function listDisputes(
  db: Queryable,
  filter: {
    readonly status: string | null;
    readonly buyerId: string | null;
    readonly after: CreatedPlace | null;
    readonly limit: number;
  },
): Promise<DisputeRow[]> {
  const { rows } = await db.query<DisputeRow & Record<string, unknown>>({
    name: 'list_disputes',
    text: `
      SELECT ${COLUMNS} FROM disputes
       WHERE ($1::text IS NULL OR status = $1::text) AND ($2::text IS NULL OR buyer_id = $2::text)
         AND ($3::timestamptz IS NULL OR (created_at, id) < ($3::timestamptz, $4::text))
       ORDER BY created_at DESC, id DESC
       LIMIT $5::integer`,
    values: [filter.status, filter.buyerId, filter.after?.at ?? null, filter.after?.id ?? null, filter.limit],
  });
  return rows;
}

/** @param granted micros; `null`: it is rejected */
export async function decideDispute(
  db: Queryable,
  id: string,
  decision: { readonly granted: bigint | null; readonly by: string; readonly reason: string },
): Promise<DisputeRow> {
  const { rows } = await db.query<DisputeRow & Record<string, unknown>>({
    name: 'decide_dispute',
    text: `
      UPDATE disputes
         SET status = CASE WHEN $2::bigint IS NULL THEN 'rejected' ELSE 'accepted' END, granted_micros = $2::bigint,
             decided_by = $3::text, decision = $4::text, decided_at = now()
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, decision.granted, decision.by, decision.reason],
  });
  return only(rows);
}
