import type { Queryable } from '../../pool';

/** What a backtest is asked. */
export interface BacktestAskedRow {
  readonly id: string;
  readonly campaign_id: string;
  readonly version: number;
  readonly period_from: string;
  readonly period_to: string;
  readonly runs: number;
  readonly seed: string;
  /** When it was begun first. */
  readonly started_at: string;
  /** Counts from 1 how often it was begun. */
  readonly try: number;
}

/** How a backtest stands; `null`: there is none of that id. */
export async function findBacktestStatus(db: Queryable, id: string): Promise<string | null> {
  const { rows } = await db.query<{ status: string }>({
    name: 'find_backtest_status',
    text: `SELECT status FROM backtests WHERE id = $1::text`,
    values: [id],
  });
  return rows[0]?.status ?? null;
}

/**
 * Begins a backtest anew, for whoever tries it now: what an earlier try left is taken back, and from here on that one
 * writes nothing any more. @returns `null`: it is over
 */
export async function beginBacktest(db: Queryable, id: string): Promise<BacktestAskedRow | null> {
  const { rows } = await db.query<BacktestAskedRow & Record<string, unknown>>({
    name: 'begin_backtest',
    text: `
      UPDATE backtests
         SET status = 'running', try = try + 1, started_at = coalesce(started_at, now()), calls_done = 0
       WHERE id = $1::text AND status IN ('waiting', 'running')
      RETURNING id, campaign_id, version, period_from, period_to, runs, seed, started_at, try`,
    values: [id],
  });
  const [row] = rows;
  if (row === undefined) return null;
  await db.query({
    name: 'forget_backtest_differences',
    text: `DELETE FROM backtest_differences WHERE backtest_id = $1::text`,
    values: [id],
  });
  return row;
}

/** Which backtest is written to, and by which of its tries. */
export interface BacktestTry {
  readonly id: string;
  readonly try: number;
}

/** Locks a backtest for its last try, until the transaction ends. @returns whether this is it, and it runs */
export async function lockBacktestTry(db: Queryable, of: BacktestTry): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'lock_backtest_try',
    text: `SELECT FROM backtests WHERE id = $1::text AND try = $2::integer AND status = 'running' FOR NO KEY UPDATE`,
    values: [of.id, of.try],
  });
  return rowCount === 1;
}

/** Says how far it is. */
export async function advanceBacktest(
  db: Queryable,
  id: string,
  calls: { readonly done: number; readonly total: number },
): Promise<void> {
  await db.query({
    name: 'advance_backtest',
    text: `UPDATE backtests SET calls_done = $2::integer, calls_total = $3::integer WHERE id = $1::text`,
    values: [id, calls.done, calls.total],
  });
}

/** The last word of the try that holds it: see {@link lockBacktestTry}. */
export async function completeBacktest(db: Queryable, id: string, result: object): Promise<void> {
  await db.query({
    name: 'complete_backtest',
    text: `
      UPDATE backtests SET status = 'completed', result = $2::jsonb, ended_at = now() WHERE id = $1::text`,
    values: [id, JSON.stringify(result)],
  });
}

/** Ends a backtest that came to nothing. One that is over stays as it is. @param failure why; `null`: it was cancelled */
export async function abandonBacktest(db: Queryable, id: string, failure: string | null): Promise<void> {
  await db.query({
    name: 'abandon_backtest',
    text: `
      UPDATE backtests
         SET status = CASE WHEN $2::text IS NULL THEN 'cancelled' ELSE 'failed' END, failure = $2::text, ended_at = now()
       WHERE id = $1::text AND status IN ('waiting', 'running')`,
    values: [id, failure],
  });
}

/** Backtests that have not ended, and were asked for at least so many seconds ago. */
export async function listOpenBacktests(db: Queryable, seconds: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'list_open_backtests',
    text: `
      SELECT id FROM backtests
       WHERE status IN ('waiting', 'running') AND created_at < now() - $1::float8 * interval '1 second'
       ORDER BY created_at, id`,
    values: [seconds],
  });
  return rows.map(({ id }) => id);
}

/** A call that would have gone elsewhere. Amounts are micros; `null`: nobody. */
export interface NewDifferenceRow {
  readonly seq: number;
  readonly callId: string;
  readonly decidedAt: string;
  readonly currency: string;
  readonly observedAssignmentId: string | null;
  readonly observedBuyer: string | null;
  readonly observedPrice: bigint | null;
  readonly outcome: string;
  readonly revenue: bigint;
  readonly modelledAssignmentId: string | null;
  readonly modelledBuyer: string | null;
  readonly modelledPrice: bigint | null;
  readonly modelledRuns: number;
  readonly expectedRevenue: bigint;
}

export async function insertDifferences(
  db: Queryable,
  id: string,
  differences: readonly NewDifferenceRow[],
): Promise<void> {
  const column = <K extends keyof NewDifferenceRow>(key: K): NewDifferenceRow[K][] =>
    differences.map((each) => each[key]);
  await db.query({
    name: 'insert_backtest_differences',
    text: `
      INSERT INTO backtest_differences (backtest_id, seq, call_id, decided_at, currency, observed_assignment_id,
                                        observed_buyer, observed_price_micros, observed_outcome, observed_revenue,
                                        modelled_assignment_id, modelled_buyer, modelled_price_micros, modelled_runs,
                                        expected_revenue)
      SELECT $1::text, d.*
        FROM unnest($2::integer[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::int8[],
                    $9::text[], $10::int8[], $11::text[], $12::text[], $13::int8[], $14::integer[], $15::int8[]) AS d`,
    values: [
      id,
      column('seq'),
      column('callId'),
      column('decidedAt'),
      column('currency'),
      column('observedAssignmentId'),
      column('observedBuyer'),
      column('observedPrice'),
      column('outcome'),
      column('revenue'),
      column('modelledAssignmentId'),
      column('modelledBuyer'),
      column('modelledPrice'),
      column('modelledRuns'),
      column('expectedRevenue'),
    ],
  });
}
