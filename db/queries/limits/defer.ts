import type { Queryable } from '../../pool';

/** The id of the hold that outlives its call, for what a postback may still bring. */
export function deferredId(attemptId: string): string {
  return `${attemptId}/postback`;
}

/**
 * Seconds for which it is held beyond the time in which a postback may come: one at the last moment is still to be
 * counted, however long it waited for the call.
 */
const GRACE_SECONDS = 60;

/** What is held of an attempt beyond the end of its call. */
export interface Deferral {
  readonly callId: string;
  readonly attemptId: string;
  /** Until when a postback may come, ISO 8601. */
  readonly until: string;
  /** Whether the publisher is paid by it too; else what they get is counted with the end of the call. */
  readonly payoutWaits: boolean;
}

/**
 * Keeps what an attempt holds for its conversion and its money beyond the end of the call, under a reservation of its
 * own that is tied to no workflow: it is posted by a postback, or ends by itself. Of what is held under limits of the
 * publisher, only what a postback may bring them; a limit that is set later finds no more than that either. To be sent
 * before the attempt's own reservation is resolved, in the same transaction. Repeating it changes nothing.
 */
export async function deferHolds(db: Queryable, attempt: Deferral): Promise<void> {
  await db.query({
    name: 'defer_holds',
    text: `
      WITH own AS MATERIALIZED (
        SELECT r.* FROM reservations r
         WHERE r.call_id = $1::text AND r.attempt_id = $2::text AND r.status = 'pending' AND NOT r.deferred
         ORDER BY r.id
           FOR NO KEY UPDATE
      ), kept AS (
        INSERT INTO reservations (id, call_id, attempt_id, workflow_id, status, reserved_at, lease_until, assignment_id,
                                  scopes, spend_micros, payout_micros, currency, deferred)
        SELECT $3::text, o.call_id, o.attempt_id, NULL, 'pending', o.reserved_at,
               $4::timestamptz + $6::integer * interval '1 second', o.assignment_id,
               ARRAY(SELECT scope FROM unnest(o.scopes) AS scope
                      WHERE $5::boolean OR NOT starts_with(scope, 'publisher:')),
               o.spend_micros, CASE WHEN $5::boolean THEN o.payout_micros ELSE 0 END, o.currency, true
          FROM own o
         LIMIT 1
        RETURNING id
      )
      UPDATE reservation_holds h
         SET reservation_id = k.id
        FROM own o, kept k, limits l
       WHERE h.reservation_id = o.id AND l.id = h.limit_id AND l.counts IN ('conversion', 'spend')
         AND ($5::boolean OR l.scope_kind <> 'publisher')`,
    values: [
      attempt.callId,
      attempt.attemptId,
      deferredId(attempt.attemptId),
      attempt.until,
      attempt.payoutWaits,
      GRACE_SECONDS,
    ],
  });
}
