import { setTimeout } from 'node:timers/promises';
import { Client, type Pool } from 'pg';
import { setLimit } from '../../api/limits/set';
import type { ReservationLedger } from '../../db/limits/reservation-ledger';
import { createPool } from '../../db/pool';
import { updateLimit } from '../../db/queries/limits/limits';
import { findCounterDifferences } from '../../db/queries/limits/verify';
import type { ReservationId } from '../../domain/ids';
import type { Scope } from '../../domain/limits/limit';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import {
  candidateOn,
  countersOf,
  insertTestLimit,
  putFakeClock,
  requestFor,
  sweepUntied,
} from './limit-fixture';
import { createTestLedger } from './test-ledger';

/** Long enough for a statement to have come to where it waits for another transaction, in milliseconds. */
const ARRIVES = 200;

describe('limits that are edited while calls reserve', () => {
  let database: TestDatabase;
  let db: Pool;
  let ledger: ReservationLedger;
  /** A second transaction, which is open for as long as a test wants. */
  let editor: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 5, applicationName: 'test', onIdleError: () => undefined });
    ledger = createTestLedger(database.url);
    editor = new Client({ connectionString: database.url });
    await editor.connect();
    await putFakeClock(db, '2026-03-02T20:00:00Z');
  });
  afterAll(async () => {
    await editor.end();
    await ledger.close();
    await db.end();
    await database.drop();
  });

  const reserve = async (id: string, scope: Scope): Promise<string> =>
    (await ledger.reserve(requestFor(id, [candidateOn([scope])]))).kind;
  const addBuyer = (id: string): Promise<unknown> =>
    db.query(`INSERT INTO buyers (id, name, time_zone) VALUES ($1, $1, 'UTC')`, [id]);
  const adopting = async (id: string): Promise<boolean> =>
    (await db.query(`SELECT FROM limits WHERE id = $1 AND adopts_until IS NOT NULL`, [id])).rowCount === 1;
  const sweep = (): Promise<unknown> => sweepUntied(db);

  it('let a reservation through that waited for one which is gone by then', async () => {
    await insertTestLimit(db, {
      id: 'lim_g',
      scope: 'buyer:g',
      window: 'day',
      counts: 'connection',
      maximum: 1,
    });
    await db.query(`DELETE FROM limit_counters WHERE limit_id = 'lim_g'`);
    await editor.query('BEGIN');
    await editor.query(`DELETE FROM limits WHERE id = 'lim_g'`);
    const reserved = reserve('g/1', 'buyer:g');
    await setTimeout(ARRIVES);
    await editor.query('COMMIT');
    expect(await reserved).toBe('granted');
  });

  it('are not exceeded by what waits while their zone changes', async () => {
    await addBuyer('buy_z');
    const scope = 'buyer:buy_z';
    await insertTestLimit(db, { id: 'lim_z', scope, window: 'day', counts: 'connection', maximum: 3 });
    expect(await reserve('z/1', scope)).toBe('granted');
    expect(await reserve('z/2', scope)).toBe('granted');
    await editor.query('BEGIN');
    await editor.query(`UPDATE buyers SET time_zone = 'Asia/Kolkata' WHERE id = 'buy_z'`);
    const reserved = ['z/3', 'z/4', 'z/5'].map((id) => reserve(id, scope));
    await setTimeout(ARRIVES);
    await editor.query('COMMIT');
    expect(await Promise.all(reserved)).toEqual(['granted', 'refused', 'refused']);
    expect(await countersOf(db, 'lim_z')).toEqual([
      { posted: 0, pending: 0 },
      { posted: 0, pending: 3 },
    ]);
  });

  it('give back what was resolved while they were set, however long maintenance was away', async () => {
    const scope = 'buyer:late';
    expect(await reserve('late/1', scope)).toBe('granted');
    await editor.query('BEGIN');
    await editor.query(
      `INSERT INTO limits (id, scope_kind, scope_id, "window", counts, maximum, time_zone)
       VALUES ('lim_late', 'buyer', 'late', 'concurrency', 'attempt', 1, 'UTC')`,
    );
    await ledger.void('late/1' as ReservationId, { dialled: true });
    await editor.query('COMMIT');
    expect(await countersOf(db, 'lim_late')).toEqual([{ posted: 0, pending: 1 }]);
    await db.query(
      `UPDATE limits SET updated_at = now() - interval '1 day', adopts_until = now() - interval '1 day'`,
    );
    await sweep();
    expect(await countersOf(db, 'lim_late')).toEqual([{ posted: 0, pending: 0 }]);
    expect(await findCounterDifferences(db)).toEqual([]);
  });

  it('are counted anew by maintenance for a minute after they are set, not after they are moved', async () => {
    const set = { id: 'lim_m', scope: 'buyer:m', window: 'day', counts: 'connection', maximum: 1 } as const;
    await insertTestLimit(db, set);
    await sweep();
    expect(await adopting('lim_m')).toBe(true);
    await db.query(`UPDATE limits SET adopts_until = now() - interval '1 second' WHERE id = 'lim_m'`);
    await sweep();
    expect(await adopting('lim_m')).toBe(false);
    await updateLimit(db, 'lim_m', 2n);
    expect(await adopting('lim_m')).toBe(false);
  });

  it('have the zone of their buyer, whichever of the two is written first', async () => {
    await addBuyer('buy_w');
    await editor.query('BEGIN');
    await editor.query(`UPDATE buyers SET time_zone = 'Asia/Tokyo' WHERE id = 'buy_w'`);
    const set = setLimit(db, {
      scope: { kind: 'buyer', id: 'buy_w' },
      window: 'day',
      counts: 'connection',
      limit: 1,
    });
    await setTimeout(ARRIVES);
    await editor.query('COMMIT');
    const { rows } = await db.query<{ time_zone: string }>('SELECT time_zone FROM limits WHERE id = $1', [
      await set,
    ]);
    expect(rows).toEqual([{ time_zone: 'Asia/Tokyo' }]);
  });
});
