import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import {
  entryParamsSchema,
  ledgerEntrySchema,
  ledgerQuerySchema,
  newAdjustmentSchema,
  reversalSchema,
} from '../../contract/resources/money';
import {
  addToCall,
  findEntry,
  findEntryOf,
  insertCallEntry,
  listEntries,
  reverseEntry,
  type EntryRow,
} from '../../db/queries/ledger';
import { lockSettledCall, type SettledCallRow } from '../../db/queries/postbacks';
import { insertTimeline } from '../../db/queries/timeline';
import type { Queryable } from '../../db/pool';
import type { MigrationId } from '../../domain/ids';
import type { EntrySide } from '../../domain/ledger';
import { formatMicros, microsFromText, type Micros } from '../../domain/money';
import { keyset } from '../http/cursor';
import { found } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { presentEntry } from './present';

const TAG = 'Money';
const byId = keyset(z.string().regex(/^\d{1,18}$/));
const callParams = z.strictObject({ id: z.string().min(1).max(128) });

export const ledgerRoutes: readonly Route[] = [
  readRoute({
    method: 'get',
    path: '/ledger',
    operationId: 'listLedgerEntries',
    summary: 'What is owed and was spent, the latest booked first',
    description:
      'Entries are never changed or deleted: what was wrong is taken back or adjusted by another one.',
    tag: TAG,
    query: ledgerQuerySchema,
    responses: { 200: { description: 'A page of entries.', body: pageSchema(ledgerEntrySchema) } },
    async handle({ db, query: { cursor, limit, ...filter } }) {
      const rows = await listEntries(db, {
        callId: filter.callId ?? null,
        campaignId: filter.campaignId ?? null,
        buyerId: filter.buyerId ?? null,
        publisherId: filter.publisherId ?? null,
        kind: filter.kind ?? null,
        from: filter.from ?? null,
        to: filter.to ?? null,
        before: byId.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: byId.page(rows, limit, ({ id }) => id.toString(), presentEntry) };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/calls/{id}/adjustments',
    operationId: 'adjustCall',
    summary: 'Book something for an ended call by hand',
    tag: TAG,
    params: callParams,
    body: newAdjustmentSchema,
    example: { side: 'revenue', amountMicros: '-5000000', reason: 'wrong number, agreed with the buyer' },
    responses: { 201: { description: 'The entry.', body: ledgerEntrySchema } },
    problems: ['conflict', 'unprocessable'],
    async handle({ db, params: { id }, body: { side, amountMicros, reason }, actor, onceId }) {
      const call = await endedCall(db, id);
      const amount = microsFromText(amountMicros);
      const cause = `adjustment:${onceId}`;
      await insertCallEntry(db, {
        ...bookedFor(call, side),
        cause,
        kind: 'adjustment',
        side,
        amount,
        byHand: { actor, reason },
      });
      await addToSums(db, call.id, side, amount);
      await tell(db, call.id, cause, `${side} ${formatMicros(amount)} ${call.currency ?? ''}: ${reason}`);
      return booked(await entryOf(db, cause));
    },
  }),
  writeRoute({
    method: 'post',
    path: '/ledger/{id}/reversal',
    operationId: 'reverseLedgerEntry',
    summary: 'Take an entry back',
    description: 'Books the same amount with the other sign. Each entry can be taken back once.',
    tag: TAG,
    params: entryParamsSchema,
    body: reversalSchema,
    example: { reason: 'booked for the wrong call' },
    responses: { 201: { description: 'The entry that takes it back.', body: ledgerEntrySchema } },
    problems: ['conflict'],
    async handle({ db, params: { id }, body: { reason }, actor }) {
      const entry = found(await findEntry(db, BigInt(id)), `entry ${id} of the ledger`);
      if (entry.kind === 'reversal')
        throw new Problem('conflict', `Entry ${id} takes another one back: book an adjustment instead`);
      // The call first, as everywhere: whoever books for it waits here.
      if (entry.call_id !== null) await lockSettledCall(db, entry.call_id);
      const reversal = await reverseEntry(db, entry.id, { actor, reason });
      if (reversal === null) throw new Problem('conflict', `Entry ${id} was taken back before`);
      if (entry.call_id !== null) {
        await addToSums(db, entry.call_id, entry.side, reversal.amount_micros as Micros);
        await tell(
          db,
          entry.call_id,
          reversal.cause,
          `${entry.kind} of ${formatMicros(entry.amount_micros as Micros)} ${entry.currency} taken back: ${reason}`,
        );
      }
      return booked(reversal);
    },
  }),
];

function booked(row: EntryRow) {
  const entry = presentEntry(row);
  return {
    status: 201 as const,
    body: entry,
    audit: [
      {
        action: row.kind === 'reversal' ? 'reverse' : 'adjust',
        entity: 'ledger_entry',
        entityId: entry.id,
        campaignId: row.campaign_id,
        before: null,
        after: entry,
      },
    ],
  };
}

/** @throws Problem `not_found`, `conflict` while it goes on, `unprocessable` when it belongs to no campaign */
export async function endedCall(db: Queryable, id: string): Promise<SettledCallRow> {
  const call = found(await lockSettledCall(db, id), `call ${id}`);
  if (call.outcome === null)
    throw new Problem('conflict', `Call ${id} is not over yet: its money is not known`);
  if (call.campaign_id === null)
    throw new Problem('unprocessable', `Call ${id} belongs to no campaign: nothing is owed for it`);
  return call;
}

/** What every entry for a call has. @throws Problem `unprocessable` when nobody is on that side of the call */
export function bookedFor(call: SettledCallRow, side: EntrySide) {
  if (side === 'revenue' && call.buyer_id === null)
    throw new Problem('unprocessable', `No buyer took call ${call.id}`, [
      { pointer: '/side', message: 'is of a buyer, and none took the call' },
    ]);
  if (side === 'payout' && call.publisher_id === null)
    throw new Problem('unprocessable', `Call ${call.id} came from no publisher`, [
      { pointer: '/side', message: 'is of a publisher, and the call came from none' },
    ]);
  if (call.currency === null)
    throw new Problem('unprocessable', `Call ${call.id} was put through to nobody: it has no currency`);
  return {
    callId: call.id,
    campaignId: call.campaign_id ?? '',
    buyerId: call.buyer_id,
    publisherId: call.publisher_id,
    currency: call.currency,
    migration:
      call.migration_id === null || call.migration_side === null
        ? null
        : { migrationId: call.migration_id as MigrationId, side: call.migration_side },
  };
}

/** Keeps the call's sums what the ledger says. */
export function addToSums(db: Queryable, callId: string, side: EntrySide, amount: Micros): Promise<void> {
  return addToCall(db, {
    callId,
    converted: null,
    revenue: side === 'revenue' ? amount : 0n,
    payout: side === 'payout' ? amount : 0n,
    cost: side === 'cost' ? amount : 0n,
  });
}

async function entryOf(db: Queryable, cause: string): Promise<EntryRow> {
  const row = await findEntryOf(db, cause);
  if (row === null) throw new Error(`Nothing was booked for ${cause}`);
  return row;
}

function tell(db: Queryable, callId: string, cause: string, decision: string): Promise<void> {
  const at = new Date().toISOString();
  return insertTimeline(db, callId, [{ key: cause, at, step: 'adjusted', decision, detail: {} }]);
}
