import fc from 'fast-check';
import { flowOperationsSchema } from '../../contract/flow-operations';
import { exitPointer, exitsOf, withExit } from '../../domain/ivr/exits';
import { MOST_NODES, type Flow, type FlowNode } from '../../domain/ivr/flow';
import {
  applyOperation,
  applyOperations,
  describeOperation,
  type FlowOperation,
} from '../../domain/ivr/operations';
import { validateFlow } from '../../domain/ivr/validate';
import { anyFlow, anyNode, anyOperation, menu, nodeIn, resolve, WHOLE } from './ivr-flows';

const route: FlowNode = { kind: 'route' };

/** Applies an edit that has to succeed. */
function edited(flow: Flow, ...operations: FlowOperation[]): Flow {
  const applied = applyOperations(flow, operations);
  if (!applied.ok) throw new Error(applied.problem);
  return applied.flow;
}

/** Where everything in a flow leads that leads to `id`. */
function leadingTo(flow: Flow, id: string): string[] {
  const exits = Object.entries(flow.nodes).flatMap(([from, node]) =>
    exitsOf(node)
      .filter(({ to }) => to === id)
      .map(({ name }) => exitPointer(from, name)),
  );
  return flow.start === id ? ['/start', ...exits] : exits;
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

describe('exits', () => {
  it('are named by their place in the node', () => {
    const named = Object.fromEntries(
      Object.entries(WHOLE.nodes).map(([, node]) => [node.kind, exitsOf(node).map(({ name }) => name)]),
    );
    expect(named).toEqual({
      say: ['next'],
      menu: ['options.0', 'options.1', 'noAnswer'],
      gather: ['next', 'noAnswer'],
      hours: ['open', 'closed'],
      condition: ['branches.0', 'otherwise'],
      set_tag: ['next'],
      lookup: ['next', 'failed'],
      splitter: ['branches.0', 'branches.1'],
      goto: ['next'],
      route: [],
      forward: [],
      voicemail: [],
      hang_up: [],
    });
  });
  it('have labels a person understands', () => {
    const labels = (id: string) => exitsOf(nodeIn(WHOLE, id)).map(({ label }) => label);
    expect(labels('intent')).toEqual(['1: intent = quote', '2', 'no answer']);
    expect(labels('split')).toEqual(['90 %', '10 %']);
    expect(labels('known')).toEqual(['branch 1', 'otherwise']);
  });
  it('can each be led elsewhere alone, and are found in the flow by their pointer', () => {
    fc.assert(
      fc.property(anyNode, (node) => {
        for (const { name, to } of exitsOf(node)) {
          expect(resolve({ nodes: { 'x/y': node } }, exitPointer('x/y', name))).toBe(to);
          const changed = withExit(node, name, 'elsewhere');
          if (changed === null) throw new Error(`No exit ${name}`);
          const expected = exitsOf(node).map((exit) =>
            exit.name === name ? { ...exit, to: 'elsewhere' } : exit,
          );
          expect(exitsOf(changed)).toEqual(expected);
          expect(withExit(changed, name, to)).toEqual(node);
        }
        expect(withExit(node, 'options.99', 'elsewhere')).toBeNull();
      }),
    );
  });
});

describe('operations', () => {
  it('add a node that is not there yet', () => {
    expect(edited(WHOLE, { kind: 'add_node', id: 'new', node: route }).nodes['new']).toEqual(route);
    expect(applyOperation(WHOLE, { kind: 'add_node', id: 'bye', node: route })).toEqual({
      ok: false,
      problem: 'There is a node "bye" already: choose another name',
    });
    expect(applyOperation(WHOLE, { kind: 'add_node', id: 'No Id', node: route })).toMatchObject({
      ok: false,
    });
    expect(edited(WHOLE, { kind: 'add_node', id: 'constructor', node: route }).nodes).toMatchObject({
      constructor: route,
    });
  });
  it('replace only a node that is there', () => {
    expect(edited(WHOLE, { kind: 'replace_node', id: 'bye', node: route }).nodes['bye']).toEqual(route);
    expect(applyOperation(WHOLE, { kind: 'replace_node', id: 'constructor', node: route })).toEqual({
      ok: false,
      problem: 'There is no node "constructor"',
    });
  });
  it('remove a node and leave what led to it unconnected', () => {
    const flow = edited(WHOLE, { kind: 'remove_node', id: 'hello' }, { kind: 'remove_node', id: 'buyers' });
    expect(flow.start).toBe('');
    expect(Object.keys(flow.nodes)).not.toContain('buyers');
    expect(leadingTo(flow, '').toSorted()).toEqual(['/start', ...leadingTo(WHOLE, 'buyers')].toSorted());
  });
  it('rename a node together with everything that leads to it', () => {
    const flow = edited(WHOLE, { kind: 'rename_node', from: 'hello', to: 'welcome' });
    expect(flow.start).toBe('welcome');
    expect(edited(flow, { kind: 'rename_node', from: 'welcome', to: 'hello' })).toEqual(WHOLE);
    expect(applyOperation(WHOLE, { kind: 'rename_node', from: 'hello', to: 'bye' })).toMatchObject({
      ok: false,
    });
    expect(edited(WHOLE, { kind: 'rename_node', from: 'bye', to: 'bye' })).toEqual(WHOLE);
  });
  it('connect and disconnect an exit', () => {
    const flow = edited(
      WHOLE,
      { kind: 'connect', from: 'intent', exit: 'options.1', to: 'buyers' },
      { kind: 'connect', from: 'intent', exit: 'noAnswer', to: '' },
    );
    expect(flow.nodes['intent']).toEqual(
      menu({
        options: [
          { digit: '1', tag: 'intent', value: 'quote', next: 'zip' },
          { digit: '2', tag: null, value: null, next: 'buyers' },
        ],
        noAnswer: '',
      }),
    );
  });
  it.each<[FlowOperation, string]>([
    [
      { kind: 'connect', from: 'intent', exit: 'options.2', to: 'bye' },
      '"intent" has no exit options.2: it has options.0, options.1, noAnswer',
    ],
    [
      { kind: 'connect', from: 'buyers', exit: 'next', to: 'bye' },
      'A route has no exits: the call leaves the flow at "buyers"',
    ],
    [{ kind: 'connect', from: 'intent', exit: 'noAnswer', to: 'ghost' }, 'There is no node "ghost"'],
    [{ kind: 'connect', from: 'ghost', exit: 'next', to: 'bye' }, 'There is no node "ghost"'],
    [{ kind: 'set_start', id: 'ghost' }, 'There is no node "ghost"'],
    [{ kind: 'remove_node', id: 'ghost' }, 'There is no node "ghost"'],
    [{ kind: 'rename_node', from: 'ghost', to: 'x' }, 'There is no node "ghost"'],
    [{ kind: 'duplicate_node', id: 'ghost', as: 'x' }, 'There is no node "ghost"'],
  ])('are refused with what to do: %j', (operation, problem) => {
    expect(applyOperation(WHOLE, operation)).toEqual({ ok: false, problem });
  });
  it('copy a node; a copy of one that repeats itself repeats itself', () => {
    const flow = edited(
      WHOLE,
      { kind: 'connect', from: 'zip', exit: 'noAnswer', to: 'zip' },
      { kind: 'duplicate_node', id: 'zip', as: 'zip2' },
    );
    expect(flow.nodes['zip2']).toEqual({ ...nodeIn(flow, 'zip'), noAnswer: 'zip2' });
    expect(leadingTo(flow, 'zip2')).toEqual(['/nodes/zip2/noAnswer']);
  });
  it('fill a flow up to its bound and no further', () => {
    const nodes = Object.fromEntries(Array.from({ length: MOST_NODES - 1 }, (_, no) => [`n${no}`, route]));
    const full = edited({ start: 'n0', nodes }, { kind: 'add_node', id: 'last', node: route });
    const problem = `A flow has ${MOST_NODES} nodes at most: remove one first`;
    expect(applyOperation(full, { kind: 'add_node', id: 'more', node: route })).toEqual({
      ok: false,
      problem,
    });
    expect(applyOperation(full, { kind: 'duplicate_node', id: 'n0', as: 'more' })).toEqual({
      ok: false,
      problem,
    });
  });
  it('are applied all or none, and say which one could not be', () => {
    const operations: FlowOperation[] = [
      { kind: 'add_node', id: 'new', node: route },
      { kind: 'set_start', id: 'new' },
      { kind: 'set_start', id: 'ghost' },
    ];
    expect(applyOperations(WHOLE, operations)).toEqual({
      ok: false,
      problem: 'There is no node "ghost"',
      index: 2,
    });
    expect(applyOperations(WHOLE, operations.slice(0, 2))).toMatchObject({
      ok: true,
      flow: { start: 'new' },
    });
    expect(applyOperations(WHOLE, [])).toEqual({ ok: true, flow: WHOLE });
  });
  it('read as sentences in the audit trail', () => {
    const operations: FlowOperation[] = [
      { kind: 'add_node', id: 'intent', node: menu() },
      { kind: 'replace_node', id: 'intent', node: menu() },
      { kind: 'rename_node', from: 'intent', to: 'why' },
      { kind: 'connect', from: 'why', exit: 'options.0', to: 'buyers' },
      { kind: 'connect', from: 'why', exit: 'noAnswer', to: '' },
      { kind: 'set_start', id: 'why' },
      { kind: 'duplicate_node', id: 'why', as: 'why2' },
      { kind: 'remove_node', id: 'why' },
    ];
    expect(operations.map(describeOperation)).toEqual([
      'Added menu "intent".',
      'Changed menu "intent".',
      'Renamed "intent" to "why".',
      'Connected exit options.0 of "why" to "buyers".',
      'Disconnected exit noAnswer of "why".',
      'Made "why" the first node.',
      'Copied "why" as "why2".',
      'Removed "why".',
    ]);
    expect(flowOperationsSchema.parse(operations)).toEqual(operations);
  });
  it('are refused by the contract when they are of no kind, name no node or carry more than they should', () => {
    for (const wrong of [
      { kind: 'explode', id: 'a' },
      { kind: 'remove_node', id: 'A b' },
      { kind: 'remove_node', id: 'a', force: true },
      { kind: 'connect', from: 'a', exit: '__proto__', to: 'b' },
    ])
      expect(flowOperationsSchema.safeParse([wrong]).success).toBe(false);
    expect(flowOperationsSchema.safeParse([]).success).toBe(false);
  });
});

describe('any operations on any flow', () => {
  it('leave a flow the validator can describe, every problem at a place that is there', () => {
    let applied = 0;
    fc.assert(
      fc.property(anyFlow, fc.array(anyOperation, { maxLength: 20 }), (start, operations) => {
        let flow = start;
        for (const operation of operations) {
          const result = applyOperation(flow, operation);
          if (result.ok) {
            flow = result.flow;
            applied += 1;
          } else expect(result.problem).not.toBe('');
          expect(describeOperation(operation)).toMatch(/^[A-Z].*\.$/);
        }
        for (const { pointer } of validateFlow(flow)) expect(resolve(flow, pointer)).not.toBeUndefined();
      }),
      { numRuns: 500 },
    );
    expect(applied).toBeGreaterThan(500);
  });
  it('never change the flow they are applied to', () => {
    fc.assert(
      fc.property(anyFlow, anyOperation, (flow, operation) => {
        const before = structuredClone(flow);
        applyOperation(frozen(flow), frozen(operation));
        expect(flow).toEqual(before);
      }),
    );
  });
  it('never leave an exit to a node they took away', () => {
    fc.assert(
      fc.property(anyFlow, (flow) => {
        for (const id of Object.keys(flow.nodes)) {
          const left = edited(flow, { kind: 'remove_node', id });
          expect(leadingTo(left, id)).toEqual([]);
          expect(Object.keys(left.nodes)).not.toContain(id);
        }
      }),
    );
  });
  it('keep what is wrong with a flow when they only rename: the same codes, as often', () => {
    const codes = (flow: Flow): string[] =>
      validateFlow(flow)
        .map(({ code }) => code)
        .filter((code) => code !== 'invalid_node_id')
        .toSorted();
    fc.assert(
      fc.property(anyFlow, (flow) => {
        for (const from of Object.keys(flow.nodes)) {
          const renamed = edited(flow, { kind: 'rename_node', from, to: 'renamed' });
          expect(codes(renamed)).toEqual(codes(flow));
          expect(leadingTo(renamed, 'renamed')).toHaveLength(leadingTo(flow, from).length);
          expect(leadingTo(renamed, from)).toEqual([]);
        }
      }),
    );
  });
  it('connect an exit so that it leads there, whatever else the flow has', () => {
    fc.assert(
      fc.property(anyFlow, (flow) => {
        for (const [from, node] of Object.entries(flow.nodes))
          for (const { name } of exitsOf(node))
            for (const to of ['', ...Object.keys(flow.nodes)]) {
              const connected = edited(flow, { kind: 'connect', from, exit: name, to });
              expect(resolve(connected, exitPointer(from, name))).toBe(to);
            }
      }),
      { numRuns: 30 },
    );
  });
});
