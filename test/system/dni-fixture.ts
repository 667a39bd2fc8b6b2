import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { createPool } from '../../db/pool';
import { deleteDniNumber, endDniLease } from '../../db/queries/dni/numbers';
import { leaseDniNumber, type LeaseRequest, type LeaseRow } from '../../db/queries/dni/leases';
import { transaction } from '../../db/transaction';
import { insertCampaign } from './campaign-fixture';

/*
 * Pools of numbers for tests, put straight into the tables, and visitors who ask the database as the API does.
 */

export interface TestPool {
  /** Of the campaign `cmp_<key>` and the pool `dni_<key>`. */
  readonly key: string;
  readonly numbers: readonly string[];
  readonly leaseSeconds?: number;
  readonly graceSeconds?: number;
  readonly overflow?: string | null;
  readonly origins?: readonly string[];
  readonly staticNumbers?: readonly { source: string; equals: string; number: string }[];
}

/** `count` numbers beginning with this one. */
export function numbersFrom(first: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `+${BigInt(first.slice(1)) + BigInt(index)}`);
}

/** A pool, and the campaign it is of, with one buyer `a`. `main` is the campaign's own number. */
export async function insertPool(db: Pool, pool: TestPool, main: string): Promise<string> {
  const { key, numbers } = pool;
  await insertCampaign(db, { key, number: main, buyers: [{ name: 'a' }] });
  await addPool(db, pool);
  await db.query(
    `INSERT INTO numbers (e164, campaign_id, channel) SELECT unnest($1::text[]), $2, 'landing_page'`,
    [numbers, `cmp_${key}`],
  );
  await db.query('INSERT INTO dni_numbers (pool_id, e164) SELECT $1, unnest($2::text[])', [
    `dni_${key}`,
    numbers,
  ]);
  return `dni_${key}`;
}

async function addPool(db: Pool, pool: TestPool): Promise<void> {
  await db.query(
    `INSERT INTO dni_pools (id, campaign_id, name, lease_seconds, grace_seconds, overflow_number, allowed_origins,
                            static_numbers)
     VALUES ($1, $2, $1, $3, $4, $5, $6, $7)`,
    [
      `dni_${pool.key}`,
      `cmp_${pool.key}`,
      pool.leaseSeconds ?? 1800,
      pool.graceSeconds ?? 7200,
      pool.overflow ?? null,
      pool.origins ?? ['*'],
      JSON.stringify(pool.staticNumbers ?? []),
    ],
  );
}

export function newVisitor(): string {
  return `ses_${randomBytes(16).toString('hex')}`;
}

/** As the API asks for a visitor. */
export function ask(
  db: Pool,
  request: Partial<LeaseRequest> & Pick<LeaseRequest, 'pool'>,
): Promise<LeaseRow> {
  return leaseDniNumber(db, {
    session: newVisitor(),
    origin: 'https://www.example.com',
    facts: {},
    sources: {},
    keep: true,
    ...request,
  });
}

/** As the API does. @returns whether it was in the pool */
export function takeOut(db: Pool, pool: string, number: string): Promise<boolean> {
  return transaction(db, async (tx) => {
    const value = await deleteDniNumber(tx, pool, number);
    if (value) await endDniLease(tx, number);
    return { value };
  });
}

/** Connections of their own, as of so many API processes. */
export function apiProcesses(url: string, count: number): Pool[] {
  return Array.from({ length: count }, (_, n) =>
    createPool({ url, size: 6, applicationName: `test-dni-${n}`, onIdleError: () => undefined }),
  );
}

/** Lets time pass for all leases: they end that much sooner. */
export async function letPass(db: Pool, seconds: number): Promise<void> {
  const by = `make_interval(secs => ${seconds})`;
  await db.query(`UPDATE dni_numbers SET live_until = live_until - ${by}`);
  await db.query(
    `UPDATE dni_leases SET leased_at = leased_at - ${by}, live_until = live_until - ${by},
                           attributes_until = attributes_until - ${by}, ended_at = ended_at - ${by}`,
  );
}

/** Pairs of leases of one number that lived at the same time: there must never be any. */
export async function countOverlaps(db: Pool): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `SELECT count(*)::integer AS n FROM dni_leases a JOIN dni_leases b ON b.e164 = a.e164 AND b.id > a.id
      WHERE tstzrange(a.leased_at, a.live_until) && tstzrange(b.leased_at, b.live_until)`,
  );
  return rows[0]?.n ?? NaN;
}
