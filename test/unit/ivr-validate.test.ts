import fc from 'fast-check';
import { flowNodeSchema, flowSchema, nodeIdSchema } from '../../contract/flow';
import { tagSchema } from '../../contract/condition';
import { NODE_ID, type Flow, type FlowNode } from '../../domain/ivr/flow';
import { RANGES } from '../../domain/ivr/node-problems';
import { FLOW_PROBLEMS, isPublishable, validateFlow, type FlowProblem } from '../../domain/ivr/validate';
import {
  anyFlow,
  found,
  testFlow as flow,
  gather,
  lookup,
  menu,
  nodeIn,
  prompt,
  resolve,
  WHOLE,
} from './ivr-flows';

const route: FlowNode = { kind: 'route' };

/** What is wrong with one node by itself. */
const foundIn = (node: FlowNode): string[] => found(flow({ a: node }));

describe('the validator', () => {
  it('finds nothing wrong with a whole flow', () => {
    expect(validateFlow(WHOLE)).toEqual([]);
    expect(isPublishable([])).toBe(true);
  });

  it('names an exit that is not connected, with the place to connect it at', () => {
    const subject: Flow = {
      start: 'intent',
      nodes: {
        intent: menu({ options: [{ digit: '1', tag: null, value: null, next: '' }], noAnswer: 'buyers' }),
        buyers: route,
      },
    };
    expect(validateFlow(subject)).toEqual([
      {
        code: 'missing_exit',
        severity: 'error',
        nodeId: 'intent',
        pointer: '/nodes/intent/options/0/next',
        message: '"1" leads nowhere: connect it to a node',
      },
    ]);
  });

  it('says whether a first node is missing or unknown', () => {
    expect(found(flow({}, ''))).toEqual(['missing_start /start']);
    expect(found(flow({}, 'ghost'))).toEqual(['unknown_node /start']);
    expect(found(flow({}, 'constructor'))).toEqual(['unknown_node /start']);
    expect(found({ start: '', nodes: {} })).toEqual(['missing_start /start']);
  });

  it('names exits that lead to nodes nobody added', () => {
    const subject = flow({
      a: { kind: 'condition', branches: [{ when: { kind: 'first_call' }, next: 'ghost' }], otherwise: 'end' },
    });
    expect(found(subject)).toEqual(['unknown_node /nodes/a/branches/0/next']);
  });

  it('warns of nodes no way leads to, and lets the flow be published', () => {
    const problems = validateFlow(flow({ a: route, lost: route }));
    expect(problems).toMatchObject([
      { code: 'unreachable_node', nodeId: 'end', severity: 'warning' },
      { code: 'unreachable_node', nodeId: 'lost', pointer: '/nodes/lost' },
    ]);
    expect(isPublishable(problems)).toBe(true);
  });

  it('refuses more nodes than anybody can read, and names no API would take', () => {
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, no) => [`n${no}`, route]));
    expect(found({ start: 'n0', nodes: many })).toContain('too_many_nodes /nodes');
    expect(found({ start: 'A/b', nodes: { 'A/b': route } })).toEqual(['invalid_node_id /nodes/A~1b']);
  });

  it('speaks of the flow first, then of nodes by id, then of places in them', () => {
    const subject = {
      start: '',
      nodes: {
        b: { kind: 'goto', next: '' },
        a: gather({ next: '', noAnswer: 'ghost', tag: '' }),
      },
    } satisfies Flow;
    expect(found(subject)).toEqual([
      'missing_start /start',
      'missing_exit /nodes/a/next',
      'unknown_node /nodes/a/noAnswer',
      'invalid_tag /nodes/a/tag',
      'missing_exit /nodes/b/next',
    ]);
  });
});

describe('a node by itself', () => {
  it('has to say something', () => {
    expect(foundIn({ kind: 'say', prompt: prompt(' '), next: 'end' })).toEqual([
      'missing_prompt /nodes/a/prompt/text',
    ]);
    expect(foundIn({ kind: 'say', prompt: { audioUrl: '' }, next: 'end' })).toEqual([
      'missing_prompt /nodes/a/prompt/audioUrl',
    ]);
    expect(foundIn({ kind: 'say', prompt: { audioUrl: 'cdn/a.mp3' }, next: 'end' })).toEqual([
      'invalid_url /nodes/a/prompt/audioUrl',
    ]);
    expect(foundIn(menu({ options: [], retryPrompt: prompt(''), noAnswer: 'end' }))).toEqual([
      'no_options /nodes/a/options',
      'missing_prompt /nodes/a/retryPrompt/text',
    ]);
    expect(foundIn({ kind: 'hang_up', prompt: null, outcome: 'blocked' })).toEqual([]);
  });

  it('says no more than carriers speak', () => {
    expect(foundIn({ kind: 'say', prompt: prompt('x'.repeat(4096)), next: 'end' })).toEqual([]);
    expect(foundIn({ kind: 'say', prompt: prompt('x'.repeat(4097)), next: 'end' })).toEqual([
      'text_too_long /nodes/a/prompt/text',
    ]);
  });

  it('has a meaning for each key once', () => {
    const option = (digit: string, tag: string | null = null, value: string | null = null) => ({
      digit,
      tag,
      value,
      next: 'end',
    });
    const subject = menu({
      options: [
        option('1', 'intent', 'quote'),
        option('1'),
        option('12'),
        option('3', 'intent'),
        option('4', null, 'quote'),
        option('5', 'in tent', 'x'.repeat(257)),
      ],
      noAnswer: 'end',
    });
    expect(foundIn(subject)).toEqual([
      'duplicate_digit /nodes/a/options/1/digit',
      'invalid_digit /nodes/a/options/2/digit',
      'tag_without_value /nodes/a/options/3/value',
      'value_without_tag /nodes/a/options/4/value',
      'invalid_tag /nodes/a/options/5/tag',
      'value_too_long /nodes/a/options/5/value',
    ]);
  });

  it('asks for an answer there can be', () => {
    const over = { minLength: 6, maxLength: 5, next: 'end', noAnswer: 'end' };
    expect(foundIn(gather(over))).toEqual(['min_over_max /nodes/a/minLength']);
    expect(foundIn(gather({ ...over, input: 'speech' }))).toEqual([]);
  });

  it('splits the whole, no more and no less', () => {
    const split = (...percents: number[]): FlowNode => ({
      kind: 'splitter',
      branches: percents.map((percent) => ({ percent, next: 'end' })),
    });
    expect(foundIn(split())).toEqual(['no_branches /nodes/a/branches']);
    expect(foundIn(split(50, 49.9))).toEqual(['percent_not_100 /nodes/a/branches']);
    expect(foundIn(split(100 / 3, 100 / 3, 100 / 3))).toEqual([]);
    expect(foundIn(split(33.3, 33.3, 33.4))).toEqual([]);
    expect(foundIn(split(120, -20))).toEqual([
      'percent_out_of_range /nodes/a/branches/0/percent',
      'percent_out_of_range /nodes/a/branches/1/percent',
    ]);
    expect(foundIn(split(Number.NaN))).toEqual(['percent_out_of_range /nodes/a/branches/0/percent']);
  });

  it('decides, sets and asks for something', () => {
    expect(foundIn({ kind: 'condition', branches: [], otherwise: 'end' })).toEqual([
      'no_branches /nodes/a/branches',
    ]);
    expect(foundIn({ kind: 'set_tag', tag: '1', value: '', next: 'end' })).toEqual([
      'invalid_tag /nodes/a/tag',
      'missing_value /nodes/a/value',
    ]);
    const fields = [
      { path: 'a..b', tag: 'x' },
      { path: 'b', tag: 'x' },
    ];
    expect(foundIn(lookup({ url: 'ftp://x', fields, next: 'end', failed: 'end' }))).toEqual([
      'invalid_path /nodes/a/fields/0/path',
      'duplicate_tag /nodes/a/fields/1/tag',
      'invalid_url /nodes/a/url',
    ]);
  });
});

describe('the validator and the contract', () => {
  const nodes = {
    menu: menu(),
    gather: gather(),
    lookup: lookup(),
    forward: nodeIn(WHOLE, 'service'),
    voicemail: nodeIn(WHOLE, 'message'),
  };
  const bounds = Object.entries(RANGES).flatMap(([kind, fields]) =>
    Object.entries(fields).map(([field, [least, most]]) => ({
      kind: kind as keyof typeof RANGES,
      field,
      least,
      most,
    })),
  );

  it.each(bounds)(
    'have the same bounds of $field of a $kind: $least to $most',
    ({ kind, field, least, most }) => {
      const bad = (value: number): { contract: boolean; validator: boolean } => {
        const node = { ...nodes[kind], [field]: value };
        return {
          contract: !flowNodeSchema.safeParse(node).success,
          validator: found(flow({ a: node })).includes(`out_of_range /nodes/a/${field}`),
        };
      };
      for (const value of [least, most]) expect(bad(value)).toEqual({ contract: false, validator: false });
      for (const value of [least - 1, most + 1, least + 0.5])
        expect(bad(value)).toEqual({ contract: true, validator: true });
    },
  );

  it('have the same names of nodes, and the contract takes every tag that the validator does, and older ones', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'Z', '1', '_', '-', '.', ' '), maxLength: 66 });
    fc.assert(
      fc.property(text, (name) => {
        const tagged = found(flow({ a: { kind: 'set_tag', tag: name, value: 'x', next: 'end' } }));
        if (!tagged.includes('invalid_tag /nodes/a/tag'))
          expect(tagSchema.safeParse(name).success).toBe(true);
        expect(NODE_ID.test(name)).toBe(nodeIdSchema.safeParse(name).success);
      }),
    );
    expect(tagSchema.safeParse('caller intent').success).toBe(true);
    expect(found(flow({ a: { kind: 'set_tag', tag: 'caller intent', value: 'x', next: 'end' } }))).toContain(
      'invalid_tag /nodes/a/tag',
    );
  });

  it('both take the whole flow as it is', () => {
    expect(flowSchema.parse(WHOLE)).toEqual(WHOLE);
  });
});

describe('the validator, on any flow at all,', () => {
  const sorted = (problems: readonly FlowProblem[]): string[] =>
    problems.map(({ nodeId, pointer, code }) => `${nodeId ?? ''}\n${pointer}\n${code}`);

  it('describes it: with codes it knows, places that are there, in order, and the same every time', () => {
    fc.assert(
      fc.property(anyFlow, (any) => {
        const problems = validateFlow(any);
        for (const { code, severity, nodeId, pointer, message } of problems) {
          expect(severity).toBe(FLOW_PROBLEMS[code]);
          expect(resolve(any, pointer)).not.toBeUndefined();
          expect(message).not.toBe('');
          if (nodeId !== null) expect(Object.hasOwn(any.nodes, nodeId)).toBe(true);
        }
        expect(sorted(problems)).toEqual(sorted(problems).toSorted());
        const turned = Object.fromEntries(Object.entries(any.nodes).toReversed());
        expect(validateFlow({ start: any.start, nodes: turned })).toEqual(problems);
      }),
      { numRuns: 500 },
    );
  });
});
