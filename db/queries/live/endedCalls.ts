import type { Queryable } from '../../pool';

export interface EndedCallRow {
  readonly id: string;
  readonly campaign_id: string | null;
  readonly campaign_name: string | null;
  readonly publisher_id: string | null;
  readonly caller: string | null;
  readonly dialed: string;
  readonly received_at: string;
  readonly ended_at: string;
  readonly outcome: string;
  readonly outcome_reason: string | null;
  /** Who was connected; `null`: nobody. */
  readonly buyer_id: string | null;
  readonly buyer_name: string | null;
  readonly duration_seconds: number | null;
  readonly talk_seconds: number | null;
  readonly converted: boolean | null;
  readonly currency: string | null;
  readonly revenue_micros: bigint | null;
  readonly payout_micros: bigint | null;
  readonly cost_micros: bigint;
  readonly migration_id: string | null;
  readonly migration_side: 'control' | 'challenger' | null;
  readonly migration_overflow: boolean;
}

/** Between two snapshots of PostgreSQL, and of whom. */
export interface EndedFilter {
  /** What this one saw is known already. */
  readonly since: string;
  /** What this one does not see yet is for later; `null`: all that the transaction sees. */
  readonly upTo: string | null;
  readonly campaignId: string | null;
  readonly buyerId: string | null;
  /** Ended among the known, whoever ended them: of versions before there were marks. */
  readonly ids: readonly string[];
  readonly limit: number;
}

/**
 * Calls whose end became visible between two snapshots, whenever they ended by the clock: a transaction that commits late
 * is told late, and not lost. Ends of more than two days before are left out: in a database that was restored into another
 * server, old marks are numbers its transactions have yet to come to.
 * Of a buyer these are calls that rang it too, and of a campaign calls that a migration sent elsewhere from it, or took
 * back: whoever saw one in progress has to hear of its end.
 */
export async function listEndedCalls(db: Queryable, filter: EndedFilter): Promise<EndedCallRow[]> {
  const { rows } = await db.query<EndedCallRow & Record<string, unknown>>({
    name: 'list_live_ended_calls',
    text: `
      SELECT c.id, c.campaign_id, m.name AS campaign_name, c.publisher_id, c.caller, c.dialed, c.received_at, c.ended_at,
             c.outcome, c.outcome_reason, c.buyer_id, b.name AS buyer_name, c.duration_seconds, c.talk_seconds,
             c.converted, c.currency, c.revenue_micros, c.payout_micros, c.cost_micros, c.migration_id, c.migration_side,
             c.migration_overflow
        FROM (SELECT id FROM calls
               WHERE ended_in >= pg_snapshot_xmin($1::pg_snapshot)
                 AND NOT pg_visible_in_snapshot(ended_in, $1::pg_snapshot)
                 AND pg_visible_in_snapshot(ended_in, coalesce($2::pg_snapshot, pg_current_snapshot()))
                 AND ended_at > clock_timestamp() - interval '2 days'
              UNION SELECT unnest($5::text[])) AS told
        JOIN calls c ON c.id = told.id
        LEFT JOIN campaigns m ON m.id = c.campaign_id
        LEFT JOIN buyers b ON b.id = c.buyer_id
       WHERE c.ended_at IS NOT NULL
         AND ($3::text IS NULL OR c.campaign_id = $3::text
              OR EXISTS (SELECT FROM migrations g
                          WHERE g.id = c.migration_id AND $3::text IN (g.campaign_id, g.challenger_campaign_id)))
         AND ($4::text IS NULL OR c.buyer_id = $4::text
              OR EXISTS (SELECT FROM attempts d WHERE d.call_id = c.id AND d.buyer_id = $4::text))
       ORDER BY c.ended_at, c.id
       LIMIT $6::integer`,
    values: [filter.since, filter.upTo, filter.campaignId, filter.buyerId, [...filter.ids], filter.limit],
  });
  return rows;
}

/** Campaigns of which a call's money, or whether it converted, changed after its end, as became visible since. */
export async function listAmendedCampaigns(db: Queryable, since: string): Promise<string[]> {
  const { rows } = await db.query<{ campaign_id: string }>({
    name: 'list_amended_campaigns',
    text: `
      SELECT DISTINCT campaign_id FROM calls
       WHERE amended_in >= pg_snapshot_xmin($1::pg_snapshot)
         AND NOT pg_visible_in_snapshot(amended_in, $1::pg_snapshot)
         AND pg_visible_in_snapshot(amended_in, pg_current_snapshot())
         AND campaign_id IS NOT NULL`,
    values: [since],
  });
  return rows.map(({ campaign_id }) => campaign_id);
}
