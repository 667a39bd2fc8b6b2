import type { Queryable } from '../../db/pool';
import { cancelOpenAttempts, endAttempt } from '../../db/queries/attempts';
import { endCall } from '../../db/queries/calls';
import { bookTelephonyCost, insertCallEntry } from '../../db/queries/ledger';
import { deferHolds } from '../../db/queries/limits/defer';
import { recordCallEvents } from '../../db/queries/events/record';
import { resolveCall, type ResolveCall, type ResolveRow } from '../../db/queries/limits/resolve';
import { insertTimeline } from '../../db/queries/timeline';
import { payoutWaits, postbackWindow, type Attribution } from '../../domain/call/attribution';
import type { AttemptEnd, Qualifications } from '../../domain/call/commands';
import type { Outcome } from '../../domain/call/outcome';
import type { CallPolicy, PlacedAttempt } from '../../domain/call/policy';
import type { TimelineEntry } from '../../domain/call/timeline';
import { callEvent, type CallEvent } from '../../domain/events/types';
import type { CallId } from '../../domain/ids';
import type { CallSide } from '../../domain/migration/call-side';
import { attributeEnding, ledgerEntries } from './attribution';
import { payOnce } from './payOnce';

/** The dial that was open when a call ended, as far as closing the call needs it. */
export interface ClosedAttempt extends Omit<AttemptEnd, 'attempt'> {
  readonly attempt: Pick<PlacedAttempt, 'id' | 'buyerId' | 'terms'>;
}

/** How a call is closed. */
export interface Closing {
  readonly callId: CallId;
  /** Whose money it is. */
  readonly policy: Pick<CallPolicy, 'campaignId' | 'publisherId'> & {
    readonly migration?: Pick<CallSide, 'migrationId' | 'side'>;
  };
  /** `null`: as they are. */
  readonly qualifications: Qualifications | null;
  readonly ending: {
    readonly outcome: Outcome;
    readonly reason: string;
    readonly at: string;
    readonly attempt: ClosedAttempt | null;
  };
  readonly entries: readonly TimelineEntry[];
  /** What a hold that came to nothing becomes: `expired` when nobody was left to give it back. */
  readonly resolution: 'voided' | 'expired';
}

export interface Closed {
  readonly due: Attribution;
  /** What was resolved of the call's holds. */
  readonly resolved: Promise<readonly ResolveRow[]>;
  /** Statements under way, to be waited for with the COMMIT. */
  readonly last: readonly Promise<unknown>[];
}

/**
 * Closes a call for good, inside the caller's transaction: its end, its dial's end, its holds, its money.
 * @returns `null` when it had ended before: that end stands, and nothing is changed
 */
export async function closeCall(tx: Queryable, closing: Closing): Promise<Closed | null> {
  const { callId, ending, qualifications } = closing;
  const due = await payOnce(tx, callId, ending.attempt?.attempt.terms ?? null, attributeEnding(ending));
  const { attempt } = ending;
  const connected = attempt?.status === 'completed';
  const connectedAt = connected ? connectionStart(closing) : null;
  const postbackUntil = connected ? waitsUntil(closing, attempt) : null;
  const first = await endCall(tx, {
    callId,
    outcome: ending.outcome,
    reason: ending.reason,
    endedAt: ending.at,
    buyerId: connected ? attempt.attempt.buyerId : null,
    connectedAt,
    talkSeconds: connected ? attempt.talkSeconds : null,
    converted: due.converted,
    currency: attempt?.attempt.terms.currency ?? null,
    revenue: due.revenue,
    payout: due.payout,
    qualifications,
    postbackUntil,
  });
  if (!first) return null;
  const deferred =
    postbackUntil === null || !connected
      ? []
      : [
          deferHolds(tx, {
            callId,
            attemptId: attempt.attempt.id,
            until: postbackUntil,
            payoutWaits: payoutWaits({ terms: attempt.attempt.terms, talkSeconds: attempt.talkSeconds }),
          }),
        ];
  const resolved = resolveCall(tx, {
    callId,
    attemptId: null,
    resolution: closing.resolution,
    ...whatCameOf(closing, due),
  });
  return {
    due,
    resolved,
    last: [
      ...deferred,
      ...closeAttempt(tx, closing, connectedAt),
      cancelOpenAttempts(tx, callId, ending.at),
      resolved,
      ...ledgerEntries(callId, closing.policy, ending, due).map((entry) => insertCallEntry(tx, entry)),
      bookTelephonyCost(tx, callId),
      insertTimeline(tx, callId, closing.entries),
      // Last: an event tells what is on record by then.
      recordCallEvents(tx, callId, eventsOf(closing, due, connectedAt)),
    ],
  };
}

/** What the end of a call makes known. A connection that was heard of while it lasted is on record already. */
function eventsOf({ callId, ending }: Closing, due: Attribution, connectedAt: string | null): CallEvent[] {
  const { attempt, at } = ending;
  const connected = attempt?.status === 'completed';
  return [
    ...(connected ? [callEvent('call.connected', attempt.attempt.id, connectedAt ?? at)] : []),
    callEvent('call.ended', callId, at),
    ...(due.converted ? [callEvent('call.converted', callId, at)] : []),
    ...(due.paid ? [callEvent('call.paid', callId, at)] : []),
  ];
}

/** Which attempt connected and what came of it, for the limits that count it. */
function whatCameOf(
  { ending: { attempt } }: Closing,
  due: Attribution,
): Pick<ResolveCall, 'connected' | 'unheardAttemptId'> {
  const connected = attempt?.status === 'completed';
  return {
    connected: connected
      ? {
          attemptId: attempt.attempt.id,
          happened: {
            dialled: true,
            connected: true,
            converted: due.converted,
            spent: due.revenue,
            paid: due.paid,
            payout: due.payout,
          },
        }
      : null,
    unheardAttemptId: attempt?.unheard === true ? attempt.attempt.id : null,
  };
}

function closeAttempt(tx: Queryable, { ending }: Closing, connectedAt: string | null): Promise<void>[] {
  const end = ending.attempt;
  if (end === null) return [];
  return [
    endAttempt(tx, {
      id: end.attempt.id,
      state: end.status,
      endedAt: end.at,
      connectedAt,
      talkSeconds: end.talkSeconds,
    }),
  ];
}

/** Until when the buyer may still say that the call converted; `null`: its price does not wait for that. */
function waitsUntil({ ending }: Closing, { attempt }: ClosedAttempt): string | null {
  const seconds = postbackWindow(attempt.terms);
  return seconds === null ? null : new Date(Date.parse(ending.at) + seconds * 1000).toISOString();
}

/** When buyer and caller began to talk, counted back from the end; `null` when nobody knows how long they talked. */
function connectionStart({ ending }: Closing): string | null {
  const talkSeconds = ending.attempt?.talkSeconds ?? null;
  return talkSeconds === null ? null : new Date(Date.parse(ending.at) - talkSeconds * 1000).toISOString();
}
