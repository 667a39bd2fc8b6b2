import {
  ActivityCancellationType,
  CancellationScope,
  isCancellation,
  proxyActivities,
  rootCause,
  workflowInfo,
} from '@temporalio/workflow';
import type { BacktestActivities } from '../../activities/backtest';
import { backtestTaskQueue, type BacktestInput, type BacktestOutcome } from './messages';

/** The workflow is started before what it is about is committed: a moment later it is there, or it never will be. */
const { awaitBacktest } = proxyActivities<BacktestActivities>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '5m',
  retry: { initialInterval: '100ms', maximumInterval: '20s' },
});

const { abandonBacktest } = proxyActivities<BacktestActivities>({
  startToCloseTimeout: '20s',
  retry: { initialInterval: '500ms', maximumInterval: '30s' },
});

/** Waits for its turn as long as it takes: no timeout counts until it begins. */
function run(backtestId: string): Promise<void> {
  const { runBacktest } = proxyActivities<BacktestActivities>({
    taskQueue: backtestTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '12h',
    heartbeatTimeout: '10s',
    // So that a backtest which was cancelled writes nothing more once it says so.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '1s', maximumInterval: '1m', maximumAttempts: 10 },
  });
  return runBacktest(backtestId);
}

/** A plan version run over past calls: one long activity, and an end on record whatever comes of it. */
export async function backtest({ backtestId }: BacktestInput): Promise<BacktestOutcome> {
  try {
    await awaitBacktest(backtestId);
    await run(backtestId);
    return { outcome: 'completed' };
  } catch (error) {
    const cancelled = isCancellation(error);
    const failure = cancelled ? null : (rootCause(error) ?? 'nobody knows why: see the workflow');
    await CancellationScope.nonCancellable(() => abandonBacktest(backtestId, failure));
    return { outcome: cancelled ? 'cancelled' : 'failed' };
  }
}
