import type { Queryable } from '../../pool';

/** Steps of a call's timeline that an event carries at most: the last ones. */
const MOST_STEPS = 40;

/**
 * SQL of `data` of an event about a call, as in `contract/events.ts`: what is on record of it at that moment. `c` is
 * the row of the call. Whoever talks with the caller, or did when it ended, is the buyer.
 */
export const CALL_SNAPSHOT = `
  jsonb_build_object('call', jsonb_build_object(
    'id', c.id, 'carrier', c.carrier, 'sid', c.sid, 'campaignId', c.campaign_id,
    'campaignName', (SELECT g.name FROM campaigns g WHERE g.id = c.campaign_id),
    'publisherId', c.publisher_id,
    'publisherName', (SELECT p.name FROM publishers p WHERE p.id = c.publisher_id),
    'number', c.dialed, 'caller', c.caller,
    'channel', c.channel, 'visitor', c.visitor,
    'geography', c.geography, 'tags', c.qualifications, 'planVersion', c.plan_version, 'flowVersion', c.flow_version,
    'migration', CASE WHEN c.migration_id IS NULL THEN NULL
                      ELSE jsonb_build_object('id', c.migration_id, 'side', c.migration_side,
                                              'overflow', c.migration_overflow) END,
    'state', c.state, 'outcome', c.outcome, 'outcomeReason', c.outcome_reason,
    'buyerId', b.id, 'buyerName', b.name, 'assignmentId', b.assignment_id,
    'receivedAt', iso_instant(c.received_at), 'connectedAt', iso_instant(c.connected_at),
    'endedAt', iso_instant(c.ended_at), 'durationSeconds', c.duration_seconds, 'talkSeconds', c.talk_seconds,
    'converted', c.converted, 'currency', c.currency, 'revenueMicros', c.revenue_micros::text,
    'payoutMicros', c.payout_micros::text,
    'timeline', coalesce((SELECT jsonb_agg(jsonb_build_object('at', iso_instant(t.at), 'step', t.step,
                                                              'decision', t.decision) ORDER BY t.seq)
                            FROM (SELECT e.seq, e.at, e.step, e.decision FROM timeline_entries e
                                   WHERE e.call_id = c.id ORDER BY e.seq DESC LIMIT ${MOST_STEPS}) AS t), '[]')))`;

/** What stands behind {@link CALL_SNAPSHOT} in its FROM clause. */
export const CALL_SNAPSHOT_FROM = `
  calls c
  LEFT JOIN LATERAL (
    SELECT y.id, y.name, a.assignment_id
      FROM attempts a JOIN buyers y ON y.id = a.buyer_id
     WHERE a.call_id = c.id AND a.state IN ('connected', 'completed')
     ORDER BY a.no DESC LIMIT 1
  ) AS b ON true`;

/** `data` of an event about this call, as it stands now; `null`: there is no such call. */
export async function loadCallSnapshot(db: Queryable, callId: string): Promise<unknown> {
  const { rows } = await db.query<{ data: unknown }>({
    name: 'load_call_snapshot',
    text: `SELECT ${CALL_SNAPSHOT} AS data FROM ${CALL_SNAPSHOT_FROM} WHERE c.id = $1::text`,
    values: [callId],
  });
  return rows[0]?.data ?? null;
}
