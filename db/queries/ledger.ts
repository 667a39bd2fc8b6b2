import type { CallSide } from '../../domain/migration/call-side';
import type { Queryable } from '../pool';

export interface LedgerEntry {
  /** What it is booked for; booking the same cause again changes nothing. */
  readonly cause: string;
  readonly kind: 'revenue' | 'payout';
  readonly callId: string;
  readonly campaignId: string;
  readonly buyerId: string | null;
  readonly publisherId: string | null;
  /** Micros. */
  readonly amount: bigint;
  readonly currency: string;
  readonly migration: CallSide | null;
}

/** Books one entry. */
export async function insertLedgerEntry(db: Queryable, entry: LedgerEntry): Promise<void> {
  await db.query({
    name: 'insert_ledger_entry',
    text: `
      INSERT INTO ledger_entries (cause, kind, call_id, campaign_id, buyer_id, publisher_id, amount_micros, currency,
                                  migration_id, migration_side)
      VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::bigint, $8::text, $9::text, $10::text)
          ON CONFLICT (cause) DO NOTHING`,
    values: [
      entry.cause,
      entry.kind,
      entry.callId,
      entry.campaignId,
      entry.buyerId,
      entry.publisherId,
      entry.amount,
      entry.currency,
      entry.migration?.migrationId ?? null,
      entry.migration?.side ?? null,
    ],
  });
}
