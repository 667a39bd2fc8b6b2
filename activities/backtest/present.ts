import type { BacktestResult, MoneyRange } from '../../contract/resources/backtest';
import type { BacktestCountsRow } from '../../db/queries/backtest/calls';
import type { BacktestAskedRow, NewDifferenceRow } from '../../db/queries/backtest/progress';
import type { Backtest, Difference } from '../../domain/backtest/backtest';
import { basisOf } from '../../domain/backtest/basis';
import type { LimitRules } from '../../domain/backtest/limit-rules';
import type { PastOutcomes } from '../../domain/backtest/outcomes';
import type { PlanVersion } from '../../domain/backtest/past-call';
import type { BuyerSummary, Range, Summary } from '../../domain/backtest/summary';
import { microsToText, type Currency, type Micros, type MicrosText } from '../../domain/money';
import type { Names } from './names';

/** All that the result of a backtest is made of. */
export interface Finished {
  readonly asked: BacktestAskedRow;
  readonly currency: Currency;
  readonly plan: PlanVersion;
  readonly counts: BacktestCountsRow;
  readonly backtest: Backtest;
  readonly summary: Summary;
  readonly past: PastOutcomes;
  readonly rules: LimitRules;
  readonly names: Names;
}

/** A result as the API gives it. */
export function presentResult(finished: Finished): BacktestResult {
  const { asked, currency, plan, counts, backtest, summary, past, rules, names } = finished;
  const { observed, modelled, outcomes } = summary;
  const buyers = summary.buyers.map((buyer) => presentBuyer(buyer, past, names));
  return {
    currency,
    calls: callsOf(counts, backtest.calls),
    reproduced: { calls: backtest.calls, same: backtest.reproduced },
    differences: { ...backtest.differences },
    observed: presentFigures(observed, microsText),
    modelled: presentFigures(modelled, moneyRange),
    outcomes,
    buyers,
    absent: [...backtest.absent]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([assignmentId, calls]) => ({ assignmentId, calls })),
    limits: summary.limits.flatMap(({ limitId, ...stood }) => {
      const rule = rules.series.find((series) => series.limitId === limitId);
      if (rule === undefined) return [];
      const { scope, window, counts: counted } = rule;
      return [{ limitId, scope, window, counts: counted, ...stood }];
    }),
    basis: basisOf({
      runs: asked.runs,
      version: plan.version,
      replayed: backtest.calls,
      reproduced: backtest.reproduced,
      sources: summary.buyers.flatMap(({ assignmentId, drawn }) =>
        drawn ? [{ buyerName: names.of(assignmentId), from: past.of(assignmentId).from }] : [],
      ),
      limits: rules.series.length > 0,
      recovers: plan.plan.recoverUnderSeconds !== null,
      turns: plan.plan.rules.some(({ strategy }) => strategy.kind === 'round_robin'),
    }),
  };
}

/** Whatever ended since the calls were read counts as in progress: so the figures add up. */
function callsOf(counts: BacktestCountsRow, replayed: number): BacktestResult['calls'] {
  const [received, notRouted, failed, notOnRecord] = [
    counts.received,
    counts.not_routed,
    counts.failed,
    counts.not_on_record,
  ].map(Number) as [number, number, number, number];
  const inProgress = Math.max(0, received - replayed - notRouted - failed - notOnRecord);
  return { received, replayed, notRouted, failed, notOnRecord, inProgress };
}

function presentFigures<N, M, R>(
  {
    revenue,
    payout,
    ...counts
  }: {
    readonly dialled: N;
    readonly dials: N;
    readonly connected: N;
    readonly converted: N;
    readonly noCandidate: N;
    readonly afterHours: N;
    readonly exhausted: N;
    readonly abandonedRinging: N;
    readonly revenue: M;
    readonly payout: M;
  },
  money: (amount: M) => R,
) {
  return { ...counts, revenueMicros: money(revenue), payoutMicros: money(payout) };
}

function presentBuyer(
  { assignmentId, observed, modelled, drawn }: BuyerSummary,
  past: PastOutcomes,
  names: Names,
): BacktestResult['buyers'][number] {
  const { from, dials } = past.of(assignmentId);
  const { revenue: observedRevenue, ...observedCounts } = observed;
  const { revenue: modelledRevenue, ...modelledCounts } = modelled;
  return {
    assignmentId,
    buyerName: names.of(assignmentId),
    observed: { ...observedCounts, revenueMicros: microsText(observedRevenue) },
    modelled: { ...modelledCounts, revenueMicros: moneyRange(modelledRevenue) },
    outcomesFrom: drawn ? from : 'none',
    sample: drawn ? dials.length : 0,
  };
}

/** A difference as it is stored. */
export function presentDifference(difference: Difference, names: Names): NewDifferenceRow {
  const { no, call, observed, modelled, modelledRuns, expectedRevenue } = difference;
  return {
    seq: no,
    callId: call.facts.callId,
    decidedAt: call.facts.at,
    currency: call.currency,
    observedAssignmentId: observed?.assignmentId ?? null,
    observedBuyer: observed === null ? null : names.of(observed.assignmentId),
    observedPrice: observed?.price ?? null,
    outcome: call.observed.outcome,
    revenue: call.observed.revenue,
    modelledAssignmentId: modelled?.assignmentId ?? null,
    modelledBuyer: modelled === null ? null : names.of(modelled.assignmentId),
    modelledPrice: modelled?.price ?? null,
    modelledRuns,
    expectedRevenue,
  };
}

function microsText(amount: bigint): MicrosText {
  return microsToText(amount as Micros);
}

function moneyRange({ mean, low, high }: Range<bigint>): MoneyRange {
  return { mean: microsText(mean), low: microsText(low), high: microsText(high) };
}
