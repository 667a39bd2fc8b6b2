import { HANG_UP } from '../instructions';
import type { AttemptEnd } from './commands';
import type { CallEvent, CarrierMessage } from './events';
import { fits } from './messages';
import type { AttemptEndState } from './outcome';
import type { CallPolicy } from './policy';
import { handedOver, note, type CallState, type Phase, type Step } from './state';
import {
  answerOnly,
  finish,
  finishConnected,
  noEffect,
  noteAttemptEnd,
  route,
  secondsBetween,
  talkOf,
} from './steps';

/*
 * A call whose buyer is being dialled: what the dial's result means, and what to do when it never comes.
 */

type Dialing = Extract<Phase, { name: 'dialing' }>;
type DialFinished = Extract<CarrierMessage, { type: 'dial_finished' }>;

export function onDialFinished(state: CallState, event: DialFinished): Step {
  const { phase, policy } = state;
  if (!fits(state, event) || phase.name !== 'dialing' || policy === null) return answerOnly(state, HANG_UP);
  const end = endOf(state, phase, policy, event);
  const noted = noteAttemptEnd(state, end, event.carrierStatus);
  if (end.status === 'completed') return finishConnected(noted, policy, end, HANG_UP);
  if (event.callerGone || state.callerGoneAt !== null) {
    const at = state.callerGoneAt ?? event.at;
    return finish(noted, policy, {
      outcome: 'abandoned_ringing',
      reason: 'caller hung up',
      at,
      attempt: end,
    });
  }
  return route(noted, policy, event.at, { previous: end });
}

/** What a dial came to, by our rules: who had to accept and did not has rejected, who hung up too soon is dropped. */
export function endOf(state: CallState, phase: Dialing, policy: CallPolicy, event: DialFinished): AttemptEnd {
  const { attempt } = phase;
  const at = event.at;
  if (event.status !== 'completed') return { attempt, status: event.status, at, talkSeconds: null };
  const accepted = event.accepted ?? phase.accepted;
  const putThrough = event.bridged ?? (attempt.screened ? accepted !== null : true);
  if (!putThrough) return { attempt, status: 'rejected', at, talkSeconds: null };
  const talkSeconds = talkAfterScreening(phase, policy, { ...event, accepted });
  const callerStays = !event.callerGone && state.callerGoneAt === null;
  const tooSoon =
    policy.recoverUnderSeconds !== null && talkSeconds !== null && talkSeconds < policy.recoverUnderSeconds;
  const status: AttemptEndState = callerStays && tooSoon ? 'dropped' : 'completed';
  return { attempt, status, at, talkSeconds };
}

/** The carrier counts from the buyer's answer; what went by until they accepted the call is no talk. */
function talkAfterScreening(phase: Dialing, policy: CallPolicy, event: DialFinished): number | null {
  const talk = talkOf(phase, policy, event);
  if (event.accepted === null) return talk;
  return talk === null
    ? secondsBetween(event.accepted.at, event.at)
    : Math.max(0, talk - event.accepted.screeningSeconds);
}

export function onBuyerAnswered(
  state: CallState,
  { attempt, at }: Extract<CallEvent, { type: 'buyer_answered' }>,
): Step {
  const { phase } = state;
  if (phase.name !== 'dialing' || phase.attempt.no !== attempt || phase.answeredAt !== null)
    return noEffect(state);
  const noted = note(state, {
    key: `attempt:${attempt}:answered`,
    at,
    step: 'buyer_answered',
    decision: `${phase.attempt.buyerName} answered`,
    detail: { attempt },
  });
  return {
    state: handedOver({ ...noted, phase: { ...phase, answeredAt: at } }),
    effects: [
      {
        do: 'run',
        command: { type: 'record', attempt: phase.attempt, answeredAt: at, entries: noted.unwritten },
      },
    ],
  };
}

/** Told as soon as the key is pressed: should the dial's result be lost, it is the evidence that the parties talked. */
export function onBuyerAccepted(
  state: CallState,
  { attempt, at, screeningSeconds }: Extract<CallEvent, { type: 'buyer_accepted' }>,
): Step {
  const { phase } = state;
  if (phase.name !== 'dialing' || phase.attempt.no !== attempt || phase.accepted !== null)
    return noEffect(state);
  const noted = note(state, {
    key: `attempt:${attempt}:accepted`,
    at,
    step: 'buyer_accepted',
    decision: `${phase.attempt.buyerName} accepted the call`,
    detail: { attempt, screeningSeconds },
  });
  return noEffect({ ...noted, phase: { ...phase, accepted: { at, screeningSeconds } } });
}

/**
 * No result will ever come for this dial. An answered event, or the key that accepts a screened one, is then the only
 * evidence that the parties talked.
 */
export function closeDialWithoutResult(
  state: CallState,
  policy: CallPolicy,
  phase: Dialing,
  at: string,
  why: string,
): Step {
  // Somebody who answers a screened dial has not taken the call yet.
  const answeredAt = phase.attempt.screened ? (phase.accepted?.at ?? null) : phase.answeredAt;
  // Only the caller's hang-up tells how long they talked; a deadline does not.
  const talkSeconds =
    answeredAt !== null && state.callerGoneAt !== null
      ? secondsBetween(answeredAt, state.callerGoneAt)
      : null;
  const end = (status: 'completed' | 'canceled'): AttemptEnd => ({
    attempt: phase.attempt,
    status,
    at,
    talkSeconds,
  });
  const noted = (ended: AttemptEnd): CallState => noteAttemptEnd(state, ended, 'no dial result arrived');
  if (answeredAt !== null) {
    const talked = end('completed');
    return finishConnected(noted(talked), policy, talked, null, `${why}; the dial's result never arrived`);
  }
  const canceled = end('canceled');
  return finish(noted(canceled), policy, {
    outcome: 'abandoned_ringing',
    reason: why,
    at,
    attempt: canceled,
  });
}
