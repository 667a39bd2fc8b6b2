import { Agenda } from '../../domain/backtest/agenda';
import { Background } from '../../domain/backtest/background';
import { Backtest, type Difference } from '../../domain/backtest/backtest';
import { LimitRules, type LimitSeries } from '../../domain/backtest/limit-rules';
import { PastOutcomes, type DialOutcome } from '../../domain/backtest/outcomes';
import type { PastCall, PlanVersion } from '../../domain/backtest/past-call';
import { moneyRange } from '../../domain/backtest/summary';
import type { AssignmentId } from '../../domain/ids';
import type { Micros } from '../../domain/money';
import {
  after,
  allows,
  callAt,
  dialOf,
  inOrder,
  limitOn,
  ringing,
  talk,
  versionOf,
} from './backtest-samples';
import { ruleOf } from './routing-samples';

const ASSIGNMENTS = inOrder('a', 'b', 'c');
/** Of every 20 dials of each: 10 taken for 60 s. */
const HALF = new PastOutcomes(
  new Map(
    ASSIGNMENTS.map(({ id }): [AssignmentId, readonly DialOutcome[]] => [
      id,
      Array.from({ length: 20 }, (_, n) => (n < 10 ? talk(60) : ringing('busy', 2))),
    ]),
  ),
);

interface Given {
  readonly runs?: number;
  readonly seed?: string;
  readonly series?: readonly LimitSeries[];
}

/** Calls that are run again with the rest of who is there; `only`: those a version asks for. */
function runAgain(calls: readonly PastCall[], plan: PlanVersion, given: Given = {}): Backtest {
  const rules = new LimitRules(given.series ?? []);
  const agenda = new Agenda();
  const backtest = new Backtest({
    plan,
    runs: given.runs ?? 20,
    seed: given.seed ?? 'seed',
    rules,
    agenda,
    background: new Background(rules, agenda, after(0), []),
    past: HALF,
    turns: new Map(),
  });
  for (const call of calls) backtest.call(call);
  backtest.finish();
  return backtest;
}

const only = (...ids: readonly string[]): PlanVersion => versionOf(2, { rules: [ruleOf('only', ids)] });
const call = (id: string, seconds: number, ...dials: PastCall['observed']['dials']): PastCall =>
  callAt(id, seconds, {
    assignments: ASSIGNMENTS,
    observed: { outcome: dials.length === 0 ? 'no_candidate' : 'exhausted', dials },
  });
const busy = (id: string) => dialOf(id, ringing('busy', 2));
const brief = ({ no, call: past, observed, modelled, modelledRuns }: Difference) => [
  no,
  past.facts.callId,
  observed?.assignmentId ?? null,
  modelled?.assignmentId ?? null,
  modelledRuns,
];

describe('calls that would have gone elsewhere', () => {
  const calls = [
    call('c1', 0, busy('a')),
    call('c2', 10, busy('b')),
    call('c3', 20),
    call('c4', 30, busy('c')),
  ];

  it('are told apart by who was and who would have been dialled first', () => {
    const toA = runAgain(calls, only('a', 'b'));
    expect(toA.differences).toEqual({ same: 1, otherBuyer: 2, gained: 1, lost: 0 });
    expect(toA.takeDifferences().map(brief)).toEqual([
      [2, 'c2', 'b', 'a', 20],
      [3, 'c3', null, 'a', 20],
      [4, 'c4', 'c', 'a', 20],
    ]);
    expect(toA.takeDifferences()).toEqual([]);
    const toNobody = runAgain(calls, only());
    expect(toNobody.differences).toEqual({ same: 1, otherBuyer: 0, gained: 0, lost: 3 });
    expect(toNobody.takeDifferences().map(brief)).toEqual([
      [1, 'c1', 'a', null, 20],
      [2, 'c2', 'b', null, 20],
      [4, 'c4', 'c', null, 20],
    ]);
  });

  it('have the price of each', () => {
    const [difference] = runAgain([call('c1', 0, busy('b'))], only('a')).takeDifferences();
    expect(difference?.observed?.price).toBe(10_000_000n);
    expect(difference?.modelled?.price).toBe(10_000_000n);
  });

  it('bring the mean of what they bring in each run, rounded down', () => {
    const backtest = runAgain([call('c1', 0, busy('b'))], only('a'), { runs: 7 });
    const revenues = backtest.runs.map(({ tally }) => tally.figures.revenue);
    const [difference] = backtest.takeDifferences();
    expect(new Set(revenues).size).toBe(2);
    expect(difference?.expectedRevenue).toBe(moneyRange(revenues).mean);
  });

  it('bring together what the runs do', () => {
    const many = Array.from({ length: 50 }, (_, n) => call(`c${n}`, n * 100, busy('c')));
    const backtest = runAgain(many, only('b', 'a'), { runs: 8 });
    const revenues = backtest.runs.map(({ tally }) => tally.figures.revenue);
    // Amounts are multiples of 10 and there are 8 runs: nothing is lost in rounding.
    const expected = backtest.takeDifferences().reduce((sum, each) => sum + each.expectedRevenue, 0n);
    expect(expected).toBe(moneyRange(revenues).mean);
  });

  it('go to whom most of the runs dial first, in how many of them', () => {
    // Wherever a talks for a minute with the first call, it has no room for the second.
    const two = [call('c1', 0, busy('c')), call('c2', 30, busy('c'))];
    const backtest = runAgain(two, only('a', 'b'), { runs: 41, series: [limitOn('assignment:a')] });
    const taken = backtest.runs.filter(({ tally }) => tally.refusals.size > 0).length;
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(41);
    const second = taken > 20 ? ['b', taken] : ['a', 41 - taken];
    expect(backtest.takeDifferences().map(brief)).toContainEqual([2, 'c2', 'c', ...second]);
  });

  it('go to the first by id of as many, nobody before all', () => {
    const ties = Array.from({ length: 40 }, (_, n) => {
      const two = [call('c1', 0, busy('c')), call('c2', 30, busy('c'))];
      const of = (...ids: readonly string[]) =>
        runAgain(two, only(...ids), { runs: 2, seed: `tie ${n}`, series: [limitOn('assignment:a')] });
      return [of('a', 'b'), of('a')].map((run) => run.takeDifferences().find(({ no }) => no === 2));
    }).filter(([one]) => one?.modelledRuns === 1);
    expect(ties.length).toBeGreaterThan(5);
    for (const [toEither, toNobody] of ties) {
      expect(toEither?.modelled?.assignmentId).toBe('a');
      expect(toNobody?.modelled).toBeNull();
    }
  });
});

describe('a backtest', () => {
  const many = Array.from({ length: 60 }, (_, n) => call(`c${n}`, n * 20, busy('c')));
  const revenuesOf = (seed: string): readonly bigint[] =>
    runAgain(many, only('a', 'b'), { seed }).runs.map(({ tally }) => tally.figures.revenue);

  it('comes to the same with the same seed, and to something else with another', () => {
    expect(revenuesOf('one')).toEqual(revenuesOf('one'));
    expect(revenuesOf('one')).not.toEqual(revenuesOf('two'));
    expect(new Set(revenuesOf('one')).size).toBeGreaterThan(5);
  });

  it('asks limits in the order in which they were asked, whoever was chosen for first', () => {
    const first = callAt('late', 0, { assignments: ASSIGNMENTS, reservedAt: after(5) });
    const second = callAt('early', 1, { assignments: ASSIGNMENTS, reservedAt: after(1.1) });
    const third = callAt('last', 6, { assignments: ASSIGNMENTS });
    const series = [limitOn('assignment:a', { window: 'total', ...allows(1n) })];
    const backtest = runAgain([first, second, third], versionOf(2), { series });
    const byPlace = backtest.takeDifferences().toSorted((a, b) => a.no - b.no);
    expect(byPlace.map(brief)).toEqual([
      [1, 'early', null, 'a', 20],
      [2, 'late', null, 'b', 20],
      [3, 'last', null, 'b', 20],
    ]);
  });

  it('is checked with the versions that chose', () => {
    const chosenBy = (version: number, ids: readonly string[], ...dials: PastCall['observed']['dials']) => ({
      ...call(`c${version}`, version, ...dials),
      pinned: versionOf(version, { rules: [ruleOf('some', ids)] }),
    });
    const checked = [
      chosenBy(3, ['b'], busy('b')),
      chosenBy(4, ['c'], busy('c')),
      // Somebody else than that version would choose now.
      chosenBy(5, ['a'], busy('b')),
      chosenBy(6, []),
    ];
    const backtest = runAgain(checked, only('a'));
    expect([backtest.calls, backtest.reproduced]).toEqual([4, 3]);
  });

  it('tells a difference once the call is over in all runs', () => {
    const rules = new LimitRules([]);
    const agenda = new Agenda();
    const backtest = new Backtest({
      plan: only('a'),
      runs: 20,
      seed: 'seed',
      rules,
      agenda,
      background: new Background(rules, agenda, after(0), []),
      past: HALF,
      turns: new Map(),
    });
    backtest.call(call('c1', 0, busy('b')));
    backtest.call(call('c2', 59, busy('a')));
    expect(backtest.takeDifferences()).toEqual([]);
    backtest.call(call('c3', 61, busy('a')));
    expect(backtest.takeDifferences().map(brief)).toEqual([[1, 'c1', 'b', 'a', 20]]);
  });

  it('counts what was beside what would have been', () => {
    const taken = callAt('c1', 0, {
      assignments: ASSIGNMENTS,
      observed: {
        outcome: 'connected',
        converted: true,
        revenue: 12n as Micros,
        payout: 3n as Micros,
        dials: [busy('a'), dialOf('b', talk(60))],
        refusedBy: ['lim_1', 'lim_2'],
      },
    });
    const hungUp = callAt('c2', 1, {
      assignments: ASSIGNMENTS,
      observed: { outcome: 'abandoned_ringing', dials: [dialOf('a', ringing('canceled', 4))] },
    });
    const late = callAt('c3', 2, { assignments: ASSIGNMENTS, observed: { outcome: 'after_hours' } });
    const { observed } = runAgain([taken, hungUp, late, call('c4', 3), call('c5', 4, busy('a'))], only());
    expect(observed.figures).toEqual({
      dialled: 3,
      dials: 4,
      connected: 1,
      converted: 1,
      noCandidate: 1,
      afterHours: 1,
      exhausted: 1,
      abandonedRinging: 1,
      revenue: 12n,
      payout: 3n,
    });
    expect(observed.buyers.get('b' as AssignmentId)).toEqual({
      dials: 1,
      connected: 1,
      converted: 1,
      revenue: 12n,
    });
    expect([...observed.refusals]).toEqual([
      ['lim_1', 1],
      ['lim_2', 1],
    ]);
  });
});
