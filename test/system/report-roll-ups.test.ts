import type { Pool, PoolClient } from 'pg';
import type { Report } from '../../contract/resources/report';
import { gatherChanges, rollUpHours } from '../../db/queries/reports/roll-up';
import { verifyReports } from '../../db/queries/reports/verify';
import { startApi, type ApiServer } from './api-server';
import { eventually } from './eventually';
import { bookEntries } from './report-fixture';

const LATER = '2200-01-01T00:00:00Z';

describe('two roll-ups at a time', () => {
  let api: ApiServer;
  let first: PoolClient;
  let second: PoolClient;
  beforeAll(async () => {
    api = await startApi();
    await api.ok('POST', '/campaigns', { id: 'cmp_a', name: 'A', currency: 'USD', timeZone: 'UTC' });
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    [first, second] = await Promise.all([api.db.connect(), api.db.connect()]);
  });
  afterEach(async () => {
    await first.query('ROLLBACK');
    first.release();
    second.release();
  });

  let booked = 0;
  /** One dollar in an hour of a day, and the hour gathered as one that has changed. */
  const book = (day: number, clock: string): Promise<void> =>
    bookEntries(api, [
      {
        cause: `entry ${booked++}`,
        kind: 'revenue',
        campaign: 'cmp_a',
        micros: 1_000_000,
        at: `2026-03-0${day}T${clock}Z`,
      },
    ]);
  const revenue = async (day: number): Promise<unknown> => {
    const query = `by=campaign&measures=revenue&from=2026-03-0${day}&to=2026-03-0${day + 1}`;
    const { rows } = await api.ok<Report>('GET', `/reports?${query}`);
    return rows[0]?.values.revenue;
  };
  const marked = async (): Promise<unknown> =>
    (await api.db.query('SELECT hour, marks FROM report_stale_hours ORDER BY hour')).rows;
  const differences = async (): Promise<unknown> =>
    (await verifyReports(api.db, '2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z')).differences;

  it('keep an hour marked that changed after the one that waits had begun', async () => {
    await book(2, '01:00:00');
    await gatherChanges(api.db);
    await first.query('BEGIN');
    expect(await rollUpHours(first, 100, LATER)).toBe(1);
    await book(2, '02:00:00');
    await gatherChanges(api.db);
    const waits = rollUpHours(second, 100, LATER);
    await waiting(api.db, second);
    await book(2, '02:30:00');
    await gatherChanges(api.db);
    await first.query('COMMIT');
    expect(await waits).toBe(0);
    expect(await marked()).toEqual([{ hour: '2026-03-02T02:00:00.000Z', marks: 2 }]);
    expect([await revenue(2), await differences()]).toEqual(['3000000', []]);
    expect(await rollUpHours(second, 100, LATER)).toBe(1);
    expect([await revenue(2), await marked(), await differences()]).toEqual(['3000000', [], []]);
  });

  it('leave an hour alone that the other one rolled up and that was gathered anew', async () => {
    await book(3, '01:00:00');
    await gatherChanges(api.db);
    await first.query('BEGIN');
    expect(await rollUpHours(first, 100, LATER)).toBe(1);
    const waits = rollUpHours(second, 100, LATER);
    await waiting(api.db, second);
    await book(3, '01:30:00');
    const third = await api.db.connect();
    try {
      const gathers = gatherChanges(third);
      await waiting(api.db, third);
      await first.query('COMMIT');
      expect([await waits, await gathers]).toEqual([0, 1]);
    } finally {
      third.release();
    }
    expect(await marked()).toEqual([{ hour: '2026-03-03T01:00:00.000Z', marks: 1 }]);
    expect([await revenue(3), await differences()]).toEqual(['2000000', []]);
    expect(await rollUpHours(second, 100, LATER)).toBe(1);
    expect([await revenue(3), await marked(), await differences()]).toEqual(['2000000', [], []]);
  });

  it('roll up what the other one gave up', async () => {
    await book(4, '01:00:00');
    await gatherChanges(api.db);
    await first.query('BEGIN');
    expect(await rollUpHours(first, 100, LATER)).toBe(1);
    const waits = rollUpHours(second, 100, LATER);
    await waiting(api.db, second);
    await first.query('ROLLBACK');
    expect(await waits).toBe(1);
    expect([await revenue(4), await marked(), await differences()]).toEqual(['1000000', [], []]);
  });
});

/** Until a connection's statement waits for a lock of another one. */
async function waiting(db: Pool, client: PoolClient & { readonly processID?: number | null }): Promise<void> {
  await eventually(async () => {
    const { rows } = await db.query<{ waits: boolean }>(
      `SELECT wait_event_type = 'Lock' AS waits FROM pg_stat_activity WHERE pid = $1`,
      [client.processID],
    );
    expect(rows).toEqual([{ waits: true }]);
  });
}
