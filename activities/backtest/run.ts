import type { Pool } from 'pg';
import {
  countBacktestCalls,
  findFirstRecorded,
  loadPastOutcomes,
  loadPastTurns,
  type BacktestPeriod,
} from '../../db/queries/backtest/calls';
import {
  advanceBacktest,
  beginBacktest,
  completeBacktest,
  insertDifferences,
  lockBacktestTry,
  type BacktestAskedRow,
} from '../../db/queries/backtest/progress';
import { findCampaign } from '../../db/queries/campaigns';
import type { Queryable } from '../../db/pool';
import { transaction } from '../../db/transaction';
import { Agenda } from '../../domain/backtest/agenda';
import { Background, type OtherHold } from '../../domain/backtest/background';
import { Backtest } from '../../domain/backtest/backtest';
import { PastOutcomes, type DialOutcome } from '../../domain/backtest/outcomes';
import { chosenAt, type PastCall } from '../../domain/backtest/past-call';
import { summarise } from '../../domain/backtest/summary';
import type { AssignmentId, CampaignId } from '../../domain/ids';
import type { Currency } from '../../domain/money';
import type { Turns } from '../../domain/routing/decide';
import { otherHolds, pastLimits } from './limits';
import { Names } from './names';
import { presentDifference, presentResult } from './present';
import { Configurations, endState, pastCalls, postbackOf, Unusable } from './sources';

/** Dials of each assignment that speak for it, at most: past that, more say nothing new. */
const MOST_OUTCOMES = 2_000;

/** Outcomes are drawn from dials of the period and of so many days before it. */
const OUTCOME_DAYS = 30;

/** Milliseconds between two words on how far it is. */
const REPORT_MS = 500;

/** Another try has begun since, or the backtest is over: this one has nothing more to say. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

/**
 * Runs a backtest to its end, unless it is over. Takes all of a core for as long as it lasts: for a process of its own.
 * @throws Unusable, ZodError, Superseded: what trying again does not help
 */
export async function runBacktest(db: Pool, backtestId: string): Promise<void> {
  const asked = await transaction(db, async (tx) => ({ value: await beginBacktest(tx, backtestId) }));
  if (asked !== null) await run(db, asked);
}

async function run(db: Pool, asked: BacktestAskedRow): Promise<void> {
  const period = await periodOf(db, asked);
  const configurations = new Configurations(db, asked.campaign_id as CampaignId);
  const [currency, counts, plan, limits, past, turns] = await Promise.all([
    currencyOf(db, asked.campaign_id),
    countBacktestCalls(db, period),
    configurations.plan(asked.version),
    pastLimits(db, period, configurations),
    pastOutcomes(db, period),
    pastTurns(db, before(period)),
  ]);
  const { rules } = limits;
  const agenda = new Agenda();
  const backtest = new Backtest({
    plan,
    runs: asked.runs,
    seed: asked.seed,
    rules,
    agenda,
    background: new Background(rules, agenda, Date.parse(period.from), limits.carried),
    past,
    turns,
  });
  const names = new Names();
  const report = createReport(db, asked, Number(counts.replayed), backtest, names);
  const calls = pastCalls(db, period, configurations, plan);
  /** Step by step, for much may have come to its end since the call before. */
  const advance = async (to: number): Promise<void> => {
    do {
      if (report.isDue()) await report.soFar();
    } while (agenda.step(to));
  };
  for await (const next of inOrder(calls, otherHolds(db, period, rules))) {
    const isCall = 'facts' in next;
    await advance(isCall ? chosenAt(next) : next.reservedAt);
    if (isCall) {
      names.learn(next.campaign);
      backtest.call(next);
    } else {
      backtest.other(next);
    }
  }
  await advance(Infinity);
  // Anew: calls have ended meanwhile.
  const counted = await countBacktestCalls(db, { ...period, from: asked.period_from });
  await report.now(async (tx) => {
    const summary = summarise(
      backtest.observed,
      backtest.runs.map(({ tally }) => tally),
    );
    const result = presentResult({
      asked,
      currency,
      plan,
      counts: counted,
      backtest,
      summary,
      past,
      rules,
      names,
    });
    await completeBacktest(tx, asked.id, result);
  });
}

/** Nothing from before the first recorded choice is asked for, however long ago the period begins. */
async function periodOf(db: Pool, asked: BacktestAskedRow): Promise<BacktestPeriod> {
  const { campaign_id: campaignId, period_from, period_to: to, started_at: asOf } = asked;
  const first = (await findFirstRecorded(db, campaignId)) ?? to;
  const from = Date.parse(first) > Date.parse(period_from) ? first : period_from;
  // An empty period is one moment long.
  return { campaignId, from: Date.parse(from) > Date.parse(to) ? to : from, to, asOf };
}

/** Both in the order of their instants; of the same instant, what others held first. */
async function* inOrder(
  calls: AsyncGenerator<PastCall>,
  others: AsyncGenerator<OtherHold>,
): AsyncGenerator<PastCall | OtherHold> {
  let other = await others.next();
  for await (const call of calls) {
    while (other.done !== true && other.value.reservedAt <= chosenAt(call)) {
      yield other.value;
      other = await others.next();
    }
    yield call;
  }
  // Whoever of the calls is still to be dialled again finds what others hold meanwhile.
  for (; other.done !== true; other = await others.next()) yield other.value;
}

interface Report {
  /** Whether it is time to say how far it is. */
  isDue(): boolean;
  /** Writes what there is to write. @throws Superseded */
  soFar(): Promise<void>;
  /** The same, with the last word. @throws Superseded */
  now(lastWord: (tx: Queryable) => Promise<void>): Promise<void>;
}

function createReport(
  db: Pool,
  asked: BacktestAskedRow,
  total: number,
  backtest: Backtest,
  names: Names,
): Report {
  let reportedAt = performance.now();
  const write = (lastWord: (tx: Queryable) => Promise<void>): Promise<void> =>
    transaction(db, async (tx) => {
      if (!(await lockBacktestTry(tx, asked)))
        throw new Superseded(`Backtest ${asked.id} is over, or begun anew`);
      const differences = backtest.takeDifferences().map((each) => presentDifference(each, names));
      if (differences.length > 0) await insertDifferences(tx, asked.id, differences);
      await advanceBacktest(tx, asked.id, { done: backtest.calls, total: Math.max(total, backtest.calls) });
      await lastWord(tx);
      return { value: undefined };
    });
  return {
    isDue: () => performance.now() - reportedAt >= REPORT_MS,
    async soFar() {
      await write(() => Promise.resolve());
      reportedAt = performance.now();
    },
    now: write,
  };
}

/** A campaign that has taken calls keeps its currency. */
async function currencyOf(db: Pool, campaignId: string): Promise<Currency> {
  const campaign = await findCampaign(db, campaignId);
  if (campaign === null) throw new Unusable(`campaign ${campaignId} is not there`);
  return campaign.currency as Currency;
}

async function pastOutcomes(db: Pool, period: BacktestPeriod): Promise<PastOutcomes> {
  const rows = await loadPastOutcomes(db, { ...before(period), to: period.to }, MOST_OUTCOMES);
  const own = new Map<AssignmentId, DialOutcome[]>();
  for (const { assignment_id, state, ring_ms, lasts_ms, talk_seconds, postback } of rows) {
    const dials = own.get(assignment_id as AssignmentId) ?? [];
    own.set(assignment_id as AssignmentId, dials);
    dials.push({
      state: endState(state),
      ringMs: ring_ms,
      lastsMs: lasts_ms,
      talkSeconds: talk_seconds,
      ...postbackOf(postback),
    });
  }
  return new PastOutcomes(own);
}

/** Turns as they stood, counted from 1. */
async function pastTurns(db: Pool, period: BacktestPeriod): Promise<Turns> {
  const rows = await loadPastTurns(db, period);
  const turns = new Map<string, Map<AssignmentId, bigint>>();
  for (const [index, { rule, assignment_id }] of rows.entries()) {
    const own = turns.get(rule) ?? new Map<AssignmentId, bigint>();
    turns.set(rule, own.set(assignment_id as AssignmentId, BigInt(index + 1)));
  }
  return turns;
}

/** The days before a period. */
function before({ campaignId, from, asOf }: BacktestPeriod): BacktestPeriod {
  return {
    campaignId,
    from: new Date(Date.parse(from) - OUTCOME_DAYS * 86_400_000).toISOString(),
    to: from,
    asOf,
  };
}
