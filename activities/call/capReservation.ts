import type { Granted, ReservationLedger } from '../../db/limits/reservation-ledger';
import type { Refusal } from '../../db/queries/limits/reserve';
import { reservationId, type AttemptId, type CallId } from '../../domain/ids';
import { reserveCandidates, type ReserveCandidate } from '../../domain/limits/candidates';
import { microsFromText } from '../../domain/money';
import { payoutOf, type Choice } from './buyerSelection';

/** A dial that needs capacity, whoever of the candidates takes it. */
export interface Wanted {
  readonly callId: CallId;
  readonly attemptId: AttemptId;
  readonly workflowId: string;
}

export interface Reserved {
  /** The first candidate with room; its capacity is held. `null`: nobody has room. */
  readonly choice: Choice | null;
  /** Limits that had no room, of candidates that come before it. */
  readonly refused: readonly Refusal[];
}

/** A step that is run again meets its own hold. One run in between is normal, three are a fault. */
const MOST_TAKES = 4;

/**
 * Holds capacity for the first of `choices` that has room under all limits. The hold is durable before the attempt
 * it is for: a step that dies in between is run again and gets the same answer, and should it never be, the hold goes
 * with the call's workflow.
 *
 * A run before this one may have been granted a candidate that is none any more, or has another price by now. That hold
 * is given back, and the next one has an id of its own.
 */
export async function reserveCapacity(
  ledger: ReservationLedger,
  wanted: Wanted,
  choices: readonly Choice[],
): Promise<Reserved> {
  const { callId, attemptId, workflowId } = wanted;
  const candidates = choices.flatMap(candidateFor);
  for (let take = 1; take <= MOST_TAKES; take++) {
    const id = reservationId(attemptId, take);
    const answer = await ledger.reserve({ id, callId, attemptId, workflowId, candidates });
    if (answer.kind === 'refused') return { choice: null, refused: answer.refusals };
    const choice = choices[candidates.findIndex((each) => isGranted(each, answer))];
    if (choice !== undefined) return { choice, refused: answer.refusals };
    await ledger.void(id, { dialled: false });
  }
  throw new Error(`No hold for ${attemptId} fits what is wanted now, after ${MOST_TAKES} takes`);
}

/** What the attempt takes of each limit, on the way on which it stands. */
function candidateFor(choice: Choice): ReserveCandidate[] {
  const { campaignId, publisherId, currency } = choice.way.policy;
  const due = payoutOf(choice);
  const payout = due === null ? 0n : microsFromText(due.amountMicros);
  return reserveCandidates({ campaignId, publisherId, currency, payout }, [choice.candidate]);
}

function isGranted({ assignmentId, spend, payout }: ReserveCandidate, granted: Granted): boolean {
  return (
    granted.held &&
    assignmentId === granted.assignmentId &&
    spend === granted.spend &&
    payout === granted.payout
  );
}
