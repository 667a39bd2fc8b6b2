import fc from 'fast-check';
import type { FlowNode } from '../../domain/ivr/flow';
import { isPublishable, validateFlow } from '../../domain/ivr/validate';
import { walk } from '../../domain/ivr/walk';
import { anyFlow, context, nodeIn, prompt, tidyFlow, TIDY_NAMES, WHOLE } from './ivr-flows';

const flow = (nodes: { readonly [id: string]: FlowNode }) => ({ start: 'a', nodes });
const route: FlowNode = { kind: 'route' };

describe('walk', () => {
  it('plays what is said on the way and stops where the caller is asked', () => {
    const { played, path, stop, tags } = walk(WHOLE, WHOLE.start, context({ tags: { source: 'print' } }));
    expect(played).toEqual([prompt('Thank you for calling.')]);
    expect(stop).toEqual({ kind: 'ask', nodeId: 'intent', node: nodeIn(WHOLE, 'intent') });
    expect(tags).toEqual({ source: 'print' });
    expect(path).toEqual([
      { nodeId: 'hello', kind: 'say', decision: 'said' },
      { nodeId: 'clock', kind: 'hours', decision: 'open' },
      { nodeId: 'intent', kind: 'menu', decision: 'asks the caller' },
    ]);
  });

  it('asks the context whether the node’s own hours, or the campaign’s, are open', () => {
    const own = { timeZone: 'America/Chicago', openings: [], holidays: [] };
    const asked: unknown[] = [];
    const isOpen = (hours: unknown): boolean => {
      asked.push(hours);
      return hours === null;
    };
    const nodes = flow({
      a: { kind: 'hours', hours: null, open: 'b', closed: 'd' },
      b: { kind: 'hours', hours: own, open: 'd', closed: 'c' },
      c: route,
      d: { kind: 'hang_up', prompt: null, outcome: 'after_hours' },
    });
    expect(walk(nodes, 'a', context({ isOpen })).stop).toEqual({ kind: 'route' });
    expect(asked).toEqual([null, own]);
  });

  it('takes the first branch that is true, and shows conditions the tags set before them', () => {
    const seen: unknown[] = [];
    const nodes = flow({
      a: { kind: 'set_tag', tag: 'tier', value: 'gold', next: 'b' },
      b: {
        kind: 'condition',
        branches: [
          { when: { kind: 'any', conditions: [] }, next: 'x' },
          { when: { kind: 'first_call' }, next: 'c' },
          { when: { kind: 'all', conditions: [] }, next: 'x' },
        ],
        otherwise: 'x',
      },
      c: route,
    });
    const { stop, tags, path } = walk(
      nodes,
      'a',
      context({
        tags: { tier: 'none', zip: '94105' },
        evaluate: (condition, tags) => {
          seen.push(tags);
          return condition.kind === 'first_call';
        },
      }),
    );
    expect(stop).toEqual({ kind: 'route' });
    expect(tags).toEqual({ tier: 'gold', zip: '94105' });
    expect(seen).toEqual([tags, tags]);
    expect(path.map(({ decision }) => decision)).toEqual(['tier = gold', 'branch 2', 'to a buyer']);
  });

  it('goes on with otherwise when no branch is true', () => {
    expect(walk(WHOLE, 'known', context()).path).toEqual([
      { nodeId: 'known', kind: 'condition', decision: 'otherwise' },
      { nodeId: 'buyers', kind: 'route', decision: 'to a buyer' },
    ]);
  });

  it('stops at a lookup, also when it starts there', () => {
    const stop = { kind: 'lookup', nodeId: 'crm', node: nodeIn(WHOLE, 'crm') };
    expect(walk(WHOLE, 'crm', context()).stop).toEqual(stop);
  });

  it('leaves for a forward or a voicemail with a treatment that keeps the call open', () => {
    expect(walk(WHOLE, 'service', context()).stop).toEqual({
      kind: 'forward',
      nodeId: 'service',
      treatment: {
        kind: 'forward',
        destination: { kind: 'tel', number: '+14155550123' },
        ringTimeoutSeconds: 30,
      },
      outcome: 'no_candidate',
    });
    expect(walk(WHOLE, 'clock', context({ isOpen: () => false })).stop).toEqual({
      kind: 'voicemail',
      nodeId: 'message',
      treatment: { kind: 'voicemail', prompt: prompt('We are closed. Leave a message.'), maxSeconds: 120 },
      outcome: 'after_hours',
    });
  });

  it('hangs up with the words and the outcome of the node', () => {
    expect(walk(WHOLE, 'again', context()).stop).toEqual({
      kind: 'hang_up',
      nodeId: 'bye',
      prompt: prompt('Goodbye.'),
      outcome: 'abandoned_ivr',
    });
  });

  it('names the node whose exit leads nowhere, and a start that is not there', () => {
    const nodes = flow({ a: { kind: 'goto', next: 'b' }, b: { kind: 'goto', next: '' } });
    expect(walk(nodes, 'a', context()).stop).toEqual({
      kind: 'broken',
      nodeId: 'b',
      reason: 'an exit leads nowhere',
    });
    expect(walk(nodes, 'constructor', context()).stop).toEqual({
      kind: 'broken',
      nodeId: 'constructor',
      reason: 'there is no node "constructor"',
    });
  });

  it('does not go round for ever', () => {
    const nodes = flow({ a: { kind: 'goto', next: 'b' }, b: { kind: 'goto', next: 'a' } });
    expect(walk(nodes, 'a', context())).toMatchObject({
      path: [{ nodeId: 'a' }, { nodeId: 'b' }],
      stop: { kind: 'broken', nodeId: 'a', reason: 'comes back to "a" without waiting for anybody' },
    });
  });

  it('comes to an end on any flow, from any node, having been at no node twice', () => {
    fc.assert(
      fc.property(anyFlow, fc.string(), fc.boolean(), (any, seed, answer) => {
        for (const from of [any.start, ...Object.keys(any.nodes)]) {
          const { path } = walk(any, from, context({ seed, evaluate: () => answer, isOpen: () => answer }));
          expect(new Set(path.map(({ nodeId }) => nodeId)).size).toBe(path.length);
        }
      }),
    );
  });

  it('is never broken in a flow that may be published', () => {
    let published = 0;
    fc.assert(
      fc.property(tidyFlow, fc.string(), fc.boolean(), (tidy, seed, answer) => {
        if (!isPublishable(validateFlow(tidy))) return;
        published += 1;
        for (const from of TIDY_NAMES) {
          const { stop } = walk(tidy, from, context({ seed, evaluate: () => answer, isOpen: () => answer }));
          expect(stop.kind).not.toBe('broken');
        }
      }),
      { numRuns: 500 },
    );
    expect(published).toBeGreaterThan(20);
  });
});

describe('a splitter', () => {
  const split = (...percents: number[]) =>
    flow({
      a: { kind: 'splitter', branches: percents.map((percent, index) => ({ percent, next: `to${index}` })) },
      ...Object.fromEntries(percents.map((_, index) => [`to${index}`, route])),
    });
  const taken = (nodes: ReturnType<typeof split>, seed: string) =>
    walk(nodes, 'a', context({ seed })).path[1]?.nodeId;

  it('gives each branch its share of calls, within five standard deviations', () => {
    const percents = [70, 25, 4.5, 0.5];
    const nodes = split(...percents);
    const calls = 20_000;
    const counts = new Map<string | undefined, number>();
    for (let call = 0; call < calls; call++) {
      const branch = taken(nodes, `call_${call}`);
      counts.set(branch, (counts.get(branch) ?? 0) + 1);
    }
    for (const [index, percent] of percents.entries()) {
      const share = percent / 100;
      const deviation = Math.sqrt(calls * share * (1 - share));
      expect(Math.abs((counts.get(`to${index}`) ?? 0) - calls * share)).toBeLessThan(5 * deviation);
    }
  });

  it('sends one call the same way however often it is replayed', () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const nodes = split(50, 50);
        expect(taken(nodes, seed)).toBe(taken(nodes, seed));
      }),
    );
  });

  it('draws for each node by itself', () => {
    const nodes = { ...split(50, 50).nodes, b: nodeIn(split(50, 50), 'a') };
    const ways = Array.from({ length: 200 }, (_, call) => {
      const at = (from: string) => walk(flow(nodes), from, context({ seed: `call_${call}` })).path[1]?.nodeId;
      return `${at('a')} ${at('b')}`;
    });
    expect(new Set(ways).size).toBe(4);
  });

  it('never takes a branch of 0 %', () => {
    fc.assert(fc.property(fc.string(), (seed) => expect(taken(split(0, 100, 0), seed)).toBe('to1')));
  });

  it('takes thirds that do not quite add up', () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        expect(taken(split(100 / 3, 100 / 3, 100 / 3), seed)).toMatch(/^to[012]$/);
      }),
    );
  });

  it('of a draft whose shares do not add up divides the calls in proportion', () => {
    const branches = Array.from({ length: 400 }, (_, call) => taken(split(10, 10), `call_${call}`));
    const first = branches.filter((branch) => branch === 'to0').length;
    // Five standard deviations of 400 fair draws are 50.
    expect(Math.abs(first - 200)).toBeLessThan(50);
  });

  it('without a share to give is broken', () => {
    for (const nodes of [split(), split(0), split(Number.NaN, -1)])
      expect(walk(nodes, 'a', context()).stop).toMatchObject({ kind: 'broken', nodeId: 'a' });
  });

  it('says in the path which branch it took', () => {
    expect(walk(split(0, 100), 'a', context()).path[0]?.decision).toBe('branch 2 (100 %)');
  });
});
