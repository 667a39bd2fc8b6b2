import type { Queryable } from '../../pool';

/** The id of the hold that outlives its call, for what a postback may still bring. */
export function deferredId(attemptId: string): string {
  return `${attemptId}/postback`;
}

/**
 * Keeps what an attempt holds for its conversion and its money beyond the end of the call, under a reservation of its
 * own that is tied to no workflow: it is posted by a postback, or ends by itself. To be sent before the attempt's own
 * reservation is resolved, in the same transaction. Repeating it changes nothing.
 * @param until ISO 8601
 */
export async function deferHolds(
  db: Queryable,
  attempt: { readonly callId: string; readonly attemptId: string; readonly until: string },
): Promise<void> {
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
        SELECT $3::text, o.call_id, o.attempt_id, NULL, 'pending', o.reserved_at, $4::timestamptz, o.assignment_id,
               o.scopes, o.spend_micros, o.payout_micros, o.currency, true
          FROM own o
         LIMIT 1
        RETURNING id
      )
      UPDATE reservation_holds h
         SET reservation_id = k.id
        FROM own o, kept k, limits l
       WHERE h.reservation_id = o.id AND l.id = h.limit_id AND l.counts IN ('conversion', 'spend')`,
    values: [attempt.callId, attempt.attemptId, deferredId(attempt.attemptId), attempt.until],
  });
}
