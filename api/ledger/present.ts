import type { Dispute, LedgerEntry } from '../../contract/resources/money';
import type { DisputeRow } from '../../db/queries/disputes';
import type { EntryRow } from '../../db/queries/ledger';
import type { BuyerId } from '../../domain/ids';
import type { Currency, MicrosText } from '../../domain/money';

export function presentEntry(row: EntryRow): LedgerEntry {
  return {
    id: row.id.toString(),
    cause: row.cause,
    kind: row.kind,
    side: row.side,
    callId: row.call_id,
    campaignId: row.campaign_id,
    buyerId: row.buyer_id,
    publisherId: row.publisher_id,
    number: row.number,
    channel: row.channel,
    migrationId: row.migration_id,
    migrationSide: row.migration_side,
    amountMicros: row.amount_micros.toString() as MicrosText,
    currency: row.currency as Currency,
    reverses: row.reverses?.toString() ?? null,
    actor: row.actor,
    reason: row.reason,
    occurredAt: row.occurred_at,
    bookedAt: row.booked_at,
  };
}

export function presentDispute(row: DisputeRow): Dispute {
  return {
    id: row.id,
    callId: row.call_id,
    buyerId: row.buyer_id as BuyerId,
    status: row.status,
    amountMicros: row.amount_micros.toString() as MicrosText,
    currency: row.currency as Currency,
    reason: row.reason,
    openedBy: row.opened_by,
    grantedMicros: (row.granted_micros?.toString() ?? null) as MicrosText | null,
    decidedBy: row.decided_by,
    decision: row.decision,
    createdAt: row.created_at,
    decidedAt: row.decided_at,
  };
}
