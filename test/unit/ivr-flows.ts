import fc from 'fast-check';
import type { Condition } from '../../domain/condition';
import type { E164 } from '../../domain/ids';
import type { Prompt } from '../../domain/instructions';
import {
  nodeOf,
  type Flow,
  type FlowNode,
  type GatherNode,
  type LookupNode,
  type MenuNode,
} from '../../domain/ivr/flow';
import type { FlowOperation } from '../../domain/ivr/operations';
import { validateFlow } from '../../domain/ivr/validate';
import type { WalkContext } from '../../domain/ivr/walk';

/*
 * Flows to test with: a whole one, and arbitrary ones, most of them broken in some way.
 */

export const prompt = (text: string): Prompt => ({ text, language: 'en-US' });

export function menu(changes: Partial<MenuNode> = {}): MenuNode {
  return {
    kind: 'menu',
    prompt: prompt('Press 1 for a quote, 2 for service.'),
    retryPrompt: null,
    options: [
      { digit: '1', tag: 'intent', value: 'quote', next: 'zip' },
      { digit: '2', tag: null, value: null, next: 'service' },
    ],
    timeoutSeconds: 5,
    tries: 3,
    noAnswer: 'split',
    ...changes,
  };
}

export function gather(changes: Partial<GatherNode> = {}): GatherNode {
  return {
    kind: 'gather',
    prompt: prompt('Enter your postal code, then press pound.'),
    retryPrompt: null,
    input: 'digits',
    tag: 'zip',
    minLength: 5,
    maxLength: 5,
    terminator: '#',
    timeoutSeconds: 5,
    tries: 2,
    language: 'en-US',
    hints: [],
    next: 'crm',
    noAnswer: 'buyers',
    ...changes,
  };
}

export function lookup(changes: Partial<LookupNode> = {}): LookupNode {
  return {
    kind: 'lookup',
    url: 'https://crm.example.com/caller',
    timeoutMs: 500,
    fields: [{ path: 'customer.tier', tag: 'tier' }],
    next: 'known',
    failed: 'buyers',
    ...changes,
  };
}

const isGold: Condition = { kind: 'tag', tag: 'tier', test: { is: 'one_of', values: ['gold'] } };

/** A flow with each kind of node and nothing wrong with it: the one that docs/ivr.md draws. */
export const WHOLE: Flow = {
  start: 'hello',
  nodes: {
    hello: { kind: 'say', prompt: prompt('Thank you for calling.'), next: 'clock' },
    clock: { kind: 'hours', hours: null, open: 'intent', closed: 'message' },
    intent: menu(),
    zip: gather(),
    crm: lookup(),
    known: { kind: 'condition', branches: [{ when: isGold, next: 'gold' }], otherwise: 'buyers' },
    gold: { kind: 'set_tag', tag: 'queue', value: 'priority', next: 'buyers' },
    split: {
      kind: 'splitter',
      branches: [
        { percent: 90, next: 'buyers' },
        { percent: 10, next: 'again' },
      ],
    },
    again: { kind: 'goto', next: 'bye' },
    buyers: { kind: 'route' },
    service: {
      kind: 'forward',
      destination: { kind: 'tel', number: '+14155550123' as E164 },
      ringTimeoutSeconds: 30,
      outcome: 'no_candidate',
    },
    message: {
      kind: 'voicemail',
      prompt: prompt('We are closed. Leave a message.'),
      maxSeconds: 120,
      outcome: 'after_hours',
    },
    bye: { kind: 'hang_up', prompt: prompt('Goodbye.'), outcome: 'abandoned_ivr' },
  },
};

/** Fails the test, and names it, when a flow lacks a node. */
export function nodeIn(flow: Flow, id: string): FlowNode {
  const node = nodeOf(flow, id);
  if (node === undefined) throw new Error(`The flow has no node ${id}`);
  return node;
}

/** A call of which every condition is false and every clock open, unless told otherwise. */
export function context(changes: Partial<WalkContext> = {}): WalkContext {
  return { tags: {}, evaluate: () => false, isOpen: () => true, seed: 'call_1', ...changes };
}

/** Names a flow may use, names that every object inherits, and names no flow should have. */
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'constructor', '__proto__', 'x/y~1z', 'Not An Id'];

const anyName = fc.constantFrom(...NAMES);
/** Mostly nodes there may be; now and then none, or one nobody has. */
const anyExit = fc.oneof(
  { weight: 8, arbitrary: anyName },
  { weight: 1, arbitrary: fc.constantFrom('', 'ghost') },
);
const anyPrompt: fc.Arbitrary<Prompt> = fc.oneof(
  fc.record({ text: fc.constantFrom('Hello', '', '  ', 'x'.repeat(5000)), language: fc.constant('en-US') }),
  fc.record({ audioUrl: fc.constantFrom('https://cdn.example.com/a.mp3', 'ftp://x', '') }),
);
const anyTag = fc.constantFrom('zip', 'intent', '', '1st', '__proto__');
const anyValue = fc.constantFrom('yes', '', 'x'.repeat(300));
const anyFigure = fc.constantFrom(-1, 0, 1, 5, 60, 500, 2.5, Number.NaN, 1e9);
const anyCondition: fc.Arbitrary<Condition> = fc.constantFrom<Condition>({ kind: 'first_call' }, isGold);
const anyOutcome = fc.constantFrom('abandoned_ivr', 'no_candidate', 'after_hours', 'blocked');

/** Any node the types allow, most of them wrong somewhere; its exits lead anywhere. */
export const anyNode: fc.Arbitrary<FlowNode> = fc.oneof(
  fc.record({ kind: fc.constant('say'), prompt: anyPrompt, next: anyExit }),
  fc.record({
    kind: fc.constant('menu'),
    prompt: anyPrompt,
    retryPrompt: fc.option(anyPrompt),
    options: fc.array(
      fc.record({
        digit: fc.constantFrom('1', '2', '#', '', '12'),
        tag: fc.option(anyTag),
        value: fc.option(anyValue),
        next: anyExit,
      }),
      { maxLength: 4 },
    ),
    timeoutSeconds: anyFigure,
    tries: anyFigure,
    noAnswer: anyExit,
  }),
  fc.record({
    kind: fc.constant('gather'),
    prompt: anyPrompt,
    retryPrompt: fc.option(anyPrompt),
    input: fc.constantFrom('digits', 'speech', 'digits_or_speech'),
    tag: anyTag,
    minLength: anyFigure,
    maxLength: anyFigure,
    terminator: fc.constantFrom('#', '*', null),
    timeoutSeconds: anyFigure,
    tries: anyFigure,
    language: fc.constant('en-US'),
    hints: fc.constant([]),
    next: anyExit,
    noAnswer: anyExit,
  }),
  fc.record({ kind: fc.constant('hours'), hours: fc.constant(null), open: anyExit, closed: anyExit }),
  fc.record({
    kind: fc.constant('condition'),
    branches: fc.array(fc.record({ when: anyCondition, next: anyExit }), { maxLength: 3 }),
    otherwise: anyExit,
  }),
  fc.record({ kind: fc.constant('set_tag'), tag: anyTag, value: anyValue, next: anyExit }),
  fc.record({
    kind: fc.constant('lookup'),
    url: fc.constantFrom('https://crm.example.com/', 'nowhere'),
    timeoutMs: anyFigure,
    fields: fc.array(fc.record({ path: fc.constantFrom('a.b', '', 'a..b'), tag: anyTag }), { maxLength: 3 }),
    next: anyExit,
    failed: anyExit,
  }),
  fc.record({
    kind: fc.constant('splitter'),
    branches: fc.array(
      fc.record({
        percent: fc.constantFrom(0, 25, 50, 100, -5, Number.NaN, Number.POSITIVE_INFINITY),
        next: anyExit,
      }),
      { maxLength: 4 },
    ),
  }),
  fc.constant<FlowNode>({ kind: 'route' }),
  fc.record({
    kind: fc.constant('forward'),
    destination: fc.constant({ kind: 'sip', uri: 'sip:desk@example.com' }),
    ringTimeoutSeconds: anyFigure,
    outcome: anyOutcome,
  }),
  fc.record({
    kind: fc.constant('voicemail'),
    prompt: anyPrompt,
    maxSeconds: anyFigure,
    outcome: anyOutcome,
  }),
  fc.record({ kind: fc.constant('goto'), next: anyExit }),
  fc.record({ kind: fc.constant('hang_up'), prompt: fc.option(anyPrompt), outcome: anyOutcome }),
);

function flowOf(entries: readonly (readonly [string, FlowNode])[], start: string): Flow {
  // Sets own properties, `__proto__` included.
  return { start, nodes: Object.fromEntries(entries) };
}

/** Any flow at all. */
export const anyFlow: fc.Arbitrary<Flow> = fc
  .tuple(fc.array(fc.tuple(anyName, anyNode), { maxLength: 10 }), anyExit)
  .map(([entries, start]) => flowOf(entries, start));

/** Names of {@link tidyFlow}. */
export const TIDY_NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
const tidyExit = fc.constantFrom(...TIDY_NAMES);

/** A flow in which each node is right by itself and each exit leads to a node; only the graph may be wrong. */
export const tidyFlow: fc.Arbitrary<Flow> = fc
  .array(
    fc.oneof(
      fc.record({ kind: fc.constant('say' as const), prompt: fc.constant(prompt('Hello')), next: tidyExit }),
      fc.record({ kind: fc.constant('goto' as const), next: tidyExit }),
      fc
        .tuple(tidyExit, tidyExit)
        .map(([open, closed]): FlowNode => ({ kind: 'hours', hours: null, open, closed })),
      fc.tuple(tidyExit, tidyExit).map(
        ([next, otherwise]): FlowNode => ({
          kind: 'condition',
          branches: [{ when: isGold, next }],
          otherwise,
        }),
      ),
      fc.tuple(tidyExit, tidyExit).map(
        ([first, second]): FlowNode => ({
          kind: 'splitter',
          branches: [
            { percent: 50, next: first },
            { percent: 50, next: second },
          ],
        }),
      ),
      fc.tuple(tidyExit, tidyExit).map(([next, failed]): FlowNode => lookup({ next, failed })),
      fc.tuple(tidyExit, tidyExit).map(([next, noAnswer]): FlowNode => gather({ next, noAnswer })),
      fc
        .tuple(tidyExit, tidyExit)
        .map(
          ([next, noAnswer]): FlowNode =>
            menu({ options: [{ digit: '1', tag: null, value: null, next }], noAnswer }),
        ),
      fc.constant<FlowNode>({ kind: 'route' }),
      fc.constant<FlowNode>({ kind: 'hang_up', prompt: null, outcome: 'abandoned_ivr' }),
    ),
    { minLength: TIDY_NAMES.length, maxLength: TIDY_NAMES.length },
  )
  .map((nodes) =>
    flowOf(
      TIDY_NAMES.map((name, index) => [name, nodes[index] ?? { kind: 'route' }] as const),
      'a',
    ),
  );

const anyExitName = fc.constantFrom(
  'next',
  'noAnswer',
  'open',
  'otherwise',
  'failed',
  'options.0',
  'branches.1',
);

/** Any edit, most of them of nodes there are. */
export const anyOperation: fc.Arbitrary<FlowOperation> = fc.oneof(
  fc.record({ kind: fc.constant('add_node'), id: anyName, node: anyNode }),
  fc.record({ kind: fc.constant('replace_node'), id: anyName, node: anyNode }),
  fc.record({ kind: fc.constant('remove_node'), id: anyName }),
  fc.record({ kind: fc.constant('rename_node'), from: anyName, to: anyName }),
  fc.record({ kind: fc.constant('connect'), from: anyName, exit: anyExitName, to: anyExit }),
  fc.record({ kind: fc.constant('set_start'), id: anyName }),
  fc.record({ kind: fc.constant('duplicate_node'), id: anyName, as: anyName }),
);

/** What a JSON Pointer (RFC 6901) leads to; `undefined` when there is nothing. */
export function resolve(document: unknown, pointer: string): unknown {
  let value: unknown = document;
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** A flow whose first node is `a`; its node `end` routes. */
export function testFlow(nodes: { readonly [id: string]: FlowNode }, start = 'a'): Flow {
  return { start, nodes: { end: { kind: 'route' }, ...nodes } };
}

/** Codes and places of what is wrong, without the warning that `end` of {@link testFlow} is not led to. */
export function found(flow: Flow): string[] {
  return validateFlow(flow)
    .filter(({ code, nodeId }) => code !== 'unreachable_node' || nodeId !== 'end')
    .map(({ code, pointer }) => `${code} ${pointer}`);
}
