import { MicroBatcher, QueueFull, type MicroBatcherOptions } from '../../db/limits/micro-batcher';

class Away extends Error {}

/** A batcher whose batches are kept, and end when they are told to. */
function batcher(options: Partial<MicroBatcherOptions<string, string>> = {}) {
  const batches: string[][] = [];
  const made = new MicroBatcher<string, string>({
    what: 'letters',
    run: (items) => {
      batches.push([...items]);
      return Promise.resolve(items.map((item) => item.toUpperCase()));
    },
    weightOf: () => 1,
    mostWeight: 3,
    mostWaiting: 100,
    isPassing: (error) => error instanceof Away,
    ...options,
  });
  return { made, batches };
}

describe('the micro-batcher', () => {
  it('sends what is asked in one turn together, in order, and no more at once than a batch may weigh', async () => {
    const { made, batches } = batcher();
    expect(await Promise.all('abcdefg'.split('').map((letter) => made.ask(letter)))).toEqual(
      'ABCDEFG'.split(''),
    );
    expect(batches).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
  });

  it('gathers while a batch is under way, and sends at once when it is back, without a timer', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const batches: string[][] = [];
    const { made } = batcher({
      mostWeight: 10,
      async run(items) {
        batches.push([...items]);
        if (batches.length === 1) await held;
        return items.map((item) => item);
      },
    });
    const first = made.ask('a');
    await new Promise(setImmediate);
    const rest = ['b', 'c', 'd'].map((letter) => made.ask(letter));
    await new Promise(setImmediate);
    expect(batches).toEqual([['a']]);
    release();
    await Promise.all([first, ...rest]);
    expect(batches).toEqual([['a'], ['b', 'c', 'd']]);
  });

  it('takes one that is heavier than a batch by itself', async () => {
    const { made, batches } = batcher({ weightOf: (item) => item.length });
    await Promise.all([made.ask('aaaaaaa'), made.ask('b'), made.ask('c')]);
    expect(batches).toEqual([['aaaaaaa'], ['b', 'c']]);
  });

  it('puts what has to be asked again at the head of the queue, in its order', async () => {
    const batches: string[][] = [];
    const { made } = batcher({
      run: (items) => {
        batches.push([...items]);
        return Promise.resolve(
          items.map((item) => (batches.length === 1 && item !== 'b' ? null : item.toUpperCase())),
        );
      },
    });
    expect(await Promise.all('abcde'.split('').map((letter) => made.ask(letter)))).toEqual('ABCDE'.split(''));
    expect(batches).toEqual([['a', 'b', 'c'], ['a', 'c', 'd'], ['e']]);
  });

  it('finds the one that spoils a batch by halving: only that one fails', async () => {
    const { made } = batcher({
      mostWeight: 8,
      run: (items) =>
        items.includes('x')
          ? Promise.reject(new Error('x is poison'))
          : Promise.resolve(items.map((item) => item.toUpperCase())),
    });
    const asked = 'abcdexfg'.split('').map((letter) => made.ask(letter));
    const ended = await Promise.allSettled(asked);
    expect(ended.map((each) => (each.status === 'fulfilled' ? each.value : '!')).join('')).toBe('ABCDE!FG');
  });

  it('sends a batch again when the error passes, and gives up for all when it does not', async () => {
    let sent = 0;
    const { made } = batcher({
      run: (items) => {
        sent += 1;
        return sent < 3 ? Promise.reject(new Away('gone')) : Promise.resolve([...items]);
      },
    });
    expect(await made.ask('a')).toBe('a');
    const { made: never } = batcher({ run: () => Promise.reject(new Away('gone')) });
    const ended = await Promise.allSettled([never.ask('a'), never.ask('b')]);
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('refuses past what may wait, with what is full and what to do; what waits goes on', async () => {
    const { made } = batcher({ mostWaiting: 2 });
    const waiting = [made.ask('a'), made.ask('b')];
    const refused = made.ask('c');
    await expect(refused).rejects.toThrow(QueueFull);
    await expect(refused).rejects.toThrow(/^2 letters wait .* try again .* capacity$/);
    expect(await Promise.all(waiting)).toEqual(['A', 'B']);
    expect(await made.ask('c')).toBe('C');
  });

  it('fails all of a batch that came back with too few answers', async () => {
    const { made } = batcher({ run: () => Promise.resolve([]) });
    await expect(made.ask('a')).rejects.toThrow('came back with 0 answers');
  });
});
