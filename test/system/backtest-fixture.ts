import type { Backtest, BacktestDifference, NewBacktest } from '../../contract/resources/backtest';
import type { Page } from '../../contract/page';
import { eventually } from './eventually';
import type { SystemUnderTest } from './system';

/** Backtests of a campaign, by the API. */
export interface Backtests {
  start(asked: Partial<NewBacktest> & Pick<NewBacktest, 'version'>): Promise<Backtest>;
  get(id: string): Promise<Backtest>;
  /** Starts one and waits for its end. */
  run(asked: Partial<NewBacktest> & Pick<NewBacktest, 'version'>): Promise<Backtest>;
  ended(id: string): Promise<Backtest>;
  differences(id: string): Promise<readonly BacktestDifference[]>;
  cancel(id: string): Promise<number>;
}

export function backtestsOf(system: SystemUnderTest, campaignId: string): Backtests {
  const send = async <T>(method: string, path: string, body?: unknown) => {
    const response = await fetch(`${system.baseUrl}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${system.adminKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  };
  const own: Backtests = {
    async start(asked) {
      const { status, body } = await send<Backtest>('POST', `/campaigns/${campaignId}/backtests`, asked);
      expect({ status, body }).toMatchObject({ status: 201 });
      return body;
    },
    get: async (id) => (await send<Backtest>('GET', `/backtests/${id}`)).body,
    ended: (id) =>
      eventually(async () => {
        const backtest = await own.get(id);
        if (backtest.endedAt === null) throw new Error(`Backtest ${id} is ${backtest.status}`);
        return backtest;
      }, 60_000),
    run: async (asked) => own.ended((await own.start(asked)).id),
    differences: async (id) =>
      (await send<Page<BacktestDifference>>('GET', `/backtests/${id}/differences?limit=200`)).body.data,
    cancel: async (id) => (await send('POST', `/backtests/${id}/cancel`, {})).status,
  };
  return own;
}

/**
 * Copies a campaign's calls, with all that is on record of each, so that there are many: each copy of them came in
 * `apartSeconds` before the one before. What they held counts in no limit.
 */
export async function multiplyCalls(
  { db }: SystemUnderTest,
  campaignId: string,
  copies: number,
  apartSeconds: number,
): Promise<void> {
  for (const [table, columns] of [
    ['calls', ['id', 'sid']],
    ['attempts', ['id', 'call_id']],
    ['reservations', ['id', 'call_id', 'attempt_id']],
    ['decision_records', ['call_id']],
  ] as const) {
    const renamed = columns.map(
      (column) => `'${column}', regexp_replace(t.${column}, '^[^/~]+', '\\&_' || k.n)`,
    );
    const { rows } = await db.query<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns
        WHERE table_name = $1 AND data_type = 'timestamp with time zone'`,
      [table],
    );
    const moved = rows.map(({ name }) => `'${name}', t.${name} - k.n * $2::float8 * interval '1 second'`);
    const own =
      table === 'calls' ? 't.campaign_id' : '(SELECT c.campaign_id FROM calls c WHERE c.id = t.call_id)';
    await db.query(
      `INSERT INTO ${table}
       SELECT (jsonb_populate_record(NULL::${table}, to_jsonb(t) || jsonb_build_object(${[...renamed, ...moved].join(', ')}))).*
         FROM ${table} t CROSS JOIN generate_series(1, $3::integer) AS k (n)
        WHERE ${own} = $1 AND t.${columns.at(-1) === 'sid' ? 'id' : 'call_id'} NOT LIKE '%\\_%\\_%'`,
      [campaignId, apartSeconds, copies],
    );
  }
}
