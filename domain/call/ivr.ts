import { readAnswer } from '../ivr/answer';
import type { NodeId } from '../ivr/flow';
import { withTags } from '../ivr/tags';
import { HANG_UP } from '../instructions';
import type { Asked } from './commands';
import type { CallEvent } from './events';
import { askInstructions } from './instructions';
import { fits } from './messages';
import type { CallPolicy } from './policy';
import { note, type CallState, type Phase, type Step } from './state';
import { answerOnly, enter, finish, route } from './steps';

/*
 * A call in its IVR flow. Which node follows which is walked by an activity, which has the whole flow; what is kept
 * here is the one node the caller is at, so that repeating its prompt costs no activity.
 */

type InIvr = Extract<Phase, { name: 'ivr' }>;
type Answered = Extract<CallEvent, { type: 'ivr_answered' }>;

/**
 * A flow may lead a silent caller round and round until the call has lived as long as it may. Somebody who was asked so
 * often is no caller any more; and a workflow takes 2,000 updates at most.
 */
const MOST_ASKED = 500;

/** The flow waits at a node for the first time. */
export function ask(state: CallState, policy: CallPolicy, asked: Asked, at: string): Step {
  if (state.asked >= MOST_ASKED) return askedEnough(state, policy, at);
  const { nodeId, node } = asked;
  const phase: InIvr = { name: 'ivr', no: state.asked + 1, try: 1, nodeId, node };
  const instructions = askInstructions(state.facts, phase, asked.played ?? []);
  return enter({ ...state, asked: phase.no }, policy, phase, instructions);
}

export function onIvrAnswered(state: CallState, event: Answered): Step {
  const { phase, policy } = state;
  if (!fits(state, event) || phase.name !== 'ivr' || policy === null) return answerOnly(state, HANG_UP);
  const { node } = phase;
  if (node.kind === 'lookup') {
    return goOn(state, policy, phase, phase.nodeId, event);
  }
  const answer = readAnswer(node, event);
  const noted = note(state, {
    key: `ivr:${event.no}:answered`,
    at: event.at,
    step: 'ivr_answered',
    decision: answer.decision,
    detail: { node: phase.nodeId, try: phase.try, digits: event.digits, speech: event.speech },
  });
  const known =
    answer.kind === 'accepted'
      ? { ...noted, qualifications: withTags(noted.qualifications, answer.tags) }
      : noted;
  if (answer.kind === 'accepted') return goOn(known, policy, phase, answer.next, event);
  if (phase.try >= node.tries) return goOn(known, policy, phase, node.noAnswer, event);
  const goneAt = hungUpAt(known, event);
  if (goneAt !== null) {
    const ending = { outcome: 'abandoned_ivr', reason: 'caller hung up', at: goneAt, attempt: null } as const;
    return finish(known, policy, ending);
  }
  if (state.asked >= MOST_ASKED) return askedEnough(known, policy, event.at);
  const again: InIvr = { ...phase, no: phase.no + 1, try: phase.try + 1 };
  return answerOnly({ ...known, asked: again.no, phase: again }, askInstructions(state.facts, again, []));
}

function askedEnough(state: CallState, policy: CallPolicy, at: string): Step {
  const reason = `asked ${MOST_ASKED} times`;
  return finish(state, policy, { outcome: 'abandoned_ivr', reason, at, attempt: null });
}

/**
 * A caller who has hung up meanwhile is taken on all the same, as far as the flow leads without them: the call must end
 * alike whether the answer or the hang-up was heard of first.
 */
function goOn(state: CallState, policy: CallPolicy, phase: InIvr, nodeId: NodeId, event: Answered): Step {
  const resume = { no: phase.no, nodeId };
  return route(state, policy, event.at, { resume, callerGoneAt: hungUpAt(state, event) });
}

/** When the caller hung up; `null` while they are on the line. */
function hungUpAt(state: CallState, event: Answered): string | null {
  return state.callerGoneAt ?? (event.callerGone ? event.at : null);
}
