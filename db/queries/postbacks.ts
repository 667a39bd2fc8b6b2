import type { Queryable } from '../pool';

/** With what a buyer signs; `null`: they may not report. `undefined` row: no such buyer. */
export async function findPostbackSecret(
  db: Queryable,
  buyerId: string,
): Promise<{ readonly secret: string | null } | null> {
  const { rows } = await db.query<{ secret: string | null }>({
    name: 'find_postback_secret',
    text: `SELECT postback_secret AS secret FROM buyers WHERE id = $1::text`,
    values: [buyerId],
  });
  return rows[0] ?? null;
}

/** @param secret `null`: the buyer may not report any more */
export async function setPostbackSecret(
  db: Queryable,
  buyerId: string,
  secret: string | null,
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'set_postback_secret',
    text: `UPDATE buyers SET postback_secret = $2::text WHERE id = $1::text`,
    values: [buyerId, secret],
  });
  return rowCount === 1;
}

/** A call as money that comes late finds it, locked until the transaction ends. */
export interface SettledCallRow {
  readonly id: string;
  readonly campaign_id: string | null;
  readonly publisher_id: string | null;
  readonly buyer_id: string | null;
  readonly outcome: string | null;
  readonly converted: boolean;
  readonly currency: string | null;
  readonly revenue_micros: bigint;
  readonly payout_micros: bigint;
  /** In the currency of the campaign, as all sums are. */
  readonly cost_micros: bigint;
  readonly campaign_currency: string | null;
  /** `null`: its price does not wait for a postback. */
  readonly postback_until: string | null;
  /** Whether that time is over, by the database's clock. */
  readonly too_late: boolean;
  readonly migration_id: string | null;
  readonly migration_side: 'control' | 'challenger' | null;
  /** The attempt that connected, its money terms, and how long buyer and caller talked. */
  readonly attempt_id: string | null;
  readonly terms: unknown;
  readonly talk_seconds: number | null;
}

/**
 * Locks a call and reads it. The lock comes first, in a statement of its own: one that waits for it would find the call as
 * the end of the call has left it, and its attempt as it was before.
 */
export async function lockSettledCall(db: Queryable, callId: string): Promise<SettledCallRow | null> {
  await db.query({
    name: 'lock_call_for_money',
    text: 'SELECT FROM calls WHERE id = $1::text FOR NO KEY UPDATE',
    values: [callId],
  });
  const { rows } = await db.query<SettledCallRow & Record<string, unknown>>({
    name: 'read_settled_call',
    text: `
      SELECT c.id, c.campaign_id, c.publisher_id, c.buyer_id, c.outcome, coalesce(c.converted, false) AS converted,
             c.currency, coalesce(c.revenue_micros, 0) AS revenue_micros, coalesce(c.payout_micros, 0) AS payout_micros,
             c.cost_micros, k.currency AS campaign_currency, c.postback_until, coalesce(c.postback_until < limit_clock(), false) AS too_late, c.migration_id,
             c.migration_side, a.id AS attempt_id, a.terms, c.talk_seconds
        FROM calls c
        LEFT JOIN campaigns k ON k.id = c.campaign_id
        LEFT JOIN attempts a ON a.call_id = c.id AND a.state = 'completed'
       WHERE c.id = $1::text`,
    values: [callId],
  });
  return rows[0] ?? null;
}

/** Whether a call that goes on is or was put through to a buyer, as far as it came. */
export async function isDialledTo(db: Queryable, callId: string, buyerId: string): Promise<boolean> {
  const { rows } = await db.query({
    name: 'is_dialled_to',
    text: 'SELECT FROM attempts WHERE call_id = $1::text AND buyer_id = $2::text LIMIT 1',
    values: [callId, buyerId],
  });
  return rows.length > 0;
}

export type PostbackOutcome = 'converted' | 'not_due' | 'worth_nothing' | 'again';

export interface PostbackRow {
  readonly buyerId: string;
  readonly eventId: string;
  readonly callId: string;
  /** Micros; `null`: the buyer named none. */
  readonly value: bigint | null;
  readonly currency: string;
  readonly outcome: PostbackOutcome;
  /** Whether the buyer gave the event an id; else a call has one event, which a value of 0 does not use up. */
  readonly named: boolean;
}

/**
 * Keeps what a buyer reported, in the place of what was worth nothing before where it was the same call's event.
 * @returns whether it was kept: their event may have come before
 */
export async function insertPostback(db: Queryable, postback: PostbackRow): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'insert_postback',
    text: `
      INSERT INTO postbacks (buyer_id, event_id, call_id, value_micros, currency, outcome)
      VALUES ($1::text, $2::text, $3::text, $4::bigint, $5::text, $6::text)
          ON CONFLICT (buyer_id, event_id) DO UPDATE
         SET value_micros = excluded.value_micros, outcome = excluded.outcome, received_at = now()
       WHERE $7::boolean AND postbacks.outcome = 'worth_nothing' AND postbacks.call_id = excluded.call_id`,
    values: [
      postback.buyerId,
      postback.eventId,
      postback.callId,
      postback.value,
      postback.currency,
      postback.outcome,
      !postback.named,
    ],
  });
  return rowCount === 1;
}

/** What came of an event that a buyer reported before; `null`: they did not. */
export async function findPostback(
  db: Queryable,
  buyerId: string,
  eventId: string,
): Promise<{ readonly call_id: string; readonly outcome: PostbackOutcome } | null> {
  const { rows } = await db.query<{ call_id: string; outcome: PostbackOutcome }>({
    name: 'find_postback',
    text: `SELECT call_id, outcome FROM postbacks WHERE buyer_id = $1::text AND event_id = $2::text`,
    values: [buyerId, eventId],
  });
  return rows[0] ?? null;
}
