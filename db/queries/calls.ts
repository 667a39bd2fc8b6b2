import type { Visitor } from '../../domain/dni/visitor';
import type { CallSide } from '../../domain/migration/call-side';
import { jsonOrNull } from '../json';
import type { Queryable } from '../pool';

export interface NewCallRow {
  readonly id: string;
  readonly carrier: string;
  readonly accountSid: string;
  readonly sid: string;
  readonly workflowId: string;
  readonly campaignId: string | null;
  readonly publisherId: string | null;
  readonly planVersion: number | null;
  readonly flowVersion: number | null;
  readonly caller: string | null;
  readonly dialed: string;
  /** In which the number is shown; `null`: nobody owns it. */
  readonly channel: string | null;
  readonly geography: object;
  readonly attestation: string | null;
  readonly qualifications: object;
  readonly state: string;
  readonly receivedAt: string;
  /** `null`: its campaign has no migration. */
  readonly migration: CallSide | null;
  /** The web visitor who had the number; `null`: it was nobody's. */
  readonly visitor: Visitor | null;
}

/** Records a call. @throws a unique violation when it is recorded already. */
export async function insertCall(db: Queryable, call: NewCallRow): Promise<void> {
  await db.query({
    name: 'insert_call',
    text: `
      INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, publisher_id, plan_version,
                         flow_version, caller, dialed, geography, attestation, qualifications, state, received_at,
                         migration_id, migration_side, migration_overflow, migration_comparison, dni_session_id, visitor,
                         channel)
      VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::integer,
              $9::integer, $10::text, $11::text, $12::jsonb, $13::text, $14::jsonb, $15::text, $16::timestamptz,
              $17::text, $18::text, $19::boolean, $20::integer, $21::text, $22::jsonb, $23::text)`,
    values: [
      call.id,
      call.carrier,
      call.accountSid,
      call.sid,
      call.workflowId,
      call.campaignId,
      call.publisherId,
      call.planVersion,
      call.flowVersion,
      call.caller,
      call.dialed,
      JSON.stringify(call.geography),
      call.attestation,
      JSON.stringify(call.qualifications),
      call.state,
      call.receivedAt,
      call.migration?.migrationId ?? null,
      call.migration?.side ?? null,
      call.migration?.overflow ?? false,
      call.migration?.comparison ?? null,
      call.visitor?.sessionId ?? null,
      jsonOrNull(call.visitor),
      call.channel,
    ],
  });
}

/** The challenger of its migration has no room for the call: it belongs to the control from here on. */
export async function sendToControl(
  db: Queryable,
  callId: string,
  control: { readonly campaignId: string; readonly planVersion: number },
): Promise<void> {
  await db.query({
    name: 'send_to_control',
    text: `
      UPDATE calls SET migration_overflow = true, campaign_id = $2::text, plan_version = $3::integer
       WHERE id = $1::text AND ended_at IS NULL`,
    values: [callId, control.campaignId, control.planVersion],
  });
}

/**
 * Holds a call's row until the transaction ends, so that nothing is reserved for a call while another transaction ends
 * it. @returns whether the call is still live.
 */
export async function lockLiveCall(db: Queryable, callId: string): Promise<boolean> {
  const { rows } = await db.query<{ live: boolean }>({
    name: 'lock_live_call',
    text: `SELECT ended_at IS NULL AS live FROM calls WHERE id = $1::text FOR NO KEY UPDATE`,
    values: [callId],
  });
  return rows[0]?.live ?? false;
}

/** Moves a live call on; what is `null` stays as it is. */
export async function moveCall(
  db: Queryable,
  move: {
    readonly callId: string;
    readonly state: string;
    readonly qualifications: object | null;
    readonly connectedAt: string | null;
  },
): Promise<void> {
  await db.query({
    name: 'move_call',
    text: `
      UPDATE calls
         SET state = $2::text,
             qualifications = coalesce($3::jsonb, qualifications),
             connected_at = coalesce($4::timestamptz, connected_at)
       WHERE id = $1::text AND ended_at IS NULL`,
    values: [
      move.callId,
      move.state,
      move.qualifications === null ? null : JSON.stringify(move.qualifications),
      move.connectedAt,
    ],
  });
}

export interface CallEndRow {
  readonly callId: string;
  readonly outcome: string;
  readonly reason: string;
  readonly endedAt: string;
  readonly buyerId: string | null;
  readonly connectedAt: string | null;
  readonly talkSeconds: number | null;
  readonly converted: boolean;
  readonly currency: string | null;
  /** Micros. */
  readonly revenue: bigint;
  readonly payout: bigint;
  /** `null`: as they are. */
  readonly qualifications: object | null;
  /** Until when the buyer may say that the call converted; `null`: it does not wait for that. */
  readonly postbackUntil: string | null;
}

/** Ends a call. Only the first end counts. @returns whether this was the first. */
export async function endCall(db: Queryable, end: CallEndRow): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'end_call',
    text: `
      UPDATE calls
         SET state = 'ended', outcome = $2::text, outcome_reason = $3::text, ended_at = $4::timestamptz,
             buyer_id = $5::text,
             connected_at = CASE WHEN $5::text IS NULL THEN NULL ELSE coalesce($6::timestamptz, connected_at) END,
             duration_seconds = greatest(0, floor(extract(epoch FROM $4::timestamptz - received_at)))::integer,
             talk_seconds = $7::integer, converted = $8::boolean, currency = $9::text,
             revenue_micros = $10::bigint, payout_micros = $11::bigint,
             qualifications = coalesce($12::jsonb, qualifications), postback_until = $13::timestamptz
       WHERE id = $1::text AND ended_at IS NULL`,
    values: [
      end.callId,
      end.outcome,
      end.reason,
      end.endedAt,
      end.buyerId,
      end.connectedAt,
      end.talkSeconds,
      end.converted,
      end.currency,
      end.revenue,
      end.payout,
      end.qualifications === null ? null : JSON.stringify(end.qualifications),
      end.postbackUntil,
    ],
  });
  return rowCount === 1;
}

/** How a call ended, or `null` while it has not. */
export async function findEnding(
  db: Queryable,
  callId: string,
): Promise<{
  readonly outcome: string;
  readonly reason: string;
  readonly at: string;
  readonly converted: boolean;
} | null> {
  const { rows } = await db.query<{ outcome: string; reason: string; at: string; converted: boolean }>({
    name: 'find_ending',
    text: `
      SELECT outcome, outcome_reason AS reason, ended_at AS at, converted
        FROM calls WHERE id = $1::text AND ended_at IS NOT NULL`,
    values: [callId],
  });
  return rows[0] ?? null;
}

/** Remembers the answer of one of a call's steps. @throws a unique violation when the step has been done. */
export async function insertStep(db: Queryable, callId: string, step: string, result: object): Promise<void> {
  await db.query({
    name: 'insert_step',
    text: `INSERT INTO call_steps (call_id, step, result) VALUES ($1::text, $2::text, $3::jsonb)`,
    values: [callId, step, JSON.stringify(result)],
  });
}

/** The answer a step gave when it was done, or `null`. */
export async function findStep(db: Queryable, callId: string, step: string): Promise<unknown> {
  const { rows } = await db.query<{ result: unknown }>({
    name: 'find_step',
    text: `SELECT result FROM call_steps WHERE call_id = $1::text AND step = $2::text`,
    values: [callId, step],
  });
  return rows[0]?.result ?? null;
}
