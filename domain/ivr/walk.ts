import type { Qualifications } from '../call/commands';
import type { Condition } from '../condition';
import { unreachable } from '../exhaustive';
import type { Hours } from '../hours';
import type { Prompt } from '../instructions';
import { seededRandom } from '../routing/draw';
import type { OpenTreatment } from '../treatment';
import {
  nodeOf,
  type AskingNode,
  type Flow,
  type FlowNode,
  type FlowNodeKind,
  type FlowOutcome,
  type LookupNode,
  type NodeId,
} from './flow';
import { withTags } from './tags';

/** What a walk may ask about the call it is made for. */
export interface WalkContext {
  readonly tags: Qualifications;
  /** `tags`: those of the call at that point of the walk. */
  readonly evaluate: (condition: Condition, tags: Qualifications) => boolean;
  /** `null`: the campaign's hours. */
  readonly isOpen: (hours: Hours | null) => boolean;
  /** The call's id: splitters draw by it. */
  readonly seed: string;
}

/** A node the call came to, and what was decided there, in words for whoever reads the timeline. */
export interface PathStep {
  readonly nodeId: NodeId;
  readonly kind: FlowNodeKind;
  readonly decision: string;
}

/** Why a walk goes no further. */
export type Stop =
  | { readonly kind: 'ask'; readonly nodeId: NodeId; readonly node: AskingNode }
  | { readonly kind: 'lookup'; readonly nodeId: NodeId; readonly node: LookupNode }
  | { readonly kind: 'route' }
  | {
      readonly kind: 'forward' | 'voicemail';
      readonly nodeId: NodeId;
      readonly treatment: OpenTreatment;
      readonly outcome: FlowOutcome;
    }
  | {
      readonly kind: 'hang_up';
      readonly nodeId: NodeId;
      readonly prompt: Prompt | null;
      readonly outcome: FlowOutcome;
    }
  /** A flow the validator would have refused. `nodeId`: where it goes wrong. */
  | { readonly kind: 'broken'; readonly nodeId: NodeId; readonly reason: string };

export interface Walk {
  /** What the caller hears on the way, in order. */
  readonly played: readonly Prompt[];
  /** All tags of the call, with those set on the way. */
  readonly tags: Qualifications;
  /** Every node it came to, the one it stops at included. */
  readonly path: readonly PathStep[];
  readonly stop: Stop;
}

/**
 * Goes from a node to the next place where the flow waits for somebody or leaves. A node that is passed leads to the
 * next one at once, so coming to one twice would never end: no flow that was published does, and one that does
 * nevertheless is `broken` instead of endless.
 */
export function walk(flow: Flow, from: NodeId, context: WalkContext): Walk {
  const played: Prompt[] = [];
  const path: PathStep[] = [];
  const passed = new Set<NodeId>();
  let tags = context.tags;
  let last = from;
  let id = from;
  for (;;) {
    const node = nodeOf(flow, id);
    if (node === undefined) {
      const reason = id === '' ? 'an exit leads nowhere' : `there is no node "${id}"`;
      return { played, tags, path, stop: { kind: 'broken', nodeId: last, reason } };
    }
    if (passed.has(id)) {
      const reason = `comes back to "${id}" without waiting for anybody`;
      return { played, tags, path, stop: { kind: 'broken', nodeId: id, reason } };
    }
    passed.add(id);
    const turn = visit(id, node, tags, context);
    path.push({ nodeId: id, kind: node.kind, decision: turn.decision });
    if ('stop' in turn) return { played, tags, path, stop: turn.stop };
    if (turn.prompt !== null) played.push(turn.prompt);
    tags = turn.tags;
    last = id;
    id = turn.next;
  }
}

/** A node passed, or the end of the walk. */
type Turn =
  | {
      readonly decision: string;
      readonly next: NodeId;
      readonly tags: Qualifications;
      readonly prompt: Prompt | null;
    }
  | { readonly decision: string; readonly stop: Stop };

function visit(nodeId: NodeId, node: FlowNode, tags: Qualifications, context: WalkContext): Turn {
  const pass = (next: NodeId, decision: string): Turn => ({ decision, next, tags, prompt: null });
  switch (node.kind) {
    case 'say':
      return { decision: 'said', next: node.next, tags, prompt: node.prompt };
    case 'set_tag': {
      const set = withTags(tags, { [node.tag]: node.value });
      const decision = set === tags ? `no room for ${node.tag}` : `${node.tag} = ${node.value}`;
      return { decision, next: node.next, tags: set, prompt: null };
    }
    case 'goto':
      return pass(node.next, `to ${node.next}`);
    case 'hours':
      return context.isOpen(node.hours) ? pass(node.open, 'open') : pass(node.closed, 'closed');
    case 'condition': {
      const index = node.branches.findIndex(({ when }) => context.evaluate(when, tags));
      const branch = node.branches[index];
      return branch === undefined
        ? pass(node.otherwise, 'otherwise')
        : pass(branch.next, `branch ${index + 1}`);
    }
    case 'splitter': {
      const drawn = drawBranch(node.branches, seededRandom(`${context.seed}/${nodeId}`)());
      if (drawn === null) {
        const reason = 'a splitter without a branch that anybody can take';
        return { decision: 'no branch', stop: { kind: 'broken', nodeId, reason } };
      }
      return pass(drawn.next, `branch ${drawn.no} (${drawn.percent} %)`);
    }
    case 'menu':
    case 'gather':
      return { decision: 'asks the caller', stop: { kind: 'ask', nodeId, node } };
    case 'lookup':
      return { decision: 'asks a service', stop: { kind: 'lookup', nodeId, node } };
    case 'route':
      return { decision: 'to a buyer', stop: { kind: 'route' } };
    case 'forward': {
      const { kind, destination, ringTimeoutSeconds, outcome } = node;
      const treatment: OpenTreatment = { kind, destination, ringTimeoutSeconds };
      return { decision: 'forwarded', stop: { kind, nodeId, treatment, outcome } };
    }
    case 'voicemail': {
      const { kind, prompt, maxSeconds, outcome } = node;
      const treatment: OpenTreatment = { kind, prompt, maxSeconds };
      return { decision: 'to voicemail', stop: { kind, nodeId, treatment, outcome } };
    }
    case 'hang_up': {
      const { kind, prompt, outcome } = node;
      return { decision: 'hung up', stop: { kind, nodeId, prompt, outcome } };
    }
    default:
      return unreachable(node);
  }
}

interface Drawn {
  /** From 1. */
  readonly no: number;
  readonly percent: number;
  readonly next: NodeId;
}

/**
 * The branch in which a draw falls when each takes its share of the whole. The draw is scaled to the sum, so that
 * decimals that miss 100 by a rounding error leave no gap at the end.
 * @param draw in [0, 1).
 * @returns `null` when no branch has a share.
 */
function drawBranch(
  branches: readonly { readonly percent: number; readonly next: NodeId }[],
  draw: number,
): Drawn | null {
  const total = branches.reduce((sum, { percent }) => sum + shareOf(percent), 0);
  let rest = draw * total;
  let drawn: Drawn | null = null;
  for (const [index, { percent, next }] of branches.entries()) {
    if (shareOf(percent) === 0) continue;
    drawn = { no: index + 1, percent, next };
    rest -= percent;
    if (rest < 0) return drawn;
  }
  return drawn;
}

/** A percentage below zero, or none at all, is no share. */
function shareOf(percent: number): number {
  return Number.isFinite(percent) && percent > 0 ? percent : 0;
}
