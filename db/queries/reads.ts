import type { EntryKind, EntrySide } from '../../domain/ledger';
import type { Queryable } from '../pool';

/*
 * What the API shows of calls. Calls come a page at a time; what belongs to them comes for the whole page at once, so
 * that a page costs the same few statements however long it is.
 */

export interface CallRow {
  readonly id: string;
  readonly carrier: string;
  readonly account_sid: string;
  readonly sid: string;
  readonly workflow_id: string;
  readonly campaign_id: string | null;
  readonly campaign_name: string | null;
  readonly publisher_id: string | null;
  readonly plan_version: number | null;
  readonly flow_version: number | null;
  readonly caller: string | null;
  readonly dialed: string;
  readonly geography: Record<string, string>;
  readonly qualifications: Record<string, string>;
  readonly state: string;
  readonly outcome: string | null;
  readonly outcome_reason: string | null;
  readonly buyer_id: string | null;
  readonly buyer_name: string | null;
  readonly received_at: string;
  readonly connected_at: string | null;
  readonly ended_at: string | null;
  readonly duration_seconds: number | null;
  readonly talk_seconds: number | null;
  readonly converted: boolean | null;
  readonly currency: string | null;
  readonly revenue_micros: bigint | null;
  readonly payout_micros: bigint | null;
  readonly cost_micros: bigint;
  readonly postback_until: string | null;
  readonly carrier_status: string | null;
  readonly carrier_seconds: number | null;
  readonly visitor: unknown;
}

const CALL_COLUMNS = `
  c.id, c.carrier, c.account_sid, c.sid, c.workflow_id, c.campaign_id, m.name AS campaign_name, c.publisher_id,
  c.plan_version, c.flow_version, c.caller, c.dialed, c.geography, c.qualifications, c.state, c.outcome,
  c.outcome_reason, c.buyer_id, b.name AS buyer_name, c.received_at, c.connected_at, c.ended_at, c.duration_seconds,
  c.talk_seconds, c.converted, c.currency, c.revenue_micros, c.payout_micros, c.cost_micros,
  c.postback_until, c.carrier_status, c.carrier_seconds, c.visitor
  FROM calls c
  LEFT JOIN campaigns m ON m.id = c.campaign_id
  LEFT JOIN buyers b ON b.id = c.buyer_id`;

export async function findCall(db: Queryable, id: string): Promise<CallRow | null> {
  const { rows } = await db.query<CallRow & Record<string, unknown>>({
    name: 'find_call',
    text: `SELECT ${CALL_COLUMNS} WHERE c.id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Where a page begins: after this call, in the order newest first. */
export interface CallPosition {
  readonly receivedAt: string;
  readonly id: string;
}

export interface CallFilter {
  readonly sid: string | null;
  readonly outcome: string | null;
  readonly campaignId: string | null;
  readonly after: CallPosition | null;
  readonly limit: number;
}

/** Calls, newest first. */
export async function listCalls(db: Queryable, filter: CallFilter): Promise<CallRow[]> {
  const { rows } = await db.query<CallRow & Record<string, unknown>>({
    name: 'list_calls',
    text: `
      SELECT ${CALL_COLUMNS}
       WHERE ($1::text IS NULL OR c.sid = $1::text)
         AND ($2::text IS NULL OR c.outcome = $2::text)
         AND ($3::text IS NULL OR c.campaign_id = $3::text)
         AND ($4::timestamptz IS NULL OR (c.received_at, c.id) < ($4::timestamptz, $5::text))
       ORDER BY c.received_at DESC, c.id DESC
       LIMIT $6::integer`,
    values: [
      filter.sid,
      filter.outcome,
      filter.campaignId,
      filter.after?.receivedAt ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  });
  return rows;
}

export interface TimelineRow {
  readonly call_id: string;
  readonly at: string;
  readonly step: string;
  readonly decision: string;
  readonly detail: Record<string, unknown>;
}

/** In the order in which things happened; at the same instant, in the order in which they were written. */
export async function listTimeline(db: Queryable, callIds: readonly string[]): Promise<TimelineRow[]> {
  const { rows } = await db.query<TimelineRow & Record<string, unknown>>({
    name: 'list_timeline',
    text: `
      SELECT call_id, at, step, decision, detail FROM timeline_entries
       WHERE call_id = ANY ($1::text[]) ORDER BY at, seq`,
    values: [[...callIds]],
  });
  return rows;
}

export interface AttemptRow {
  readonly id: string;
  readonly call_id: string;
  readonly no: number;
  readonly assignment_id: string;
  readonly buyer_id: string;
  readonly buyer_name: string;
  readonly destinations: Record<string, unknown>[];
  readonly ring_timeout_seconds: number;
  readonly state: string;
  readonly dialed_at: string;
  readonly connected_at: string | null;
  readonly accepted_at: string | null;
  readonly ended_at: string | null;
  readonly talk_seconds: number | null;
}

export async function listAttempts(db: Queryable, callIds: readonly string[]): Promise<AttemptRow[]> {
  const { rows } = await db.query<AttemptRow & Record<string, unknown>>({
    name: 'list_attempts',
    text: `
      SELECT a.id, a.call_id, a.no, a.assignment_id, a.buyer_id, b.name AS buyer_name, a.destinations,
             a.ring_timeout_seconds, a.state, a.dialed_at, a.connected_at, a.accepted_at, a.ended_at, a.talk_seconds
        FROM attempts a JOIN buyers b ON b.id = a.buyer_id
       WHERE a.call_id = ANY ($1::text[]) ORDER BY a.call_id, a.no`,
    values: [[...callIds]],
  });
  return rows;
}

export interface ReservationRow {
  readonly id: string;
  readonly call_id: string;
  readonly attempt_id: string;
  readonly status: string;
  readonly reserved_at: string;
  readonly resolved_at: string | null;
  readonly holds: { readonly limitId: string; readonly window: string; readonly amount: number }[];
}

export async function listReservations(db: Queryable, callIds: readonly string[]): Promise<ReservationRow[]> {
  const { rows } = await db.query<ReservationRow & Record<string, unknown>>({
    name: 'list_reservations',
    text: `
      SELECT r.id, r.call_id, r.attempt_id, r.status, r.reserved_at, r.resolved_at,
             coalesce((SELECT json_agg(json_build_object('limitId', h.limit_id, 'window', l."window",
                                                         'amount', h.amount) ORDER BY h.limit_id)
                         FROM reservation_holds h JOIN limits l ON l.id = h.limit_id
                        WHERE h.reservation_id = r.id), '[]') AS holds
        FROM reservations r
       WHERE r.call_id = ANY ($1::text[]) AND r.status <> 'refused'
       ORDER BY r.reserved_at, r.id`,
    values: [[...callIds]],
  });
  return rows;
}

export interface LedgerRow {
  readonly call_id: string;
  readonly cause: string;
  readonly kind: EntryKind;
  readonly side: EntrySide;
  readonly buyer_id: string | null;
  readonly publisher_id: string | null;
  readonly amount_micros: bigint;
  readonly currency: string;
  readonly booked_at: string;
}

export async function listLedger(db: Queryable, callIds: readonly string[]): Promise<LedgerRow[]> {
  const { rows } = await db.query<LedgerRow & Record<string, unknown>>({
    name: 'list_ledger',
    text: `
      SELECT call_id, cause, kind, side, buyer_id, publisher_id, amount_micros, currency, booked_at
        FROM ledger_entries WHERE call_id = ANY ($1::text[]) ORDER BY id`,
    values: [[...callIds]],
  });
  return rows;
}

export interface RecordingRow {
  readonly call_id: string;
  readonly recording_sid: string;
  readonly status: string;
  readonly url: string | null;
  readonly duration_seconds: number | null;
}

export async function listRecordings(db: Queryable, callIds: readonly string[]): Promise<RecordingRow[]> {
  const { rows } = await db.query<RecordingRow & Record<string, unknown>>({
    name: 'list_recordings',
    text: `
      SELECT call_id, recording_sid, status, url, duration_seconds
        FROM recordings WHERE call_id = ANY ($1::text[]) ORDER BY recording_sid`,
    values: [[...callIds]],
  });
  return rows;
}

/** Whether PostgreSQL answers. @throws whatever keeps it from answering. */
export async function ping(db: Queryable): Promise<void> {
  await db.query({ name: 'ping', text: 'SELECT 1', values: [] });
}
