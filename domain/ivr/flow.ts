import type { Condition } from '../condition';
import type { Hours } from '../hours';
import type { Destination, Prompt } from '../instructions';

/** Names a node within its flow: `[a-z0-9_-]`, chosen by whoever edits it. */
export type NodeId = string;

/** How a flow that ends a call by itself wants it counted. */
export const FLOW_OUTCOMES = ['abandoned_ivr', 'no_candidate', 'after_hours', 'blocked'] as const;
export type FlowOutcome = (typeof FLOW_OUTCOMES)[number];

/** Pressing `digit` goes to `next`; where `tag` is set, the call is qualified with `value`. */
export interface MenuOption {
  readonly digit: string;
  readonly tag: string | null;
  readonly value: string | null;
  readonly next: NodeId;
}

export interface MenuNode {
  readonly kind: 'menu';
  readonly prompt: Prompt;
  /** Before the prompt is repeated. */
  readonly retryPrompt: Prompt | null;
  readonly options: readonly MenuOption[];
  /** Silence that counts as no answer, in seconds. */
  readonly timeoutSeconds: number;
  /** How often it is played at most. */
  readonly tries: number;
  /** After the last try without a valid key. */
  readonly noAnswer: NodeId;
}

/** Asks for digits or speech and keeps the answer under `tag`. */
export interface GatherNode {
  readonly kind: 'gather';
  readonly prompt: Prompt;
  readonly retryPrompt: Prompt | null;
  readonly input: 'digits' | 'speech' | 'digits_or_speech';
  readonly tag: string;
  /** Digits; spoken answers are taken at any length. */
  readonly minLength: number;
  readonly maxLength: number;
  /** The key that ends the input; `null`: length and timeout alone do. */
  readonly terminator: '#' | '*' | null;
  readonly timeoutSeconds: number;
  readonly tries: number;
  /** BCP 47, of speech. */
  readonly language: string;
  /** Words a recogniser should expect. */
  readonly hints: readonly string[];
  readonly next: NodeId;
  readonly noAnswer: NodeId;
}

/** A field of a lookup's answer that becomes a tag. */
export interface LookupField {
  /** Dots go down into objects: `customer.tier`. */
  readonly path: string;
  readonly tag: string;
}

/** Asks somebody's HTTP service about the call. */
export interface LookupNode {
  readonly kind: 'lookup';
  readonly url: string;
  /** Milliseconds; the caller hears nothing meanwhile. */
  readonly timeoutMs: number;
  readonly fields: readonly LookupField[];
  readonly next: NodeId;
  /** No answer in time, not 2xx, or not a JSON object. */
  readonly failed: NodeId;
}

export type FlowNode =
  | { readonly kind: 'say'; readonly prompt: Prompt; readonly next: NodeId }
  | MenuNode
  | GatherNode
  /** `hours: null`: the campaign's. */
  | { readonly kind: 'hours'; readonly hours: Hours | null; readonly open: NodeId; readonly closed: NodeId }
  /** The first branch that is true. */
  | {
      readonly kind: 'condition';
      readonly branches: readonly { readonly when: Condition; readonly next: NodeId }[];
      readonly otherwise: NodeId;
    }
  | { readonly kind: 'set_tag'; readonly tag: string; readonly value: string; readonly next: NodeId }
  | LookupNode
  /** Percentages add up to 100. Drawn by call id and node, so that a replay takes the same branch. */
  | {
      readonly kind: 'splitter';
      readonly branches: readonly { readonly percent: number; readonly next: NodeId }[];
    }
  /** Leaves the flow: a buyer is chosen. */
  | { readonly kind: 'route' }
  | {
      readonly kind: 'forward';
      readonly destination: Destination;
      readonly ringTimeoutSeconds: number;
      readonly outcome: FlowOutcome;
    }
  | {
      readonly kind: 'voicemail';
      readonly prompt: Prompt;
      readonly maxSeconds: number;
      readonly outcome: FlowOutcome;
    }
  | { readonly kind: 'goto'; readonly next: NodeId }
  | { readonly kind: 'hang_up'; readonly prompt: Prompt | null; readonly outcome: FlowOutcome };

export type FlowNodeKind = FlowNode['kind'];

/** One version of an IVR flow. */
export interface Flow {
  readonly start: NodeId;
  readonly nodes: { readonly [id: NodeId]: FlowNode };
}

/** Nodes at which the flow waits for the caller. */
export type AskingNode = MenuNode | GatherNode;

/** Nodes at which a call leaves its flow. */
export type LeavingNode = Extract<FlowNode, { kind: 'route' | 'forward' | 'voicemail' | 'hang_up' }>;

/** What a node may be called. */
export const NODE_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** More than a flow may have is no flow anybody can read. */
export const MOST_NODES = 500;

/** The node of that id, if the flow has it itself: names such as `constructor` find nothing that was not put there. */
export function nodeOf(flow: Flow, id: NodeId): FlowNode | undefined {
  return Object.hasOwn(flow.nodes, id) ? flow.nodes[id] : undefined;
}

/** Whether the flow waits there for the caller to press or say something. */
export function isAsking(node: FlowNode): node is AskingNode {
  return node.kind === 'menu' || node.kind === 'gather';
}

/** Whether a call that comes there is out of the flow. */
export function isLeaving(node: FlowNode): node is LeavingNode {
  switch (node.kind) {
    case 'route':
    case 'forward':
    case 'voicemail':
    case 'hang_up':
      return true;
    default:
      return false;
  }
}
