import { unreachable } from '../exhaustive';
import { HANG_UP, sayAndHangUp } from '../instructions';
import type { Admission, AttemptEnd, Finished, GiveUp, Routed } from './commands';
import type { CallEvent } from './events';
import { onFailSafe } from './fail-safe';
import { menuInstructions } from './instructions';
import { fits, isMessage, remember } from './messages';
import { handedOver, note, wrote, type CallState, type Phase, type Step } from './state';
import {
  admit,
  answerOnly,
  endAtOnce,
  enter,
  finish,
  finishConnected,
  noEffect,
  noteAttemptEnd,
  noteCanceled,
  noteDeadline,
  noteRecording,
  place,
  qualify,
  route,
  secondsBetween,
  startDeadline,
  startGrace,
  talkOf,
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
    case 'menu_answered':
      return onMenuAnswered(state, event);
    case 'routed':
      return onRouted(state, event.routed, event.at);
    case 'dial_finished':
      return onDialFinished(state, event);
    case 'fallback_finished':
      return onFallbackFinished(state, event.at);
    case 'buyer_answered':
      return onBuyerAnswered(state, event.attempt, event.at);
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
  const admitted: CallState = { ...wrote(state, admission.entries), policy: admission.policy };
  const giveUp = state.phase.name === 'admitting' ? state.phase.giveUp : null;
  if (giveUp !== null && admission.kind !== 'ended') return endUnheard(admitted, admission, giveUp);
  switch (admission.kind) {
    case 'ended':
      return endAtOnce(admitted, admission, at);
    case 'menu': {
      const phase: Phase = { name: 'menu', menu: admission.menu, try: 1 };
      const step = enter(admitted, admission.policy, phase, menuInstructions(state.facts, admission.menu, 1));
      return { ...step, effects: [...step.effects, startDeadline(state, admission.policy, at)] };
    }
    case 'placed': {
      const step = place(admitted, admission.policy, admission.placement, at);
      return { ...step, effects: [...step.effects, startDeadline(state, admission.policy, at)] };
    }
    default:
      return unreachable(admission);
  }
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
    attempt === null ? null : { attempt, status: 'canceled', at, talkSeconds: null };
  return finish(state, admission.policy, { outcome: 'failed', reason, at, attempt: end });
}

function onMenuAnswered(state: CallState, event: Extract<CallEvent, { type: 'menu_answered' }>): Step {
  const { phase, policy } = state;
  if (!fits(state, event) || phase.name !== 'menu' || policy === null) return answerOnly(state, HANG_UP);
  const option = phase.menu.options.find((candidate) => candidate.digit === event.digits);
  const noted = note(state, {
    key: `menu:${event.try}:answered`,
    at: event.at,
    step: 'menu_answered',
    decision: option
      ? `${option.tag} = ${option.value}`
      : event.digits === null
        ? 'silence'
        : 'no such option',
    detail: { try: event.try, digits: event.digits },
  });
  const goneAt = state.callerGoneAt ?? (event.callerGone ? event.at : null);
  if (goneAt !== null) {
    const outcome = option ? 'abandoned_ringing' : 'abandoned_ivr';
    return finish(qualify(noted, option), policy, {
      outcome,
      reason: 'caller hung up',
      at: goneAt,
      attempt: null,
    });
  }
  if (option) return route(qualify(noted, option), policy, event.at, null);
  if (phase.try < phase.menu.tries) {
    const next = phase.try + 1;
    const repeated: CallState = { ...noted, phase: { ...phase, try: next } };
    return answerOnly(repeated, menuInstructions(state.facts, phase.menu, next));
  }
  const unanswered = phase.menu.whenUnanswered;
  if (unanswered.kind === 'route') return route(noted, policy, event.at, null);
  return finish(
    noted,
    policy,
    {
      outcome: 'abandoned_ivr',
      reason: `no valid answer in ${phase.menu.tries} tries`,
      at: event.at,
      attempt: null,
    },
    sayAndHangUp(unanswered.prompt),
  );
}

function onRouted(state: CallState, routed: Routed, at: string): Step {
  const known = wrote(state, routed.entries);
  if (routed.kind === 'ended') return endAtOnce(known, routed, at);
  if (known.policy === null) return noEffect(known);
  return place(known, known.policy, routed.placement, at);
}

function onDialFinished(state: CallState, event: Extract<CallEvent, { type: 'dial_finished' }>): Step {
  const { phase, policy } = state;
  if (!fits(state, event) || phase.name !== 'dialing' || policy === null) return answerOnly(state, HANG_UP);
  const end: AttemptEnd = {
    attempt: phase.attempt,
    status: event.status,
    at: event.at,
    talkSeconds: event.status === 'completed' ? talkOf(phase, policy, event) : null,
  };
  const noted = noteAttemptEnd(state, end, event.carrierStatus);
  if (event.status === 'completed') return finishConnected(noted, policy, end, HANG_UP);
  if (event.callerGone || state.callerGoneAt !== null) {
    const at = state.callerGoneAt ?? event.at;
    return finish(noted, policy, {
      outcome: 'abandoned_ringing',
      reason: 'caller hung up',
      at,
      attempt: end,
    });
  }
  return route(noted, policy, event.at, end);
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

function onBuyerAnswered(state: CallState, attempt: number, at: string): Step {
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
    case 'menu':
      return finish(state, policy, { outcome: 'abandoned_ivr', reason: why, at, attempt: null });
    case 'fallback':
      return finish(state, policy, { outcome: phase.outcome, reason: why, at, attempt: null });
    case 'dialing': {
      const answered = phase.answeredAt !== null;
      // Only the caller's hang-up tells how long they talked; a deadline does not.
      const talkSeconds =
        phase.answeredAt !== null && state.callerGoneAt !== null
          ? secondsBetween(phase.answeredAt, state.callerGoneAt)
          : null;
      const end: AttemptEnd = {
        attempt: phase.attempt,
        status: answered ? 'completed' : 'canceled',
        at,
        talkSeconds,
      };
      const noted = noteAttemptEnd(state, end, 'no dial result arrived');
      if (answered)
        return finishConnected(noted, policy, end, null, `${why}; the dial's result never arrived`);
      return finish(noted, policy, { outcome: 'abandoned_ringing', reason: why, at, attempt: end });
    }
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
