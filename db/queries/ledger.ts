import type { CallSide } from '../../domain/migration/call-side';
import type { EntryKind, EntrySide } from '../../domain/ledger';
import type { Queryable } from '../pool';

/** What is booked for a call. Where it counts in reports is the call's own: its time, number and channel. */
export interface CallEntry {
  /** What it is booked for; booking the same cause again changes nothing. */
  readonly cause: string;
  readonly kind: EntryKind;
  readonly side: EntrySide;
  readonly callId: string;
  readonly campaignId: string;
  readonly buyerId: string | null;
  readonly publisherId: string | null;
  /** Micros. */
  readonly amount: bigint;
  readonly currency: string;
  readonly migration: Pick<CallSide, 'migrationId' | 'side'> | null;
  /** Who booked it by hand, and why; `null`: nobody did. */
  readonly byHand: { readonly actor: string; readonly reason: string } | null;
}

/** Books one entry for a call. @returns whether it is new */
export async function insertCallEntry(db: Queryable, entry: CallEntry): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'insert_call_entry',
    text: `
      INSERT INTO ledger_entries (cause, kind, side, call_id, campaign_id, buyer_id, publisher_id, amount_micros,
                                  currency, migration_id, migration_side, actor, reason, occurred_at, number, channel)
      SELECT $1::text, $2::text, $3::text, c.id, $5::text, $6::text, $7::text, $8::bigint, $9::text, $10::text,
             $11::text, $12::text, $13::text, c.received_at, c.dialed, c.channel
        FROM calls c
       WHERE c.id = $4::text
          ON CONFLICT (cause) DO NOTHING`,
    values: [
      entry.cause,
      entry.kind,
      entry.side,
      entry.callId,
      entry.campaignId,
      entry.buyerId,
      entry.publisherId,
      entry.amount,
      entry.currency,
      entry.migration?.migrationId ?? null,
      entry.migration?.side ?? null,
      entry.byHand?.actor ?? null,
      entry.byHand?.reason ?? null,
    ],
  });
  return rowCount === 1;
}

/**
 * Books what the carrier takes for an ended call, by the price of the number that was called: each begun increment of
 * the whole call, rounded up to whole micros. Nothing where the number costs nothing. Seconds count as begun.
 */
export async function bookTelephonyCost(db: Queryable, callId: string): Promise<void> {
  await db.query({
    name: 'book_telephony_cost',
    text: `
      WITH cost AS (
        SELECT c.id, c.campaign_id, c.publisher_id, c.buyer_id, c.received_at, c.dialed, c.migration_id,
               c.migration_side, c.channel, n.cost->>'currency' AS currency,
               -- No cost keeps a call from ending.
               least(ceil(ceil(extract(epoch FROM c.ended_at - c.received_at) / (n.cost->>'incrementSeconds')::integer)
                          * (n.cost->>'incrementSeconds')::integer * (n.cost->>'perMinuteMicros')::numeric / 60),
                     10::numeric ^ 16)::bigint AS amount
          FROM calls c JOIN numbers n ON n.e164 = c.dialed
         WHERE c.id = $1::text AND n.cost IS NOT NULL AND c.ended_at > c.received_at
      ), booked AS (
        INSERT INTO ledger_entries (cause, kind, side, call_id, campaign_id, buyer_id, publisher_id, amount_micros,
                                    currency, migration_id, migration_side, occurred_at, number, channel)
        SELECT id || ':telephony', 'telephony_cost', 'cost', id, campaign_id, buyer_id, publisher_id, amount, currency,
               migration_id, migration_side, received_at, dialed, channel
          FROM cost WHERE amount > 0
            ON CONFLICT (cause) DO NOTHING
        RETURNING call_id, amount_micros, currency
      )
      UPDATE calls c
         SET cost_micros = c.cost_micros + b.amount_micros
        FROM booked b, campaigns k
       WHERE c.id = b.call_id AND k.id = c.campaign_id AND k.currency = b.currency`,
    values: [callId],
  });
}

/** What happens to a call's sums with an entry that comes after its end. */
export interface LateMoney {
  readonly callId: string;
  /** `null`: as it is. */
  readonly converted: boolean | null;
  /** What the amounts are in; sums are in the currency of the call's campaign, and nothing else is added to them. */
  readonly currency: string;
  /** Micros. */
  readonly revenue: bigint;
  readonly payout: bigint;
  readonly cost: bigint;
}

/** Adds to the sums of a call what has just been booked for it, in the same transaction. */
export async function addToCall(db: Queryable, late: LateMoney): Promise<void> {
  await db.query({
    name: 'add_to_call',
    text: `
      UPDATE calls
         SET converted = coalesce($2::boolean, converted),
             revenue_micros = coalesce(revenue_micros, 0) + $3::bigint,
             payout_micros = coalesce(payout_micros, 0) + $4::bigint,
             cost_micros = cost_micros + $5::bigint
       WHERE id = $1::text
         AND $6::text = (SELECT k.currency FROM campaigns k WHERE k.id = calls.campaign_id)`,
    values: [late.callId, late.converted, late.revenue, late.payout, late.cost, late.currency],
  });
}

/** What is booked for no call: it has a time of its own. */
export interface OtherEntry {
  readonly cause: string;
  readonly kind: Extract<EntryKind, 'ad_spend' | 'number_rent'>;
  readonly campaignId: string | null;
  readonly number: string | null;
  readonly channel: string | null;
  /** Micros. */
  readonly amount: bigint;
  readonly currency: string;
  /** ISO 8601. */
  readonly occurredAt: string;
  readonly actor: string | null;
}

/** Books a cost that belongs to no call. @returns whether it is new */
export async function insertOtherEntry(db: Queryable, entry: OtherEntry): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'insert_other_entry',
    text: `
      INSERT INTO ledger_entries (cause, kind, side, campaign_id, number, channel, amount_micros, currency, occurred_at,
                                  actor)
      VALUES ($1::text, $2::text, 'cost', $3::text, $4::text, $5::text, $6::bigint, $7::text, $8::timestamptz, $9::text)
          ON CONFLICT (cause) DO NOTHING`,
    values: [
      entry.cause,
      entry.kind,
      entry.campaignId,
      entry.number,
      entry.channel,
      entry.amount,
      entry.currency,
      entry.occurredAt,
      entry.actor,
    ],
  });
  return rowCount === 1;
}

/**
 * Books the rent of every number for a month, and for the one before where that is missing: once each. A month is one in
 * UTC; a number costs from the month it was added in, and no sooner than its cost was said. @param at ISO 8601, an instant of the month
 */
export async function bookRent(db: Queryable, at: string): Promise<number> {
  const { rowCount } = await db.query({
    name: 'book_number_rent',
    text: `
      INSERT INTO ledger_entries (cause, kind, side, campaign_id, publisher_id, number, channel, amount_micros, currency,
                                  occurred_at)
      SELECT 'rent:' || n.e164 || ':' || to_char(m.month, 'YYYY-MM'), 'number_rent', 'cost', n.campaign_id,
             n.publisher_id, n.e164, n.channel, (n.cost->>'perMonthMicros')::bigint, n.cost->>'currency',
             m.month AT TIME ZONE 'UTC'
        FROM numbers n
       CROSS JOIN LATERAL (
         SELECT date_trunc('month', $1::timestamptz AT TIME ZONE 'UTC') - back * interval '1 month' AS month
           FROM generate_series(0, 1) AS back
       ) AS m
       WHERE (n.cost->>'perMonthMicros')::bigint > 0
         AND date_trunc('month', greatest(n.created_at, n.cost_since) AT TIME ZONE 'UTC') <= m.month
         AND NOT EXISTS (SELECT FROM ledger_entries e
                          WHERE e.cause = 'rent:' || n.e164 || ':' || to_char(m.month, 'YYYY-MM'))
          ON CONFLICT (cause) DO NOTHING`,
    values: [at],
  });
  return rowCount ?? 0;
}

/** An entry as stored. */
export interface EntryRow {
  readonly id: bigint;
  readonly cause: string;
  readonly kind: EntryKind;
  readonly side: EntrySide;
  readonly call_id: string | null;
  readonly campaign_id: string | null;
  readonly buyer_id: string | null;
  readonly publisher_id: string | null;
  readonly number: string | null;
  readonly channel: string | null;
  readonly migration_id: string | null;
  readonly migration_side: 'control' | 'challenger' | null;
  readonly amount_micros: bigint;
  readonly currency: string;
  readonly reverses: bigint | null;
  readonly actor: string | null;
  readonly reason: string | null;
  readonly occurred_at: string;
  readonly booked_at: string;
}

const COLUMNS = `
  id, cause, kind, side, call_id, campaign_id, buyer_id, publisher_id, number, channel, migration_id, migration_side,
  amount_micros, currency, reverses, actor, reason, occurred_at, booked_at`;

export async function findEntry(db: Queryable, id: bigint): Promise<EntryRow | null> {
  const { rows } = await db.query<EntryRow & Record<string, unknown>>({
    name: 'find_ledger_entry',
    text: `SELECT ${COLUMNS} FROM ledger_entries WHERE id = $1::bigint`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The entry that was booked for a cause; `null`: none was. */
export async function findEntryOf(db: Queryable, cause: string): Promise<EntryRow | null> {
  const { rows } = await db.query<EntryRow & Record<string, unknown>>({
    name: 'find_ledger_entry_of',
    text: `SELECT ${COLUMNS} FROM ledger_entries WHERE cause = $1::text`,
    values: [cause],
  });
  return rows[0] ?? null;
}

/** Entries, the latest booked first. */
export async function listEntries(
  db: Queryable,
  filter: {
    readonly callId: string | null;
    readonly campaignId: string | null;
    readonly buyerId: string | null;
    readonly publisherId: string | null;
    readonly kind: EntryKind | null;
    readonly from: string | null;
    readonly to: string | null;
    readonly before: string | null;
    readonly limit: number;
  },
): Promise<EntryRow[]> {
  const { rows } = await db.query<EntryRow & Record<string, unknown>>({
    name: 'list_ledger_entries',
    text: `
      SELECT ${COLUMNS} FROM ledger_entries
       WHERE ($1::text IS NULL OR call_id = $1::text)
         AND ($2::text IS NULL OR campaign_id = $2::text)
         AND ($3::text IS NULL OR buyer_id = $3::text)
         AND ($4::text IS NULL OR publisher_id = $4::text)
         AND ($5::text IS NULL OR kind = $5::text)
         AND ($6::timestamptz IS NULL OR occurred_at >= $6::timestamptz)
         AND ($7::timestamptz IS NULL OR occurred_at < $7::timestamptz)
         AND ($8::bigint IS NULL OR id < $8::bigint)
       ORDER BY id DESC
       LIMIT $9::integer`,
    values: [
      filter.callId,
      filter.campaignId,
      filter.buyerId,
      filter.publisherId,
      filter.kind,
      filter.from,
      filter.to,
      filter.before,
      filter.limit,
    ],
  });
  return rows;
}

/**
 * Takes an entry back: the same amount with the other sign, wherever that one counts. An entry can be taken back once.
 * @returns the new entry; `null`: it was taken back before, or is a reversal itself
 */
export async function reverseEntry(
  db: Queryable,
  id: bigint,
  by: { readonly actor: string; readonly reason: string },
): Promise<EntryRow | null> {
  const { rows } = await db.query<EntryRow & Record<string, unknown>>({
    name: 'reverse_ledger_entry',
    text: `
      INSERT INTO ledger_entries (cause, kind, side, call_id, campaign_id, buyer_id, publisher_id, number, channel,
                                  migration_id, migration_side, amount_micros, currency, reverses, actor, reason,
                                  occurred_at)
      SELECT 'reversal:' || id, 'reversal', side, call_id, campaign_id, buyer_id, publisher_id, number, channel,
             migration_id, migration_side, -amount_micros, currency, id, $2::text, $3::text, occurred_at
        FROM ledger_entries
       WHERE id = $1::bigint AND kind <> 'reversal'
          ON CONFLICT DO NOTHING
      RETURNING ${COLUMNS}`,
    values: [id, by.actor, by.reason],
  });
  return rows[0] ?? null;
}
