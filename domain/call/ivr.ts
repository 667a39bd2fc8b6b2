import { readAnswer } from '../ivr/answer';
import type { NodeId } from '../ivr/flow';
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

/** The flow waits at a node for the first time. */
export function ask(state: CallState, policy: CallPolicy, asked: Asked): Step {
  const { nodeId, node } = asked;
  const phase: InIvr = { name: 'ivr', no: state.asked + 1, try: 1, nodeId, node };
  const instructions = askInstructions(state.facts, phase, asked.played ?? []);
  return enter({ ...state, asked: phase.no }, policy, phase, instructions);
}

export function onIvrAnswered(
  state: CallState,
  event: Extract<CallEvent, { type: 'ivr_answered' }>,
): Step {
  const { phase, policy } = state;
  if (!fits(state, event) || phase.name !== 'ivr' || policy === null) return answerOnly(state, HANG_UP);
  const { node } = phase;
  if (node.kind === 'lookup') {
    return leftBy(state, policy, event) ?? goOn(state, policy, phase, phase.nodeId, event.at);
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
      ? { ...noted, qualifications: { ...noted.qualifications, ...answer.tags } }
      : noted;
  const left = leftBy(known, policy, event);
  if (left !== null) return left;
  if (answer.kind === 'accepted') return goOn(known, policy, phase, answer.next, event.at);
  if (phase.try >= node.tries) return goOn(known, policy, phase, node.noAnswer, event.at);
  const again: InIvr = { ...phase, no: phase.no + 1, try: phase.try + 1 };
  return answerOnly(
    { ...known, asked: again.no, phase: again },
    askInstructions(state.facts, again, []),
  );
}

function goOn(state: CallState, policy: CallPolicy, phase: InIvr, nodeId: NodeId, at: string): Step {
  return route(state, policy, at, { resume: { no: phase.no, nodeId } });
}

/** The end, when the caller has hung up; `null` while they are on the line. */
function leftBy(
  state: CallState,
  policy: CallPolicy,
  event: { readonly at: string; readonly callerGone: boolean },
): Step | null {
  const at = state.callerGoneAt ?? (event.callerGone ? event.at : null);
  if (at === null) return null;
  return finish(state, policy, { outcome: 'abandoned_ivr', reason: 'caller hung up', at, attempt: null });
}
