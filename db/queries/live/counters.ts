import type { Queryable } from '../../pool';

/** Counters of a campaign's day so far, or of one buyer in it. */
export interface CountersRow {
  readonly campaign_id: string;
  readonly campaign_name: string;
  readonly currency: string;
  readonly time_zone: string;
  /** The day by the campaign's calendar, `2026-03-08`. */
  readonly day: string;
  /** When it ends. */
  readonly until: string;
  /** `null`: the campaign itself. */
  readonly buyer_id: string | null;
  readonly buyer_name: string | null;
  /** Of a buyer, what rang it. */
  readonly received: number;
  readonly routed: number;
  readonly connected: number;
  readonly converted: number;
  /** Sums are text: they may be past 64 bits, and one campaign's must not fail the look of all. */
  readonly revenue_micros: string;
  readonly payout_micros: string;
  readonly cost_micros: string;
}

/**
 * Today's counters, each campaign's today being that of its own calendar: calls that came in today, with what is booked
 * for them so far. First a campaign, then its buyers. An archived campaign has a row while it had calls today.
 * @param campaigns `null`: all
 * @param clock ISO 8601, the instant today is the day of
 */
export async function listTodaysCounters(
  db: Queryable,
  campaigns: readonly string[] | null,
  clock: string,
): Promise<CountersRow[]> {
  const { rows } = await db.query<CountersRow & Record<string, unknown>>({
    name: 'list_todays_counters',
    text: `
      WITH asked AS MATERIALIZED (
        SELECT id, name, currency, time_zone, status,
               to_char($2::timestamptz AT TIME ZONE time_zone, 'YYYY-MM-DD') AS day,
               limit_window_start('day', time_zone, $2::timestamptz) AS since,
               limit_window_end('day', time_zone, $2::timestamptz) AS until
          FROM campaigns WHERE $1::text[] IS NULL OR id = ANY ($1::text[])
      ), today AS MATERIALIZED (
        SELECT c.id, c.campaign_id, c.outcome, c.buyer_id, c.converted,
               coalesce(c.outcome = 'connected', c.connected_at IS NOT NULL) AS connected,
               coalesce(c.revenue_micros, 0) AS revenue, coalesce(c.payout_micros, 0) AS payout, c.cost_micros AS cost
          FROM calls c JOIN asked a ON a.id = c.campaign_id AND c.received_at >= a.since AND c.received_at < a.until
         WHERE c.received_at >= (SELECT min(since) FROM asked)
      ), rung AS MATERIALIZED (
        SELECT t.id, d.buyer_id, bool_or(d.connected_at IS NOT NULL AND d.ended_at IS NULL) AS talks
          FROM today t JOIN attempts d ON d.call_id = t.id GROUP BY t.id, d.buyer_id
      ), counted AS (
        SELECT t.campaign_id, NULL::text AS buyer_id, count(*) AS received, count(r.id) AS routed,
               count(*) FILTER (WHERE t.connected) AS connected, count(*) FILTER (WHERE t.converted) AS converted,
               sum(t.revenue) AS revenue, sum(t.payout) AS payout, sum(t.cost) AS cost
          FROM today t LEFT JOIN (SELECT DISTINCT id FROM rung) r ON r.id = t.id
         GROUP BY t.campaign_id
        UNION ALL
        SELECT t.campaign_id, r.buyer_id, count(*), count(*),
               count(*) FILTER (WHERE CASE WHEN t.outcome IS NULL THEN t.connected AND r.talks ELSE o.own AND t.connected END),
               count(*) FILTER (WHERE o.own AND t.converted),
               sum(t.revenue) FILTER (WHERE o.own), sum(t.payout) FILTER (WHERE o.own), sum(t.cost) FILTER (WHERE o.own)
          FROM rung r JOIN today t ON t.id = r.id
         CROSS JOIN LATERAL (SELECT coalesce(t.buyer_id = r.buyer_id, false) AS own) AS o
         GROUP BY t.campaign_id, r.buyer_id
      )
      SELECT a.id AS campaign_id, a.name AS campaign_name, a.currency, a.time_zone, a.day, a.until,
             n.buyer_id, b.name AS buyer_name,
             coalesce(n.received, 0)::integer AS received, coalesce(n.routed, 0)::integer AS routed,
             coalesce(n.connected, 0)::integer AS connected, coalesce(n.converted, 0)::integer AS converted,
             coalesce(n.revenue, 0)::text AS revenue_micros, coalesce(n.payout, 0)::text AS payout_micros,
             coalesce(n.cost, 0)::text AS cost_micros
        FROM asked a LEFT JOIN counted n ON n.campaign_id = a.id LEFT JOIN buyers b ON b.id = n.buyer_id
       WHERE a.status <> 'archived' OR n.campaign_id IS NOT NULL
       ORDER BY a.id, n.buyer_id NULLS FIRST`,
    values: [campaigns === null ? null : [...campaigns], clock],
  });
  return rows;
}
