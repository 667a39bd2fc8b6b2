import type {
  Backtest,
  BacktestDifference,
  BacktestResult,
  MoneyRange,
} from '../../contract/resources/backtest';
import type { AssignmentId, CampaignId } from '../../domain/ids';
import type { Currency, MicrosText } from '../../domain/money';
import {
  renderBacktest,
  renderDifferences,
  renderList,
  renderProgress,
} from '../../scripts/callyard/backtest-view';
import { sampleResult } from '../system/backtest-sample';

const BACKTEST: Backtest = {
  id: 'bkt_0123456789abcdef0123',
  campaignId: 'cmp_roofing' as CampaignId,
  version: 4,
  from: '2026-03-02T00:00:00.000Z',
  to: '2026-03-09T00:00:00.000Z',
  runs: 20,
  seed: '5f1d3c7a9b2e4680',
  status: 'completed',
  progress: { calls: 4_702, of: 4_702 },
  createdAt: '2026-03-09T10:00:00.000Z',
  startedAt: '2026-03-09T10:00:01.000Z',
  endedAt: '2026-03-09T10:02:00.000Z',
  failure: null,
  result: sampleResult(),
};

const DIFFERENCE: BacktestDifference = {
  callId: 'call_1',
  at: '2026-03-02T10:00:00.000Z',
  currency: 'USD' as Currency,
  observed: {
    assignmentId: 'asg_dallas' as AssignmentId,
    buyerName: 'Dallas Roofers',
    priceMicros: '25000000' as MicrosText,
  },
  outcome: 'exhausted',
  revenueMicros: '0' as MicrosText,
  modelled: {
    assignmentId: 'asg_austin' as AssignmentId,
    buyerName: null,
    priceMicros: '30125000' as MicrosText,
  },
  modelledRuns: 18,
  expectedRevenueMicros: '12345678' as MicrosText,
};

/** A result of no calls. */
function nothing(): BacktestResult {
  const { currency, observed, modelled } = sampleResult();
  const none = { mean: 0, low: 0, high: 0 };
  const free = { mean: '0', low: '0', high: '0' } as BacktestResult['modelled']['revenueMicros'];
  const zero = <T extends object, V>(of: T, value: (field: string) => V) =>
    Object.fromEntries(Object.keys(of).map((field) => [field, value(field)]));
  const isMoney = (field: string): boolean => field.endsWith('Micros');
  return {
    currency,
    calls: { received: 0, replayed: 0, notRouted: 0, failed: 0, notOnRecord: 0, inProgress: 0 },
    reproduced: { calls: 0, same: 0 },
    differences: { same: 0, otherBuyer: 0, gained: 0, lost: 0 },
    observed: zero(observed, (field) => (isMoney(field) ? '0' : 0)) as BacktestResult['observed'],
    modelled: zero(modelled, (field) => (isMoney(field) ? free : none)) as BacktestResult['modelled'],
    outcomes: { observed: none, drawn: none },
    buyers: [],
    absent: [],
    limits: [],
    basis: { observed: [], modelled: [] },
  };
}

/** As large as the contract allows. */
function enormous(): BacktestResult {
  const result = sampleResult();
  const most = '9'.repeat(18) as MicrosText;
  const range = { mean: most, low: '1' as MicrosText, high: most };
  return {
    ...result,
    observed: { ...result.observed, dialled: 999_999_999, revenueMicros: most },
    modelled: { ...result.modelled, revenueMicros: range, payoutMicros: range },
    buyers: result.buyers.map((buyer) => ({
      ...buyer,
      buyerName: 'B'.repeat(120),
      observed: { ...buyer.observed, dials: 9_999_999, revenueMicros: most },
      modelled: {
        ...buyer.modelled,
        dials: { mean: 9_999_999.5, low: 0, high: 9_999_999 },
        revenueMicros: range,
      },
    })),
    limits: [
      {
        limitId: `lim_${'x'.repeat(60)}`,
        scope: `destination:sip:${'y'.repeat(200)}@example.org`,
        window: 'concurrency',
        counts: 'attempt',
        observed: 999_999_999,
        modelled: { mean: 999_999_999.5, low: 1, high: 999_999_999.5 },
      },
    ],
  };
}

describe('a backtest in a terminal', () => {
  it('says of a buyer whom the campaign did not have that they could get no call', () => {
    const result = { ...sampleResult(), absent: [{ assignmentId: 'asg_new' as AssignmentId, calls: 4_000 }] };
    const shown = renderBacktest({ ...BACKTEST, result });
    expect(shown).toContain(
      'asg_new, named by version 4, was not in the campaign at 4000 of 4702 calls: it\n  got none of those.',
    );
  });

  it('shows what was observed beside what is modelled, and how far to trust it', () => {
    expect(renderBacktest(BACKTEST)).toBe(
      [
        'Backtest bkt_0123456789abcdef0123: plan version 4 of cmp_roofing',
        '2026-03-02 00:00 UTC to 2026-03-09 00:00 UTC',
        '20 runs, seed 5f1d3c7a9b2e4680',
        '',
        'completed 2026-03-09 10:02 UTC',
        '5000 calls came in: 4702 run again, 180 without a choice of buyer, 20 lost',
        '  before it by a fault, 90 chosen for before choices were recorded, 8 not over',
        '  yet.',
        '',
        '                        observed      plan version 4  (low to high)',
        'calls dialled               4690                4700',
        'connected                   3000              3120.4  (3080 to 3160.5)',
        'answer rate               64.0 %              66.4 %',
        'converted                   1410              1466.6  (1440 to 1495)',
        'nobody found                  12                   2',
        'all closed                     8                   0',
        'exhausted                   1500              1392.2  (1360 to 1420)',
        'abandoned                    190               187.5  (180 to 196)',
        'revenue (USD)           35250.50            36665.12  (36000.00 to 37375.00)',
        'payout (USD)            24000.00            24962.80  (24640.00 to 25284.00)',
        'margin (USD)            11250.50            11702.32',
        'If buyers do with these calls as they did with theirs, what would have been lies',
        '  between low and high nine times in ten.',
        '',
        '300 of 4702 calls go elsewhere first: 250 to another buyer, 30 to somebody',
        '  instead of nobody, 20 to nobody instead of somebody.',
        '  See them: npm run callyard -- backtest differences bkt_0123456789abcdef0123',
        'The versions that chose were asked again, and dialled the same buyer first in',
        '  4650 of 4702 calls (98.9 %).',
        '',
        'buyer                  dials: was  would be  revenue (USD): was         would be',
        'Dallas Roofers               4000    3720.2            27500.00         25750.00',
        'Storm Damage and H… *           3       260                0.00          2165.12',
        '* too few dials of their own: outcomes are drawn from those of all buyers',
        '',
        'Limits in the way of somebody:',
        '- lim_buy_dallas_day: connections a day on buyer:buy_dallas',
        '  in 41 calls observed, 12.5 modelled (9 to 17)',
        '',
        'Observed:',
        '- Which calls came in, when, from where, and what the caller chose.',
        '- What came of 4880 of the dials that version 4 makes, because they were made in',
        '  the same call, to the same buyer.',
        'Modelled:',
        '- What came of 300.4 dials, on average over the runs: drawn from dials that were',
        '  made.',
      ].join('\n'),
    );
  });

  it('says so where no call came in, or none could be run again, instead of figures', () => {
    const last = (calls: Partial<BacktestResult['calls']>): string[] =>
      renderBacktest({
        ...BACKTEST,
        result: { ...nothing(), calls: { ...nothing().calls, ...calls } },
      })
        .split('\n')
        .slice(5);
    expect(last({})).toEqual([
      'No calls of cmp_roofing came in between 2026-03-02 00:00 UTC and 2026-03-09',
      '  00:00 UTC.',
    ]);
    expect(last({ received: 1, notRouted: 1 })).toEqual([
      '1 call came in: 0 run again, 1 without a choice of buyer.',
      'None could be run again, so there is nothing to compare.',
    ]);
  });

  it('says what no figure can be made of, and that few calls say little', () => {
    const of = (calls: number): string =>
      renderBacktest({
        ...BACKTEST,
        result: {
          ...nothing(),
          calls: { ...nothing().calls, received: calls, replayed: calls },
          differences: { same: 0, otherBuyer: calls, gained: 0, lost: 0 },
          reproduced: { calls, same: calls },
        },
      });
    const one = of(1);
    expect(one).toContain('\n1 call came in: 1 run again.\n1 call is few: the figures say little.\n');
    expect(one).toMatch(/^answer rate {20}- {19}-$/m);
    expect(one).toMatch(/^connected {22}0 {19}0$/m);
    expect(one).toContain('\n1 of 1 call goes elsewhere first: 1 to another buyer,');
    expect(one).toMatch(/ in 1\n {2}of 1 call \(100\.0 %\)\.$/);
    expect(one).not.toMatch(/NaN|Observed:|Limits|buyer {10}/);
    expect(of(99)).toContain('\n99 calls are few: the figures say little.\n');
    expect(of(100)).not.toContain('few');
  });

  it('shows a range unless all runs came to the same, and rounds half up', () => {
    const { modelled } = sampleResult();
    const text = renderBacktest({
      ...BACKTEST,
      result: {
        ...sampleResult(),
        modelled: {
          ...modelled,
          // Of 39 runs one is left out on each side: they may have been elsewhere.
          dialled: { mean: 4_699.25, low: 4_700, high: 4_700 },
          converted: { mean: 4.35, low: 4, high: 5 },
          exhausted: { mean: 1.05, low: 1, high: 2 },
          revenueMicros: { mean: '1005000', low: '1005000', high: '1005000' } as MoneyRange,
          payoutMicros: { mean: '2010000', low: '2010000', high: '2010000' } as MoneyRange,
        },
      },
    });
    expect(text).toMatch(/ 4699\.3 {2}\(4700 to 4700\)$/m);
    expect(text).toMatch(/^converted .* 4\.4 {2}\(4 to 5\)$/m);
    expect(text).toMatch(/^exhausted .* 1\.1 {2}\(1 to 2\)$/m);
    expect(text).toMatch(/^revenue \(USD\) .* 1\.01$/m);
    expect(text).toMatch(/^margin \(USD\) .* -1\.00$/m);
  });

  it('has no spread of a single run', () => {
    const text = renderBacktest({ ...BACKTEST, runs: 1 });
    expect(text).toContain('\n1 run, seed 5f1d3c7a9b2e4680\n');
    expect(text).not.toContain('low to high');
    expect(text).not.toContain('low and high');
  });

  it('leads to its workflow where that is known', () => {
    const url = 'http://127.0.0.1:8233/namespaces/default/workflows/backtest%2Fbkt_1';
    expect(renderBacktest(BACKTEST, url).split('\n').slice(-2)).toEqual(['', `Workflow: ${url}`]);
  });

  it('says how far it is, and why there is no result', () => {
    const unfinished = { ...BACKTEST, endedAt: null, result: null };
    const running = { ...unfinished, status: 'running', progress: { calls: 1_200, of: 4_702 } } as const;
    const last = (backtest: Backtest) => renderBacktest(backtest).split('\n').slice(4);
    expect(last({ ...unfinished, status: 'waiting' })).toEqual(['waiting to begin']);
    expect(last(running)).toEqual([`${'█'.repeat(13)}${'░'.repeat(37)} 1200 of 4702 calls`]);
    expect(last({ ...running, progress: { calls: 0, of: null } })).toEqual(['calls are not counted yet']);
    expect(last({ ...running, progress: { calls: 0, of: 0 } })).toEqual(['no call to run again']);
    expect(last({ ...running, progress: { calls: 0, of: 1 } })).toEqual([`${'░'.repeat(50)} 0 of 1 call`]);
    expect(last({ ...running, status: 'cancelled', endedAt: BACKTEST.endedAt })).toEqual([
      'cancelled 2026-03-09 10:02 UTC',
      `${'█'.repeat(13)}${'░'.repeat(37)} 1200 of 4702 calls`,
    ]);
    expect(last({ ...unfinished, status: 'failed', failure: 'the plan names a buyer who is gone' })).toEqual([
      'failed: the plan names a buyer who is gone',
    ]);
    expect(renderProgress(running)).toBe(
      `Backtest bkt_0123456789abcdef0123; Ctrl-C leaves it running\n${'█'.repeat(13)}${'░'.repeat(37)} 1200 of 4702 calls`,
    );
  });

  it('is two lines in a list', () => {
    expect(renderList([BACKTEST, { ...BACKTEST, id: 'bkt_1', status: 'running', version: 12 }])).toBe(
      [
        'backtest                  status     created (UTC)     runs  version',
        '  of calls from, to (UTC)               campaign',
        'bkt_0123456789abcdef0123  completed  2026-03-09 10:00    20        4',
        '  2026-03-02 00:00 to 2026-03-09 00:00  cmp_roofing',
        'bkt_1                     running    2026-03-09 10:00    20       12',
        '  2026-03-02 00:00 to 2026-03-09 00:00  cmp_roofing',
      ].join('\n'),
    );
    expect(renderList([])).toBe('No backtests.');
    expect(renderList([], 'cmp_nope')).toBe('No backtests of cmp_nope.');
  });

  it('shows of a call what was and what would have been', () => {
    const took = { outcome: 'connected', revenueMicros: '26000000' as MicrosText };
    expect(
      renderDifferences(BACKTEST, [
        { ...DIFFERENCE, ...took },
        { ...DIFFERENCE, observed: null },
      ]),
    ).toBe(
      [
        'Backtest bkt_0123456789abcdef0123: plan version 4 of cmp_roofing',
        '',
        '2026-03-02 10:00 UTC  call_1',
        '  first: Dallas Roofers at 25.00; the call ended connected and brought 26.00 USD',
        '  instead: asg_austin at 30.125 in 18 of 20 runs; 12.35 USD expected, over all',
        '    runs',
        '2026-03-02 10:00 UTC  call_1',
        '  first: nobody; the call ended exhausted and brought 0.00 USD',
        '  instead: asg_austin at 30.125 in 18 of 20 runs; 12.35 USD expected, over all',
        '    runs',
      ].join('\n'),
    );
    expect(renderDifferences({ ...BACKTEST, runs: 1 }, [{ ...DIFFERENCE, modelledRuns: 1 }])).toContain(
      'in 1 of 1 run;',
    );
    expect(renderDifferences(BACKTEST, [])).toContain('\nNo call would have gone elsewhere.');
  });

  it('fits 80 columns, whatever it came to', () => {
    const long = { ...BACKTEST, campaignId: `cmp_${'c'.repeat(40)}` as CampaignId, seed: 's'.repeat(64) };
    const dial = {
      assignmentId: 'asg_a' as AssignmentId,
      buyerName: 'Best '.repeat(24),
      priceMicros: '1' as MicrosText,
    };
    const texts = [
      ...[sampleResult(), nothing(), enormous()].map((result) =>
        renderBacktest({ ...long, version: 2_147_483_647, result }),
      ),
      renderBacktest({ ...long, status: 'failed', failure: 'because '.repeat(40), result: null }),
      renderProgress({ ...long, status: 'running', progress: { calls: 9_999_999, of: 9_999_999 } }),
      renderList([long]),
      renderList([], long.campaignId),
      renderDifferences(long, [{ ...DIFFERENCE, callId: 'c'.repeat(58), observed: dial, modelled: dial }]),
    ];
    for (const line of texts.join('\n').split('\n')) expect([line, line.length <= 80]).toEqual([line, true]);
  });
});
