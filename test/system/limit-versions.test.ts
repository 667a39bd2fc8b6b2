import path from 'node:path';
import { runner } from 'node-pg-migrate';
import type { Pool } from 'pg';
import { migrate } from '../../db/migrate';
import { createPool } from '../../db/pool';
import { deleteLimit, updateLimit } from '../../db/queries/limits/limits';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../environment/database';
import { insertTestLimit, putFakeClock } from './limit-fixture';
import { environment } from './system';

interface Version {
  readonly maximum: bigint;
  readonly time_zone: string;
  readonly valid_from: string;
  readonly valid_until: string | null;
}

const poolOf = (database: TestDatabase): Pool =>
  createPool({ url: database.url, size: 3, applicationName: 'test', onIdleError: () => undefined });

describe('what limits were', () => {
  let database: TestDatabase;
  let db: Pool;
  let setClock: (to: string) => Promise<void>;
  beforeAll(async () => {
    database = await createTestDatabase();
    db = poolOf(database);
    setClock = await putFakeClock(db, '2026-03-02T10:00:00.000Z');
  });
  afterAll(async () => {
    await db.end();
    await database.drop();
  });

  const at = (hour: number): string => `2026-03-02T${hour}:00:00.000Z`;
  const versions = async (id: string): Promise<readonly (readonly unknown[])[]> => {
    const { rows } = await db.query<Version & Record<string, unknown>>(
      `SELECT maximum, time_zone, valid_from, valid_until FROM limit_versions WHERE limit_id = $1 ORDER BY seq`,
      [id],
    );
    return rows.map((row) => [row.maximum, row.time_zone, row.valid_from, row.valid_until]);
  };

  it('is kept from one change to the next, with removal and return', async () => {
    await db.query(`INSERT INTO buyers (id, name, time_zone) VALUES ('buy_v', 'v', 'UTC')`);
    const limit = { id: 'lim_v', scope: 'buyer:buy_v', window: 'day', counts: 'connection' } as const;
    await setClock(at(10));
    await insertTestLimit(db, { ...limit, maximum: 5 });
    expect(await versions('lim_v')).toEqual([[5n, 'UTC', at(10), null]]);
    await setClock(at(11));
    await updateLimit(db, 'lim_v', 7n);
    await setClock(at(12));
    await db.query(`UPDATE buyers SET time_zone = 'Asia/Tokyo' WHERE id = 'buy_v'`);
    const unchanged = [
      `UPDATE limits SET adopts_until = NULL, revision = revision + 1 WHERE id = 'lim_v'`,
      `UPDATE limits SET maximum = maximum WHERE id = 'lim_v'`,
      `UPDATE buyers SET name = 'w' WHERE id = 'buy_v'`,
    ];
    await setClock(at(13));
    for (const statement of unchanged) await db.query(statement);
    await setClock(at(14));
    await deleteLimit(db, 'lim_v');
    const past = [
      [5n, 'UTC', at(10), at(11)],
      [7n, 'UTC', at(11), at(12)],
      [7n, 'Asia/Tokyo', at(12), at(14)],
    ];
    expect(await versions('lim_v')).toEqual(past);
    await setClock(at(15));
    await insertTestLimit(db, { ...limit, maximum: 1 });
    expect(await versions('lim_v')).toEqual([...past, [1n, 'UTC', at(15), null]]);
  });

  it('is known of a database that was there before: for all the time before', async () => {
    const older = await createEmptyDatabase(environment('CALLYARD_TEST_DATABASE_URL'));
    const olderDb = poolOf(older);
    try {
      await runner({
        databaseUrl: older.url,
        dir: path.join(__dirname, '..', '..', 'db', 'migrations'),
        direction: 'up',
        count: 4,
        migrationsTable: 'schema_migrations',
        log: () => undefined,
      });
      await insertTestLimit(olderDb, {
        id: 'lim_old',
        scope: 'buyer:b',
        window: 'day',
        counts: 'spend',
        maximum: 9_000_000,
        timeZone: 'America/Chicago',
      });
      const set = await olderDb.query(`SELECT to_regclass('limit_versions') IS NULL AS none`);
      expect(set.rows).toEqual([{ none: true }]);
      expect(await migrate(older.url)).toContain('0005_decision_records');
      await updateLimit(olderDb, 'lim_old', 1n);
      const { rows } = await olderDb.query<Version & Record<string, unknown>>(
        `SELECT maximum, scope, scope_kind, "window", counts, time_zone, currency, valid_from::text AS valid_from,
                valid_until IS NULL AS still
           FROM limit_versions ORDER BY seq`,
      );
      const old = {
        scope: 'buyer:b',
        scope_kind: 'buyer',
        window: 'day',
        counts: 'spend',
        time_zone: 'America/Chicago',
        currency: 'USD',
      };
      expect(rows).toMatchObject([
        { ...old, maximum: 9_000_000n, valid_from: '-infinity', still: false },
        { ...old, maximum: 1n, still: true },
      ]);
    } finally {
      await olderDb.end();
      await older.drop();
    }
  });
});
