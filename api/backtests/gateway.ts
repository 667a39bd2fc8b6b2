import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { BacktestHead } from '../../contract/resources/backtest';
import type { Logger } from '../../runtime/logger';
import { isNotFound, isServerAway } from '../../runtime/temporal-errors';
import { BACKTEST_WORKFLOW, type BacktestInput } from '../../workflows/backtest/messages';
import { backtestWorkflowId } from '../../workflows/ids';
import { maintenanceTaskQueue } from '../../workflows/maintenance/messages';
import { atMost } from '../at-most';
import { DeadlineExceeded } from '../deadline';
import { Problem } from '../problems';
import { createUnderWay } from '../under-way';

/** Talks to the workflows of backtests. */
export interface BacktestGateway {
  /**
   * Starts a backtest's workflow, in the transaction that puts it on record: rolled back, the workflow finds nothing to
   * do and ends. Done again, nothing happens.
   * @throws Problem `unavailable`
   */
  start(backtest: Pick<BacktestHead, 'id' | 'campaignId' | 'version' | 'from' | 'to'>): Promise<void>;
  /**
   * Asks a backtest's workflow to end.
   * @returns whether there is one to ask: `gone` when it has ended, or was terminated
   * @throws Problem `unavailable`
   */
  cancel(id: string): Promise<'asked' | 'gone'>;
  /** Resolves when nothing is under way any more: only then may the client close. */
  idle(): Promise<void>;
}

/** In milliseconds. Nobody waits for a worker here, only for the server. */
const PATIENCE_MS = 5_000;
/** A start keeps a connection to the database while it waits. */
const MOST_STARTS = 4;
const MOST_CANCELS = 8;

export function createBacktestGateway({
  temporal,
  log,
  callQueue,
  patienceMs = PATIENCE_MS,
}: {
  readonly temporal: Client;
  readonly log: Logger;
  /** Backtests are worked on beside the calls on it. */
  readonly callQueue: string;
  /** How long a request may take, in milliseconds. */
  readonly patienceMs?: number;
}): BacktestGateway {
  const { timely, idle } = createUnderWay(temporal);
  const starting = atMost(MOST_STARTS, 'Other backtests are being started: try again in a moment');
  const cancelling = atMost(MOST_CANCELS, 'Other backtests are being cancelled: try again in a moment');
  const taskQueue = maintenanceTaskQueue(callQueue);

  async function ask<T>(
    inTurn: typeof starting,
    id: string,
    refusal: string,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await inTurn(() => timely(Date.now() + patienceMs, work));
    } catch (error) {
      if (!(error instanceof DeadlineExceeded) && !isServerAway(error)) throw error;
      log.warn({ err: error, backtestId: id }, 'Temporal does not answer about a backtest');
      throw new Problem('unavailable', refusal);
    }
  }

  return {
    start: ({ id, campaignId, version, from, to }) =>
      ask(
        starting,
        id,
        'Temporal does not answer, so the backtest was not made: try again in a moment',
        async () => {
          const input: BacktestInput = { backtestId: id };
          try {
            await temporal.workflow.start(BACKTEST_WORKFLOW, {
              workflowId: backtestWorkflowId(id),
              taskQueue,
              args: [input],
              workflowIdReusePolicy: 'REJECT_DUPLICATE',
              staticSummary: `plan version ${version} of ${campaignId} over past calls`,
              staticDetails: `Calls from ${from} to ${to}. How far it is, and what it came to: GET /api/v1/backtests/${id}`,
            });
          } catch (error) {
            if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
          }
        },
      ),

    cancel: (id) =>
      ask(
        cancelling,
        id,
        'Temporal does not answer, so it is not known whether the backtest was asked to end: try again in a moment',
        async () => {
          const workflow = temporal.workflow.getHandle(backtestWorkflowId(id));
          try {
            // The server takes a request to cancel what is over, and says nothing of it.
            if ((await workflow.describe()).closeTime !== undefined) return 'gone';
            await workflow.cancel();
            return 'asked';
          } catch (error) {
            if (isNotFound(error)) return 'gone';
            throw error;
          }
        },
      ),

    idle,
  };
}
