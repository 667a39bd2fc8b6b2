import { setImmediate } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Pool } from 'pg';
import { ZodError } from 'zod';
import {
  countBacktestCalls,
  loadLastDialled,
  loadPastOutcomes,
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
import type { BacktestActivities } from './index';
import { otherHolds, pastLimits } from './limits';
import { Names } from './names';
import { presentDifference, presentResult } from './present';
import { Configurations, endState, pastCalls, Unusable } from './sources';

/** Dials of each assignment that speak for it, at most: past that, more say nothing new. */
const MOST_OUTCOMES = 2_000;

/** Outcomes are drawn from dials of the period and of so many days before it. */
const OUTCOME_DAYS = 30;

/** Milliseconds of reckoning after which whatever else this process does comes to its turn: calls must not wait. */
const SLICE_MS = 2;

/** Milliseconds between two words on how far it is. */
const REPORT_MS = 500;

/** @see BacktestActivities.runBacktest */
export function createRun(db: Pool): BacktestActivities['runBacktest'] {
  return async (backtestId) => {
    const asked = await transaction(db, async (tx) => ({ value: await beginBacktest(tx, backtestId) }));
    if (asked === null) return;
    try {
      await run(db, asked);
    } catch (error) {
      if (error instanceof Unusable) throw ApplicationFailure.nonRetryable(error.message, 'Unusable');
      if (error instanceof ZodError) {
        const fields = error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ');
        throw ApplicationFailure.nonRetryable(`what is on record cannot be read: ${fields}`, 'Unusable');
      }
      throw error;
    }
  };
}

async function run(db: Pool, asked: BacktestAskedRow): Promise<void> {
  const period = { campaignId: asked.campaign_id, from: asked.period_from, to: asked.period_to };
  const configurations = new Configurations(db, asked.campaign_id as CampaignId);
  const [currency, counts, plan, limits, past, lastDialled] = await Promise.all([
    currencyOf(db, asked.campaign_id),
    countBacktestCalls(db, period),
    configurations.plan(asked.version),
    pastLimits(db, period, configurations),
    pastOutcomes(db, period),
    loadLastDialled(db, before(period)),
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
    turns: new Map(lastDialled.map((id, index) => [id as AssignmentId, BigInt(index + 1)])),
  });
  const names = new Names();
  const report = createReport(db, asked, Number(counts.replayed), backtest, names);
  const calls = pastCalls(db, period, configurations, plan);
  for await (const next of inOrder(calls, otherHolds(db, period, rules))) {
    if ('facts' in next) {
      names.learn(next.campaign);
      backtest.call(next);
    } else {
      backtest.other(next);
    }
    await report.whenDue();
  }
  backtest.finish();
  await report.now(async (tx) => {
    const summary = summarise(
      backtest.observed,
      backtest.runs.map(({ tally }) => tally),
    );
    const result = presentResult({ asked, currency, plan, counts, backtest, summary, past, rules, names });
    await completeBacktest(tx, asked.id, result);
  });
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
  /** Lets others have their turn, and says how far it is, each when it is time. @throws when the backtest is to stop */
  whenDue(): Promise<void>;
  /** Writes what there is to write, with the last word. */
  now(lastWord: (tx: Queryable) => Promise<void>): Promise<void>;
}

function createReport(
  db: Pool,
  asked: BacktestAskedRow,
  total: number,
  backtest: Backtest,
  names: Names,
): Report {
  const context = Context.current();
  let turnAt = performance.now();
  let reportAt = turnAt;
  const write = (lastWord: (tx: Queryable) => Promise<void>): Promise<void> =>
    transaction(db, async (tx) => {
      if (!(await lockBacktestTry(tx, asked)))
        throw ApplicationFailure.nonRetryable(`Backtest ${asked.id} is over, or begun anew`, 'Superseded');
      const differences = backtest.takeDifferences().map((each) => presentDifference(each, names));
      if (differences.length > 0) await insertDifferences(tx, asked.id, differences);
      await advanceBacktest(tx, asked.id, { done: backtest.calls, total });
      await lastWord(tx);
      return { value: undefined };
    });
  return {
    async whenDue() {
      if (performance.now() - turnAt < SLICE_MS) return;
      await setImmediate();
      if (performance.now() - reportAt >= REPORT_MS) {
        // Throws when the workflow was cancelled, and tells the server that this worker is alive.
        await context.sleep(0);
        context.heartbeat({ calls: backtest.calls, of: total });
        await write(() => Promise.resolve());
        reportAt = performance.now();
      }
      turnAt = performance.now();
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
  for (const { assignment_id, state, lasts_ms, talk_seconds } of rows) {
    const dials = own.get(assignment_id as AssignmentId) ?? [];
    own.set(assignment_id as AssignmentId, dials);
    dials.push({ state: endState(state), lastsMs: lasts_ms, talkSeconds: talk_seconds });
  }
  return new PastOutcomes(own);
}

/** The days before a period. */
function before({ campaignId, from }: BacktestPeriod): BacktestPeriod {
  return { campaignId, from: new Date(Date.parse(from) - OUTCOME_DAYS * 86_400_000).toISOString(), to: from };
}
