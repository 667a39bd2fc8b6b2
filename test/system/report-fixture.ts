import type { Pool, PoolClient } from 'pg';

/** A call as the call path leaves it. */
export interface ReportedCall {
  readonly id: string;
  readonly campaign: string;
  readonly at: string;
  readonly buyer?: string;
  /** Whether it was connected, and whether it converted too. */
  readonly came?: 'connected' | 'converted';
}

/** Puts calls on record that are over. */
export async function insertCalls(
  api: { readonly db: Pool | PoolClient },
  calls: readonly ReportedCall[],
): Promise<void> {
  for (const { id, campaign, at, buyer = null, came } of calls)
    await api.db.query(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, caller, dialed, state, outcome,
                          buyer_id, received_at, connected_at, ended_at, duration_seconds, talk_seconds, converted)
       VALUES ($1, 'twilio', 'AC1', $1, $1, $2, '+14155550123', '+14155550100', 'ended', $3, $4, $5,
               CASE WHEN $3 = 'connected' THEN $5::timestamptz END, $5, 60, 50, $6)`,
      [id, campaign, came === undefined ? 'exhausted' : 'connected', buyer, at, came === 'converted'],
    );
}

export interface BookedEntry {
  readonly cause: string;
  readonly kind: 'revenue' | 'payout' | 'telephony_cost' | 'ad_spend';
  readonly campaign: string;
  readonly micros: number;
  readonly at: string;
  readonly currency?: string;
}

const SIDES = { revenue: 'revenue', payout: 'payout', telephony_cost: 'cost', ad_spend: 'cost' } as const;

export async function bookEntries(
  api: { readonly db: Pool | PoolClient },
  entries: readonly BookedEntry[],
): Promise<void> {
  for (const { cause, kind, campaign, micros, at, currency = 'USD' } of entries)
    await api.db.query(
      `INSERT INTO ledger_entries (cause, kind, side, campaign_id, amount_micros, currency, occurred_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [cause, kind, SIDES[kind], campaign, micros, currency, at],
    );
}
