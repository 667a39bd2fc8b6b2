import fc from 'fast-check';
import type { Flow, FlowNode } from '../../domain/ivr/flow';
import { MOST_SPOKEN_BYTES } from '../../domain/ivr/spoken-length';
import { MOST_TAG_CHARACTERS, withTags } from '../../domain/ivr/tags';
import { validateFlow } from '../../domain/ivr/validate';
import { walk } from '../../domain/ivr/walk';

const say = (text: string, next: string): FlowNode => ({
  kind: 'say',
  prompt: { text, language: 'en-US' },
  next,
});

describe('tags of a call', () => {
  const tags = fc.dictionary(fc.string({ minLength: 1, maxLength: 30 }), fc.string({ maxLength: 3_000 }), {
    maxKeys: 12,
  });
  const size = (all: Record<string, string>): number =>
    Object.entries(all).reduce((sum, [tag, value]) => sum + tag.length + value.length, 0);

  it('never have more characters than there is room for, however many are added', () => {
    fc.assert(
      fc.property(fc.array(tags, { maxLength: 6 }), (steps) => {
        const all = steps.reduce<Record<string, string>>((before, added) => withTags(before, added), {});
        expect(size(all)).toBeLessThanOrEqual(MOST_TAG_CHARACTERS);
      }),
    );
  });

  it('are all kept as long as there is room, the later value winning', () => {
    expect(withTags({ a: '1', b: '2' }, { b: '3', c: '4' })).toEqual({ a: '1', b: '3', c: '4' });
  });

  it('keep the value they had when there is no room for a longer one', () => {
    const full = { a: 'x'.repeat(MOST_TAG_CHARACTERS - 1) };
    expect(withTags(full, { b: 'y' })).toBe(full);
    expect(withTags(full, { a: 'short' })).toEqual({ a: 'short' });
  });

  it('are said to have no room on the way through a flow', () => {
    const flow: Flow = {
      start: 'set',
      nodes: { set: { kind: 'set_tag', tag: 'b', value: 'y', next: 'route' }, route: { kind: 'route' } },
    };
    const tags = { a: 'x'.repeat(MOST_TAG_CHARACTERS - 1) };
    const walked = walk(flow, 'set', { tags, evaluate: () => true, isOpen: () => true, seed: 'call_1' });
    expect(walked.tags).toEqual(tags);
    expect(walked.path[0]?.decision).toBe('no room for b');
  });
});

describe('what a flow says in one go', () => {
  const codes = (flow: Flow): string[] => validateFlow(flow).map(({ code }) => code);
  /** So many texts one behind the other. */
  function chain(texts: number, length: number, character = 'x'): Flow {
    const nodes: Record<string, FlowNode> = { route: { kind: 'route' } };
    for (let n = 0; n < texts; n++) {
      nodes[`n${n}`] = say(character.repeat(length), n + 1 < texts ? `n${n + 1}` : 'route');
    }
    return { start: 'n0', nodes };
  }

  it('fits into one answer to a carrier, or is refused with the place', () => {
    expect(codes(chain(10, 4_000))).toEqual([]);
    const [problem, ...others] = validateFlow(chain(11, 4_000));
    expect(problem).toMatchObject({ code: 'too_much_said', nodeId: 'n0', pointer: '/nodes/n0' });
    expect(others).toEqual([]);
  });

  it('is counted in bytes, not in characters', () => {
    const length = Math.floor(MOST_SPOKEN_BYTES / 3 / 4);
    expect(codes(chain(4, length, '€'))).toEqual([]);
    expect(codes(chain(5, length, 'x'))).toEqual([]);
    expect(codes(chain(5, length, '€'))).toEqual(['too_much_said']);
  });

  it('begins anew where the caller answers something', () => {
    const first = chain(8, 4_000);
    const flow: Flow = {
      start: 'n0',
      nodes: {
        ...first.nodes,
        n7: say('x'.repeat(4_000), 'menu'),
        menu: {
          kind: 'menu',
          prompt: { text: 'Go on?', language: 'en-US' },
          retryPrompt: null,
          options: [{ digit: '1', tag: null, value: null, next: 'm0' }],
          timeoutSeconds: 5,
          tries: 1,
          noAnswer: 'route',
        },
        ...Object.fromEntries(
          Array.from({ length: 8 }, (_, n) => [
            `m${n}`,
            say('y'.repeat(4_000), n < 7 ? `m${n + 1}` : 'route'),
          ]),
        ),
      },
    };
    expect(codes(flow)).toEqual([]);
  });

  it('takes the longer of two ways', () => {
    const flow: Flow = {
      start: 'split',
      nodes: {
        ...chain(11, 4_000).nodes,
        split: {
          kind: 'splitter',
          branches: [
            { percent: 50, next: 'route' },
            { percent: 50, next: 'n0' },
          ],
        },
      },
    };
    expect(codes(flow)).toEqual(['too_much_said']);
  });
});
