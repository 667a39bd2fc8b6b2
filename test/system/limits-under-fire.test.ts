import { fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Pool } from 'pg';
import { createPool } from '../../db/pool';
import { findCounterDifferences } from '../../db/queries/limits/verify';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import { candidateOn, insertTestLimit, requestFor, sweepUntied } from './limit-fixture';
import { createTestLedger } from './test-ledger';

const LIMIT = 1_000;
const TRIES = 5_000;
const CLIENTS = [17, 17, 16];
const LEASE_SECONDS = 1;
const SCOPE = 'buyer:under_fire';

describe('one limit under fire', () => {
  let database: TestDatabase;
  let db: Pool;
  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 5, applicationName: 'test', onIdleError: () => undefined });
    await insertTestLimit(db, {
      id: 'lim_fire',
      scope: SCOPE,
      window: 'total',
      counts: 'connection',
      maximum: LIMIT,
    });
  });
  afterAll(async () => {
    await db.end();
    await database.drop();
  });

  /** Runs a process with its tries until all are behind it, though it is killed again and again. */
  async function runUnderFire(nth: number, clients: number): Promise<{ kills: number; orphaned: number }> {
    let tries = Array.from({ length: TRIES / CLIENTS.length }, (_, n) => `fire/${nth}/${n}`);
    let kills = 0;
    let orphaned = 0;
    while (tries.length > 0) {
      const { behind, underWay, killed } = await runOnce(tries, clients);
      const left = tries.filter((id) => !behind.has(id));
      if (killed) kills += 1;
      // Half of what was under way is asked again by its owner who came back; of the other half nobody is left.
      const abandoned = new Set(killed ? [...underWay].filter((_, n) => n % 2 === 0) : []);
      orphaned += abandoned.size;
      tries = left.filter((id) => !abandoned.has(id));
    }
    return { kills, orphaned };
  }

  async function runOnce(
    tries: readonly string[],
    clients: number,
  ): Promise<{ behind: Set<string>; underWay: Set<string>; killed: boolean }> {
    const behind = new Set<string>();
    const underWay = new Set<string>();
    const child = startProcess(clients);
    child.on('message', (message: { begun?: string; done?: string }) => {
      if (message.begun !== undefined) underWay.add(message.begun);
      if (message.done === undefined) return;
      underWay.delete(message.done);
      behind.add(message.done);
    });
    const ended = new Promise<boolean>((resolve, reject) =>
      child.once('exit', (code, signal) => {
        if (code !== 0 && signal !== 'SIGKILL') reject(new Error(`the process ended with ${code ?? signal}`));
        else resolve(signal === 'SIGKILL');
      }),
    );
    child.send([...tries]);
    // Some are killed before they have reserved anything, some in the midst of it, some never.
    void setTimeout(randomInt(300, 900)).then(() => child.kill('SIGKILL'));
    return { killed: await ended, behind, underWay };
  }

  function startProcess(clients: number): ChildProcess {
    return fork(
      path.join(__dirname, 'fire-process.ts'),
      [database.url, SCOPE, String(clients), String(LEASE_SECONDS)],
      { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    );
  }

  /** Never more than the limit, at any moment somebody looks. */
  async function watch(stop: AbortSignal): Promise<number> {
    let looks = 0;
    while (!stop.aborted) {
      const { rows } = await db.query<{ used: bigint }>(
        `SELECT posted + pending AS used FROM limit_counters WHERE limit_id = 'lim_fire'`,
      );
      expect(Number(rows[0]?.used ?? 0n)).toBeLessThanOrEqual(LIMIT);
      looks += 1;
      await setTimeout(20);
    }
    return looks;
  }

  it('grants exactly its 1,000 places to 50 clients of 3 processes that are killed at random, and leaks none', async () => {
    const watching = new AbortController();
    const watched = watch(watching.signal);
    const runs = await Promise.all(CLIENTS.map((clients, nth) => runUnderFire(nth, clients)));
    watching.abort();
    expect(await watched).toBeGreaterThan(10);
    expect(runs.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThan(2);
    expect(runs.reduce((sum, { orphaned }) => sum + orphaned, 0)).toBeGreaterThan(0);

    // Whatever the killed ones held comes back with the lease, and no sooner than that is anything left over.
    await setTimeout(LEASE_SECONDS * 1000 + 100);
    await sweepUntied(db);
    const counter = async (): Promise<unknown> =>
      (await db.query(`SELECT posted, pending FROM limit_counters WHERE limit_id = 'lim_fire'`)).rows[0];
    expect(await counter()).toMatchObject({ pending: 0n });

    const ledger = createTestLedger(database.url);
    for (let n = 0; ; n++) {
      const id = `after/${n}`;
      const answer = await ledger.reserve(requestFor(id, [candidateOn([SCOPE])]));
      if (answer.kind === 'refused') break;
      await ledger.post(requestFor(id, []).id, {
        dialled: true,
        connected: true,
        converted: false,
        spent: 0n,
        paid: false,
        payout: 0n,
      });
    }
    await ledger.close();
    expect(await counter()).toEqual({ posted: BigInt(LIMIT), pending: 0n });
    const { rows } = await db.query<{ posted: number }>(
      `SELECT count(*)::integer AS posted FROM reservations WHERE connected`,
    );
    expect(rows[0]?.posted).toBe(LIMIT);
    expect(await findCounterDifferences(db)).toEqual([]);
  }, 120_000);
});
