import { unreachable } from '../exhaustive';
import { exitsOf, mapExits, withExit } from './exits';
import { MOST_NODES, NODE_ID, nodeOf, type Flow, type FlowNode, type NodeId } from './flow';

/** One described edit of a flow: what the API takes, the visual builder makes, and the audit trail keeps. */
export type FlowOperation =
  | { readonly kind: 'add_node'; readonly id: NodeId; readonly node: FlowNode }
  | { readonly kind: 'replace_node'; readonly id: NodeId; readonly node: FlowNode }
  /** Exits that led to it lead nowhere afterwards. */
  | { readonly kind: 'remove_node'; readonly id: NodeId }
  /** Exits that led to it follow. */
  | { readonly kind: 'rename_node'; readonly from: NodeId; readonly to: NodeId }
  /** `exit`: a name of {@link exitsOf}. `to`: the empty string disconnects it. */
  | { readonly kind: 'connect'; readonly from: NodeId; readonly exit: string; readonly to: NodeId }
  | { readonly kind: 'set_start'; readonly id: NodeId }
  /** The copy's exits lead where the node's do; one that leads back to the node leads back to the copy. */
  | { readonly kind: 'duplicate_node'; readonly id: NodeId; readonly as: NodeId };

export type FlowOperationKind = FlowOperation['kind'];

export type Applied =
  | { readonly ok: true; readonly flow: Flow }
  /** `problem`: why not, and what to do. The flow is as it was. */
  | { readonly ok: false; readonly problem: string };

/** As {@link Applied}; `index`: which operation could not be applied. */
export type AppliedAll =
  | { readonly ok: true; readonly flow: Flow }
  | { readonly ok: false; readonly problem: string; readonly index: number };

/**
 * A flow after one edit; the given one stays as it is. Operations keep a flow's names in order: none makes an exit that
 * leads to a node it took away. Whether the flow holds together is the validator's to say, and drafts need not.
 */
export function applyOperation(flow: Flow, operation: FlowOperation): Applied {
  switch (operation.kind) {
    case 'add_node':
      return add(flow, operation.id, operation.node);
    case 'replace_node':
      return nodeOf(flow, operation.id) === undefined
        ? missing(operation.id)
        : done(flow.start, { ...flow.nodes, [operation.id]: operation.node });
    case 'remove_node':
      return remove(flow, operation.id);
    case 'rename_node':
      return rename(flow, operation.from, operation.to);
    case 'connect':
      return connect(flow, operation);
    case 'set_start':
      return nodeOf(flow, operation.id) === undefined
        ? missing(operation.id)
        : done(operation.id, flow.nodes);
    case 'duplicate_node': {
      const { id, as } = operation;
      const node = nodeOf(flow, id);
      return node === undefined
        ? missing(id)
        : add(
            flow,
            as,
            mapExits(node, ({ to }) => (to === id ? as : to)),
          );
    }
    default:
      return unreachable(operation);
  }
}

/** A flow after several edits, each on what the one before made; all of them or none. */
export function applyOperations(flow: Flow, operations: readonly FlowOperation[]): AppliedAll {
  let edited = flow;
  for (const [index, operation] of operations.entries()) {
    const applied = applyOperation(edited, operation);
    if (!applied.ok) return { ...applied, index };
    edited = applied.flow;
  }
  return { ok: true, flow: edited };
}

/** What an edit did, as a sentence for the audit trail. */
export function describeOperation(operation: FlowOperation): string {
  switch (operation.kind) {
    case 'add_node':
      return `Added ${operation.node.kind} "${operation.id}".`;
    case 'replace_node':
      return `Changed ${operation.node.kind} "${operation.id}".`;
    case 'remove_node':
      return `Removed "${operation.id}".`;
    case 'rename_node':
      return `Renamed "${operation.from}" to "${operation.to}".`;
    case 'connect':
      return operation.to === ''
        ? `Disconnected exit ${operation.exit} of "${operation.from}".`
        : `Connected exit ${operation.exit} of "${operation.from}" to "${operation.to}".`;
    case 'set_start':
      return `Made "${operation.id}" the first node.`;
    case 'duplicate_node':
      return `Copied "${operation.id}" as "${operation.as}".`;
    default:
      return unreachable(operation);
  }
}

function add(flow: Flow, id: NodeId, node: FlowNode): Applied {
  const refusal = refusalOfName(flow, id);
  if (refusal !== null) return refused(refusal);
  if (Object.keys(flow.nodes).length >= MOST_NODES)
    return refused(`A flow has ${MOST_NODES} nodes at most: remove one first`);
  return done(flow.start, { ...flow.nodes, [id]: node });
}

function remove(flow: Flow, id: NodeId): Applied {
  if (nodeOf(flow, id) === undefined) return missing(id);
  const others = Object.entries(flow.nodes).filter(([other]) => other !== id);
  return done(...redirected(flow.start, others, id, ''));
}

function rename(flow: Flow, from: NodeId, to: NodeId): Applied {
  if (nodeOf(flow, from) === undefined) return missing(from);
  if (from === to) return { ok: true, flow };
  const refusal = refusalOfName(flow, to);
  if (refusal !== null) return refused(refusal);
  const renamed = Object.entries(flow.nodes).map(([id, node]) => [id === from ? to : id, node] as const);
  return done(...redirected(flow.start, renamed, from, to));
}

function connect(flow: Flow, { from, exit, to }: Extract<FlowOperation, { kind: 'connect' }>): Applied {
  const node = nodeOf(flow, from);
  if (node === undefined) return missing(from);
  if (to !== '' && nodeOf(flow, to) === undefined) return missing(to);
  const connected = withExit(node, exit, to);
  if (connected === null) {
    const names = exitsOf(node).map(({ name }) => name);
    return refused(
      names.length === 0
        ? `A ${node.kind} has no exits: the call leaves the flow at "${from}"`
        : `"${from}" has no exit ${exit}: it has ${names.join(', ')}`,
    );
  }
  return done(flow.start, { ...flow.nodes, [from]: connected });
}

/** Start and nodes with everything that led to one node leading to another. */
function redirected(
  start: NodeId,
  nodes: readonly (readonly [NodeId, FlowNode])[],
  from: NodeId,
  to: NodeId,
): [NodeId, Flow['nodes']] {
  const moved = (id: NodeId): NodeId => (id === from ? to : id);
  const entries = nodes.map(([id, node]) => [id, mapExits(node, (exit) => moved(exit.to))] as const);
  return [moved(start), Object.fromEntries(entries)];
}

/** Why a new node cannot have that name; `null`: it can. */
function refusalOfName(flow: Flow, id: NodeId): string | null {
  if (!NODE_ID.test(id))
    return `"${id}" is no node id: use lower-case letters, digits, _ and -, 64 characters at most`;
  return nodeOf(flow, id) === undefined ? null : `There is a node "${id}" already: choose another name`;
}

function done(start: NodeId, nodes: Flow['nodes']): Applied {
  return { ok: true, flow: { start, nodes } };
}

function missing(id: NodeId): Applied {
  return refused(`There is no node "${id}"`);
}

function refused(problem: string): Applied {
  return { ok: false, problem };
}
