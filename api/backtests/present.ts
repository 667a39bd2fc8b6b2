import type {
  Backtest,
  BacktestDifference,
  BacktestHead,
  BacktestResult,
  BacktestStatus,
} from '../../contract/resources/backtest';
import type { BacktestDifferenceRow, BacktestHeadRow, BacktestRow } from '../../db/queries/backtests';
import type { CampaignId } from '../../domain/ids';
import { microsToText, type Currency, type Micros } from '../../domain/money';
import { presentFirstDial } from '../calls/first-dial';

/** With what it came to, which its workflow wrote, and nobody else writes. */
export function presentBacktest(row: BacktestRow): Backtest {
  return { ...presentHead(row), result: row.result as BacktestResult | null };
}

/** A backtest as lists show it. */
export function presentHead(row: BacktestHeadRow): BacktestHead {
  return {
    id: row.id,
    campaignId: row.campaign_id as CampaignId,
    version: row.version,
    from: row.period_from,
    to: row.period_to,
    runs: row.runs,
    seed: row.seed,
    status: row.status as BacktestStatus,
    progress: { calls: row.calls_done, of: row.calls_total },
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    failure: row.failure,
  };
}

export function presentDifference(row: BacktestDifferenceRow): BacktestDifference {
  return {
    callId: row.call_id,
    at: row.decided_at,
    currency: row.currency as Currency,
    observed: presentFirstDial(row.observed_assignment_id, row.observed_buyer, row.observed_price_micros),
    outcome: row.observed_outcome,
    revenueMicros: microsToText(row.observed_revenue as Micros),
    modelled: presentFirstDial(row.modelled_assignment_id, row.modelled_buyer, row.modelled_price_micros),
    modelledRuns: row.modelled_runs,
    expectedRevenueMicros: microsToText(row.expected_revenue as Micros),
  };
}
