import type { Queryable } from '../pool';

export interface HistoryRow {
  /** `null`: calls that no buyer took, or that are still in progress. */
  readonly buyer_id: string | null;
  readonly last_called_at: string;
  readonly last_connected_at: string | null;
  readonly last_converted_at: string | null;
}

/**
 * What a caller did in a campaign before a call: one row a buyer, however many calls. Only calls received before this
 * one count, so that the answer is the same whenever it is asked.
 */
export async function loadCallerHistory(
  db: Queryable,
  call: {
    readonly campaignId: string;
    readonly caller: string;
    readonly callId: string;
    readonly receivedAt: string;
  },
): Promise<HistoryRow[]> {
  const { rows } = await db.query<HistoryRow & Record<string, unknown>>({
    name: 'load_caller_history',
    text: `
      SELECT buyer_id, max(received_at) AS last_called_at,
             max(coalesce(connected_at, received_at)) FILTER (WHERE outcome = 'connected') AS last_connected_at,
             max(coalesce(connected_at, received_at)) FILTER (WHERE converted) AS last_converted_at
        FROM calls
       WHERE campaign_id = $1::text AND caller = $2::text AND id <> $3::text AND received_at <= $4::timestamptz
       GROUP BY buyer_id
       ORDER BY buyer_id`,
    values: [call.campaignId, call.caller, call.callId, call.receivedAt],
  });
  return rows;
}
