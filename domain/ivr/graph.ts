/** Where each node leads. Targets that are no key of it are ignored. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/** Nodes one comes to from any of `from`, those included. */
export function reachable(graph: Graph, from: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...from].filter((id) => graph.has(id));
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    for (const next of graph.get(id) ?? []) if (graph.has(next) && !found.has(next)) waiting.push(next);
  }
  return found;
}

/** The same graph with every edge turned round. */
export function reversed(graph: Graph): Graph {
  const turned = new Map<string, string[]>([...graph.keys()].map((id) => [id, []]));
  for (const [id, targets] of graph) for (const target of targets) turned.get(target)?.push(id);
  return turned;
}

/** The part of the graph that has only these nodes. */
export function within(graph: Graph, keep: (id: string) => boolean): Graph {
  return new Map([...graph].filter(([id]) => keep(id)));
}

/**
 * The loops of a graph: sets of nodes each of which leads to every other one of its set, and a node that leads to
 * itself. Loops that share a node are one. In time linear in nodes and edges (Kosaraju's two passes), without
 * recursion, so that a long chain does not exhaust the stack.
 */
export function loops(graph: Graph): readonly (readonly string[])[] {
  const back = reversed(graph);
  const taken = new Set<string>();
  const found: string[][] = [];
  for (const root of finished(graph).toReversed()) {
    if (taken.has(root)) continue;
    const members: string[] = [];
    const waiting = [root];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (taken.has(id)) continue;
      taken.add(id);
      members.push(id);
      waiting.push(...(back.get(id) ?? []));
    }
    if (members.length > 1 || (graph.get(root) ?? []).includes(root)) found.push(members.toSorted());
  }
  return found;
}

/** All nodes in the order in which a depth-first search is done with them. */
function finished(graph: Graph): readonly string[] {
  const seen = new Set<string>();
  const order: string[] = [];
  for (const root of graph.keys()) {
    if (seen.has(root)) continue;
    seen.add(root);
    const open = [{ id: root, targets: [...(graph.get(root) ?? [])] }];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const next = top.targets.pop();
      if (next === undefined) {
        order.push(top.id);
        open.pop();
      } else if (graph.has(next) && !seen.has(next)) {
        seen.add(next);
        open.push({ id: next, targets: [...(graph.get(next) ?? [])] });
      }
    }
  }
  return order;
}
