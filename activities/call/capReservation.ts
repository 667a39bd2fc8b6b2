import { reserveCandidates } from '../../db/limits/candidates';
import type { Granted, ReservationLedger } from '../../db/limits/reservation-ledger';
import type { Refusal } from '../../db/queries/limits/reserve';
import { reservationId, type AttemptId, type CallId } from '../../domain/ids';
import { microsFromText } from '../../domain/money';
import type { Candidate } from '../../domain/routing/decide';
import type { DialableAssignment } from '../../domain/routing/snapshot';
import type { CallPolicy } from '../../domain/call/policy';

/** A dial that needs capacity, whoever of the candidates takes it. */
export interface Wanted {
  readonly callId: CallId;
  readonly attemptId: AttemptId;
  readonly workflowId: string;
  readonly policy: CallPolicy;
  /** What the publisher gets at most, by the call's terms, in micros. */
  readonly payout: bigint;
}

export interface Reserved {
  /** The first candidate with room; its capacity is held. `null`: nobody has room. */
  readonly candidate: Candidate<DialableAssignment> | null;
  /** Limits that had no room, of candidates that come before it. */
  readonly refused: readonly Refusal[];
}

/** A step that is run again meets its own hold. One run in between is normal, three are a fault. */
const MOST_TAKES = 4;

/**
 * Holds capacity for the first of `candidates` that has room under all limits. The hold is durable before the attempt
 * it is for: a step that dies in between is run again and gets the same answer, and should it never be, the hold goes
 * with the call's workflow.
 *
 * A run before this one may have been granted a candidate that is none any more, or has another price by now. That hold
 * is given back, and the next one has an id of its own.
 */
export async function reserveCapacity(
  ledger: ReservationLedger,
  wanted: Wanted,
  candidates: readonly Candidate<DialableAssignment>[],
): Promise<Reserved> {
  const { callId, attemptId, workflowId, policy, payout } = wanted;
  const { campaignId, publisherId, currency } = policy;
  const asked = reserveCandidates({ campaignId, publisherId, currency, payout }, candidates);
  for (let take = 1; take <= MOST_TAKES; take++) {
    const id = reservationId(attemptId, take);
    const answer = await ledger.reserve({ id, callId, attemptId, workflowId, candidates: asked });
    if (answer.kind === 'refused') return { candidate: null, refused: answer.refusals };
    const candidate = candidates.find((each) => isGranted(each, payout, answer)) ?? null;
    if (candidate !== null) return { candidate, refused: answer.refusals };
    await ledger.void(id, { dialled: false });
  }
  throw new Error(`No hold for ${attemptId} fits what is wanted now, after ${MOST_TAKES} takes`);
}

function isGranted(
  { assignment, price }: Candidate<DialableAssignment>,
  payout: bigint,
  granted: Granted,
): boolean {
  return (
    granted.held &&
    assignment.id === granted.assignmentId &&
    microsFromText(price.amountMicros) === granted.spend &&
    payout === granted.payout
  );
}
