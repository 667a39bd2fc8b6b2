import { unreachable } from '../exhaustive';
import type { FlowNode, NodeId } from './flow';

/** A way out of a node. */
export interface Exit {
  /** Which one: a property of the node, as `next` or `noAnswer`, or an entry of a list, as `options.0`. */
  readonly name: string;
  /** Where it leads; the empty string while it is not connected. */
  readonly to: NodeId;
  /** What a person calls it, for example beside an edge of a drawing. */
  readonly label: string;
}

/** The exits of a node, in the order in which it has them; none for a node at which the call leaves the flow. */
export function exitsOf(node: FlowNode): readonly Exit[] {
  const exits: Exit[] = [];
  mapExits(node, (exit) => {
    exits.push(exit);
    return exit.to;
  });
  return exits;
}

/** The node with one exit leading elsewhere; `null` when it has no exit of that name. */
export function withExit(node: FlowNode, name: string, to: NodeId): FlowNode | null {
  if (!exitsOf(node).some((exit) => exit.name === name)) return null;
  return mapExits(node, (exit) => (exit.name === name ? to : exit.to));
}

/**
 * The node with each exit leading where `change` says. The one place that knows which kind of node has which exits:
 * everything that follows, draws, renames or checks them goes through it.
 */
export function mapExits(node: FlowNode, change: (exit: Exit) => NodeId): FlowNode {
  const lead = (name: string, to: NodeId, label: string): NodeId => change({ name, to, label });
  switch (node.kind) {
    case 'say':
    case 'set_tag':
    case 'goto':
      return { ...node, next: lead('next', node.next, 'next') };
    case 'menu':
      return {
        ...node,
        options: node.options.map((option, index) => ({
          ...option,
          next: lead(
            `options.${index}`,
            option.next,
            option.tag === null ? option.digit : `${option.digit}: ${option.tag} = ${option.value ?? ''}`,
          ),
        })),
        noAnswer: lead('noAnswer', node.noAnswer, 'no answer'),
      };
    case 'gather':
      return {
        ...node,
        next: lead('next', node.next, 'next'),
        noAnswer: lead('noAnswer', node.noAnswer, 'no answer'),
      };
    case 'hours':
      return {
        ...node,
        open: lead('open', node.open, 'open'),
        closed: lead('closed', node.closed, 'closed'),
      };
    case 'condition':
      return {
        ...node,
        branches: node.branches.map((branch, index) => ({
          ...branch,
          next: lead(`branches.${index}`, branch.next, `branch ${index + 1}`),
        })),
        otherwise: lead('otherwise', node.otherwise, 'otherwise'),
      };
    case 'lookup':
      return {
        ...node,
        next: lead('next', node.next, 'next'),
        failed: lead('failed', node.failed, 'failed'),
      };
    case 'splitter':
      return {
        ...node,
        branches: node.branches.map((branch, index) => ({
          ...branch,
          next: lead(`branches.${index}`, branch.next, `${branch.percent} %`),
        })),
      };
    case 'route':
    case 'forward':
    case 'voicemail':
    case 'hang_up':
      return node;
    default:
      return unreachable(node);
  }
}

/** JSON Pointer (RFC 6901) to a node within its flow, for example `/nodes/menu`. */
export function nodePointer(id: NodeId): string {
  return `/nodes/${id.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** JSON Pointer to where an exit leads, for example `/nodes/menu/options/0/next`. */
export function exitPointer(id: NodeId, name: string): string {
  const [property = '', index] = name.split('.');
  return index === undefined
    ? `${nodePointer(id)}/${property}`
    : `${nodePointer(id)}/${property}/${index}/next`;
}
