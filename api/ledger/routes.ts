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
  type CallEntry,
  type EntryRow,
} from '../../db/queries/ledger';
import { lockSettledCall, type SettledCallRow } from '../../db/queries/postbacks';
import { insertTimeline } from '../../db/queries/timeline';
import type { Queryable } from '../../db/pool';
import { unreachable } from '../../domain/exhaustive';
import type { MigrationId } from '../../domain/ids';
import type { EntrySide } from '../../domain/ledger';
import { formatMicros, microsFromText, type Micros } from '../../domain/money';
import { keyset } from '../http/cursor';
import { found } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { presentEntry } from './present';

const TAG = 'Money';

/** How the cause of an entry begins that a dispute has granted. */
export const DISPUTED = 'dispute:';

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
      const entry = {
        ...bookedFor(call, side),
        cause,
        kind: 'adjustment',
        side,
        amount,
        byHand: { actor, reason },
      } as const;
      const isNew = await bookByHand(db, entry);
      // The same request again, after its answer was forgotten: it is booked, and on the timeline.
      if (!isNew) return { ...booked(await entryOf(db, cause)), audit: [] };
      await tell(db, call.id, cause, `${side} ${formatMicros(amount)} ${entry.currency}: ${reason}`);
      return booked(await entryOf(db, cause));
    },
  }),
  writeRoute({
    method: 'post',
    path: '/ledger/{id}/reversal',
    operationId: 'reverseLedgerEntry',
    summary: 'Take an entry back',
    description:
      'Books the same amount with the other sign. Each entry can be taken back once, and never so that less than nothing ' +
      'is left of that side of its call. What a dispute has granted stays: adjust it instead.',
    tag: TAG,
    params: entryParamsSchema,
    body: reversalSchema,
    example: { reason: 'booked for the wrong call' },
    responses: { 201: { description: 'The entry that takes it back.', body: ledgerEntrySchema } },
    problems: ['conflict', 'unprocessable'],
    async handle({ db, params: { id }, body: { reason }, actor }) {
      const entry = found(await findEntry(db, BigInt(id)), `entry ${id} of the ledger`);
      if (entry.kind === 'reversal')
        throw new Problem('conflict', `Entry ${id} takes another one back: book an adjustment instead`);
      if (entry.cause.startsWith(DISPUTED))
        throw new Problem(
          'conflict',
          `Entry ${id} is what a dispute has granted: book an adjustment instead`,
        );
      // The call first, as everywhere: whoever books for it waits here.
      const call = entry.call_id === null ? null : await lockSettledCall(db, entry.call_id);
      const reversal = await reverseEntry(db, entry.id, { actor, reason });
      if (reversal === null) throw new Problem('conflict', `Entry ${id} was taken back before`);
      requireLeft(call, entry);
      if (entry.call_id !== null) {
        const { side, currency, amount_micros: amount } = reversal;
        await addToSums(db, { callId: entry.call_id, side, currency, amount });
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
  // What a call costs is known without anybody to put it through to.
  const currency = side === 'cost' ? (call.currency ?? call.campaign_currency) : call.currency;
  if (currency === null)
    throw new Problem('unprocessable', `Call ${call.id} was put through to nobody: it has no currency`);
  return {
    callId: call.id,
    campaignId: call.campaign_id ?? '',
    buyerId: call.buyer_id,
    publisherId: call.publisher_id,
    currency,
    migration:
      call.migration_id === null || call.migration_side === null
        ? null
        : { migrationId: call.migration_id as MigrationId, side: call.migration_side },
  };
}

/** Books an entry, and keeps the call's sums what the ledger says. @returns whether it is new */
export async function bookByHand(db: Queryable, entry: CallEntry): Promise<boolean> {
  const isNew = await insertCallEntry(db, entry);
  if (isNew) await addToSums(db, entry);
  return isNew;
}

function addToSums(
  db: Queryable,
  { callId, side, amount, currency }: Pick<CallEntry, 'callId' | 'side' | 'amount' | 'currency'>,
): Promise<void> {
  return addToCall(db, {
    callId,
    converted: null,
    currency,
    revenue: side === 'revenue' ? amount : 0n,
    payout: side === 'payout' ? amount : 0n,
    cost: side === 'cost' ? amount : 0n,
  });
}

/** @throws Problem `unprocessable` when taking an entry back would leave less than nothing of its side of the call */
function requireLeft(call: SettledCallRow | null, entry: EntryRow): void {
  const { id, side, amount_micros: amount, currency } = entry;
  // What is in another currency is in no sum.
  if (call === null || amount <= 0n || currency !== call.campaign_currency) return;
  const left = sumOf(call, side);
  if (amount <= left) return;
  throw new Problem(
    'unprocessable',
    `Of the ${side} of call ${call.id}, ${formatMicros(left as Micros)} ${currency} are left, and entry ${id} is ` +
      `${formatMicros(amount as Micros)}: book an adjustment of what is left instead`,
  );
}

function sumOf(call: SettledCallRow, side: EntrySide): bigint {
  switch (side) {
    case 'revenue':
      return call.revenue_micros;
    case 'payout':
      return call.payout_micros;
    case 'cost':
      return call.cost_micros;
    default:
      return unreachable(side);
  }
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
