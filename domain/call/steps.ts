import { HANG_UP, say, type Instructions } from '../instructions';
import type { AttemptEnd, Ending, EndedAtOnce, GiveUp, Placed, Resume } from './commands';
import type { CarrierMessage } from './events';
import { dialInstructions, fallbackInstructions, secondsLeft } from './instructions';
import type { CallPolicy } from './policy';
import { handedOver, note, type CallState, type Effect, type Phase, type Step } from './state';

/*
 * The moves a call is made of. The reducer chooses among them; each returns the new state and what has to be done.
 */

/** Asks for a new call to be screened and recorded; with `giveUp`, only to be recorded. */
export function admit(state: CallState, at: string, giveUp: GiveUp | null): Step {
  const received = note(state, {
    key: 'received',
    at: state.facts.receivedAt,
    step: 'received',
    decision: `call from ${state.facts.carrier}`,
    detail: { to: state.facts.to, sid: state.facts.sid, at },
  });
  return {
    state: handedOver({ ...received, phase: { name: 'admitting', giveUp } }),
    effects: [{ do: 'run', command: { type: 'admit', giveUp, entries: received.unwritten } }],
  };
}

export function place(state: CallState, policy: CallPolicy, placed: Placed, at: string): Step {
  const { placement } = placed;
  const played = say(placed.played ?? []);
  if (placement.kind === 'dial') {
    const { attempt } = placement;
    const tried = [...state.tried, attempt.assignmentId];
    const phase: Phase = { name: 'dialing', attempt, answeredAt: null, accepted: null };
    const dial = dialInstructions(state.facts, policy, attempt, at);
    return enter({ ...state, tried }, policy, phase, [...played, ...dial]);
  }
  const { outcome, treatment } = placement;
  const phase: Phase = { name: 'fallback', outcome, treatment };
  const treat = fallbackInstructions(state.facts, policy, treatment, at);
  return enter(state, policy, phase, [...played, ...treat]);
}

/** Enters a phase that waits for the carrier. A caller already known to be gone gets the grace time from now. */
export function enter(state: CallState, policy: CallPolicy, phase: Phase, instructions: Instructions): Step {
  const answer: Effect = { do: 'answer', instructions };
  return {
    state: { ...state, phase },
    effects: state.callerGoneAt === null ? [answer] : [answer, startGrace(policy, phase)],
  };
}

/** Asks for what comes next: the flow goes on at `resume`, or, after a dial that came to nothing, the next buyer. */
export function route(
  state: CallState,
  policy: CallPolicy,
  at: string,
  from: { readonly resume: Resume; readonly callerGoneAt: string | null } | { readonly previous: AttemptEnd },
): Step {
  return {
    state: handedOver({ ...state, phase: { name: 'routing' } }),
    effects: [
      {
        do: 'run',
        command: {
          type: 'route',
          at,
          policy,
          qualifications: state.qualifications,
          previous: 'previous' in from ? from.previous : null,
          alreadyTried: state.tried,
          resume: 'resume' in from ? from.resume : null,
          callerGoneAt: 'resume' in from ? from.callerGoneAt : null,
          entries: state.unwritten,
        },
      },
    ],
  };
}

export function finishConnected(
  state: CallState,
  policy: CallPolicy,
  end: AttemptEnd,
  answer: Instructions | null,
  reason = `connected to ${end.attempt.buyerName}`,
): Step {
  return finish(state, policy, { outcome: 'connected', reason, at: end.at, attempt: end }, answer ?? HANG_UP);
}

/** Makes the end durable, then answers whoever asked. */
export function finish(
  state: CallState,
  policy: CallPolicy,
  ending: Ending,
  answer: Instructions = HANG_UP,
): Step {
  const noted = note(state, {
    key: 'ended',
    at: ending.at,
    step: 'ended',
    decision: ending.outcome,
    detail: { reason: ending.reason },
  });
  return {
    state: handedOver({ ...noted, phase: { name: 'ending', ending } }),
    effects: [
      {
        do: 'run',
        command: {
          type: 'finish',
          policy,
          qualifications: state.qualifications,
          ending,
          entries: noted.unwritten,
        },
      },
      { do: 'answer', instructions: answer },
    ],
  };
}

export function endAtOnce(state: CallState, ended: EndedAtOnce, at: string): Step {
  const phase: Phase = { name: 'ended', outcome: ended.outcome, reason: ended.reason, at };
  return answerOnly({ ...state, phase }, ended.instructions);
}

export function answerOnly(state: CallState, instructions: Instructions): Step {
  return { state, effects: [{ do: 'answer', instructions }] };
}

export function noEffect(state: CallState): Step {
  return { state, effects: [] };
}

export function startDeadline(state: CallState, policy: CallPolicy, at: string): Effect {
  const seconds = secondsLeft(state.facts, policy, at) + policy.callbackGraceSeconds;
  return { do: 'start_deadline', milliseconds: seconds * 1000 };
}

/** Nobody owes money for an IVR: what is still under way there is waited for only this long, in seconds. */
const IVR_GRACE_SECONDS = 2;

export function startGrace(policy: CallPolicy, phase: Phase): Effect {
  const most = phase.name === 'ivr' ? IVR_GRACE_SECONDS : policy.callbackGraceSeconds;
  return { do: 'start_grace', milliseconds: Math.min(most, policy.callbackGraceSeconds) * 1000 };
}

export function noteAttemptEnd(state: CallState, end: AttemptEnd, carrierStatus: string): CallState {
  const { no, buyerName } = end.attempt;
  return note(state, {
    key: `attempt:${no}:ended`,
    at: end.at,
    step: 'attempt_ended',
    decision: `${buyerName}: ${end.status}`,
    detail: { attempt: no, carrierStatus, talkSeconds: end.talkSeconds },
  });
}

export function noteRecording(state: CallState, sid: string, status: string, at: string): CallState {
  return note(state, {
    key: `recording:${sid}:${status}`,
    at,
    step: 'recording',
    decision: status,
    detail: { sid },
  });
}

export function noteDeadline(state: CallState, at: string): CallState {
  if (state.phase.name === 'ended') return state;
  return note(state, { key: 'deadline', at, step: 'deadline', decision: 'maximum call duration reached' });
}

export function noteCanceled(state: CallState, at: string): CallState {
  if (state.phase.name === 'ended') return state;
  return note(state, { key: 'canceled', at, step: 'canceled', decision: 'the workflow was cancelled' });
}

/** Seconds between two ISO 8601 instants, rounded down, never negative. */
export function secondsBetween(from: string, to: string): number {
  return Math.max(0, Math.floor((Date.parse(to) - Date.parse(from)) / 1000));
}

/**
 * How long they talked: the carrier's count, which also bills the call. A count that is missing, or longer than any
 * call of the campaign may be, is none; then the answered event tells, if there was one.
 */
export function talkOf(
  phase: Extract<Phase, { name: 'dialing' }>,
  policy: CallPolicy,
  event: Extract<CarrierMessage, { type: 'dial_finished' }>,
): number | null {
  if (event.talkSeconds !== null && event.talkSeconds <= policy.maxCallSeconds) return event.talkSeconds;
  return phase.answeredAt === null ? null : secondsBetween(phase.answeredAt, event.at);
}
