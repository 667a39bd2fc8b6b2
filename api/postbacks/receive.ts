import { recordCallEvents } from '../../db/queries/events/record';
import { addToCall, insertCallEntry } from '../../db/queries/ledger';
import { deferredId } from '../../db/queries/limits/defer';
import { resolveBatch } from '../../db/queries/limits/resolve';
import { wasPaidForCaller } from '../../db/queries/payOnce';
import {
  findPostback,
  insertPostback,
  isDialledTo,
  lockSettledCall,
  type PostbackOutcome,
  type SettledCallRow,
} from '../../db/queries/postbacks';
import { insertTimeline } from '../../db/queries/timeline';
import type { Queryable } from '../../db/pool';
import { termsSchema } from '../../contract/money';
import {
  attributePostback,
  withoutPayout,
  type Attribution,
  type Terms,
} from '../../domain/call/attribution';
import type { CallId, MigrationId } from '../../domain/ids';
import { callEvent } from '../../domain/events/types';
import { formatMicros, type Micros } from '../../domain/money';
import { Problem } from '../problems';

/** What a buyer says of a call. */
export interface Postback {
  readonly buyerId: string;
  readonly callId: CallId;
  /** What it was worth to them, in micros; `null`: not said. */
  readonly value: Micros | null;
  /** `null`: the call's. */
  readonly currency: string | null;
  /** Of theirs: the same event counts once. `null`: there is one event a call. */
  readonly eventId: string | null;
}

export interface Received {
  readonly callId: string;
  readonly outcome: PostbackOutcome;
  /** Whether this event had come before. */
  readonly repeated: boolean;
}

/**
 * Books what a postback makes due: revenue, what the publisher gets by it, and what limits count, in the caller's
 * transaction. The same event again changes nothing and gets the same answer.
 * @throws Problem `not_found` when the call is not one of this buyer's, `not_ready` while it goes on, `unprocessable` for
 * another currency, a value that is missing, or one that comes too late
 */
export async function receivePostback(db: Queryable, postback: Postback, at: string): Promise<Received> {
  const { buyerId, callId } = postback;
  const named = postback.eventId !== null;
  const eventId = postback.eventId ?? `call:${callId}`;
  const call = await callOf(db, postback);
  const before = await findPostback(db, buyerId, eventId);
  if (before !== null && (named || before.outcome !== 'worth_nothing'))
    return repeatedOf(before, callId, eventId);
  if (call.outcome === null)
    throw new Problem('not_ready', `${callId} is not over yet: report it again when it is`);
  const terms = termsOf(call);
  requireUsable(call, terms, postback);
  const due = await dueBy(db, call, terms, postback.value);
  const outcome: PostbackOutcome = typeof due === 'string' ? due : 'converted';
  if (before?.outcome === outcome) return repeatedOf(before, callId, eventId);
  const currency = terms.currency;
  const report = { buyerId, eventId, callId, value: postback.value, currency, outcome, named };
  if (!(await insertPostback(db, report))) {
    // The same event came for another call meanwhile, and was waited for.
    const other = await findPostback(db, buyerId, eventId);
    if (other !== null) return repeatedOf(other, callId, eventId);
  }
  if (typeof due !== 'string') {
    await book(db, call, terms, due);
    await recordCallEvents(db, callId, [
      callEvent('call.converted', callId, at),
      ...(due.paid ? [callEvent('call.paid', callId, at)] : []),
    ]);
  }
  await insertTimeline(db, callId, [
    {
      // What was worth nothing stays beside what comes later under no id.
      key: `postback:${eventId}${outcome === 'worth_nothing' ? `:${outcome}` : ''}`,
      at,
      step: 'postback',
      decision:
        outcome === 'converted' ? 'converted by a postback' : `a postback changed nothing: ${outcome}`,
      detail: {
        event: eventId,
        value: postback.value === null ? null : `${formatMicros(postback.value)} ${currency}`,
      },
    },
  ]);
  return { callId, outcome, repeated: false };
}

/**
 * The call, locked.
 * @throws Problem `not_found`: nothing is told of other buyers' calls, not even whether they go on
 */
async function callOf(db: Queryable, { callId, buyerId }: Postback): Promise<SettledCallRow> {
  const call = await lockSettledCall(db, callId);
  const theirs =
    call !== null &&
    (call.outcome === null ? await isDialledTo(db, callId, buyerId) : call.buyer_id === buyerId);
  if (theirs) return call;
  throw new Problem('not_found', `${callId} is no call that was put through to ${buyerId}`);
}

function repeatedOf(
  before: { readonly call_id: string; readonly outcome: PostbackOutcome },
  callId: string,
  eventId: string,
): Received {
  if (before.call_id === callId) return { callId, outcome: before.outcome, repeated: true };
  throw new Problem(
    'conflict',
    `Event ${eventId} was reported for another call: give each event an id of its own`,
  );
}

/** @throws Problem `not_found` when no buyer took the call */
function termsOf({ id, terms }: SettledCallRow): Terms {
  if (terms === null) throw new Problem('not_found', `${id} was not put through to anybody`);
  return termsSchema.parse(terms);
}

function requireUsable(call: SettledCallRow, terms: Terms, { value, currency }: Postback): void {
  if (currency !== null && currency !== terms.currency) {
    const message = `has to be ${terms.currency}, which the call is paid in`;
    throw new Problem('unprocessable', `currency ${message}`, [{ pointer: '/currency', message }]);
  }
  if (terms.price.due.on !== 'postback') return;
  if (call.too_late && !call.converted)
    throw new Problem('unprocessable', `It comes too late: it could come until ${call.postback_until ?? ''}`);
  if (value === null && terms.price.share !== undefined) {
    const message = 'is needed: a share of it is paid';
    throw new Problem('unprocessable', `value ${message}`, [{ pointer: '/value', message }]);
  }
}

async function dueBy(
  db: Queryable,
  call: SettledCallRow,
  terms: Terms,
  value: Micros | null,
): Promise<Attribution | Exclude<PostbackOutcome, 'converted'>> {
  if (terms.price.due.on !== 'postback') return 'not_due';
  if (call.converted) return 'again';
  const due = attributePostback({ terms, talkSeconds: call.talk_seconds }, value);
  if (due === null) return 'worth_nothing';
  if (due.payout === 0n || terms.payOnce === undefined) return due;
  // Another call of the caller may have been paid for since this one was routed.
  return (await wasPaidForCaller(db, call.id, terms.payOnce)) ? withoutPayout(due) : due;
}

async function book(db: Queryable, call: SettledCallRow, terms: Terms, due: Attribution): Promise<void> {
  const shared = {
    callId: call.id,
    campaignId: call.campaign_id ?? '',
    buyerId: call.buyer_id,
    publisherId: call.publisher_id,
    currency: terms.currency,
    migration:
      call.migration_id === null || call.migration_side === null
        ? null
        : { migrationId: call.migration_id as MigrationId, side: call.migration_side },
    byHand: null,
  };
  /** @returns what is new of it: the sums are what the ledger says, whatever was there */
  const entered = async (side: 'revenue' | 'payout'): Promise<bigint> => {
    const amount = due[side];
    if (amount === 0n) return 0n;
    const cause = `${call.id}:${side}`;
    return (await insertCallEntry(db, { ...shared, kind: side, side, cause, amount })) ? amount : 0n;
  };
  await addToCall(db, {
    callId: call.id,
    converted: true,
    currency: terms.currency,
    revenue: await entered('revenue'),
    payout: await entered('payout'),
    cost: 0n,
  });
  if (call.attempt_id === null) return;
  await resolveBatch(db, [
    {
      id: deferredId(call.attempt_id),
      resolution: 'posted',
      happened: {
        dialled: false,
        connected: false,
        converted: true,
        spent: due.revenue,
        paid: due.paid,
        payout: due.payout,
      },
    },
  ]);
}
