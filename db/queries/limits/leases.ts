import type { Side } from '../../../domain/migration/split';
import type { Queryable } from '../../pool';

/** A hold that somebody has to look after: its lease has run out. */
export interface LapsedRow {
  readonly id: string;
  readonly call_id: string;
  /** `null`: it is tied to no workflow. */
  readonly workflow_id: string | null;
  readonly reserved_at: string;
  readonly lease_until: string;
  /** How the carrier names the call; `null`: the call never came to be recorded. */
  readonly carrier: string | null;
  readonly account_sid: string | null;
  readonly sid: string | null;
  /** Whether the call has ended on record. */
  readonly call_ended: boolean;
  /** It waited for a postback, and nobody is to give it back but the end of its time. */
  readonly deferred: boolean;
}

/** Where a page of lapsed holds begins: after this one. */
export type LapsedPlace = Pick<LapsedRow, 'lease_until' | 'id'>;

/** Pending holds whose lease ran out before `before`, those that ran out first at the front. */
export async function listLapsed(
  db: Queryable,
  page: { readonly before: string; readonly after: LapsedPlace | null; readonly most: number },
): Promise<LapsedRow[]> {
  const { rows } = await db.query<LapsedRow & Record<string, unknown>>({
    name: 'list_lapsed_reservations',
    text: `
      SELECT r.id, r.call_id, r.workflow_id, r.reserved_at, r.lease_until::text AS lease_until,
             c.carrier, c.account_sid, c.sid, c.ended_at IS NOT NULL AS call_ended, r.deferred
        FROM reservations r
        LEFT JOIN calls c ON c.id = r.call_id
       WHERE r.status = 'pending' AND r.lease_until < $1::timestamptz
         AND ($2::timestamptz IS NULL OR (r.lease_until, r.id) > ($2::timestamptz, $3::text))
       ORDER BY r.lease_until, r.id
       LIMIT $4::integer`,
    values: [page.before, page.after?.lease_until ?? null, page.after?.id ?? null, page.most],
  });
  return rows;
}

/** A call that is open on record and holds nothing: in the IVR, or in a fallback. */
export interface OpenCallRow {
  readonly call_id: string;
  readonly workflow_id: string;
  readonly received_at: string;
  readonly carrier: string;
  readonly account_sid: string;
  readonly sid: string;
}

/** Open calls without a pending hold that came in before `before`, oldest first. */
export async function listOpenCalls(
  db: Queryable,
  page: {
    readonly before: string;
    readonly after: Pick<OpenCallRow, 'received_at' | 'call_id'> | null;
    readonly most: number;
  },
): Promise<OpenCallRow[]> {
  const { rows } = await db.query<OpenCallRow & Record<string, unknown>>({
    name: 'list_open_calls',
    text: `
      SELECT c.id AS call_id, c.workflow_id, c.received_at::text AS received_at, c.carrier, c.account_sid, c.sid
        FROM calls c
       WHERE c.ended_at IS NULL AND c.received_at < $1::timestamptz
         AND ($2::timestamptz IS NULL OR (c.received_at, c.id) > ($2::timestamptz, $3::text))
         AND NOT EXISTS (SELECT FROM reservations r WHERE r.call_id = c.id AND r.status = 'pending')
       ORDER BY c.received_at, c.id
       LIMIT $4::integer`,
    values: [page.before, page.after?.received_at ?? null, page.after?.call_id ?? null, page.most],
  });
  return rows;
}

/** The database's clock, ISO 8601. */
export async function readLimitClock(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ at: string }>({
    name: 'read_limit_clock',
    text: 'SELECT limit_clock() AS at',
    values: [],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('read_limit_clock returned no row');
  return row.at;
}

/** The holders live: their holds are looked at again in so many seconds. */
export async function renewLeases(db: Queryable, ids: readonly string[], seconds: number): Promise<void> {
  if (ids.length === 0) return;
  await db.query({
    name: 'renew_leases',
    text: `
      UPDATE reservations SET lease_until = limit_clock() + $2::float8 * interval '1 second'
       WHERE id = ANY ($1::text[]) AND status = 'pending'`,
    values: [[...ids], seconds],
  });
}

/** A hold that was put on record as freed. */
export interface FreedNowRow {
  readonly id: string;
  readonly call_id: string;
  /** Whole seconds from the reservation to now. */
  readonly held_seconds: number;
}

/** Puts on record that these were freed, and why. */
export async function insertFreed(
  db: Queryable,
  ids: readonly string[],
  why: { readonly reason: string; readonly carrierSays: string | null },
): Promise<FreedNowRow[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.query<FreedNowRow & Record<string, unknown>>({
    name: 'insert_freed_reservations',
    text: `
      INSERT INTO freed_reservations (reservation_id, call_id, workflow_id, assignment_id, reason, carrier_says,
                                      reserved_at)
      SELECT r.id, r.call_id, r.workflow_id, r.assignment_id, $2::text, $3::text, r.reserved_at
        FROM reservations r
       WHERE r.id = ANY ($1::text[])
       ORDER BY r.id
          ON CONFLICT DO NOTHING
      RETURNING reservation_id AS id, call_id,
                round(extract(epoch FROM freed_at - reserved_at))::integer AS held_seconds`,
    values: [[...ids], why.reason, why.carrierSays],
  });
  return rows;
}

/** Limits that are new, or moved into another zone, and may have missed what was under way at that moment. By id. */
export async function listAdoptingLimits(db: Queryable): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'list_adopting_limits',
    text: 'SELECT id FROM limits WHERE adopts_until IS NOT NULL ORDER BY id',
    values: [],
  });
  return rows.map(({ id }) => id);
}

/** Counts in what a limit has missed; for good, once all that was under way is over. Repeating this changes nothing. */
export async function adoptIntoLimit(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'adopt_into_limit',
    text: 'SELECT limit_adopt($1::text)',
    values: [id],
  });
}

/** A call as it stands. */
export interface AbandonedCallRow {
  readonly ended: boolean;
  readonly campaign_id: string | null;
  readonly publisher_id: string | null;
  /** Its side of a migration; `null`: its campaign had none. */
  readonly migration_id: string | null;
  readonly migration_side: Side | null;
}

/** The call, locked until the transaction ends; `null`: no such call was ever recorded. */
export async function lockAbandonedCall(db: Queryable, callId: string): Promise<AbandonedCallRow | null> {
  const { rows } = await db.query<AbandonedCallRow & Record<string, unknown>>({
    name: 'lock_abandoned_call',
    text: `
      SELECT ended_at IS NOT NULL AS ended, campaign_id, publisher_id, migration_id, migration_side
        FROM calls
       WHERE id = $1::text
         FOR NO KEY UPDATE`,
    values: [callId],
  });
  return rows[0] ?? null;
}

/** The dial that is open in a call. */
export interface OpenDialRow {
  readonly id: string;
  readonly buyer_id: string;
  readonly terms: unknown;
  /** When whoever answered was put through to the caller, as far as we were told; `null`: not, or nobody said. */
  readonly connected_at: string | null;
  /** Whether whoever answers has to accept the call first. */
  readonly screened: boolean;
  /** From their answer until they accepted, in seconds. */
  readonly screening_seconds: number | null;
  /** Numbers and URIs that this dial rang, and no earlier one of the call. */
  readonly rung_only_now: readonly string[];
}

/**
 * The last dial that has not ended; `null`: none. To be asked once the call is locked, in a statement of its own: one
 * that had to wait for the lock would see the dials as they were before the wait.
 */
export async function findOpenDial(db: Queryable, callId: string): Promise<OpenDialRow | null> {
  const { rows } = await db.query<OpenDialRow & Record<string, unknown>>({
    name: 'find_open_dial',
    text: `
      SELECT a.id, a.buyer_id, a.terms, a.screening_seconds, s.screened,
             CASE WHEN s.screened THEN a.accepted_at ELSE a.connected_at END AS connected_at,
             ARRAY(SELECT coalesce(d->>'number', d->>'uri') FROM jsonb_array_elements(a.destinations) d
                   EXCEPT
                   SELECT coalesce(d->>'number', d->>'uri')
                     FROM attempts e, jsonb_array_elements(e.destinations) d
                    WHERE e.call_id = a.call_id AND e.no < a.no) AS rung_only_now
        FROM attempts a
       CROSS JOIN LATERAL (
               SELECT coalesce(jsonb_typeof(a.announcement->'acceptance'), 'null') <> 'null' AS screened) AS s
       WHERE a.call_id = $1::text AND a.ended_at IS NULL
       ORDER BY a.no DESC
       LIMIT 1`,
    values: [callId],
  });
  return rows[0] ?? null;
}
