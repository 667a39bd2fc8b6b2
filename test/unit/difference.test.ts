import fc from 'fast-check';
import { applyPatch } from 'rfc6902';
import { difference } from '../../api/difference';

/** Applies with somebody else's implementation of RFC 6902. */
function apply(document: unknown, patch: readonly object[]): unknown {
  const holder = { document: structuredClone(document) };
  const moved = patch.map((operation) => ({
    ...operation,
    ...('path' in operation ? { path: `/document${String(operation.path)}` } : {}),
    ...('from' in operation ? { from: `/document${String(operation.from)}` } : {}),
  }));
  const results = applyPatch(holder, moved as never);
  expect(results.filter((result) => result !== null)).toEqual([]);
  return holder.document;
}

// rfc6902 refuses to walk through `__proto__`; no key of ours can be one.
const key = fc.string({ maxLength: 6 }).filter((text) => text !== '__proto__');
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string({ maxLength: 5 }),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

const rules = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    candidates: fc.uniqueArray(
      fc.record({ assignmentId: fc.constantFrom('x', 'y', 'z', 'u'), weight: fc.nat(3) }),
      { selector: (candidate) => candidate.assignmentId },
    ),
    weekdays: fc.array(fc.nat(6), { maxLength: 4 }),
  }),
  { selector: (rule) => rule.name },
);

describe('the difference of two documents', () => {
  it('gives the second document when applied to the first', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        expect(apply(before, difference(before, after).patch)).toEqual(after);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the second list of named things when applied to the first, in order', () => {
    fc.assert(
      fc.property(rules, rules, (before, after) => {
        const { patch, lines } = difference({ rules: before }, { rules: after });
        expect(apply({ rules: before }, patch)).toEqual({ rules: after });
        expect(lines).toHaveLength(patch.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('is empty for equal documents, whatever the order of their keys', () => {
    expect(difference({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toEqual({
      patch: [],
      lines: [],
    });
  });

  it('says one thing for a rule put before the others', () => {
    const before = { rules: [{ name: 'a' }, { name: 'b' }] };
    const after = { rules: [{ name: 'new', when: null }, { name: 'a' }, { name: 'b' }] };
    expect(difference(before, after).lines).toEqual(['+ rules[new]: {"name":"new","when":null}']);
  });

  it('names what moved and what changed inside of it', () => {
    const before = { rules: [{ name: 'a', weight: 1 }, { name: 'b' }, { name: 'c' }] };
    const after = { rules: [{ name: 'c' }, { name: 'a', weight: 2 }, { name: 'b' }] };
    expect(difference(before, after)).toEqual({
      patch: [
        { op: 'move', from: '/rules/2', path: '/rules/0' },
        { op: 'replace', path: '/rules/1/weight', value: 2 },
      ],
      lines: ['~ rules[c]: moved from place 3 to 1', '~ rules[a].weight: 1 → 2'],
    });
  });

  it('says one thing for what went from the first place to the last', () => {
    const list = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
    const turned = [...list.slice(1), ...list.slice(0, 1)];
    expect(difference({ rules: list }, { rules: turned }).lines).toEqual([
      '~ rules[a]: moved from place 1 to 4',
    ]);
  });

  it('replaces a long list as a whole whose order is another one altogether, at once', () => {
    const before = Array.from({ length: 20_000 }, (_, no) => ({ assignmentId: `asg_${no}` }));
    const after = before.toReversed();
    const began = performance.now();
    const { patch } = difference({ candidates: before }, { candidates: after });
    expect(patch).toEqual([{ op: 'replace', path: '/candidates', value: after }]);
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('escapes pointers and takes keys that every object inherits', () => {
    const { patch } = difference({ nodes: { 'a/b~c': 1 } }, { nodes: { 'a/b~c': 2, constructor: 3 } });
    expect(patch).toEqual([
      { op: 'replace', path: '/nodes/a~1b~0c', value: 2 },
      { op: 'add', path: '/nodes/constructor', value: 3 },
    ]);
  });

  it('compares 20,000 candidates and conditions 20 deep without a noticeable wait', () => {
    const candidates = (weight: number): object[] =>
      Array.from({ length: 20_000 }, (_, no) => ({
        assignmentId: `asg_${no}`,
        weight: no % 7 === 0 ? weight : 1,
      }));
    let before: object = { kind: 'holiday' };
    let after: object = { kind: 'first_call' };
    for (let depth = 0; depth < 20; depth++) {
      const leaves = Array.from({ length: 20 }, (_, no) => ({ kind: 'source', in: [`${depth}-${no}`] }));
      before = { kind: 'all', conditions: [before, ...leaves] };
      after = { kind: 'all', conditions: [...leaves.reverse(), after] };
    }
    const began = performance.now();
    const { patch } = difference(
      { candidates: candidates(2), when: before },
      { candidates: candidates(3), when: after },
    );
    expect(patch.length).toBeGreaterThan(2_858);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
