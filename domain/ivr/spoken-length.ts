import { exitsOf, nodePointer } from './exits';
import { isAsking, isLeaving, nodeOf, type Flow, type FlowNode, type NodeId } from './flow';
import type { Prompt } from '../instructions';
import { problem, type FlowProblem } from './problems';

/**
 * Bytes of text that one answer to a carrier may have. Twilio takes documents of 64 kB
 * (https://www.twilio.com/docs/api/errors/11750); the rest is for tags, URLs and escaping.
 */
export const MOST_SPOKEN_BYTES = 40_000;

/**
 * Where a call hears more in one go than fits into one answer: everything said between two places at which the flow
 * waits is one document. Told once, at the node from which it is most.
 */
export function spokenLengthProblems(flow: Flow): readonly FlowProblem[] {
  let worst: { readonly id: NodeId; readonly bytes: number } | null = null;
  const known = new Map<NodeId, number>();
  for (const id of Object.keys(flow.nodes)) {
    const bytes = heaviest(flow, id, known);
    if (worst === null || bytes > worst.bytes) worst = { id, bytes };
  }
  if (worst === null || worst.bytes <= MOST_SPOKEN_BYTES) return [];
  const message =
    `Up to ${worst.bytes} bytes of text are said in one go from here on: carriers take ${MOST_SPOKEN_BYTES} at most; ` +
    'shorten it, or let the caller answer something in between';
  return [problem('too_much_said', worst.id, nodePointer(worst.id), message)];
}

/**
 * The most that is said from a node to where the flow next waits or ends. Without recursion, so that a long chain does
 * not exhaust the stack; a loop that never waits is another problem, and counts once.
 */
function heaviest(flow: Flow, start: NodeId, known: Map<NodeId, number>): number {
  const open = new Set<NodeId>();
  const waiting: NodeId[] = [start];
  for (let id = waiting.at(-1); id !== undefined; id = waiting.at(-1)) {
    const node = nodeOf(flow, id);
    if (node === undefined || known.has(id)) {
      waiting.pop();
      continue;
    }
    const next = goesOn(node) ? exitsOf(node).map(({ to }) => to) : [];
    const unknown = next.filter((to) => !known.has(to) && !open.has(to) && nodeOf(flow, to) !== undefined);
    if (!open.has(id) && unknown.length > 0) {
      open.add(id);
      waiting.push(...unknown);
      continue;
    }
    known.set(id, bytesSaid(node) + Math.max(0, ...next.map((to) => known.get(to) ?? 0)));
    waiting.pop();
  }
  return known.get(start) ?? 0;
}

/** Whether the flow goes on at once, in the same answer. */
function goesOn(node: FlowNode): boolean {
  return !isAsking(node) && !isLeaving(node) && node.kind !== 'lookup';
}

function bytesSaid(node: FlowNode): number {
  if (!('prompt' in node) || node.prompt === null) return 0;
  const retry = isAsking(node) && node.retryPrompt !== null ? bytesOf(node.retryPrompt) : 0;
  return bytesOf(node.prompt) + retry;
}

/** In UTF-8. */
function bytesOf(prompt: Prompt): number {
  const text = 'text' in prompt ? prompt.text : prompt.audioUrl;
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
