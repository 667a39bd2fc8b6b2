import { unreachable } from '../exhaustive';
import { timelineOf, type CallState } from './state';

/** A call in Markdown, for the head of its page in the Temporal UI. Never the caller's number. */
export function describeCall(state: CallState): string {
  const lines = [`**${headline(state)}**`];
  if (state.policy !== null) {
    const flow = state.policy.flowVersion === null ? 'no IVR' : `flow v${state.policy.flowVersion}`;
    lines.push(`Campaign ${state.policy.campaignId}, plan v${state.policy.planVersion}, ${flow}`);
  }
  for (const entry of timelineOf(state))
    lines.push(`- ${entry.at.slice(11, 19)} ${entry.step}: ${entry.decision}`);
  return lines.join('\n');
}

function headline(state: CallState): string {
  const { phase } = state;
  switch (phase.name) {
    case 'received':
    case 'admitting':
      return 'Received';
    case 'ivr':
      return phase.node.kind === 'lookup'
        ? `In the IVR, looking up at "${phase.nodeId}"`
        : `In the IVR at "${phase.nodeId}", try ${phase.try} of ${phase.node.tries}`;
    case 'routing':
      return 'Choosing a buyer';
    case 'dialing':
      return `${(phase.accepted ?? phase.answeredAt) === null ? 'Dialling' : 'Connected to'} ${phase.attempt.buyerName} (attempt ${phase.attempt.no})`;
    case 'fallback':
      return `Nobody took the call (${phase.outcome}): ${phase.treatment.kind}`;
    case 'ending':
      return `Ending: ${phase.ending.outcome}`;
    case 'ended':
      return `Ended: ${phase.outcome} (${phase.reason})`;
    default:
      return unreachable(phase);
  }
}
