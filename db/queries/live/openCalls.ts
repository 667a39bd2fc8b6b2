import type { Queryable } from '../../pool';

/** Which state of a call in progress this is. Transactions are of 32 bits, as PostgreSQL keeps them with rows. */
export interface OpenVersionRow {
  readonly id: string;
  /** That last wrote the call. */
  readonly written_in: bigint;
  /** That wrote the last entry of its timeline, and that entry's number; `null`: it has none. */
  readonly step_in: bigint | null;
  readonly step_no: bigint | null;
}

/** All calls in progress, as little of each as tells whether it moved. A next dial or question changes no call's row. */
export async function listOpenVersions(db: Queryable): Promise<OpenVersionRow[]> {
  const { rows } = await db.query<OpenVersionRow & Record<string, unknown>>({
    name: 'list_open_versions',
    text: `
      SELECT c.id, c.xmin::text::bigint AS written_in, t.xid AS step_in, t.seq AS step_no
        FROM calls c
        LEFT JOIN LATERAL (SELECT e.seq, e.xmin::text::bigint AS xid FROM timeline_entries e
                            WHERE e.call_id = c.id ORDER BY e.seq DESC LIMIT 1) AS t ON true
       WHERE c.ended_at IS NULL`,
    values: [],
  });
  return rows;
}

export interface OpenCallRow {
  readonly id: string;
  readonly campaign_id: string | null;
  readonly campaign_name: string | null;
  readonly publisher_id: string | null;
  readonly caller: string | null;
  readonly dialed: string;
  readonly state: string;
  readonly received_at: string;
  readonly connected_at: string | null;
  /** `null`: nothing is on its timeline yet. */
  readonly step: string | null;
  readonly step_at: string | null;
  /** Who rings or talks; `null`: nobody. */
  readonly buyer_id: string | null;
  readonly buyer_name: string | null;
  readonly attempt: number | null;
  readonly migration_id: string | null;
  readonly migration_side: 'control' | 'challenger' | null;
  readonly migration_overflow: boolean;
}

/** Calls in progress, by their ids. */
export async function listOpenCalls(db: Queryable, ids: readonly string[]): Promise<OpenCallRow[]> {
  const { rows } = await db.query<OpenCallRow & Record<string, unknown>>({
    name: 'list_live_calls',
    text: `
      SELECT c.id, c.campaign_id, m.name AS campaign_name, c.publisher_id, c.caller, c.dialed, c.state, c.received_at,
             c.connected_at, t.step, t.at AS step_at, a.buyer_id, b.name AS buyer_name, a.no AS attempt,
             c.migration_id, c.migration_side, c.migration_overflow
        FROM calls c
        LEFT JOIN campaigns m ON m.id = c.campaign_id
        LEFT JOIN LATERAL (SELECT e.step, e.at FROM timeline_entries e
                            WHERE e.call_id = c.id ORDER BY e.seq DESC LIMIT 1) AS t ON true
        LEFT JOIN LATERAL (SELECT d.no, d.buyer_id FROM attempts d
                            WHERE d.call_id = c.id AND d.ended_at IS NULL ORDER BY d.no DESC LIMIT 1) AS a ON true
        LEFT JOIN buyers b ON b.id = a.buyer_id
       WHERE c.id = ANY ($1::text[]) AND c.ended_at IS NULL`,
    values: [[...ids]],
  });
  return rows;
}
