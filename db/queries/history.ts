import type { HistoryEntry } from '../../domain/routing/facts';
import type { Queryable } from '../pool';

/**
 * What a caller did in a campaign before a call: one row a buyer, however many calls. Only calls received before this
 * one count. A call in progress counts as connected to whoever is being dialled, and as paid for: carriers do not say
 * that a buyer has answered unless asked, and a caller whom a buyer may be talking to is no new one.
 */
export async function loadCallerHistory(
  db: Queryable,
  call: {
    readonly campaignId: string;
    readonly caller: string;
    readonly callId: string;
    readonly receivedAt: string;
  },
): Promise<HistoryEntry[]> {
  const { rows } = await db.query<HistoryEntry & Record<string, unknown>>({
    name: 'load_caller_history',
    text: `
      WITH earlier AS (
        SELECT coalesce(c.buyer_id, live.buyer_id) AS buyer_id, c.received_at,
               CASE WHEN c.outcome = 'connected' THEN coalesce(c.connected_at, c.received_at)
                    ELSE coalesce(live.connected_at, live.dialed_at) END AS connected_at,
               CASE WHEN c.converted THEN coalesce(c.connected_at, c.received_at) END AS converted_at,
               CASE WHEN c.payout_micros > 0 THEN coalesce(c.connected_at, c.received_at)
                    ELSE live.dialed_at END AS paid_at
          FROM calls c
          LEFT JOIN LATERAL (
            SELECT a.buyer_id, a.dialed_at, a.connected_at FROM attempts a
             WHERE a.call_id = c.id AND a.ended_at IS NULL ORDER BY a.no DESC LIMIT 1
          ) live ON c.ended_at IS NULL
         WHERE c.campaign_id = $1::text AND c.caller = $2::text AND c.id <> $3::text
           AND c.received_at <= $4::timestamptz
      )
      SELECT buyer_id AS "buyerId", max(received_at) AS "lastCalledAt", max(connected_at) AS "lastConnectedAt",
             max(converted_at) AS "lastConvertedAt", max(paid_at) AS "lastPaidAt"
        FROM earlier
       GROUP BY buyer_id
       ORDER BY buyer_id`,
    values: [call.campaignId, call.caller, call.callId, call.receivedAt],
  });
  return rows;
}
