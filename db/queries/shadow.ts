import type { Queryable } from '../pool';

/** What a shadow plan would have done with a call, beside what was done. `null`: nobody was to be dialled. */
export interface ShadowDecision {
  readonly callId: string;
  readonly campaignId: string;
  readonly liveVersion: number;
  readonly shadowVersion: number;
  readonly live: { readonly assignmentId: string; readonly priceMicros: bigint } | null;
  readonly shadow: { readonly assignmentId: string; readonly priceMicros: bigint } | null;
  readonly currency: string;
  readonly at: string;
}

/** Only the first decision of a call counts: what comes after a dial depends on how that dial went. */
export async function insertShadowDecision(db: Queryable, decision: ShadowDecision): Promise<void> {
  await db.query({
    name: 'insert_shadow_decision',
    text: `
      INSERT INTO shadow_decisions (call_id, campaign_id, live_version, shadow_version, live_assignment_id,
                                    live_price_micros, shadow_assignment_id, shadow_price_micros, currency, decided_at)
      VALUES ($1::text, $2::text, $3::integer, $4::integer, $5::text, $6::bigint, $7::text, $8::bigint, $9::text,
              $10::timestamptz)
          ON CONFLICT (call_id) DO NOTHING`,
    values: [
      decision.callId,
      decision.campaignId,
      decision.liveVersion,
      decision.shadowVersion,
      decision.live?.assignmentId ?? null,
      decision.live?.priceMicros ?? null,
      decision.shadow?.assignmentId ?? null,
      decision.shadow?.priceMicros ?? null,
      decision.currency,
      decision.at,
    ],
  });
}

/** Asks a plan version about every call from now on, in the place of the one that was asked before. */
export async function setShadow(db: Queryable, campaignId: string, version: number): Promise<void> {
  await db.query({
    name: 'set_shadow_plan',
    text: `
      INSERT INTO shadow_plans (campaign_id, version) VALUES ($1::text, $2::integer)
          ON CONFLICT (campaign_id) DO UPDATE SET version = excluded.version, since = now()
       WHERE shadow_plans.version <> excluded.version`,
    values: [campaignId, version],
  });
}

export async function removeShadow(db: Queryable, campaignId: string): Promise<void> {
  await db.query({
    name: 'remove_shadow_plan',
    text: 'DELETE FROM shadow_plans WHERE campaign_id = $1::text',
    values: [campaignId],
  });
}

/** What a shadow plan's decisions come to since it is asked. Amounts in micros of the campaign's currency. */
export interface ShadowSummaryRow {
  readonly version: number;
  readonly since: string;
  readonly calls: bigint;
  readonly same: bigint;
  readonly other_buyer: bigint;
  /** It would have found somebody where nobody was dialled, and the other way around. */
  readonly gained: bigint;
  readonly lost: bigint;
  readonly live_price_micros: string;
  readonly shadow_price_micros: string;
}

export async function summariseShadow(db: Queryable, campaignId: string): Promise<ShadowSummaryRow | null> {
  const { rows } = await db.query<ShadowSummaryRow & Record<string, unknown>>({
    name: 'summarise_shadow',
    text: `
      SELECT s.version, s.since, count(d.call_id) AS calls,
             count(d.call_id) FILTER (WHERE d.live_assignment_id IS NOT DISTINCT FROM d.shadow_assignment_id) AS same,
             count(*) FILTER (WHERE d.live_assignment_id <> d.shadow_assignment_id) AS other_buyer,
             count(*) FILTER (WHERE d.live_assignment_id IS NULL AND d.shadow_assignment_id IS NOT NULL) AS gained,
             count(*) FILTER (WHERE d.live_assignment_id IS NOT NULL AND d.shadow_assignment_id IS NULL) AS lost,
             coalesce(sum(d.live_price_micros), 0)::text AS live_price_micros,
             coalesce(sum(d.shadow_price_micros), 0)::text AS shadow_price_micros
        FROM shadow_plans s
        LEFT JOIN shadow_decisions d
          ON d.campaign_id = s.campaign_id AND d.shadow_version = s.version AND d.decided_at >= s.since
       WHERE s.campaign_id = $1::text
       GROUP BY s.campaign_id, s.version, s.since`,
    values: [campaignId],
  });
  return rows[0] ?? null;
}

export interface ShadowDifferenceRow {
  readonly seq: bigint;
  readonly call_id: string;
  readonly live_version: number;
  readonly shadow_version: number;
  readonly live_assignment_id: string | null;
  readonly live_buyer: string | null;
  readonly live_price_micros: bigint | null;
  readonly shadow_assignment_id: string | null;
  readonly shadow_buyer: string | null;
  readonly shadow_price_micros: bigint | null;
  readonly currency: string;
  readonly decided_at: string;
}

/** Calls that the campaign's shadow plan would have sent elsewhere, the latest first. */
export async function listShadowDifferences(
  db: Queryable,
  campaignId: string,
  page: { readonly after: string | null; readonly limit: number },
): Promise<ShadowDifferenceRow[]> {
  const { rows } = await db.query<ShadowDifferenceRow & Record<string, unknown>>({
    name: 'list_shadow_differences',
    text: `
      SELECT d.seq, d.call_id, d.live_version, d.shadow_version, d.live_assignment_id, lb.name AS live_buyer,
             d.live_price_micros, d.shadow_assignment_id, sb.name AS shadow_buyer, d.shadow_price_micros, d.currency,
             d.decided_at
        FROM shadow_plans s
        JOIN shadow_decisions d
          ON d.campaign_id = s.campaign_id AND d.shadow_version = s.version AND d.decided_at >= s.since
        LEFT JOIN assignments la ON la.id = d.live_assignment_id
        LEFT JOIN buyers lb ON lb.id = la.buyer_id
        LEFT JOIN assignments sa ON sa.id = d.shadow_assignment_id
        LEFT JOIN buyers sb ON sb.id = sa.buyer_id
       WHERE s.campaign_id = $1::text AND d.live_assignment_id IS DISTINCT FROM d.shadow_assignment_id
         AND ($2::bigint IS NULL OR d.seq < $2::bigint)
       ORDER BY d.seq DESC
       LIMIT $3::integer`,
    values: [campaignId, page.after, page.limit],
  });
  return rows;
}
