import type { Pool } from 'pg';
import { createPool } from '../../db/pool';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import { eventually } from './eventually';
import { candidateOn, insertTestLimit, putFakeClock, requestFor } from './limit-fixture';
import { createTestLedger } from './test-ledger';

describe('the statement that reserves', () => {
  let database: TestDatabase;
  let db: Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 2, applicationName: 'test', onIdleError: () => undefined });
    await putFakeClock(db, '2026-03-02T12:00:00Z');
  });
  afterAll(async () => {
    await db.end();
    await database.drop();
  });

  it('reads one counter of a limit that has had many windows, though it was planned when there were few', async () => {
    // Else PostgreSQL may count the rows anew in the middle of it, and plan with the new count.
    await db.query('ALTER TABLE limit_counters SET (autovacuum_enabled = false)');
    await insertTestLimit(db, {
      id: 'lim_old',
      scope: 'buyer:old',
      window: 'hour',
      counts: 'attempt',
      maximum: 1_000,
    });
    const BATCH = 100;
    const WINDOWS = 8_760;
    const ledger = createTestLedger(database.url);
    const batch = (name: string): Promise<unknown> =>
      Promise.all(
        Array.from({ length: BATCH }, (_, n) =>
          ledger.reserve(requestFor(`${name}${n}`, [candidateOn(['buyer:old'])])),
        ),
      );
    await batch('first');
    await db.query(
      `INSERT INTO limit_counters (limit_id, window_start)
       SELECT 'lim_old', limit_window_start('hour', 'UTC', limit_clock()) - i * interval '1 hour'
         FROM generate_series(1, $1::integer) i`,
      [WINDOWS],
    );
    await batch('second');
    // A connection's statistics are there once it has ended.
    await ledger.close();
    await eventually(async () => {
      const { rows } = await db.query<{ read: bigint; looks: bigint }>(
        `SELECT sum(t.seq_tup_read + i.idx_tup_read)::bigint AS read, sum(i.idx_scan + t.seq_scan)::bigint AS looks
           FROM pg_stat_user_tables t JOIN pg_stat_user_indexes i USING (relid) WHERE t.relname = 'limit_counters'`,
      );
      expect(Number(rows[0]?.looks)).toBeGreaterThanOrEqual(2 * BATCH);
      // Not the windows even of one of the second hundred.
      expect(Number(rows[0]?.read)).toBeLessThan(WINDOWS);
    });
  });
});
