import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { createPool } from '../../db/pool';
import { extendDniLease, leaseDniNumber } from '../../db/queries/dni/leases';
import type { System } from '../limits/systems';

const POOL = 'dni_bench';
const ORIGIN = 'https://www.example.com';
const FACTS = {
  landingPage: 'https://www.example.com/roofs/texas',
  referrer: 'https://www.google.com/',
  utm: { utm_source: 'google', utm_medium: 'cpc', utm_campaign: 'spring' },
  clickIds: { gclid: 'EAIaIQobChMI8f2k2u3H5gIVhMDACh2xTQk0EAAYASAAEgJ8rvD_BwE' },
};

/** As browsers make them: the same for the same visitor. */
function sessionOf(visitor: string): string {
  return `ses_${createHash('sha256').update(visitor).digest('hex').slice(0, 32)}`;
}

function poolOf(url: string, connections: number, applicationName: string): Pool {
  return createPool({
    url,
    size: connections,
    applicationName,
    onIdleError: (error) => console.error(error.message),
  });
}

async function leaseFor(db: Pool, visitor: string): Promise<string> {
  const { verdict } = await leaseDniNumber(db, {
    pool: POOL,
    session: sessionOf(visitor),
    origin: ORIGIN,
    facts: FACTS,
    sources: FACTS.utm,
    keep: true,
  });
  return verdict;
}

/** A new visitor each time. @throws when one gets another answer than `expected` */
export function newVisitors(url: string, connections: number, expected: 'leased' | 'overflow'): System {
  const db = poolOf(url, connections, 'bench-dni-new');
  return {
    name: 'new visitors',
    async reserve(id) {
      const verdict = await leaseFor(db, id);
      if (verdict !== expected) throw new Error(`A visitor got ${verdict}: make the pool larger`);
      return true;
    },
    close: () => db.end(),
  };
}

/** So many visitors who have a number, and ask again on the next page. */
export function sameVisitors(url: string, connections: number): System {
  const db = poolOf(url, connections, 'bench-dni-same');
  return {
    name: 'the same visitors',
    async reserve(_id, visitor) {
      return (await leaseFor(db, `same/${visitor}`)) === 'leased';
    },
    close: () => db.end(),
  };
}

/** Signs of life of visitors who have a number. */
export function heartbeats(url: string, connections: number): System {
  const db = poolOf(url, connections, 'bench-dni-beat');
  return {
    name: 'heartbeats',
    async reserve(_id, visitor) {
      return (await extendDniLease(db, POOL, sessionOf(`same/${visitor}`), ORIGIN)).done;
    },
    close: () => db.end(),
  };
}

/** What it costs to write a visitor down, and nothing else. */
export function bareInsert(url: string, connections: number): System {
  const db = poolOf(url, connections, 'bench-dni-insert');
  return {
    name: 'bare INSERT',
    async reserve(id) {
      await db.query({
        name: 'bench_insert_session',
        text: `INSERT INTO dni_sessions (pool_id, id, landing_page, referrer, utm, click_ids, first_seen_at, last_seen_at)
               VALUES ($1::text, $2::text, $3::text, $4::text, $5::jsonb, $6::jsonb, now(), now())`,
        values: [
          POOL,
          sessionOf(id),
          FACTS.landingPage,
          FACTS.referrer,
          JSON.stringify(FACTS.utm),
          JSON.stringify(FACTS.clickIds),
        ],
      });
      return true;
    },
    close: () => db.end(),
  };
}

/** A campaign and its pool, once. */
export async function insertBenchPool(db: Pool): Promise<void> {
  await db.query(
    `INSERT INTO campaigns (id, name, vertical, time_zone, currency, status, treatments, anonymous_callers,
                            max_call_seconds, report_answer, record_calls)
     VALUES ('cmp_bench', 'bench', 'bench', 'UTC', 'USD', 'draft', '{}', 'allow', 3600, false, false)`,
  );
  await db.query(
    `INSERT INTO dni_pools (id, campaign_id, name, allowed_origins) VALUES ($1, 'cmp_bench', 'bench', '{*}')`,
    [POOL],
  );
}

/** Empty tables, and `count` numbers that nobody has. */
export async function freeNumbers(db: Pool, count: number): Promise<void> {
  await db.query('TRUNCATE dni_leases, dni_sessions, dni_numbers, dni_exhaustions');
  await db.query(
    `INSERT INTO numbers (e164, campaign_id, channel)
     SELECT '+1415' || (5000000 + i), 'cmp_bench', 'landing_page' FROM generate_series(1, $1::integer) i
         ON CONFLICT DO NOTHING`,
    [count],
  );
  await db.query(
    `INSERT INTO dni_numbers (e164, pool_id) SELECT '+1415' || (5000000 + i), $2 FROM generate_series(1, $1::integer) i`,
    [count, POOL],
  );
  await db.query('ANALYZE dni_leases, dni_sessions, dni_numbers');
}

/** Gives each of the same visitors their number. */
export async function leaseToSame(db: Pool, visitors: number): Promise<void> {
  for (let visitor = 0; visitor < visitors; visitor++) await leaseFor(db, `same/${visitor}`);
}
