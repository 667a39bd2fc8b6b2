import { exitPointer, exitsOf, nodePointer } from './exits';
import {
  isAsking,
  isLeaving,
  MOST_NODES,
  NODE_ID,
  nodeOf,
  type Flow,
  type FlowNode,
  type NodeId,
} from './flow';
import { loops, reachable, reversed, within, type Graph } from './graph';
import { nodeProblems } from './node-problems';
import { inOrder, problem, type FlowProblem } from './problems';
import { spokenLengthProblems } from './spoken-length';

export { FLOW_PROBLEMS, isPublishable, type FlowProblem, type FlowProblemCode } from './problems';

/**
 * Everything that is wrong with a flow, drafts included: by node id, then by place in the node. Every pointer leads to
 * something the flow has. Takes any flow and throws for none.
 */
export function validateFlow(flow: Flow): readonly FlowProblem[] {
  const nodes = Object.entries(flow.nodes);
  return inOrder([
    ...sizeProblems(nodes.length),
    ...startProblems(flow),
    ...nodes.flatMap(([id, node]) => [
      ...nameProblems(id),
      ...nodeProblems(id, node),
      ...exitProblems(flow, id, node),
    ]),
    ...unreachableNodes(flow),
    ...loopProblems(flow),
    ...spokenLengthProblems(flow),
  ]);
}

function sizeProblems(count: number): readonly FlowProblem[] {
  if (count <= MOST_NODES) return [];
  const message = `Has ${count} nodes: ${MOST_NODES} at most; take some away`;
  return [problem('too_many_nodes', null, '/nodes', message)];
}

function startProblems(flow: Flow): readonly FlowProblem[] {
  if (flow.start === '')
    return [problem('missing_start', null, '/start', 'No node is the first one: choose one')];
  if (nodeOf(flow, flow.start) === undefined) return [unknownNode(null, '/start', flow.start)];
  return [];
}

function nameProblems(id: NodeId): readonly FlowProblem[] {
  if (NODE_ID.test(id)) return [];
  const message = `"${id}" is no node id: use lower-case letters, digits, _ and -, 64 characters at most`;
  return [problem('invalid_node_id', id, nodePointer(id), message)];
}

function exitProblems(flow: Flow, id: NodeId, node: FlowNode): readonly FlowProblem[] {
  return exitsOf(node).flatMap(({ name, to, label }) => {
    const pointer = exitPointer(id, name);
    if (to === '')
      return [problem('missing_exit', id, pointer, `"${label}" leads nowhere: connect it to a node`)];
    return nodeOf(flow, to) === undefined ? [unknownNode(id, pointer, to)] : [];
  });
}

function unknownNode(id: NodeId | null, pointer: string, to: NodeId): FlowProblem {
  const message = `There is no node "${to}": add it, or choose one that is there`;
  return problem('unknown_node', id, pointer, message);
}

/** Nothing is said of them when there is no first node: then none can be reached. */
function unreachableNodes(flow: Flow): readonly FlowProblem[] {
  if (nodeOf(flow, flow.start) === undefined) return [];
  const found = reachable(graphOf(flow), [flow.start]);
  return Object.keys(flow.nodes)
    .filter((id) => !found.has(id))
    .map((id) =>
      problem(
        'unreachable_node',
        id,
        nodePointer(id),
        `No way leads from "${flow.start}" to it: connect an exit to it, or remove it`,
      ),
    );
}

/**
 * Three kinds of loop, none reported twice:
 * - nobody is waited for in it, so a call would spin in it (a service is asked, but the caller never is);
 * - the caller is asked, but no answer and no silence ever leads to a node at which the call leaves the flow;
 * - it can be left by an answer, but a silent caller may stay in it until the campaign's maximum call duration.
 * An exit that leads nowhere counts as a way out: it is reported by itself, and where it will lead is not known yet.
 */
function loopProblems(flow: Flow): readonly FlowProblem[] {
  const graph = graphOf(flow);
  const asks = (id: NodeId): boolean => isAsking(nodeAt(flow, id));
  const out = reachable(
    reversed(graph),
    [...graph.keys()].filter((id) => isLeaving(nodeAt(flow, id)) || hasOpenExit(flow, id)),
  );
  const spinning = loops(within(graph, (id) => !asks(id)));
  const trapped = loops(within(graph, (id) => !out.has(id))).filter((loop) => loop.some(asks));
  const silent = loops(silenceGraph(flow)).filter(
    (loop) => loop.some(asks) && loop.every((id) => out.has(id)),
  );
  return [
    ...spinning.map((loop) =>
      loopProblem(
        'endless_loop',
        loop,
        'goes round without ever asking the caller: lead one of its exits out of the loop',
      ),
    ),
    ...trapped.map((loop) =>
      loopProblem(
        'endless_loop',
        loop,
        'has no way out, whatever the caller answers: lead an exit to a node that routes, forwards, takes a message or hangs up',
      ),
    ),
    ...silent.map((loop) =>
      loopProblem(
        'silence_loop',
        loop,
        'asks a caller who says nothing again and again: lead noAnswer out of the loop, or the call lasts as long as the campaign lets it',
      ),
    ),
  ];
}

function loopProblem(
  code: 'endless_loop' | 'silence_loop',
  loop: readonly NodeId[],
  message: string,
): FlowProblem {
  const [first = ''] = loop;
  return problem(code, first, nodePointer(first), `The loop of ${named(loop)} ${message}`);
}

/** Names of a loop's nodes; of a large one the first few. */
function named(ids: readonly NodeId[]): string {
  const shown = ids.slice(0, 5).map((id) => `"${id}"`);
  const more = ids.length - shown.length;
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`;
}

function graphOf(flow: Flow): Graph {
  return new Map(
    Object.entries(flow.nodes).map(([id, node]) => [id, exitsOf(node).map(({ to }) => to)] as const),
  );
}

/** Where a caller gets to who never answers. */
function silenceGraph(flow: Flow): Graph {
  return new Map(
    Object.entries(flow.nodes).map(
      ([id, node]) => [id, isAsking(node) ? [node.noAnswer] : exitsOf(node).map(({ to }) => to)] as const,
    ),
  );
}

function hasOpenExit(flow: Flow, id: NodeId): boolean {
  const exits = exitsOf(nodeAt(flow, id));
  return exits.some(({ to }) => nodeOf(flow, to) === undefined);
}

function nodeAt(flow: Flow, id: NodeId): FlowNode {
  const node = nodeOf(flow, id);
  if (node === undefined) throw new Error(`The graph of a flow has a node the flow has not: ${id}`);
  return node;
}
