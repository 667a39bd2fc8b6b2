import type { Pool } from 'pg';
import { abandonBacktest, findBacktestStatus } from '../../db/queries/backtest/progress';
import { createRun } from './run';

/**
 * The side effects of a backtest. Each may be run again at any time: a try begins anew, and what an earlier one writes
 * from then on is refused.
 */
export interface BacktestActivities {
  /**
   * Waits for the backtest to be on record: its workflow is started just before.
   * @throws while it is not
   */
  awaitBacktest(backtestId: string): Promise<void>;
  /** Runs it to its end, and tells Temporal how far it is. @throws ApplicationFailure, not to be tried again, for what will not go away */
  runBacktest(backtestId: string): Promise<void>;
  /** Ends it without a result. @param failure why; `null`: it was cancelled */
  abandonBacktest(backtestId: string, failure: string | null): Promise<void>;
}

/** The activities of `workflows/backtest`. @param db whose statements may take longer than those of calls */
export function createBacktestActivities(db: Pool): BacktestActivities {
  return {
    async awaitBacktest(backtestId) {
      if ((await findBacktestStatus(db, backtestId)) !== null) return;
      throw new Error(`Backtest ${backtestId} is not on record: it was never asked for, or is not yet`);
    },
    runBacktest: createRun(db),
    abandonBacktest: (backtestId, failure) => abandonBacktest(db, backtestId, failure),
  };
}
