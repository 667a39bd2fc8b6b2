import type { GoalProgress } from '../../contract/resources/goal';
import { goalProgressSchema } from '../../contract/resources/goal';
import { reportSchema, type Report } from '../../contract/resources/report';
import { MEASURES } from '../../domain/report/measures';
import { renderGoal } from '../../scripts/callyard/goals-view';
import { renderReport } from '../../scripts/callyard/report-view';
import { whyNoShare, type GoalFacts } from '../../scripts/callyard/report-goals';
import { reportAsked } from '../../scripts/callyard/report';
import { agreement } from '../../scripts/callyard/reports-verify';
import { InputError } from '../../scripts/simulate/input';

const values = (received: number, revenue: string, rate: number | null = null) => ({
  received,
  revenue,
  conversionRate: rate,
});

function report(change: Record<string, unknown> = {}): Report {
  return reportSchema.parse({
    by: ['campaign', 'buyer'],
    measures: ['received', 'revenue', 'conversionRate'],
    zone: 'America/Chicago',
    from: '2026-03-02',
    to: '2026-03-09',
    previous: { from: '2026-02-23', to: '2026-03-02' },
    rows: [
      {
        keys: { campaign: 'cmp_a', buyer: 'buy_a' },
        currency: 'USD',
        values: values(120, '250005000', 0.5),
        previous: values(100, '500000000', 0.25),
      },
      {
        keys: { campaign: 'cmp_a', buyer: null },
        currency: 'USD',
        values: values(3, '-4999'),
        previous: values(0, '0'),
      },
    ],
    rest: [
      {
        keys: { campaign: null, buyer: null },
        currency: 'USD',
        values: values(7, '0'),
        previous: values(7, '0'),
      },
    ],
    totals: [
      { currency: 'USD', values: values(130, '250000001', 0.5), previous: values(107, '500000000', 0.25) },
    ],
    names: { cmp_a: 'Roofing, Texas', buy_a: 'Dallas Roofers' },
    ...change,
  });
}

const widest = (text: string): number => Math.max(...text.split('\n').map(({ length }) => length));

describe('a report in a terminal', () => {
  it('has a line a group, below it what has changed, and the totals', () => {
    expect(renderReport(report())).toBe(
      [
        '2026-03-02 to 2026-03-08, America/Chicago, in USD; ± against 2026-02-23 to',
        '  2026-03-01',
        '',
        'campaign        buyer           received  revenue  conversionRate',
        'Roofing, Texas  Dallas Roofers       120   250.01          50.0 %',
        '                                 +20.0 %  -50.0 %        +100.0 %',
        'Roofing, Texas  (none)                 3     0.00               –',
        '                                     new      new',
        '(rest)          (rest)                 7     0.00               –',
        '                                  ±0.0 %   ±0.0 %',
        '─────────────────────────────────────────────────────────────────',
        'total                                130   250.00          50.0 %',
        '                                 +21.5 %  -50.0 %        +100.0 %',
      ].join('\n'),
    );
  });

  it('shows values as they are, whatever they are called, and nothing that a terminal would obey', () => {
    const keys = [
      'constructor',
      '__proto__',
      'cmp_a',
      '\u001b[31mred\u001b]0;owned\u0007',
      'a\nb\r\u2028c',
      'a\u009b2J',
      'x\u202ey',
    ];
    const line = { currency: 'USD', values: values(1, '0'), previous: null };
    const shown = renderReport(
      report({
        by: ['tag:utm_source'],
        measures: ['received'],
        previous: null,
        rows: keys.map((key) => ({ keys: { 'tag:utm_source': key }, ...line })),
        rest: [],
        totals: [line],
      }),
    );
    expect(shown.split('\n').slice(3, 10)).toEqual(
      ['constructor', '__proto__', 'cmp_a', '�[31mred�]0;owned�', 'a�b��c', 'a�2J', 'x�y'].map(
        (key) => `${key.padEnd(18)}         1`,
      ),
    );
  });

  it('fits 80 columns with every measure, four dimensions of any length and two currencies', () => {
    const all = Object.fromEntries(MEASURES.map((measure) => [measure, 0]));
    const big = { ...all, revenue: '123456789012345678', profit: '-123456789012345678' };
    const money = Object.fromEntries(
      ['payout', 'cost', 'revenuePerCall', 'costPerCall', 'cac'].map((measure) => [measure, '1']),
    );
    const by = ['campaign', 'buyer', 'publisher', 'tag:how did you hear of us'];
    const long = 'a name that goes on and on and on, as names of campaigns do';
    const line = (currency: string) => ({
      currency,
      values: { ...big, ...money },
      previous: { ...big, ...money },
    });
    const keys = Object.fromEntries(by.map((column) => [column, long]));
    const text = renderReport(
      report({
        by,
        measures: [...MEASURES],
        rows: [
          { keys, ...line('USD') },
          { keys, ...line('EUR') },
        ],
        rest: [],
        totals: [line('EUR'), line('USD')],
      }),
    );
    expect(widest(text)).toBeLessThanOrEqual(80);
    for (const measure of MEASURES) expect(text).toContain(measure);
    expect(text).toContain('-123456789012.35');
    expect(text).toContain('EUR');
  });

  it('of everything in one line has no totals below it', () => {
    const [row] = report().totals;
    const text = renderReport(report({ by: [], rows: [{ ...row, keys: {} }], rest: [], previous: null }));
    expect(text).not.toContain('total');
  });

  it('says when there was nothing', () => {
    expect(renderReport(report({ rows: [], rest: [], totals: [], previous: null }))).toBe(
      '2026-03-02 to 2026-03-08, America/Chicago\n\nThere were no calls, and nothing was booked.',
    );
  });

  it('shows goals and how full limits are, where they were asked for', () => {
    const capFill = { limitId: 'lim_a', window: 'day', counts: 'connection', used: 4, limit: 5, share: 0.8 };
    const goal = {
      calls: 300,
      callsShare: 0.4,
      costPerCallMicros: null,
      costPerCallOver: null,
      conversionRate: null,
      conversionRateDelta: null,
    };
    const [row] = report().rows;
    const text = renderReport(report({ rows: [{ ...row, capFill, goal }], previous: null }));
    expect(text).toMatch(/^campaign .* of goal$[^]*^campaign .* cap fill$/m);
    expect(text).toMatch(/40\.0 %$[^]* 80\.0 %$/m);
  });
});

describe('what reports agree with', () => {
  const found = { hours: 0, unrolled: 0, calls: 309, entries: 1 };

  it('is what was counted, and what that was compared with', () => {
    expect(agreement({ ...found, unrolled: 2 })).toEqual([
      '309 calls and 1 entry of the ledger were counted. No hour has been rolled up yet: there was nothing to compare them with.',
      '2 hours of campaigns are not rolled up: reports read them from the calls and the ledger themselves.',
    ]);
    expect(agreement({ hours: 1, unrolled: 1, calls: 1, entries: 2 })).toEqual([
      '1 call and 2 entries of the ledger were counted. The one hour of campaigns that has been rolled up agrees with them.',
      '1 more hour of campaigns is not rolled up: reports read it from the calls and the ledger themselves.',
    ]);
    expect(agreement({ ...found, hours: 40 })).toEqual([
      '309 calls and 1 entry of the ledger were counted. The 40 hours of campaigns that have been rolled up agree with them.',
    ]);
  });
});

describe('why a row has no share of a goal', () => {
  const asked = { by: ['campaign'], zone: 'America/Chicago', from: '2026-03-02', to: '2026-03-09' };
  const goal: GoalFacts = { kind: 'week', timeZone: 'America/Chicago', calls: true };

  it('is said where there is no goal, or none of these days', () => {
    expect(whyNoShare(asked, null, true)).toBe('it has no goal');
    expect(whyNoShare(asked, { ...goal, calls: false }, true)).toMatch(/nothing of calls/);
    expect(whyNoShare({ ...asked, by: ['campaign', 'day'] }, goal, true)).toMatch(/by day, .* of each week/);
    expect(whyNoShare({ ...asked, from: '2026-03-03' }, goal, true)).toMatch(
      /^2026-03-03 to 2026-03-08 are no whole weeks/,
    );
    const instants = { from: '2026-03-02T00:00:00.000Z', to: '2026-03-09T00:00:00.000Z' };
    expect(whyNoShare({ ...asked, ...instants }, goal, true)).toMatch(/between instants/);
  });

  it('names the zone that is another, also of rows that have a share', () => {
    expect(whyNoShare({ ...asked, zone: 'UTC' }, goal, false)).toBe(
      "the report's days are those of UTC, its week's of America/Chicago (--zone America/Chicago)",
    );
    expect(whyNoShare(asked, goal, false)).toBeNull();
  });
});

describe('the options of a report', () => {
  const query = (options: Parameters<typeof reportAsked>[0]): string => {
    const asked = reportAsked(options);
    return 'query' in asked ? decodeURIComponent(asked.query.toString()) : asked.saved;
  };

  it('become the query of the API', () => {
    expect(query({})).toBe('measures=received,connected,converted,revenue,profit');
    expect(query({ csv: true })).toBe('');
    const where = ['buyer=buy_a', 'state=US-TX', 'buyer=buy_b,(none)'];
    expect(
      query({ by: 'state,day', compare: true, orderBy: 'cac', measures: 'cac', where, tag: ['a:b', 'c:d'] }),
    ).toBe(
      'by=state,day&orderBy=cac&compare=previous&measures=cac&buyer=buy_a,buy_b,(none)&state=US-TX&tag=a:b&tag=c:d',
    );
  });

  it('are refused where they make no sense', () => {
    expect(() => query({ where: ['planet=mars'] })).toThrow(InputError);
    expect(() => query({ where: ['buyer'] })).toThrow(/buyer=buy_a/);
    expect(() => query({ where: ['buyer='] })).toThrow(/an equals sign and values/);
    expect(() => query({ where: ['campain=cmp_a'] })).toThrow(
      /^"campain" is no dimension to filter by: one of campaign, /,
    );
    expect(() => query({ where: ['day=2026-03-02'] })).toThrow(/say --from and --to/);
    expect(() => query({ where: ['weekday=1'] })).toThrow(/--by weekday/);
    expect(() => query({ where: ['tag:intent=quote'] })).toThrow(/say --tag intent:quote/);
    expect(() => query({ saved: 'weekly' })).toThrow(/"weekly" is no id of a saved report/);
    expect(() => query({ saved: 'rep_a', by: 'buyer' })).toThrow(InputError);
    expect(() => query({ saved: 'rep_a', tag: ['a:b'] })).toThrow(InputError);
    expect(query({ saved: 'rep_a', csv: true })).toBe('rep_a');
  });
});

describe('a goal in a terminal', () => {
  const progress = (change: Record<string, unknown> = {}): GoalProgress =>
    goalProgressSchema.parse({
      campaignId: 'cmp_a',
      name: 'Roofing, Texas',
      currency: 'USD',
      timeZone: 'America/Chicago',
      at: '2026-03-04T18:00:00.000Z',
      period: {
        kind: 'week',
        from: '2026-03-02',
        to: '2026-03-09',
        startsAt: '2026-03-02T06:00:00.000Z',
        endsAt: '2026-03-09T05:00:00.000Z',
      },
      open: { passedSeconds: 16, ofSeconds: 40, share: 0.4 },
      soFar: { received: 150, costPerCallMicros: '12400000', conversionRate: 0.312 },
      calls: { goal: 500, received: 150, expected: 200, ahead: -50, pace: 'behind', projected: 375 },
      costPerCall: { goalMicros: '15000000', soFarMicros: '12400000', overMicros: '-2600000', pace: 'ahead' },
      conversionRate: { goal: 0.3, soFar: 0.312, delta: 0.012, pace: 'on' },
      ...change,
    });

  it('is a picture of what there is, what should be there by now, and the rest', () => {
    expect(renderGoal(progress())).toBe(
      [
        'Roofing, Texas (cmp_a): the week 2026-03-02 to 2026-03-08, America/Chicago',
        '',
        `open         ${'█'.repeat(20)}${'░'.repeat(30)} 40.0 %`,
        `calls        ${'█'.repeat(15)}${'▒'.repeat(5)}${'░'.repeat(30)} 30.0 %`,
        '             150 of 500; 200 expected by now: 50 fewer, behind the goal',
        '             375 at the end, if it goes on like this',
        'cost a call  12.40 of 15.00 USD at most: 2.60 less, ahead of the goal',
        'conversion   31.2 % of 30.0 % at least: +1.2 points, on the goal',
      ].join('\n'),
    );
  });

  it('has whole calls and hundredths, whatever the figures are', () => {
    const text = renderGoal(
      progress({
        soFar: { received: 309, costPerCallMicros: '5385113', conversionRate: 0.312 },
        calls: { goal: 500, received: 309, expected: 100.9, ahead: 208.1, pace: 'ahead', projected: 1531.2 },
        costPerCall: {
          goalMicros: '15000000',
          soFarMicros: '5385113',
          overMicros: '-9614887',
          pace: 'ahead',
        },
      }),
    );
    expect(text).toContain('309 of 500; 101 expected by now: 208 more, ahead of the goal');
    expect(text).toContain('1531 at the end');
    expect(text).toContain('5.39 of 15.00 USD at most: 9.61 less');
  });

  it('says what is not known', () => {
    const text = renderGoal(
      progress({
        open: { passedSeconds: 0, ofSeconds: 0, share: null },
        soFar: { received: 0, costPerCallMicros: null, conversionRate: null },
        calls: { goal: 5, received: 0, expected: null, ahead: null, pace: null, projected: null },
        costPerCall: { goalMicros: '15000000', soFarMicros: null, overMicros: null, pace: null },
        conversionRate: { goal: 0.3, soFar: null, delta: null, pace: null },
      }),
    );
    expect(text).toContain('open         at no time of this week');
    expect(text).toContain('             0 of 5\n');
    expect(text).toContain('cost a call  nothing yet; 15.00 USD at most');
    expect(text).toContain('conversion   nothing yet; 30.0 % at least');
  });

  it('fits 80 columns, however large the figures are', () => {
    const most = 1_000_000_000;
    const calls = { goal: most, received: most, expected: 0.1, ahead: most, pace: 'ahead', projected: 1e15 };
    expect(widest(renderGoal(progress({ name: 'n '.repeat(60), calls })))).toBeLessThanOrEqual(80);
  });
});
