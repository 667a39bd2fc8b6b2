import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Pool } from 'pg';
import { createLedgerPool, ReservationLedger } from '../../db/limits/reservation-ledger';
import { createCallActivities } from '../../activities/call';
import { createCampaigns } from '../../activities/call/campaigns';
import { createApp } from '../../api/app';
import { createPool } from '../../db/pool';
import { createLogger } from '../../runtime/logger';
import { createTwilioDialect } from '../../telephony/twilio';
import { ensureWorkflowBundle } from '../../workers/bundle';
import type { BenchServers } from '../servers';
import { countRpcs, countStatements } from './counters';

/** An API and a worker in this process, whose requests to Temporal and PostgreSQL are counted. */
export interface CountedSystem {
  /** `http://host:port/telephony/twilio`. */
  readonly root: string;
  readonly account: { readonly accountSid: string; readonly authToken: string };
  readonly rpcs: ReturnType<typeof countRpcs>;
  readonly sql: ReturnType<typeof countStatements>;
  readonly pool: Pool;
  /** Sees the same calls; what it asks Temporal is not counted. */
  readonly observer: Client;
  stop(): Promise<void>;
}

/** Its own: the workers of the rounds may run too. */
const TASK_QUEUE = 'bench-costs';
const ACCOUNT = { accountSid: 'ACbench', authToken: 'bench' };

/** No round of back-filling falls into the count: what it costs does not belong to a call. */
const NEVER_MS = 86_400_000;

/** Starts both, made of the same parts as in production. */
export async function startCountedSystem(servers: BenchServers, folder: string): Promise<CountedSystem> {
  const pool = createPool({
    url: servers.databaseUrl,
    size: 10,
    applicationName: 'callyard-bench',
    onIdleError: (error) => console.error(error.message),
  });
  const ledgerPool = createLedgerPool({
    url: servers.databaseUrl,
    applicationName: 'callyard-bench-limits',
    onIdleError: (error) => console.error(error.message),
  });
  const ledger = new ReservationLedger({ pool: ledgerPool });
  const sql = countStatements(pool, ledgerPool);
  const rpcs = countRpcs();
  const address = servers.temporalAddress;
  const connection = await Connection.connect({
    address,
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), rpcs.interceptor],
  });
  const uncounted = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection: native,
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: await ensureWorkflowBundle() },
    activities: createCallActivities({
      db: pool,
      ledger,
      campaigns: createCampaigns(pool),
      callbackGraceSeconds: 1,
    }),
  });
  const working = worker.run();
  const app = createApp({
    db: pool,
    temporal: new Client({ connection }),
    log: createLogger({ process: 'bench', level: 'silent' }),
    dialects: [createTwilioDialect(ACCOUNT)],
    adminKey: 'not used by this bench',
    publicBaseUrl: null,
    webhookDeadlineMs: 10_000,
    spoolDir: join(folder, 'data', 'fail-safe'),
    backfillIntervalMs: NEVER_MS,
    taskQueue: TASK_QUEUE,
  });
  const server = createServer(app.http);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    root: `http://127.0.0.1:${(server.address() as AddressInfo).port}/telephony/twilio`,
    account: ACCOUNT,
    rpcs,
    sql,
    pool,
    observer: new Client({ connection: uncounted }),
    async stop() {
      await new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      });
      await app.close();
      worker.shutdown();
      await working;
      await Promise.all([native.close(), connection.close(), uncounted.close(), ledger.close(), pool.end()]);
    },
  };
}
