import type { Queryable } from '../../pool';

/** A reservation that holds a part of a limit. */
export interface HeldRow {
  readonly reservation_id: string;
  readonly call_id: string;
  readonly call_state: string | null;
  readonly attempt_id: string;
  readonly assignment_id: string | null;
  readonly workflow_id: string | null;
  readonly amount: bigint;
  readonly reserved_at: string;
}

/** What holds the pending count of a limit, by id. @param after the reservation behind which the page begins */
export async function listHeld(
  db: Queryable,
  limitId: string,
  page: { readonly after: string | null; readonly limit: number },
): Promise<HeldRow[]> {
  const { rows } = await db.query<HeldRow & Record<string, unknown>>({
    name: 'list_held',
    text: `
      SELECT r.id AS reservation_id, r.call_id, c.state AS call_state, r.attempt_id, r.assignment_id, r.workflow_id,
             h.amount, r.reserved_at
        FROM reservations r
        JOIN reservation_holds h ON h.reservation_id = r.id AND h.limit_id = $1::text
        LEFT JOIN calls c ON c.id = r.call_id
       WHERE r.status = 'pending' AND ($2::text IS NULL OR r.id > $2::text)
       ORDER BY r.id
       LIMIT $3::integer`,
    values: [limitId, page.after, page.limit],
  });
  return rows;
}

/** A hold that maintenance gave back. */
export interface FreedRow {
  readonly seq: bigint;
  readonly reservation_id: string;
  readonly call_id: string;
  readonly workflow_id: string | null;
  readonly assignment_id: string | null;
  readonly reason: string;
  readonly carrier_says: 'in_progress' | 'over' | null;
  readonly reserved_at: string;
  readonly freed_at: string;
}

/** Newest first. @param page.after `seq` of the last row of the page before */
export async function listFreed(
  db: Queryable,
  page: { readonly after: string | null; readonly limit: number },
): Promise<FreedRow[]> {
  const { rows } = await db.query<FreedRow & Record<string, unknown>>({
    name: 'list_freed',
    text: `
      SELECT seq, reservation_id, call_id, workflow_id, assignment_id, reason, carrier_says, reserved_at, freed_at
        FROM freed_reservations
       WHERE $1::bigint IS NULL OR seq < $1::bigint
       ORDER BY seq DESC
       LIMIT $2::integer`,
    values: [page.after, page.limit],
  });
  return rows;
}

/** How many holds are pending, of calls and for postbacks, and how many were ever freed, by reason: for metrics. */
export async function countHolds(db: Queryable): Promise<{
  readonly pending: number;
  /** What outlives its call, until a postback comes or its time is over. */
  readonly deferred: number;
  readonly freed: readonly { readonly reason: string; readonly n: number }[];
}> {
  const { rows } = await db.query<{ reason: string | null; n: bigint; deferred: bigint }>({
    name: 'count_holds',
    text: `
      SELECT NULL AS reason, count(*) FILTER (WHERE NOT deferred) AS n, count(*) FILTER (WHERE deferred) AS deferred
        FROM reservations WHERE status = 'pending'
      UNION ALL SELECT reason, count(*), 0 FROM freed_reservations GROUP BY reason`,
    values: [],
  });
  const held = rows.find(({ reason }) => reason === null);
  return {
    pending: Number(held?.n ?? 0n),
    deferred: Number(held?.deferred ?? 0n),
    freed: rows.flatMap(({ reason, n }) => (reason === null ? [] : [{ reason, n: Number(n) }])),
  };
}
