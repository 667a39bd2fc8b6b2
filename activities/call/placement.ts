import type { Queryable } from '../../db/pool';
import { insertAttempt } from '../../db/queries/attempts';
import { endCall, insertStep, moveCall, sendToControl } from '../../db/queries/calls';
import { insertDecisionRecord } from '../../db/queries/decisionRecords';
import { recordCallEvents, recordLimitsReached } from '../../db/queries/events/record';
import { takeTurn } from '../../db/queries/roundRobin';
import { insertShadowDecision } from '../../db/queries/shadow';
import { insertTimeline } from '../../db/queries/timeline';
import type { EndedAtOnce, Placed, Qualifications } from '../../domain/call/commands';
import type { CallStateName, Outcome, TreatedOutcome } from '../../domain/call/outcome';
import type { TimelineEntry } from '../../domain/call/timeline';
import type { ReservationLedger } from '../../db/limits/reservation-ledger';
import { callEvent } from '../../domain/events/types';
import { attemptId, type CallId } from '../../domain/ids';
import { HANG_UP, say, type Instructions, type Prompt } from '../../domain/instructions';
import { closingInstructions, keepsCallOpen, type Treatment } from '../../domain/treatment';
import {
  attemptFor,
  nobodyTakes,
  roundOf,
  routedEntry,
  selectBuyers,
  type Selection,
} from './buyerSelection';
import { reserveCapacity } from './capReservation';
import { recordOf } from './recording';
import { askShadow } from './shadow';

/**
 * What became of a caller, and the statements that make it durable. They are only issued once the step is sure to go
 * on: a statement whose answer nobody waits for must not fail unheard.
 */
export interface Decided<Result> {
  readonly result: Result;
  readonly state: CallStateName;
  /** Of a call that ends here, ISO 8601. */
  readonly endedAt?: string;
  readonly writes: readonly (() => Promise<unknown>)[];
}

/** What happened in this step before its decision. */
export interface SoFar {
  /** Entries that come before; written with the decision. */
  readonly entries: readonly TimelineEntry[];
  /** The call's qualifications by now. */
  readonly qualifications: Qualifications;
  /** What the caller hears before the decision takes effect. */
  readonly played: readonly Prompt[];
}

/**
 * Chooses a buyer, holds its capacity and records the dial; or gives the caller the fallback. Inside the caller's
 * transaction. Long lists of skipped candidates go to the database whole and to the workflow abridged.
 */
export async function placeCall(
  db: Queryable,
  ledger: ReservationLedger,
  selection: Selection,
  soFar: SoFar,
): Promise<Decided<Placed | EndedAtOnce>> {
  const { callId } = selection.facts;
  const { campaignId } = selection.policy;
  const no = selection.alreadyTried.length + 1;
  const id = attemptId(callId, no);
  const selected = await selectBuyers(db, selection);
  const wanted = { callId, attemptId: id, workflowId: selection.workflowId };
  const { choice, refused } = await reserveCapacity(ledger, wanted, selected.choices);
  const routed = routedEntry(selection, selected, choice, refused);
  const shadow = askShadow(selection, choice, refused);
  // Later choices rest on the same facts, but for how the dials before them went.
  const record =
    selection.alreadyTried.length > 0
      ? null
      : recordOf(choice?.way ?? selection, choice?.decision ?? selected.own);
  const kept = [
    ...(record === null ? [] : [() => insertDecisionRecord(db, record)]),
    ...(shadow === null ? [] : [() => insertShadowDecision(db, shadow)]),
    () => recordLimitsReached(db, { callId, campaignId, at: selection.at, refusals: refused }),
  ];
  if (choice === null) {
    const { outcome, treatment } = nobodyTakes(selection, selected.own);
    const treated = { callId, at: selection.at, outcome, treatment, reason: routed.decision };
    const decided = treatCaller(db, treated, { ...soFar, entries: [...soFar.entries, routed] });
    return { ...decided, writes: [...decided.writes, ...kept] };
  }
  const attempt = attemptFor(choice);
  const dialing: TimelineEntry = {
    key: `attempt:${no}:dialing`,
    at: selection.at,
    step: 'dialing',
    decision: `dialling ${attempt.buyerName}`,
    detail: { attempt: no, ringTimeoutSeconds: attempt.ringTimeoutSeconds },
  };
  const { whisper, acceptance } = choice.candidate.assignment.dialing;
  const announcement = attempt.announce ? { whisper, acceptance } : null;
  const round = roundOf(choice);
  const { policy } = choice.way;
  const sentBack = choice.way !== selection;
  const { qualifications, played } = soFar;
  return {
    result: {
      kind: 'placed',
      placement: { kind: 'dial', attempt },
      qualifications,
      ...(sentBack ? { policy } : {}),
      ...(played.length > 0 ? { played } : {}),
      entries: [...soFar.entries, abridged(routed), dialing],
    },
    state: 'dialing',
    writes: [
      ...(sentBack ? [() => sendToControl(db, callId, policy)] : []),
      () =>
        insertAttempt(db, {
          ...attempt,
          callId,
          announcement,
          dialedAt: selection.at,
          migration: policy.migration ?? null,
        }),
      () => insertTimeline(db, callId, [...soFar.entries, routed, dialing]),
      ...kept,
      ...(round === null ? [] : [() => takeTurn(db, policy.campaignId, round, attempt.assignmentId)]),
    ],
  };
}

/** A caller who is not to be routed, and what they get instead. */
export interface Treated {
  readonly callId: CallId;
  readonly at: string;
  readonly outcome: TreatedOutcome;
  readonly reason: string;
  readonly treatment: Treatment;
}

/** Gives a caller who is not routed their treatment; the call ends here unless the treatment keeps it open. */
export function treatCaller(db: Queryable, treated: Treated, soFar: SoFar): Decided<Placed | EndedAtOnce> {
  const { callId, at, outcome, treatment } = treated;
  const { qualifications, played } = soFar;
  if (!keepsCallOpen(treatment)) {
    const instructions = [...say(played), ...closingInstructions(treatment)];
    return endAtOnce(db, { ...treated, instructions, detail: treatment.kind }, soFar);
  }
  const fallback: TimelineEntry = {
    key: 'fallback',
    at,
    step: 'fallback',
    decision: treatment.kind,
    detail: { outcome },
  };
  const entries = [...soFar.entries, fallback];
  return {
    result: {
      kind: 'placed',
      placement: { kind: 'fallback', outcome, treatment },
      qualifications,
      ...(played.length > 0 ? { played } : {}),
      entries: entries.map(abridged),
    },
    state: 'fallback',
    writes: [() => insertTimeline(db, callId, entries)],
  };
}

/** The flow itself lets the caller go. */
export function letGo(
  db: Queryable,
  left: Omit<Treated, 'treatment' | 'outcome'> & {
    readonly outcome: Outcome;
    readonly prompt: Prompt | null;
  },
  soFar: SoFar,
): Decided<EndedAtOnce> {
  const { prompt, ...ended } = left;
  const heard = prompt === null ? soFar.played : [...soFar.played, prompt];
  return endAtOnce(db, { ...ended, instructions: [...say(heard), ...HANG_UP], detail: 'hang_up' }, soFar);
}

function endAtOnce(
  db: Queryable,
  end: Omit<Treated, 'treatment' | 'outcome'> & {
    readonly outcome: Outcome;
    readonly instructions: Instructions;
    readonly detail: string;
  },
  soFar: SoFar,
): Decided<EndedAtOnce> {
  const { callId, at, outcome, reason, instructions } = end;
  const { qualifications } = soFar;
  const ended: TimelineEntry = {
    key: 'ended',
    at,
    step: 'ended',
    decision: outcome,
    detail: { reason, treatment: end.detail },
  };
  const entries = [...soFar.entries, ended];
  return {
    result: {
      kind: 'ended',
      outcome,
      reason,
      instructions,
      qualifications,
      entries: entries.map(abridged),
    },
    state: 'ended',
    endedAt: at,
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
          qualifications,
          postbackUntil: null,
        }),
      () => insertTimeline(db, callId, entries),
    ],
  };
}

/** The call's row as a step finds it, and what the step knows it to be when it is over. */
export interface StepRow {
  readonly callId: CallId;
  /** Under which the step's answer is kept. */
  readonly name: string;
  /** When the call came in, for the step that puts it on record; `null`: another step did. ISO 8601. */
  readonly receivedAt: string | null;
  readonly state: CallStateName;
  readonly qualifications: Qualifications;
}

/** Issues the statements that close a step: the call's new state, and the answer a repetition will find. */
export function concludeStep(
  db: Queryable,
  row: StepRow,
  decided: Decided<{ readonly qualifications?: Qualifications }>,
): Promise<unknown>[] {
  const { qualifications } = decided.result;
  const learnt =
    qualifications === undefined || sameTags(qualifications, row.qualifications) ? null : qualifications;
  const moves = decided.state !== 'ended' && (decided.state !== row.state || learnt !== null);
  return [
    ...decided.writes.map((write) => write()),
    ...(moves
      ? [
          moveCall(db, {
            callId: row.callId,
            state: decided.state,
            qualifications: learnt,
            connectedAt: null,
          }),
        ]
      : []),
    insertStep(db, row.callId, row.name, decided.result),
    // Last: an event tells what is on record by then.
    recordCallEvents(db, row.callId, [
      ...(row.receivedAt === null ? [] : [callEvent('call.received', row.callId, row.receivedAt)]),
      ...(decided.endedAt === undefined ? [] : [callEvent('call.ended', row.callId, decided.endedAt)]),
    ]),
  ];
}

function sameTags(one: Qualifications, other: Qualifications): boolean {
  const tags = Object.keys(one);
  return tags.length === Object.keys(other).length && tags.every((tag) => one[tag] === other[tag]);
}

/** Skipped candidates that a workflow's history carries at most; the database keeps all. */
const MOST_SKIPPED = 20;

function abridged(entry: TimelineEntry): TimelineEntry {
  const { detail } = entry;
  if (entry.step !== 'routed' || detail === undefined) return entry;
  const { skipped, order } = detail;
  return {
    ...entry,
    detail: {
      ...detail,
      ...(Array.isArray(skipped) && skipped.length > MOST_SKIPPED
        ? { skipped: skipped.slice(0, MOST_SKIPPED), skippedInAll: skipped.length }
        : {}),
      ...(Array.isArray(order) && order.length > MOST_SKIPPED
        ? { order: order.slice(0, MOST_SKIPPED), orderInAll: order.length }
        : {}),
    },
  };
}
