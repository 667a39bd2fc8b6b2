import { randomBytes } from 'node:crypto';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Pool } from 'pg';
import { endConnections } from '../../db/queries/backtest/connections';
import type { BacktestActivities } from './index';

/** How the process of a backtest ended. */
export type BacktestEnd =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string; readonly retry: boolean };

/** A backtest that runs in a process of its own. */
export interface BacktestProcess {
  /** Resolves when the process is gone. Never rejects. */
  readonly ended: Promise<BacktestEnd>;
  /** Ends it at once, whatever it does. */
  kill(): void;
}

/** Starts one. @param connections the name its connections to the database go by */
export type StartBacktest = (backtestId: string, connections: string) => BacktestProcess;

/** Milliseconds between two signs of life, with which Temporal says whether it is to stop. */
const ALIVE_MS = 1_000;

/** Bytes of a connection's name that PostgreSQL keeps. */
const LONGEST_NAME = 63;

/** @see BacktestActivities.runBacktest */
export function createRun(db: Pool, start: StartBacktest): BacktestActivities['runBacktest'] {
  return async (backtestId) => {
    const context = Context.current();
    // Of this try alone: another may have begun elsewhere when this one hears that it is to stop.
    const connections = `callyard-backtest/${backtestId}/${randomBytes(4).toString('hex')}`.slice(
      0,
      LONGEST_NAME,
    );
    const alive = setInterval(() => context.heartbeat(), ALIVE_MS);
    const running = start(backtestId, connections);
    try {
      // Rejects when the workflow was cancelled or is gone, or the worker is to stop.
      const end = await Promise.race([running.ended, context.cancelled]);
      if (end.kind === 'done') return;
      await endStatements();
      throw ApplicationFailure.create({ message: end.message, type: 'Backtest', nonRetryable: !end.retry });
    } catch (error) {
      if (context.cancellationSignal.aborted) {
        running.kill();
        await running.ended;
        await endStatements();
      }
      throw error;
    } finally {
      clearInterval(alive);
    }

    /** A process that is killed leaves its statements behind; left to itself, the database notices within a second. */
    async function endStatements(): Promise<void> {
      try {
        await endConnections(db, connections);
      } catch (error) {
        context.log.warn('statements of a backtest could not be ended', { backtestId, error });
      }
    }
  };
}
