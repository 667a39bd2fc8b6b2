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
