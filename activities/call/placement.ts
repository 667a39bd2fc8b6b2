import type { Queryable } from '../../db/pool';
import { insertAttempt } from '../../db/queries/attempts';
import { endCall, insertStep, moveCall } from '../../db/queries/calls';
import { insertTimeline } from '../../db/queries/timeline';
import type { EndedAtOnce, Placed, Qualifications } from '../../domain/call/commands';
import type { CallStateName, UnroutedOutcome } from '../../domain/call/outcome';
import type { TimelineEntry } from '../../domain/call/timeline';
import { attemptId, reservationId, type CallId } from '../../domain/ids';
import { closingInstructions, keepsCallOpen, type Treatment } from '../../domain/treatment';
import { attemptFor, nobodyTakes, routedEntry, selectBuyers, type Selection } from './buyerSelection';
import { reserveCapacity } from './capReservation';

/**
 * What became of a caller, and the statements that make it durable. They are only issued once the step is sure to go
 * on: a statement whose answer nobody waits for must not fail unheard.
 */
export interface Decided<Result> {
  readonly result: Result;
  readonly state: CallStateName;
  readonly writes: readonly (() => Promise<unknown>)[];
}

/**
 * Chooses a buyer, holds its capacity and records the dial; or gives the caller the fallback. Inside the caller's
 * transaction. Long lists of skipped candidates go to the database whole and to the workflow abridged.
 */
export async function placeCall(
  db: Queryable,
  selection: Selection,
  qualifications: Qualifications | null,
  /** Entries that come before the choice; written with it. */
  before: readonly TimelineEntry[],
): Promise<Decided<Placed | EndedAtOnce>> {
  const { callId } = selection.facts;
  const no = selection.alreadyTried.length + 1;
  const id = attemptId(callId, no);
  const order = selectBuyers(selection);
  const reserved = await reserveCapacity(db, { id: reservationId(id), callId }, order.ordered);
  const routed = routedEntry(selection, order, reserved.assignment, reserved.refused);
  if (reserved.assignment === null) {
    const { outcome, treatment } = nobodyTakes(selection, order);
    return treatCaller(db, {
      callId,
      at: selection.at,
      outcome,
      treatment,
      reason: routed.decision,
      qualifications,
      before: [...before, routed],
    });
  }
  const attempt = attemptFor(selection, reserved.assignment);
  const dialing: TimelineEntry = {
    key: `attempt:${no}:dialing`,
    at: selection.at,
    step: 'dialing',
    decision: `dialling ${attempt.buyerName}`,
    detail: { attempt: no, ringTimeoutSeconds: attempt.ringTimeoutSeconds, reservation: reservationId(id) },
  };
  return {
    result: {
      kind: 'placed',
      placement: { kind: 'dial', attempt },
      entries: [...before, abridged(routed), dialing],
    },
    state: 'dialing',
    writes: [
      () => insertAttempt(db, { ...attempt, callId, dialedAt: selection.at }),
      () => insertTimeline(db, callId, [...before, routed, dialing]),
    ],
  };
}

/** Gives a caller who is not routed their treatment; the call ends here unless the treatment keeps it open. */
export function treatCaller(
  db: Queryable,
  treated: {
    readonly callId: CallId;
    readonly at: string;
    readonly outcome: UnroutedOutcome;
    readonly reason: string;
    readonly treatment: Treatment;
    /** `null`: none yet, or as they are. */
    readonly qualifications: Qualifications | null;
    readonly before: readonly TimelineEntry[];
  },
): Decided<Placed | EndedAtOnce> {
  const { callId, at, outcome, reason, treatment } = treated;
  if (keepsCallOpen(treatment)) {
    const fallback: TimelineEntry = {
      key: 'fallback',
      at,
      step: 'fallback',
      decision: treatment.kind,
      detail: { outcome },
    };
    const entries = [...treated.before, fallback];
    return {
      result: {
        kind: 'placed',
        placement: { kind: 'fallback', outcome, treatment },
        entries: entries.map(abridged),
      },
      state: 'fallback',
      writes: [() => insertTimeline(db, callId, entries)],
    };
  }
  const ended: TimelineEntry = {
    key: 'ended',
    at,
    step: 'ended',
    decision: outcome,
    detail: { reason, treatment: treatment.kind },
  };
  const entries = [...treated.before, ended];
  return {
    result: {
      kind: 'ended',
      outcome,
      reason,
      instructions: closingInstructions(treatment),
      entries: entries.map(abridged),
    },
    state: 'ended',
    writes: [
      () =>
        endCall(db, {
          callId,
          outcome,
          reason,
          endedAt: at,
          buyerId: null,
          connectedAt: null,
          talkSeconds: null,
          converted: false,
          currency: null,
          revenue: 0n,
          payout: 0n,
          qualifications: treated.qualifications,
        }),
      () => insertTimeline(db, callId, entries),
    ],
  };
}

/** Issues the statements that close a step: the call's new state, and the answer a repetition will find. */
export function concludeStep(
  db: Queryable,
  step: { readonly callId: CallId; readonly name: string; readonly qualifications: Qualifications | null },
  /** The state the call's row has now. */
  rowState: CallStateName,
  decided: Decided<object>,
): Promise<unknown>[] {
  const moves = decided.state !== 'ended' && (decided.state !== rowState || step.qualifications !== null);
  return [
    ...decided.writes.map((write) => write()),
    ...(moves
      ? [
          moveCall(db, {
            callId: step.callId,
            state: decided.state,
            qualifications: step.qualifications,
            connectedAt: null,
          }),
        ]
      : []),
    insertStep(db, step.callId, step.name, decided.result),
  ];
}

/** Skipped candidates that a workflow's history carries at most; the database keeps all. */
const MOST_SKIPPED = 20;

function abridged(entry: TimelineEntry): TimelineEntry {
  const skipped = entry.detail?.['skipped'];
  if (!Array.isArray(skipped) || skipped.length <= MOST_SKIPPED) return entry;
  const order = entry.detail?.['order'];
  return {
    ...entry,
    detail: {
      ...entry.detail,
      skipped: skipped.slice(0, MOST_SKIPPED),
      skippedInAll: skipped.length,
      order: Array.isArray(order) ? order.slice(0, MOST_SKIPPED) : [],
    },
  };
}
