import type { Pool, PoolClient } from 'pg';
import type { Queryable } from './pool';

/** What the work of a transaction gives back. */
export interface Work<T> {
  readonly value: T;
  /**
   * Statements already issued whose answers the work did not wait for. COMMIT is sent right behind them, so that they
   * and it cost one round trip; if one fails, PostgreSQL turns the COMMIT into a rollback.
   */
  readonly last?: readonly Promise<unknown>[];
}

/**
 * Runs `work` in one transaction (READ COMMITTED). BEGIN travels with the first statement. Any error rolls back and is
 * thrown; after an error on the way to COMMIT it is unknown whether the transaction is durable, so `work` has to be
 * safe to repeat.
 */
export async function transaction<T>(pool: Pool, work: (db: Queryable) => Promise<Work<T>>): Promise<T> {
  const client = await pool.connect();
  // A connection that breaks fails the statement under way, which is where we hear of it, and is an event besides: one
  // that nobody listens to ends the process.
  const heardElsewhere = (): void => undefined;
  client.on('error', heardElsewhere);
  let broken: Error | undefined;
  try {
    const begun = client.query('BEGIN');
    begun.catch(() => undefined); // reported by the first statement, which fails for the same reason
    const { value, last = [] } = await work(client);
    const committed = client.query('COMMIT');
    const results = await Promise.allSettled([...last, committed]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    if ((await committed).command !== 'COMMIT') throw new Error('The transaction was rolled back at COMMIT');
    return value;
  } catch (error) {
    broken = await rollback(client);
    throw error;
  } finally {
    client.off('error', heardElsewhere);
    client.release(broken);
  }
}

/** Leaves the connection fit for the next user; gives back the reason when it is not. */
async function rollback(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
