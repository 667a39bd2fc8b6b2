import type { FreedReservation, HeldReservation, Limit, Verification } from '../../contract/resources/limit';
import type { FreedRow, HeldRow } from '../../db/queries/limits/holds';
import type { LimitRow } from '../../db/queries/limits/limits';
import type { CounterDifference } from '../../db/queries/limits/verify';
import type { CountedEvent, LimitWindow } from '../../domain/limits/limit';
import type { Currency, MicrosText } from '../../domain/money';
import type { AuditedKind } from '../http/edit';

export const LIMIT: AuditedKind<Limit> = {
  entity: 'limit',
  idOf: ({ id }) => id,
  campaignOf: ({ scope }) => (scope.kind === 'campaign' ? scope.id : null),
};

export function presentLimit(row: LimitRow): Limit {
  const shared = {
    id: row.id,
    scope: { kind: row.scope_kind, id: row.scope_id, name: row.scope_name },
    window: row.window,
    timeZone: row.time_zone,
    resetsAt: row.resets_at,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
  if (row.counts === 'spend') {
    return {
      ...shared,
      counts: 'spend',
      currency: row.currency as Currency,
      limit: micros(row.maximum),
      posted: micros(row.posted),
      pending: micros(row.pending),
    };
  }
  return {
    ...shared,
    counts: row.counts,
    currency: null,
    limit: Number(row.maximum),
    posted: Number(row.posted),
    pending: Number(row.pending),
  };
}

function micros(amount: bigint): MicrosText {
  return amount.toString() as MicrosText;
}

/** @param counts what the limit counts: micros are text */
export function presentHeld(row: HeldRow, counts: CountedEvent): HeldReservation {
  return {
    reservationId: row.reservation_id,
    callId: row.call_id,
    callState: row.call_state,
    attemptId: row.attempt_id,
    assignmentId: row.assignment_id,
    workflowId: row.workflow_id,
    amount: counts === 'spend' ? micros(row.amount) : Number(row.amount),
    reservedAt: row.reserved_at,
  };
}

export function presentFreed(row: FreedRow): FreedReservation {
  return {
    reservationId: row.reservation_id,
    callId: row.call_id,
    workflowId: row.workflow_id,
    assignmentId: row.assignment_id,
    reason: row.reason,
    carrierSays: row.carrier_says,
    reservedAt: row.reserved_at,
    freedAt: row.freed_at,
  };
}

export function presentDifference(row: CounterDifference): Verification['differences'][number] {
  return {
    limitId: row.limit_id,
    scope: row.scope,
    window: row.window as LimitWindow,
    counts: row.counts as CountedEvent,
    windowStart: row.window_start,
    posted: row.posted.toString(),
    pending: row.pending.toString(),
    recountedPosted: row.recounted_posted.toString(),
    recountedPending: row.recounted_pending.toString(),
  };
}
