import fc from 'fast-check';
import type { Pool } from 'pg';
import { deleteOldDniSessions, extendDniLease } from '../../db/queries/dni/leases';
import { loadPoolStatus, loadPoolUse } from '../../db/queries/dni/status';
import { createPool } from '../../db/pool';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import {
  apiProcesses,
  ask,
  countOverlaps,
  insertPool,
  letPass,
  newVisitor,
  numbersFrom,
  takeOut,
} from './dni-fixture';

const OVERFLOW = '+14155550999';

describe('leases of numbers', () => {
  let database: TestDatabase;
  let db: Pool;
  let processes: Pool[];
  let made = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 5, applicationName: 'test', onIdleError: () => undefined });
    processes = apiProcesses(database.url, 5);
  });
  afterAll(async () => {
    await Promise.all([db, ...processes].map((pool) => pool.end()));
    await database.drop();
  });

  /** A pool of its own, of numbers nobody else has. */
  async function pool(size: number, more: { leaseSeconds?: number; graceSeconds?: number } = {}) {
    made += 1;
    const main = `+1415${String(5_000_000 + made * 1000)}`;
    const numbers = numbersFrom(`+${BigInt(main.slice(1)) + 1n}`, size);
    const id = await insertPool(db, { key: `l${made}`, numbers, overflow: OVERFLOW, ...more }, main);
    return { id, numbers };
  }
  const process = (n: number): Pool => processes[n % processes.length] as Pool;
  const open = async (id: string): Promise<number> =>
    (
      await db.query<{ n: number }>(
        'SELECT count(*)::integer AS n FROM dni_leases WHERE pool_id = $1 AND ended_at IS NULL AND live_until > now()',
        [id],
      )
    ).rows[0]?.n ?? NaN;

  it('give 50 of 200 visitors who race a number of their own, and the others the overflow number', async () => {
    const { id, numbers } = await pool(50);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => ask(process(n), { pool: id, session: newVisitor() })),
    );
    const leased = answers.filter(({ verdict }) => verdict === 'leased').map(({ number }) => number);
    expect(new Set(leased)).toEqual(new Set(numbers));
    expect(leased).toHaveLength(50);
    const others = answers.filter(({ verdict }) => verdict !== 'leased');
    expect(others).toHaveLength(150);
    expect(others.every(({ verdict, number }) => verdict === 'overflow' && number === OVERFLOW)).toBe(true);
    expect(await loadPoolStatus(db, id)).toMatchObject({ numbers: 50, leased: 50, exhausted_today: 150 });
    expect([await countOverlaps(db), await open(id)]).toEqual([0, 50]);
  });

  it('are one a visitor, however many of their tabs ask at once', async () => {
    const { id } = await pool(10);
    const session = newVisitor();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => ask(process(n), { pool: id, session })),
    );
    expect(new Set(answers.map(({ number }) => number)).size).toBe(1);
    expect(await open(id)).toBe(1);
  });

  it('stay with a visitor who asks again, also after the end while nobody else took the number', async () => {
    const { id } = await pool(3, { leaseSeconds: 60 });
    const session = newVisitor();
    const first = await ask(db, { pool: id, session });
    await letPass(db, 30);
    expect((await ask(db, { pool: id, session })).number).toBe(first.number);
    await letPass(db, 300);
    await ask(db, { pool: id });
    expect((await ask(db, { pool: id, session })).number).toBe(first.number);
    expect(await countOverlaps(db)).toBe(0);
  });

  it('go to the number that has been free for longest, so that late callers keep theirs', async () => {
    const { id, numbers } = await pool(3, { leaseSeconds: 60, graceSeconds: 600 });
    const visitors = [newVisitor(), newVisitor(), newVisitor()];
    const had: (string | null)[] = [];
    for (const session of visitors) {
      had.push((await ask(db, { pool: id, session })).number);
      await letPass(db, 10);
    }
    expect(had).toEqual(numbers);
    // The first goes on, the others fall asleep one after the other.
    await extendDniLease(db, id, visitors[0] ?? '', 'https://www.example.com');
    await letPass(db, 70);
    await extendDniLease(db, id, visitors[0] ?? '', 'https://www.example.com');
    const next = await ask(db, { pool: id });
    // Of the first, the lease ended last: its heartbeat came before this minute.
    expect(next.number).toBe(numbers[1]);
    expect((await ask(db, { pool: id })).number).toBe(numbers[2]);
    expect((await ask(db, { pool: id })).number).toBe(numbers[0]);
    expect((await ask(db, { pool: id })).verdict).toBe('overflow');
  });

  it('live as long as there are heartbeats, and not a moment after the number went to another', async () => {
    const { id } = await pool(1, { leaseSeconds: 60 });
    const session = newVisitor();
    const beat = (who: string) => extendDniLease(db, id, who, 'https://www.example.com');
    await ask(db, { pool: id, session });
    for (let minute = 0; minute < 5; minute++) {
      await letPass(db, 50);
      expect(await beat(session)).toMatchObject({ done: true });
    }
    expect((await ask(db, { pool: id })).verdict).toBe('overflow');
    await letPass(db, 61);
    expect(await beat(session)).toMatchObject({ pool: true, allowed: true, done: false });
    const other = await ask(db, { pool: id });
    expect(other.verdict).toBe('leased');
    expect(await beat(session)).toMatchObject({ done: false });
    expect((await ask(db, { pool: id, session })).verdict).toBe('overflow');
    expect(await beat(newVisitor())).toMatchObject({ done: false });
    expect(await extendDniLease(db, 'dni_nobody', session, '')).toMatchObject({ pool: false });
  });

  it('end when their number is taken out of the pool, and it can go into another', async () => {
    const { id, numbers } = await pool(1);
    const session = newVisitor();
    await ask(db, { pool: id, session });
    expect(await takeOut(db, id, numbers[0] ?? '')).toBe(true);
    expect(await takeOut(db, id, numbers[0] ?? '')).toBe(false);
    expect(await extendDniLease(db, id, session, 'https://www.example.com')).toMatchObject({ done: false });
    expect((await ask(db, { pool: id, session })).verdict).toBe('overflow');
    const { id: second } = await pool(0);
    await db.query('INSERT INTO dni_numbers (pool_id, e164) VALUES ($1, $2)', [second, numbers[0]]);
    expect((await ask(db, { pool: second })).number).toBe(numbers[0]);
    expect(await countOverlaps(db)).toBe(0);
  });

  it('cannot be two of one number, whatever a statement says', async () => {
    const { id, numbers } = await pool(1);
    const session = newVisitor();
    await ask(db, { pool: id, session });
    await ask(db, { pool: id });
    const second = (visitor: string) =>
      db.query(
        `INSERT INTO dni_leases (pool_id, e164, session_id, leased_at, live_until, attributes_until)
         SELECT pool_id, $2, id, now(), now() + interval '1 hour', now() + interval '1 hour'
           FROM dni_sessions WHERE pool_id = $1 AND (id = $3) = $4`,
        [id, numbers[0], session, visitor === session],
      );
    await expect(second('another')).rejects.toMatchObject({ constraint: 'dni_leases_one_a_number' });
    await expect(second(session)).rejects.toMatchObject({ code: '23505' });
    await expect(
      db.query(`UPDATE dni_leases SET ended_at = now() WHERE pool_id = $1`, [id]),
    ).rejects.toMatchObject({ code: '23514' });
  });

  it('are only for pages of the sites that the pool names', async () => {
    const { id } = await pool(1);
    const allowed = async (origins: string[], origin: string): Promise<boolean> => {
      await db.query('UPDATE dni_pools SET allowed_origins = $2 WHERE id = $1', [id, origins]);
      return (await ask(db, { pool: id, origin, keep: false })).verdict === 'none';
    };
    const site = ['https://www.example.com', 'https://*.example.org:8443'];
    expect(await allowed(site, 'https://www.example.com')).toBe(true);
    expect(await allowed(site, 'https://shop.example.org:8443')).toBe(true);
    for (const origin of [
      '',
      'null',
      'http://www.example.com',
      'https://www.example.com.evil.net',
      'https://example.com',
      'https://.example.org:8443',
      'https://example.org:8443',
      'https://shop.example.org',
      'https://evilexample.org:8443',
    ])
      expect([origin, await allowed(site, origin)]).toEqual([origin, false]);
    expect(await allowed([], 'https://www.example.com')).toBe(false);
    expect(await allowed(['*'], 'https://anybody.example')).toBe(true);
  });

  it('never are two of one number at a time, in any order of visits, heartbeats and hours', async () => {
    const visit = fc.record({
      kind: fc.constantFrom('lease' as const, 'lease' as const, 'beat' as const, 'remove' as const),
      visitor: fc.nat(9),
      process: fc.nat(4),
    });
    const round = fc.record({ visits: fc.array(visit, { maxLength: 24 }), pass: fc.constantFrom(0, 20, 70) });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 6 }), async (rounds) => {
        const { id, numbers } = await pool(4, { leaseSeconds: 60, graceSeconds: 60 });
        const visitors = Array.from({ length: 10 }, newVisitor);
        for (const { visits, pass } of rounds) {
          const removed = visits.some(({ kind }) => kind === 'remove');
          const verdicts = await Promise.all(
            visits.map(async ({ kind, visitor, process: n }) => {
              const session = visitors[visitor] ?? '';
              if (kind === 'beat') {
                await extendDniLease(process(n), id, session, 'https://www.example.com');
                return null;
              }
              if (kind === 'remove') {
                const number = numbers[visitor % numbers.length] ?? '';
                if (await takeOut(process(n), id, number))
                  await db.query('INSERT INTO dni_numbers (pool_id, e164) VALUES ($1, $2)', [id, number]);
                return null;
              }
              return (await ask(process(n), { pool: id, session })).verdict;
            }),
          );
          expect(await countOverlaps(db)).toBe(0);
          // Nobody is turned away while there is a number.
          if (!removed && verdicts.includes('overflow')) expect(await open(id)).toBe(numbers.length);
          if (pass > 0) await letPass(db, pass);
        }
        const { rows } = await db.query(
          `SELECT 1 FROM dni_numbers n JOIN dni_leases l ON l.e164 = n.e164 AND l.ended_at IS NULL
            WHERE n.pool_id = $1 AND (n.session_id, n.live_until) IS DISTINCT FROM (l.session_id, l.live_until)`,
          [id],
        );
        expect(rows).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('tell how many lived at once', async () => {
    const { id, numbers } = await pool(3);
    await ask(db, { pool: id });
    await db.query(`DELETE FROM dni_leases WHERE pool_id = $1`, [id]);
    // Three at once for an hour out of a hundred, then one for the rest.
    await db.query(
      `INSERT INTO dni_leases (pool_id, e164, session_id, leased_at, live_until, attributes_until, ended_at)
       SELECT $1, n, s.id, now() - interval '100 hours', now() - hours * interval '1 hour', now(), now()
         FROM unnest($2::text[], ARRAY[0, 99, 99]) AS t (n, hours), dni_sessions s WHERE s.pool_id = $1`,
      [id, numbers],
    );
    const use = await loadPoolUse(db, id, 14);
    expect(use).toMatchObject({ leases: 3, peak: 3, p95: 1, exhausted: 0 });
    expect(use.days).toBeCloseTo(100 / 24, 1);
    expect(await loadPoolUse(db, 'dni_nobody', 14)).toEqual({
      leases: 0,
      days: 0,
      peak: 0,
      p95: 0,
      exhausted: 0,
    });
  });

  it('are forgotten with their visitors after the time that is kept', async () => {
    const { id } = await pool(2, { leaseSeconds: 60, graceSeconds: 0 });
    const [old, young] = [newVisitor(), newVisitor()];
    await ask(db, { pool: id, session: old });
    await ask(db, { pool: id, session: young });
    await letPass(db, 91 * 86_400);
    await db.query(`UPDATE dni_sessions SET last_seen_at = now() - interval '91 days' WHERE id = $1`, [old]);
    while ((await deleteOldDniSessions(db, 90, 1)) > 0);
    const { rows } = await db.query<{ session_id: string }>(
      'SELECT session_id FROM dni_leases WHERE pool_id = $1',
      [id],
    );
    expect(rows.map(({ session_id }) => session_id)).toEqual([young]);
  });
});
