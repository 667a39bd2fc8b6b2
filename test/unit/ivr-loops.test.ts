import fc from 'fast-check';
import { exitsOf } from '../../domain/ivr/exits';
import { isAsking, isLeaving } from '../../domain/ivr/flow';
import { isPublishable, validateFlow } from '../../domain/ivr/validate';
import {
  found,
  gather,
  lookup,
  menu,
  nodeIn,
  prompt,
  testFlow as flow,
  tidyFlow,
  TIDY_NAMES,
} from './ivr-flows';

describe('loops', () => {
  const options = (next: string) => [{ digit: '1', tag: null, value: null, next }];

  it('in which nobody is waited for are refused, and named once, by all their nodes', () => {
    const problems = validateFlow(
      flow({
        a: { kind: 'say', prompt: prompt('Hold on.'), next: 'b' },
        b: { kind: 'hours', hours: null, open: 'end', closed: 'c' },
        c: { kind: 'goto', next: 'a' },
      }),
    );
    expect(problems).toEqual([
      {
        code: 'endless_loop',
        severity: 'error',
        nodeId: 'a',
        pointer: '/nodes/a',
        message:
          'The loop of "a", "b", "c" goes round without ever asking the caller: lead one of its exits out of the loop',
      },
    ]);
    expect(isPublishable(problems)).toBe(false);
  });

  it('of one node are loops too', () => {
    expect(found(flow({ a: { kind: 'goto', next: 'a' } }))).toEqual(['endless_loop /nodes/a']);
  });

  it('that ask a service again and again are refused: the caller hears silence', () => {
    expect(found(flow({ a: lookup({ next: 'end', failed: 'a' }) }))).toEqual(['endless_loop /nodes/a']);
  });

  it('that ask the caller are refused when no answer leads out', () => {
    const problems = validateFlow(
      flow({
        a: menu({ options: options('b'), noAnswer: 'b' }),
        b: gather({ next: 'a', noAnswer: 'a' }),
      }),
    );
    expect(problems).toMatchObject([
      { code: 'endless_loop', nodeId: 'a', message: expect.stringContaining('no way out') as string },
      { code: 'unreachable_node', nodeId: 'end' },
    ]);
  });

  it('are left by silence as well as by an answer', () => {
    expect(found(flow({ a: menu({ options: options('a'), noAnswer: 'end' }) }))).toEqual([]);
  });

  it('that only an answer leaves get a warning: silence goes round in them', () => {
    const problems = validateFlow(
      flow({
        a: menu({ options: options('end'), noAnswer: 'b' }),
        b: { kind: 'say', prompt: prompt('Sorry.'), next: 'a' },
      }),
    );
    expect(problems).toMatchObject([{ code: 'silence_loop', severity: 'warning', nodeId: 'a' }]);
    expect(isPublishable(problems)).toBe(true);
  });

  it('are not reported where an exit is still open: where it will lead is not known', () => {
    expect(found(flow({ a: menu({ options: options('a'), noAnswer: '' }) }))).toEqual([
      'missing_exit /nodes/a/noAnswer',
    ]);
  });

  it('that share a node are one, and those that do not are several', () => {
    const subject = flow({
      a: { kind: 'hours', hours: null, open: 'b', closed: 'c' },
      b: { kind: 'goto', next: 'a' },
      c: { kind: 'hours', hours: null, open: 'a', closed: 'd' },
      d: { kind: 'hours', hours: null, open: 'd', closed: 'end' },
    });
    expect(found(subject)).toEqual(['endless_loop /nodes/a', 'endless_loop /nodes/d']);
  });

  it('are found in a chain far longer than a flow may be, without exhausting the stack', () => {
    const length = 20_000;
    const chain = Object.fromEntries(
      Array.from({ length }, (_, no) => [`n${no}`, { kind: 'goto', next: `n${(no + 1) % length}` } as const]),
    );
    const problems = validateFlow({ start: 'n0', nodes: chain });
    expect(problems.map(({ code }) => code)).toEqual(['too_many_nodes', 'endless_loop']);
  });

  it('are those that a search from every node finds', () => {
    const counts = { endless: 0, silence: 0, neither: 0 };
    fc.assert(
      fc.property(tidyFlow, (tidy) => {
        const exits = (id: string): string[] => exitsOf(nodeIn(tidy, id)).map(({ to }) => to);
        const asks = (id: string): boolean => isAsking(nodeIn(tidy, id));
        const silentExits = (id: string): string[] => {
          const node = nodeIn(tidy, id);
          return isAsking(node) ? [node.noAnswer] : exits(id);
        };
        const from = (start: string, next: (id: string) => string[]): Set<string> => {
          const seen = new Set<string>();
          const visit = (id: string): void => {
            if (seen.has(id)) return;
            seen.add(id);
            next(id).forEach(visit);
          };
          next(start).forEach(visit);
          return seen;
        };
        const trapped = (id: string): boolean =>
          ![id, ...from(id, exits)].some((other) => isLeaving(nodeIn(tidy, other)));
        const spins = (id: string): boolean =>
          !asks(id) && from(id, (other) => (asks(other) ? [] : exits(other))).has(id);
        const endless = TIDY_NAMES.some((id) => spins(id) || trapped(id));
        const silence = TIDY_NAMES.some((id) => asks(id) && !trapped(id) && from(id, silentExits).has(id));
        counts.endless += Number(endless);
        counts.silence += Number(silence);
        counts.neither += Number(!endless && !silence);
        const codes = validateFlow(tidy).map(({ code }) => code);
        expect(codes.includes('endless_loop')).toBe(endless);
        expect(codes.includes('silence_loop')).toBe(silence);
      }),
      { numRuns: 1000 },
    );
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(20);
  });
});
