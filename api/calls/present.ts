import type { Pool } from 'pg';
import type { Call } from '../../contract/call';
import { visitorSchema } from '../../contract/dni';
import {
  listAttempts,
  listLedger,
  listRecordings,
  listReservations,
  listTimeline,
  type CallRow,
} from '../../db/queries/reads';

/** Adds to calls what belongs to them: five statements for the page, not for each call. */
export async function presentCalls(db: Pool, rows: readonly CallRow[]): Promise<Call[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const [timeline, attempts, reservations, ledger, recordings] = await Promise.all([
    listTimeline(db, ids),
    listAttempts(db, ids),
    listReservations(db, ids),
    listLedger(db, ids),
    listRecordings(db, ids),
  ]);
  const of = {
    timeline: byCall(timeline),
    attempts: byCall(attempts),
    reservations: byCall(reservations),
    ledger: byCall(ledger),
    recordings: byCall(recordings),
  };
  return rows.map((row) => ({
    id: row.id,
    carrier: row.carrier,
    accountSid: row.account_sid,
    sid: row.sid,
    workflowId: row.workflow_id,
    campaignId: row.campaign_id,
    campaignName: row.campaign_name,
    publisherId: row.publisher_id,
    planVersion: row.plan_version,
    flowVersion: row.flow_version,
    from: row.caller,
    to: row.dialed,
    geography: row.geography,
    qualifications: row.qualifications,
    state: row.state as Call['state'],
    outcome: row.outcome as Call['outcome'],
    outcomeReason: row.outcome_reason,
    buyerId: row.buyer_id,
    buyerName: row.buyer_name,
    receivedAt: row.received_at,
    connectedAt: row.connected_at,
    endedAt: row.ended_at,
    durationSeconds: row.duration_seconds,
    talkSeconds: row.talk_seconds,
    converted: row.converted,
    currency: row.currency,
    revenueMicros: row.revenue_micros?.toString() ?? null,
    payoutMicros: row.payout_micros?.toString() ?? null,
    costMicros: row.cost_micros.toString(),
    postbackUntil: row.postback_until,
    carrierStatus: row.carrier_status,
    carrierSeconds: row.carrier_seconds,
    visitor: visitorSchema.nullable().parse(row.visitor),
    timeline: of.timeline(row.id).map(({ at, step, decision, detail }) => ({
      at,
      step: step as Call['timeline'][number]['step'],
      decision,
      detail: step === 'routed' ? withNotNeeded(detail) : detail,
    })),
    attempts: of.attempts(row.id).map((attempt) => ({
      id: attempt.id,
      no: attempt.no,
      assignmentId: attempt.assignment_id,
      buyerId: attempt.buyer_id,
      buyerName: attempt.buyer_name,
      destinations: attempt.destinations,
      ringTimeoutSeconds: attempt.ring_timeout_seconds,
      state: attempt.state as Call['attempts'][number]['state'],
      dialedAt: attempt.dialed_at,
      connectedAt: attempt.connected_at,
      acceptedAt: attempt.accepted_at,
      endedAt: attempt.ended_at,
      talkSeconds: attempt.talk_seconds,
    })),
    reservations: of.reservations(row.id).map((reservation) => ({
      id: reservation.id,
      attemptId: reservation.attempt_id,
      status: reservation.status as Call['reservations'][number]['status'],
      reservedAt: reservation.reserved_at,
      resolvedAt: reservation.resolved_at,
      holds: reservation.holds,
    })),
    ledger: of.ledger(row.id).map((entry) => ({
      cause: entry.cause,
      kind: entry.kind,
      side: entry.side,
      buyerId: entry.buyer_id,
      publisherId: entry.publisher_id,
      amountMicros: entry.amount_micros.toString(),
      currency: entry.currency,
      bookedAt: entry.booked_at,
    })),
    recordings: of.recordings(row.id).map((recording) => ({
      recordingSid: recording.recording_sid,
      status: recording.status,
      url: recording.url,
      durationSeconds: recording.duration_seconds,
    })),
  }));
}

/** Candidates behind the chosen one are stored by their order alone; readers get a reason for each. */
function withNotNeeded(detail: Record<string, unknown>): Record<string, unknown> {
  const { order, chosen, skipped } = detail;
  if (!Array.isArray(order) || !Array.isArray(skipped) || typeof chosen !== 'string') return detail;
  const behind = order.slice(order.indexOf(chosen) + 1);
  const known = new Set(skipped.map((skip: { assignmentId?: unknown }) => skip.assignmentId));
  const notNeeded = behind
    .filter((id) => !known.has(id))
    .map((assignmentId: unknown) => ({ assignmentId, reason: 'not_needed' }));
  return { ...detail, skipped: [...skipped, ...notNeeded] };
}

function byCall<T extends { readonly call_id: string }>(
  rows: readonly T[],
): (callId: string) => readonly T[] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.call_id);
    if (group === undefined) groups.set(row.call_id, [row]);
    else group.push(row);
  }
  return (callId) => groups.get(callId) ?? [];
}
