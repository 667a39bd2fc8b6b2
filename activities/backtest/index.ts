import type { Pool } from 'pg';
import { abandonBacktest, findBacktestStatus } from '../../db/queries/backtest/progress';
import { createRun, type StartBacktest } from './supervise';

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
  /** Runs it to its end, in a process of its own. @throws ApplicationFailure, not to be tried again, for what will not go away */
  runBacktest(backtestId: string): Promise<void>;
  /** Ends it without a result. @param failure why; `null`: it was cancelled */
  abandonBacktest(backtestId: string, failure: string | null): Promise<void>;
}

/** What is done at once, beside whatever else a worker does. */
export function createBacktestActivities(
  db: Pool,
): Pick<BacktestActivities, 'awaitBacktest' | 'abandonBacktest'> {
  return {
    async awaitBacktest(backtestId) {
      if ((await findBacktestStatus(db, backtestId)) !== null) return;
      throw new Error(`Backtest ${backtestId} is not on record: it was never asked for, or is not yet`);
    },
    abandonBacktest: (backtestId, failure) => abandonBacktest(db, backtestId, failure),
  };
}

/** What takes long, and all of a core: for a worker that takes one after the other. */
export function createBacktestRun(db: Pool, start: StartBacktest): Pick<BacktestActivities, 'runBacktest'> {
  return { runBacktest: createRun(db, start) };
}
