import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Server } from 'node:http';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { createApp, type App } from '../../api/app';
import { callSchema, type Call } from '../../contract/call';
import { createPool } from '../../db/pool';
import { loadSampleCampaign } from '../../db/sample/load';
import { createLogger } from '../../runtime/logger';
import { createTemporalClient } from '../../runtime/temporal';
import type { CarrierInquiry } from '../../telephony/inquiry';
import { createTwilioDialect } from '../../telephony/twilio';
import { logThrough, startWorker, type RunningWorker } from '../../workers/worker';
import { deliveriesId, maintenanceId } from '../../workflows/ids';
import { createTestDatabase } from '../environment/database';
import { Carrier } from './carrier';
import { eventually } from './eventually';

export { eventually };

export interface SystemUnderTest {
  readonly baseUrl: string;
  readonly databaseUrl: string;
  readonly taskQueue: string;
  readonly db: Pool;
  readonly temporal: Client;
  readonly carrier: Carrier;
  readonly adminKey: string;
  /** A call by its SID, checked against the contract; `null` while unknown. */
  callBySid(sid: string): Promise<Call | null>;
  /** Waits until the call has an outcome. */
  endedCall(sid: string): Promise<Call>;
  get(path: string): Promise<Response>;
  startWorker(): Promise<RunningWorker>;
  /** Stops the workers of this process, and starts another one. */
  restartWorker(): Promise<void>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  /** Whether a worker runs in this process; default yes. */
  readonly worker?: boolean;
  /** Default: the test environment's server. */
  readonly temporalAddress?: string;
  /** What the API uses; default: the test database. */
  readonly apiDatabaseUrl?: (databaseUrl: string) => string;
  /** What workers in this process use; default: the test database. */
  readonly workerDatabaseUrl?: (databaseUrl: string) => string;
  /** Default: a queue of its own. */
  readonly taskQueue?: string;
  readonly webhookDeadlineMs?: number;
  /** Default: 1 s, so that tests of lost callbacks are quick. */
  readonly callbackGraceSeconds?: number;
  readonly publicBaseUrl?: string;
  /** Workers do maintenance, and can ask these carriers; default: no maintenance. */
  readonly inquiries?: readonly CarrierInquiry[];
  /** Default: 512. */
  readonly backtestMemoryMb?: number;
}

export const ACCOUNT_SID = 'AC00000000000000000000000000000001';
export const AUTH_TOKEN = 'test-auth-token';

/** Once a test file: the SDK's runtime is one per process. */
let logsInstalled = false;

/** API over real HTTP, worker, database with the sample campaigns: a Callyard of one's own. */
export async function startSystem(options: SystemOptions = {}): Promise<SystemUnderTest> {
  const database = await createTestDatabase();
  await loadSampleCampaign(database.url);
  const log = createLogger({ process: 'test', level: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
  if (!logsInstalled) {
    logThrough(log);
    logsInstalled = true;
  }
  const db = createPool({
    url: database.url,
    size: 10,
    applicationName: 'test',
    onIdleError: () => undefined,
  });
  const apiDb = createPool({
    url: options.apiDatabaseUrl?.(database.url) ?? database.url,
    size: 10,
    applicationName: 'test-api',
    onIdleError: () => undefined,
  });
  const temporalAddress = environment('CALLYARD_TEST_TEMPORAL_ADDRESS');
  const temporal = createTemporalClient({
    address: options.temporalAddress ?? temporalAddress,
    namespace: 'default',
  });
  const taskQueue = options.taskQueue ?? `calls-${randomUUID()}`;
  const adminKey = randomBytes(16).toString('hex');
  const spoolDir = await mkdtemp(path.join(tmpdir(), 'callyard-spool-'));
  const app = createApp({
    db: apiDb,
    temporal,
    log,
    dialects: [createTwilioDialect({ authToken: AUTH_TOKEN })],
    adminKey,
    publicBaseUrl: options.publicBaseUrl ?? null,
    webhookDeadlineMs: options.webhookDeadlineMs ?? 10_000,
    spoolDir,
    backfillIntervalMs: 200,
    allowPrivateWebhooks: true,
    taskQueue,
  });
  const server = await listen(app);
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const workers: RunningWorker[] = [];
  const newWorker = async (): Promise<RunningWorker> => {
    const worker = await startWorker({
      databaseUrl: options.workerDatabaseUrl?.(database.url) ?? database.url,
      databasePoolSize: 10,
      temporalAddress,
      temporalNamespace: 'default',
      bundleFile: environment('CALLYARD_TEST_BUNDLE'),
      taskQueue,
      callbackGraceSeconds: options.callbackGraceSeconds ?? 1,
      maxCachedWorkflows: 200,
      inquiries: options.inquiries ?? null,
      backtestMemoryMb: options.backtestMemoryMb ?? 512,
      allowPrivateWebhooks: true,
      log,
    });
    workers.push(worker);
    return worker;
  };
  if (options.worker !== false) await newWorker();

  const get = (route: string): Promise<Response> =>
    fetch(`${baseUrl}${route}`, { headers: { authorization: `Bearer ${adminKey}` } });

  const callBySid = async (sid: string): Promise<Call | null> => {
    const response = await get(`/api/v1/calls?sid=${encodeURIComponent(sid)}`);
    const page = (await response.json()) as { data: unknown[] };
    return page.data.length === 0 ? null : callSchema.parse(page.data[0]);
  };

  return {
    baseUrl,
    databaseUrl: database.url,
    taskQueue,
    db,
    temporal,
    carrier: new Carrier(baseUrl, ACCOUNT_SID, AUTH_TOKEN),
    adminKey,
    callBySid,
    get,
    startWorker: newWorker,
    async restartWorker() {
      for (const worker of workers.splice(0)) await worker.stop();
      await newWorker();
    },
    endedCall: (sid) =>
      eventually(async () => {
        const call = await callBySid(sid);
        if (call === null || call.outcome === null)
          throw new Error(`Call ${sid} is ${call?.state ?? 'unknown'}`);
        return call;
      }),
    async stop() {
      await new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      });
      await app.close();
      for (const worker of workers) await worker.stop();
      if (options.inquiries !== undefined) {
        await temporal.schedule.getHandle(maintenanceId(taskQueue)).delete();
        await temporal.workflow.getHandle(deliveriesId(taskQueue)).terminate();
      }
      await temporal.connection.close();
      await Promise.all([db.end(), apiDb.end()]);
      await database.drop();
      await rm(spoolDir, { recursive: true, force: true });
    },
  };
}

export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: system tests run through "npm test"`);
  return value;
}

function listen(app: App): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = app.http.listen(0, '127.0.0.1');
    server.once('listening', () => resolve(server));
    server.once('error', reject);
  });
}
