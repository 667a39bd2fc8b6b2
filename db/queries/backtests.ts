import { CREATED_PLACE, type CreatedPlace } from '../keyset';
import type { Queryable } from '../pool';
import { only } from '../rows';

/** A backtest as stored, without what it came to, which is large. */
export interface BacktestHeadRow {
  readonly id: string;
  readonly campaign_id: string;
  readonly version: number;
  readonly period_from: string;
  readonly period_to: string;
  readonly runs: number;
  readonly seed: string;
  readonly status: string;
  readonly calls_done: number;
  readonly calls_total: number | null;
  readonly failure: string | null;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly created_place: string;
}

export interface BacktestRow extends BacktestHeadRow {
  readonly result: unknown;
}

const HEAD_COLUMNS = `
  id, campaign_id, version, period_from, period_to, runs, seed, status, calls_done, calls_total, failure, created_at,
  started_at, ended_at, ${CREATED_PLACE}`;
const COLUMNS = `${HEAD_COLUMNS}, result`;

export interface NewBacktestRow {
  readonly id: string;
  readonly campaignId: string;
  readonly version: number;
  /** ISO 8601; the end is not part of the period. */
  readonly from: string;
  readonly to: string;
  readonly runs: number;
  readonly seed: string;
}

/** @throws when the campaign, or this version of its plan, is not there */
export async function insertBacktest(db: Queryable, backtest: NewBacktestRow): Promise<BacktestRow> {
  const { rows } = await db.query<BacktestRow & Record<string, unknown>>({
    name: 'insert_backtest',
    text: `
      INSERT INTO backtests (id, campaign_id, version, period_from, period_to, runs, seed)
      VALUES ($1::text, $2::text, $3::integer, $4::timestamptz, $5::timestamptz, $6::integer, $7::text)
      RETURNING ${COLUMNS}`,
    values: [
      backtest.id,
      backtest.campaignId,
      backtest.version,
      backtest.from,
      backtest.to,
      backtest.runs,
      backtest.seed,
    ],
  });
  return only(rows);
}

export async function findBacktest(db: Queryable, id: string): Promise<BacktestRow | null> {
  const { rows } = await db.query<BacktestRow & Record<string, unknown>>({
    name: 'find_backtest',
    text: `SELECT ${COLUMNS} FROM backtests WHERE id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Newest first. */
export async function listBacktests(
  db: Queryable,
  filter: {
    readonly campaignId: string | null;
    readonly after: CreatedPlace | null;
    readonly limit: number;
  },
): Promise<BacktestHeadRow[]> {
  const { rows } = await db.query<BacktestHeadRow & Record<string, unknown>>({
    name: 'list_backtests',
    text: `
      SELECT ${HEAD_COLUMNS} FROM backtests
       WHERE ($1::text IS NULL OR campaign_id = $1::text)
         AND ($2::timestamptz IS NULL OR (created_at, id) < ($2::timestamptz, $3::text))
       ORDER BY created_at DESC, id DESC
       LIMIT $4::integer`,
    values: [filter.campaignId, filter.after?.at ?? null, filter.after?.id ?? null, filter.limit],
  });
  return rows;
}

/** Ends a backtest nobody works on any more; one that is over stays as it is. */
export async function closeBacktest(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'close_backtest',
    text: `
      UPDATE backtests SET status = 'cancelled', ended_at = now()
       WHERE id = $1::text AND ended_at IS NULL`,
    values: [id],
  });
}

/** A call that would have gone elsewhere. Amounts are micros; `null`: nobody. */
export interface BacktestDifferenceRow {
  readonly seq: number;
  readonly call_id: string;
  readonly decided_at: string;
  readonly currency: string;
  readonly observed_assignment_id: string | null;
  readonly observed_buyer: string | null;
  readonly observed_price_micros: bigint | null;
  readonly observed_outcome: string;
  readonly observed_revenue: bigint;
  readonly modelled_assignment_id: string | null;
  readonly modelled_buyer: string | null;
  readonly modelled_price_micros: bigint | null;
  readonly modelled_runs: number;
  readonly expected_revenue: bigint;
}

/** In the order in which the calls came. */
export async function listBacktestDifferences(
  db: Queryable,
  backtestId: string,
  page: { readonly after: number | null; readonly limit: number },
): Promise<BacktestDifferenceRow[]> {
  const { rows } = await db.query<BacktestDifferenceRow & Record<string, unknown>>({
    name: 'list_backtest_differences',
    text: `
      SELECT seq, call_id, decided_at, currency, observed_assignment_id, observed_buyer, observed_price_micros,
             observed_outcome, observed_revenue, modelled_assignment_id, modelled_buyer, modelled_price_micros,
             modelled_runs, expected_revenue
        FROM backtest_differences
       WHERE backtest_id = $1::text AND ($2::integer IS NULL OR seq > $2::integer)
       ORDER BY seq
       LIMIT $3::integer`,
    values: [backtestId, page.after, page.limit],
  });
  return rows;
}
