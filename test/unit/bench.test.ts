import { countEvents, countStatements } from '../../bench/call/counters';
import { headlineFigures } from '../../bench/call/figures';
import type { Measurement } from '../../bench/call/rounds';
import { addSelfTimes, packageOf } from '../../bench/profile';
import { judge } from '../../bench/report';
import { median, quantile, spread } from '../../bench/statistics';
import { PROJECT_ROOT } from '../../scripts/start/data-folder';

describe('the statistics of a bench', () => {
  it('give quantiles that were measured, by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(quantile(hundred, 0.5)).toBe(50);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile(hundred, 1)).toBe(100);
    expect(quantile([7], 0.01)).toBe(7);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('give the median and how far the rounds lie apart', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

describe('a figure held against its goal', () => {
  const figure = { metric: 'm', unit: 'ms', value: 12, baseline: 10, ratio: 1.2 };

  it('is judged by its ratio or by itself, bounds included', () => {
    expect(judge(figure, { of: 'ratio', is: '<=', bound: 1.2 })).toMatchObject({
      met: true,
      goal: 'ratio <= 1.2',
    });
    expect(judge(figure, { of: 'ratio', is: '>=', bound: 1.3 }).met).toBe(false);
    expect(judge(figure, { of: 'value', is: '<=', bound: 12 })).toMatchObject({ met: true, goal: '<= 12' });
  });

  it('has every field of the report, null where it does not apply', () => {
    expect(judge({ metric: 'm', unit: 'ms', value: 1 }, null)).toEqual({
      metric: 'm',
      unit: 'ms',
      value: 1,
      baseline: null,
      ratio: null,
      goal: null,
      met: null,
    });
  });

  it('meets no goal when it could not be measured', () => {
    const unmeasured = judge({ ...figure, value: NaN, ratio: NaN }, { of: 'ratio', is: '<=', bound: 2 });
    expect(unmeasured).toMatchObject({ value: null, ratio: null, met: false });
  });
});

describe('the comparison with the baseline', () => {
  const measured = (system: Measurement['system'], round: number, calls: number): Measurement => ({
    system,
    kind: 'direct',
    inFlight: 8,
    round,
    load: { seconds: 1, calls, webhooks: [], failures: [] },
    cpu: { api: null, worker: null, temporal: null, postgresql: null, load: null },
    window: [0, 1],
  });

  it('takes the median of the ratios of rounds, so that a slow minute counts for both', () => {
    const [callsPerSecond] = headlineFigures([
      measured('callyard', 1, 9),
      measured('bare', 1, 10),
      measured('callyard', 2, 1),
      measured('bare', 2, 2),
      measured('callyard', 3, 27),
      measured('bare', 3, 30),
    ]);
    expect(callsPerSecond?.result).toMatchObject({ value: 9, baseline: 10, ratio: 0.9, met: true });
  });
});

describe('the cost of a call', () => {
  it('is counted from the history', () => {
    const events = [
      {},
      { workflowTaskStartedEventAttributes: {} },
      { markerRecordedEventAttributes: { markerName: 'core_local_activity' } },
      { markerRecordedEventAttributes: { markerName: 'core_patch' } },
      { timerStartedEventAttributes: {} },
    ];
    expect(countEvents(events)).toEqual({
      workflowTasks: 1,
      historyEvents: 5,
      localActivities: 1,
      activities: 0,
      timers: 1,
    });
  });

  it('counts statements, and as a transaction what makes PostgreSQL flush', () => {
    const opened: ((client: { query: (statement: unknown) => void }) => void)[] = [];
    const sent: unknown[] = [];
    const sql = countStatements({
      on: (_event: string, listener: (typeof opened)[number]) => opened.push(listener),
    } as never);
    const client = { query: (statement: unknown) => void sent.push(statement) };
    opened.forEach((listener) => listener(client));
    const statements = [
      'BEGIN',
      { text: 'INSERT INTO calls DEFAULT VALUES' },
      'COMMIT',
      'SELECT 1',
      'SELECT 1 FOR UPDATE',
      'WITH u AS (UPDATE calls SET state = $1) SELECT',
      'BEGIN',
      'ROLLBACK',
    ];
    statements.forEach((statement) => client.query(statement));
    expect(sent).toEqual(statements);
    expect(sql.read()).toEqual({ statements: 4, commits: 2 });
    sql.reset();
    expect(sql.read()).toEqual({ statements: 0, commits: 0 });
  });
});

describe('the summary of a CPU profile', () => {
  it('says who a function belongs to', () => {
    const of = (url: string, functionName = 'f'): string => packageOf({ url, functionName });
    expect(of('node:net')).toBe('Node');
    expect(of(`${PROJECT_ROOT}/node_modules/@grpc/grpc-js/build/src/call.js`)).toBe('@grpc/grpc-js');
    expect(of(`${PROJECT_ROOT}/node_modules/a/node_modules/b/index.js`)).toBe('b');
    expect(of(`file://${PROJECT_ROOT}/api/app.ts`)).toBe('our api');
    expect(of(`file://${PROJECT_ROOT}/dist/workflows.js`)).toBe('workflow bundle');
    expect(of('', '(garbage collector)')).toBe('V8 garbage collector');
    expect(of('', 'writev')).toBe('V8 built-ins');
  });

  it('sums what ran inside the windows, and leaves waiting out', () => {
    const node = (id: number, functionName: string, url: string) => ({
      id,
      callFrame: { functionName, url, lineNumber: 0 },
    });
    const profile = {
      nodes: [node(1, '(idle)', ''), node(2, 'query', '/x/node_modules/pg/lib/client.js')],
      startTime: 1000,
      samples: [2, 1, 2, 2],
      timeDeltas: [500, 500, 500, 5000],
    };
    const [byPackage, byFunction] = [new Map<string, number>(), new Map<string, number>()];
    addSelfTimes(profile, [[1000, 3000]], byPackage, byFunction);
    expect(byPackage).toEqual(new Map([['pg', 1]]));
    expect(byFunction).toEqual(new Map([['query (pg)', 1]]));
  });
});
