/** The workflow type. */
export const BACKTEST_WORKFLOW = 'backtest';

/** Input of the workflow. All else stands in the database. */
export interface BacktestInput {
  readonly backtestId: string;
}

/** Result of the workflow, for whoever opens it in the Temporal UI. */
export interface BacktestOutcome {
  readonly outcome: 'completed' | 'failed' | 'cancelled';
}

/**
 * Where backtests run, one at a time in each worker: beside what else is worked on under `maintenanceQueue`, so that
 * neither waits for the other.
 */
export function backtestTaskQueue(maintenanceQueue: string): string {
  return `${maintenanceQueue}-backtests`;
}
