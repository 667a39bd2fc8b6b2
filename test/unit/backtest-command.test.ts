import type { Backtest, BacktestDifference } from '../../contract/resources/backtest';
import type { CampaignId } from '../../domain/ids';
import type { Currency, MicrosText } from '../../domain/money';
import {
  cancelBacktest,
  listBacktests,
  listDifferences,
  runBacktest,
  type BacktestAsked,
} from '../../scripts/callyard/backtests';
import type { Answer, Problem } from '../../scripts/callyard/client';
import type { Surroundings } from '../../scripts/callyard/commands';
import { InputError } from '../../scripts/simulate/input';
import { sampleResult } from '../system/backtest-sample';

const WAITING: Backtest = {
  id: 'bkt_1',
  campaignId: 'cmp_a' as CampaignId,
  version: 2,
  from: '2026-03-02T00:00:00.000Z',
  to: '2026-03-09T00:00:00.000Z',
  runs: 20,
  seed: 'again',
  status: 'waiting',
  progress: { calls: 0, of: null },
  createdAt: '2026-03-09T10:00:00.000Z',
  startedAt: null,
  endedAt: null,
  failure: null,
  result: null,
};
const RUNNING: Backtest = { ...WAITING, status: 'running', progress: { calls: 10, of: 40 } };
const ENDED = { endedAt: '2026-03-09T10:01:00.000Z' };
const COMPLETED: Backtest = { ...RUNNING, ...ENDED, status: 'completed', result: sampleResult() };

const ok = <T>(value: T): Answer<T> => ({ ok: true, value });
const no = (code: Problem['code'], status: number): Answer<never> => ({
  ok: false,
  problem: { type: `urn:${code}`, title: 'No', status, code, detail: `refused: ${code}`, requestId: 'r' },
});

/** What was printed, where to, and drawn. */
function listener() {
  const heard = { out: [] as string[], err: [] as string[], drawn: [] as string[] };
  const around: Surroundings = {
    read: () => Promise.reject(new Error('nothing is read here')),
    write: () => Promise.reject(new Error('nothing is written here')),
    say: (text) => heard.out.push(text),
    complain: (text) => heard.err.push(text),
    colours: false,
    ask: null,
  };
  return { heard, around };
}

/** Runs a backtest on a server that gives these answers, `null`: none; somebody leaves after so many looks. */
async function run(
  answers: readonly (Answer<Backtest> | null)[],
  {
    asked = {},
    made = ok(WAITING),
    patience = Infinity,
    waits = true,
  }: {
    asked?: Partial<BacktestAsked>;
    made?: Answer<Backtest>;
    patience?: number;
    waits?: boolean;
  } = {},
) {
  const { heard, around } = listener();
  const bodies: object[] = [];
  let looks = 0;
  const client = {
    workflowUrl: (id: string) => `http://ui/${id}`,
    createBacktest: (_campaign: string, body: object) => {
      bodies.push(body);
      return Promise.resolve(made);
    },
    backtest: () => {
      const answer = answers[looks++] ?? null;
      return answer === null ? Promise.reject(new TypeError('fetch failed')) : Promise.resolve(answer);
    },
  };
  const screen = {
    draw: (text: string) => void heard.drawn.push(text),
    wait: () => Promise.resolve(looks < patience),
  };
  const code = await runBacktest(client, 'cmp_a', { version: 2, ...asked }, waits ? screen : null, around);
  return { code, ...heard, body: bodies[0] };
}

describe('running a backtest from the command line', () => {
  it('draws how far it is until it is over, then prints what it came to, and nothing else', async () => {
    const { code, out, err, drawn } = await run([
      ok(WAITING),
      ok(RUNNING),
      null,
      no('unavailable', 503),
      ok(COMPLETED),
    ]);
    expect(code).toBe(0);
    expect(err).toEqual([]);
    expect(out).toHaveLength(1);
    expect(out[0]).toMatch(/^Backtest bkt_1: plan version 2 of cmp_a\n/);
    expect(out[0]).toContain('300 of 4702 calls go elsewhere first');
    expect(out[0]).toMatch(/\n\nWorkflow: http:\/\/ui\/backtest\/bkt_1$/);
    expect(drawn[0]).toContain('waiting to begin');
    expect(drawn[1]).toContain('10 of 40 calls');
    expect(drawn[2]).toMatch(/10 of 40 calls\n\nCallyard does not answer/);
    expect(drawn[3]).toMatch(/10 of 40 calls\n\nrefused: unavailable/);
    // What was drawn makes room for the result.
    expect(drawn.at(-1)).toBe('');
  });

  it.each([
    [{ ...RUNNING, ...ENDED, status: 'failed', failure: 'no room' } as const, 'failed: no room'],
    [{ ...RUNNING, ...ENDED, status: 'cancelled' } as const, 'cancelled 2026-03-09 10:01 UTC'],
  ])('fails when it came to nothing', async (end, text) => {
    const { code, out } = await run([ok(RUNNING), ok(end)]);
    expect(code).toBe(1);
    expect(out.join('\n').split('\n')).toContain(text);
  });

  it('leaves it running when nobody waits any more, and says how to see it again', async () => {
    const { code, out, err } = await run([ok(RUNNING), ok(RUNNING)], { patience: 2 });
    expect({ code, out }).toEqual({ code: 1, out: [] });
    expect(err.join('\n')).toContain('npm run callyard -- backtest show bkt_1');
  });

  it('prints the id alone where nobody waits', async () => {
    expect(await run([], { waits: false })).toMatchObject({ code: 0, out: ['bkt_1'], err: [], drawn: [] });
  });

  it('tells what can be put right from what cannot', async () => {
    expect(await run([], { made: no('unprocessable', 422) })).toMatchObject({
      code: 2,
      err: ['refused: unprocessable'],
    });
    expect(await run([], { made: no('not_found', 404) })).toMatchObject({
      code: 1,
      err: ['refused: not_found'],
    });
    expect(await run([ok(RUNNING), no('not_found', 404)])).toMatchObject({ code: 1, out: [] });
    await expect(run([], { asked: { days: 3, from: WAITING.from } })).rejects.toThrow(InputError);
  });

  it('sends what was said, and leaves the rest to the server', async () => {
    const bodyOf = async (asked: Partial<BacktestAsked>) => (await run([], { asked, waits: false })).body;
    expect(await bodyOf({})).toEqual({ version: 2 });
    expect(await bodyOf({ from: WAITING.from, to: WAITING.to, runs: 5, seed: 's' })).toEqual({
      version: 2,
      from: WAITING.from,
      to: WAITING.to,
      runs: 5,
      seed: 's',
    });
    expect(await bodyOf({ days: 2, to: WAITING.to })).toEqual({
      version: 2,
      from: '2026-03-07T00:00:00.000Z',
      to: WAITING.to,
    });
    const untilNow = (await bodyOf({ days: 2 })) as { from: string };
    expect(Object.keys(untilNow).toSorted()).toEqual(['from', 'version']);
    expect(Date.now() - Date.parse(untilNow.from)).toBeCloseTo(2 * 86_400_000, -4);
  });
});

describe('backtests on the command line', () => {
  it('lists those of a campaign, or all', async () => {
    const filters: object[] = [];
    const client = {
      backtests: (filter: Readonly<Record<string, string>>) => {
        filters.push(filter);
        return Promise.resolve(ok([RUNNING]));
      },
    };
    const { heard, around } = listener();
    expect(await listBacktests(client, { campaign: 'cmp_a' }, around)).toBe(0);
    expect(await listBacktests(client, {}, around)).toBe(0);
    expect(filters).toEqual([{ campaignId: 'cmp_a' }, {}]);
    expect(heard.out[0]).toContain('\nbkt_1  running    2026-03-09 10:00    20        2\n');
    const none = { backtests: () => Promise.resolve(ok([])) };
    expect(await listBacktests(none, { campaign: 'cmp_nope' }, around)).toBe(0);
    expect(heard.out[2]).toBe('No backtests of cmp_nope.');
  });

  it('says when there are more differences than it shows', async () => {
    const call = (i: number): BacktestDifference => ({
      callId: `call_${i}`,
      at: WAITING.from,
      currency: 'USD' as Currency,
      observed: null,
      outcome: 'no_candidate',
      revenueMicros: '0' as MicrosText,
      modelled: null,
      modelledRuns: 20,
      expectedRevenueMicros: '0' as MicrosText,
    });
    const { heard, around } = listener();
    const client = {
      backtest: () => Promise.resolve(ok(COMPLETED)),
      backtestDifferences: (_id: string, most: number) =>
        Promise.resolve(ok([1, 2, 3].slice(0, most).map(call))),
    };
    await listDifferences(client, 'bkt_1', 2, around);
    await listDifferences(client, 'bkt_1', 3, around);
    expect(heard.out[0]).toContain('call_2');
    expect(heard.out[0]).not.toContain('call_3');
    expect(heard.out[0]).toContain('These are the first 2; more with --limit.');
    expect(heard.out[1]).toContain('call_3');
    expect(heard.out[1]).not.toContain('--limit');
  });

  it('has no differences of one that is not completed, and says what to do', async () => {
    const list = async (answer: Answer<Backtest>) => {
      const { heard, around } = listener();
      const client = {
        backtest: () => Promise.resolve(answer),
        backtestDifferences: () => Promise.reject(new Error('nothing is asked of it')),
      };
      const code = await listDifferences(client, 'bkt_1', 20, around);
      return [code, ...heard.out, ...heard.err];
    };
    const wait = 'wait until it is completed. Look at it:\n  npm run callyard -- backtest show bkt_1';
    expect(await list(ok(WAITING))).toEqual([1, `Backtest bkt_1 is waiting: ${wait}`]);
    expect(await list(ok(RUNNING))).toEqual([1, `Backtest bkt_1 is running: ${wait}`]);
    expect(await list(ok({ ...RUNNING, ...ENDED, status: 'cancelled' }))).toEqual([
      1,
      'Backtest bkt_1 was cancelled: it has no differences. Run it again.',
    ]);
    expect(await list(ok({ ...RUNNING, ...ENDED, status: 'failed', failure: 'no room' }))).toEqual([
      1,
      'Backtest bkt_1 failed: it has no differences. Why: no room',
    ]);
    expect(await list(no('not_found', 404))).toEqual([1, 'refused: not_found']);
  });

  it('says whether what was cancelled has ended', async () => {
    const cancel = async (answer: Answer<Backtest>) => {
      const { heard, around } = listener();
      const code = await cancelBacktest({ cancelBacktest: () => Promise.resolve(answer) }, 'bkt_1', around);
      return [code, ...heard.out, ...heard.err];
    };
    expect(await cancel(ok(RUNNING))).toEqual([
      0,
      'Backtest bkt_1 was asked to end, and does so in a moment.',
    ]);
    expect(await cancel(ok({ ...RUNNING, ...ENDED, status: 'cancelled' }))).toEqual([
      0,
      'Backtest bkt_1 is cancelled.',
    ]);
    expect(await cancel(no('conflict', 409))).toEqual([1, 'refused: conflict']);
  });
});
