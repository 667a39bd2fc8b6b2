import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { SeededRandom } from '../../scripts/simulate/random';
import { benchCall } from './world';

/** Calls between two words on how far it is. */
const STEP = 50_000;

/** The year that is filled. */
export const YEAR = { from: '2025-01-01', to: '2026-01-01' } as const;

const FILLED = ['calls', 'attempts', 'ledger_entries'] as const;

const COLUMNS = {
  calls: `id, carrier, account_sid, sid, workflow_id, campaign_id, publisher_id, plan_version, caller, dialed, channel,
          geography, qualifications, state, outcome, buyer_id, received_at, connected_at, ended_at, duration_seconds,
          talk_seconds, converted, currency, revenue_micros, payout_micros, cost_micros`,
  attempts: `id, call_id, no, assignment_id, buyer_id, destinations, ring_timeout_seconds, terms, state, dialed_at,
             connected_at, ended_at, talk_seconds`,
  ledger_entries: `cause, kind, side, call_id, campaign_id, buyer_id, publisher_id, number, channel, amount_micros,
                   currency, occurred_at`,
} as const satisfies Record<(typeof FILLED)[number], string>;

/**
 * Fills a year with calls, their dials and their money by COPY, at even distances in time. Indexes are made afterwards;
 * hours are marked as changed.
 */
export async function fillYear(
  url: string,
  calls: number,
  seed: number,
  say: (what: string) => void,
): Promise<void> {
  const admin = await connect(url);
  try {
    await admin.query(`ALTER SYSTEM SET max_wal_size = '8GB'`);
    await admin.query('SELECT pg_reload_conf()');
    const indexes = await dropIndexes(admin);
    await copyCalls(url, calls, seed, say);
    await admin.query(`SET maintenance_work_mem = '1GB'`);
    for (const [index, definition] of indexes.entries()) {
      say(`index ${index + 1} of ${indexes.length}`);
      await admin.query(definition);
    }
    say('reading what has been filled, for the planner');
    await admin.query(`VACUUM (ANALYZE) ${FILLED.join(', ')}`);
    await admin.query(
      `INSERT INTO report_stale_hours
       SELECT h, 'cmp_bench_' || c FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', '1 hour') h,
              generate_series(0, 19) c ON CONFLICT DO NOTHING`,
      [YEAR.from, YEAR.to],
    );
  } finally {
    await admin.end();
  }
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  // No triggers, no foreign keys: what is copied is right by construction.
  await client.query('SET session_replication_role = replica');
  return client;
}

/** @returns how to make them again */
async function dropIndexes(admin: Client): Promise<string[]> {
  const { rows } = await admin.query<{ name: string; definition: string }>(
    `SELECT i.indexname AS name, i.indexdef AS definition FROM pg_indexes i
      WHERE i.tablename = ANY ($1)
        AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexname::regclass)`,
    [FILLED],
  );
  for (const { name } of rows) await admin.query(`DROP INDEX ${name}`);
  return rows.map(({ definition }) => definition);
}

async function copyCalls(
  url: string,
  calls: number,
  seed: number,
  say: (what: string) => void,
): Promise<void> {
  const random = new SeededRandom(seed);
  const clients = await Promise.all(FILLED.map(() => connect(url)));
  const streams = FILLED.map((table, index) => {
    const stream = clients[index]?.query(copyFrom(`COPY ${table} (${COLUMNS[table]}) FROM STDIN`));
    if (stream === undefined) throw new Error('A connection for each table');
    return stream;
  });
  const begin = Date.parse(YEAR.from);
  const distance = (Date.parse(YEAR.to) - begin) / calls;
  for (let done = 0; done < calls; ) {
    const until = Math.min(calls, done + STEP);
    const texts = { calls: '', attempts: '', ledger_entries: '' };
    for (; done < until; done++) {
      const rows = rowsOf(random, done, new Date(Math.floor(begin + done * distance)).toISOString());
      for (const table of FILLED) texts[table] += rows[table];
    }
    await Promise.all(
      FILLED.map(async (table, index) => {
        const stream = streams[index];
        if (stream !== undefined && !stream.write(texts[table])) await once(stream, 'drain');
      }),
    );
    say(`${(done / 1e6).toFixed(2)} of ${(calls / 1e6).toFixed(2)} million calls`);
  }
  for (const stream of streams) {
    stream.end();
    await finished(stream);
  }
  await Promise.all(clients.map((client) => client.end()));
}

const NULL = '\\N';

function rowsOf(random: SeededRandom, n: number, at: string): Record<(typeof FILLED)[number], string> {
  const call = benchCall(random);
  const id = `call_${String(n).padStart(9, '0')}`;
  const connected = call.outcome === 'connected';
  const line = (...values: readonly (string | number | boolean)[]): string => `${values.join('\t')}\n`;
  const entry = (side: string, kind: string, amount: number): string =>
    amount === 0
      ? ''
      : line(
          `${id}:${kind}`,
          kind,
          side,
          id,
          call.campaign,
          connected ? call.buyer : NULL,
          call.publisher,
          call.number,
          call.channel,
          amount,
          'USD',
          at,
        );
  return {
    calls: line(
      id,
      'twilio',
      'AC1',
      id,
      `call/twilio/AC1/${id}`,
      call.campaign,
      call.publisher,
      call.planVersion,
      `+1${2_000_000_000 + (n % 7_000_000)}`,
      call.number,
      call.channel,
      call.geography,
      call.tags,
      'ended',
      call.outcome,
      connected ? call.buyer : NULL,
      at,
      connected ? at : NULL,
      at,
      call.duration,
      connected ? call.talk : NULL,
      call.converted,
      'USD',
      call.revenue,
      call.payout,
      call.cost,
    ),
    attempts: call.dialled
      ? line(
          `${id}/1`,
          id,
          1,
          call.assignment,
          call.buyer,
          '[]',
          20,
          '{}',
          connected ? 'completed' : 'no_answer',
          at,
          connected ? at : NULL,
          at,
          connected ? call.talk : NULL,
        )
      : '',
    ledger_entries:
      entry('revenue', 'revenue', call.revenue) +
      entry('payout', 'payout', call.payout) +
      entry('cost', 'telephony_cost', call.cost),
  };
}
