import { unreachable } from '../exhaustive';
import { HANG_UP } from '../instructions';
import type { Admission, AttemptEnd, Finished, GiveUp, Routed } from './commands';
import { closeDialWithoutResult, onBuyerAccepted, onBuyerAnswered, onDialFinished } from './dial';
import type { CallEvent } from './events';
import { onFailSafe } from './fail-safe';
import { ask, onIvrAnswered } from './ivr';
import { isMessage, remember } from './messages';
import { note, wrote, type CallState, type Step } from './state';
import {
  admit,
  answerOnly,
  endAtOnce,
  finish,
  noEffect,
  noteCanceled,
  noteDeadline,
  noteRecording,
  place,
  startDeadline,
  startGrace,
} from './steps';

/**
 * The life of a call as a pure function. Events come in any order, repeated or never; whatever happens, a call ends
 * once, and an event that does not fit the phase changes nothing but the timeline.
 *
 * The outcome depends on what the carrier asks instructions for (Updates) and on the call being over; news that comes
 * by Signal only makes that known sooner. One thing is decided by news alone: when the result of a dial never
 * arrives, an `answered` event is the only evidence that buyer and caller talked (docs/decisions/0004).
 */
export function reduce(before: CallState, event: CallEvent): Step {
  const state = isMessage(event) ? remember(before, event) : before;
  switch (event.type) {
    case 'inbound':
      return state.phase.name === 'received' ? admit(state, event.at, null) : answerOnly(state, HANG_UP);
    case 'admitted':
      return onAdmitted(state, event.admission, event.at);
    case 'ivr_answered':
      return onIvrAnswered(state, event);
    case 'routed':
      return onRouted(state, event.routed, event.at);
    case 'dial_finished':
      return onDialFinished(state, event);
    case 'fallback_finished':
      return onFallbackFinished(state, event.at);
    case 'buyer_answered':
      return onBuyerAnswered(state, event);
    case 'buyer_accepted':
      return onBuyerAccepted(state, event);
    case 'caller_gone':
      return onCallerGone(state, event.at, event.carrierStatus);
    case 'recording':
      return noEffect(noteRecording(state, event.recordingSid, event.status, event.at));
    case 'fail_safe_served':
      return onFailSafe(state, event);
    case 'grace_elapsed':
      return state.callerGoneAt === null
        ? noEffect(state)
        : closeWithoutResult(state, state.callerGoneAt, 'caller hung up');
    case 'deadline_passed':
      return closeWithoutResult(noteDeadline(state, event.at), event.at, 'maximum call duration reached');
    case 'never_asked':
      return state.phase.name === 'received' ? closeWithoutResult(state, event.at, '') : noEffect(state);
    case 'canceled':
      return closeWithoutResult(noteCanceled(state, event.at), event.at, 'workflow cancelled');
    case 'recorded':
      return noEffect(state);
    case 'finished':
      return onFinished(state, event.finished);
    default:
      return unreachable(event);
  }
}

function onAdmitted(state: CallState, admission: Admission, at: string): Step {
  const admitted: CallState = { ...learnt(state, admission), policy: admission.policy };
  const giveUp = state.phase.name === 'admitting' ? state.phase.giveUp : null;
  if (giveUp !== null && admission.kind !== 'ended') return endUnheard(admitted, admission, giveUp);
  if (admission.kind === 'ended') return endAtOnce(admitted, admission, at);
  const step =
    admission.kind === 'asked'
      ? ask(admitted, admission.policy, admission, at)
      : place(admitted, admission.policy, admission, at);
  return { ...step, effects: [...step.effects, startDeadline(state, admission.policy, at)] };
}

/** Takes over what an activity has found out and written. */
function learnt(state: CallState, found: Admission | Routed): CallState {
  return { ...wrote(state, found.entries), qualifications: found.qualifications ?? state.qualifications };
}

/**
 * An earlier run of this step, lost before Temporal heard of it, had placed the call; by now the caller has been
 * served the fail-safe or is gone, so nothing of it happened.
 */
function endUnheard(
  state: CallState,
  admission: Exclude<Admission, { kind: 'ended' }>,
  { at, reason }: GiveUp,
): Step {
  const attempt =
    admission.kind === 'placed' && admission.placement.kind === 'dial' ? admission.placement.attempt : null;
  const end: AttemptEnd | null =
    attempt === null ? null : { attempt, status: 'canceled', at, talkSeconds: null, unheard: true };
  return finish(state, admission.policy, { outcome: 'failed', reason, at, attempt: end });
}

function onRouted(state: CallState, routed: Routed, at: string): Step {
  const found = learnt(state, routed);
  const known =
    routed.kind === 'placed' && routed.policy !== undefined ? { ...found, policy: routed.policy } : found;
  if (routed.kind === 'ended') return endAtOnce(known, routed, at);
  if (known.policy === null) return noEffect(known);
  return routed.kind === 'asked'
    ? ask(known, known.policy, routed, at)
    : place(known, known.policy, routed, at);
}

function onFallbackFinished(state: CallState, at: string): Step {
  const { phase, policy } = state;
  if (phase.name !== 'fallback' || policy === null) return answerOnly(state, HANG_UP);
  return finish(state, policy, {
    outcome: phase.outcome,
    reason: `${phase.treatment.kind} ended`,
    at,
    attempt: null,
  });
}

/**
 * The carrier says the call is over. What it still owes us for the step at hand may be under way: wait for that.
 */
function onCallerGone(state: CallState, at: string, carrierStatus: string): Step {
  if (state.callerGoneAt !== null || state.phase.name === 'ended') return noEffect(state);
  const noted = note(
    { ...state, callerGoneAt: at },
    {
      key: 'caller_gone',
      at,
      step: 'caller_gone',
      decision: 'the carrier reports the end of the call',
      detail: { carrierStatus },
    },
  );
  const { phase, policy } = noted;
  if (policy === null) return noEffect(noted);
  if (phase.name === 'fallback') {
    return finish(noted, policy, { outcome: phase.outcome, reason: 'caller hung up', at, attempt: null });
  }
  return { state: noted, effects: [startGrace(policy, phase)] };
}

/**
 * Nothing will ever be heard of the open step: the caller is gone and the grace time over, or the call has lived as
 * long as it may. Closes the call from what is known.
 */
function closeWithoutResult(state: CallState, at: string, why: string): Step {
  const { phase, policy } = state;
  if (phase.name === 'received')
    return admit(state, at, { at, reason: 'the first webhook never got an answer' });
  if (policy === null) return noEffect(state);
  switch (phase.name) {
    case 'ivr':
      return finish(state, policy, { outcome: 'abandoned_ivr', reason: why, at, attempt: null });
    case 'fallback':
      return finish(state, policy, { outcome: phase.outcome, reason: why, at, attempt: null });
    case 'dialing':
      return closeDialWithoutResult(state, policy, phase, at, why);
    case 'admitting':
    case 'routing':
    case 'ending':
    case 'ended':
      return noEffect(state);
    default:
      return unreachable(phase);
  }
}

function onFinished(state: CallState, finished: Finished): Step {
  if (state.phase.name !== 'ending') return noEffect(state);
  const { outcome, reason, at } = finished;
  return noEffect({ ...wrote(state, finished.entries), phase: { name: 'ended', outcome, reason, at } });
}
