import { pageSchema } from '../../contract/page';
import {
  disputeAcceptedSchema,
  disputeListQuerySchema,
  disputeParamsSchema,
  disputeSchema,
  newDisputeSchema,
  reversalSchema,
  type Dispute,
} from '../../contract/resources/money';
import {
  decideDispute,
  findDispute,
  insertDispute,
  listDisputes,
  lockDispute,
  type DisputeRow,
} from '../../db/queries/disputes';
import { lockSettledCall } from '../../db/queries/postbacks';
import { insertTimeline } from '../../db/queries/timeline';
import type { Queryable } from '../../db/pool';
import type { EntrySide } from '../../domain/ledger';
import { formatMicros, microsFromText, type Micros } from '../../domain/money';
import { byCreation, createdPlaceOf } from '../http/cursor';
import { auditEntry, found, newId, type AuditedKind } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { presentDispute } from './present';
import { bookByHand, bookedFor, DISPUTED, endedCall } from './routes';

const TAG = 'Money';

const DISPUTE: AuditedKind<Dispute> = {
  entity: 'dispute',
  idOf: ({ id }) => id,
  campaignOf: () => null,
};

export const disputeRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/disputes',
    operationId: 'openDispute',
    summary: 'Note that a buyer does not want to pay for a call',
    description: 'Nothing is booked until it is decided. A call has one open dispute at a time.',
    tag: TAG,
    body: newDisputeSchema,
    example: { callId: 'call_0123456789abcdefghij', reason: 'not the service they advertise' },
    responses: { 201: { description: 'The dispute, open.', body: disputeSchema } },
    problems: ['conflict', 'unprocessable'],
    async handle({ db, body: { callId, amountMicros, reason }, actor }) {
      const call = await endedCall(db, callId);
      const { currency } = bookedFor(call, 'revenue');
      const owed = call.revenue_micros;
      const amount = amountMicros === undefined ? owed : microsFromText(amountMicros);
      if (amount <= 0n || amount > owed) {
        const message = `has to be more than 0 and at most the ${formatMicros(owed as Micros)} ${currency} that are owed`;
        throw new Problem('unprocessable', `amountMicros ${message}`, [
          { pointer: '/amountMicros', message },
        ]);
      }
      const row = await insertDispute(db, {
        id: newId('dsp'),
        callId,
        buyerId: call.buyer_id ?? '',
        amount,
        currency,
        reason,
        openedBy: actor,
      });
      await tell(
        db,
        row,
        'opened',
        `the buyer disputes ${formatMicros(amount as Micros)} ${currency}: ${reason}`,
      );
      const dispute = presentDispute(row);
      return {
        status: 201,
        body: dispute,
        location: `/disputes/${row.id}`,
        audit: [auditEntry(DISPUTE, 'open', dispute, { before: null, after: dispute })],
      };
    },
  }),
  readRoute({
    method: 'get',
    path: '/disputes',
    operationId: 'listDisputes',
    summary: 'Disputes, newest first',
    tag: TAG,
    query: disputeListQuerySchema,
    responses: { 200: { description: 'A page of disputes.', body: pageSchema(disputeSchema) } },
    async handle({ db, query: { status, buyerId, cursor, limit } }) {
      const rows = await listDisputes(db, {
        status: status ?? null,
        buyerId: buyerId ?? null,
        after: byCreation.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, presentDispute) };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/disputes/{id}/accept',
    operationId: 'acceptDispute',
    summary: 'Take it, or a part of it, off what the buyer owes',
    tag: TAG,
    params: disputeParamsSchema,
    body: disputeAcceptedSchema,
    example: { reason: 'heard the recording' },
    responses: { 200: { description: 'The dispute, decided and booked.', body: disputeSchema } },
    problems: ['conflict', 'unprocessable'],
    async handle({ db, params: { id }, body: { grantedMicros, payoutMicros, reason }, actor }) {
      const { call, before } = await openDispute(db, id);
      const disputed = before.amount_micros;
      const granted = grantedMicros === undefined ? disputed : microsFromText(grantedMicros);
      const unpaid = payoutMicros === undefined ? 0n : microsFromText(payoutMicros);
      requireAtMost('grantedMicros', granted, disputed, 'that are disputed');
      requireAtMost('grantedMicros', granted, call.revenue_micros, 'that are still owed');
      requireAtMost('payoutMicros', unpaid, call.payout_micros, 'that the publisher still gets');
      const less = async (side: EntrySide, amount: bigint): Promise<void> => {
        if (amount === 0n) return;
        await bookByHand(db, {
          ...bookedFor(call, side),
          cause: `${DISPUTED}${id}:${side}`,
          kind: 'adjustment',
          side,
          amount: -amount,
          byHand: { actor, reason: `dispute ${id}: ${reason}` },
        });
      };
      await less('revenue', granted);
      await less('payout', unpaid);
      return decided(db, before, { granted, by: actor, reason });
    },
  }),
  writeRoute({
    method: 'post',
    path: '/disputes/{id}/reject',
    operationId: 'rejectDispute',
    summary: 'Leave what the buyer owes as it is',
    tag: TAG,
    params: disputeParamsSchema,
    body: reversalSchema,
    example: { reason: 'the recording says otherwise' },
    responses: { 200: { description: 'The dispute, decided.', body: disputeSchema } },
    problems: ['conflict'],
    async handle({ db, params: { id }, body: { reason }, actor }) {
      const { before } = await openDispute(db, id);
      return decided(db, before, { granted: null, by: actor, reason });
    },
  }),
];

/** @throws Problem `unprocessable` */
function requireAtMost(field: string, amount: bigint, most: bigint, what: string): void {
  // Nothing can be taken off, also where less than nothing is owed.
  if (amount === 0n || amount <= most) return;
  const message = `is more than the ${formatMicros(most as Micros)} ${what}`;
  throw new Problem('unprocessable', `${field} ${message}`, [{ pointer: `/${field}`, message }]);
}

/** The dispute and its call, locked. @throws Problem `not_found`, `conflict` when it is decided */
async function openDispute(db: Queryable, id: string) {
  const { call_id: callId } = found(await findDispute(db, id), `dispute ${id}`);
  const call = found(await lockSettledCall(db, callId), `call ${callId}`);
  const before = found(await lockDispute(db, id), `dispute ${id}`);
  if (before.status !== 'open') throw new Problem('conflict', `Dispute ${id} is ${before.status} already`);
  return { call, before };
}

async function decided(
  db: Queryable,
  before: DisputeRow,
  decision: { readonly granted: bigint | null; readonly by: string; readonly reason: string },
) {
  const row = await decideDispute(db, before.id, decision);
  const granted =
    decision.granted === null ? 'nothing' : `${formatMicros(decision.granted as Micros)} ${row.currency}`;
  await tell(db, row, 'decided', `${row.status}, ${granted} off what the buyer owes: ${decision.reason}`);
  const after = presentDispute(row);
  return {
    status: 200 as const,
    body: after,
    audit: [
      auditEntry(DISPUTE, row.status === 'accepted' ? 'accept' : 'reject', after, {
        before: presentDispute(before),
        after,
      }),
    ],
  };
}

function tell(db: Queryable, row: DisputeRow, what: string, decision: string): Promise<void> {
  const key = `dispute:${row.id}:${what}`;
  const at = new Date().toISOString();
  return insertTimeline(db, row.call_id, [
    { key, at, step: 'disputed', decision, detail: { dispute: row.id } },
  ]);
}
