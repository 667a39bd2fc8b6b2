import { randomBytes, randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
import express from 'express';
import type { Pool } from 'pg';
import { createApi } from '../../api/api';
import { createBacktestGateway } from '../../api/backtests/gateway';
import { createLive } from '../../api/live/live';
import { createMigrationGateway } from '../../api/migrations/gateway';
import { createErrorHandler } from '../../api/problems';
import { requestIds } from '../../api/request-id';
import { createPool } from '../../db/pool';
import { createLogger } from '../../runtime/logger';
import { createTemporalClient } from '../../runtime/temporal';
import { startWorker, type RunningWorker } from '../../workers/worker';
import { deliveriesId, maintenanceId } from '../../workflows/ids';
import { createTestDatabase } from '../environment/database';
import { createResponseCheck, type ResponseCheck } from './openapi-check';
import { environment } from './system';

/** An answer, held against the OpenAPI document. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** As parsed; of another type than JSON the text itself; `undefined`: there was none. */
  readonly body: unknown;
  readonly text: string;
}

export interface ApiRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The API over real HTTP and a database of its own, without carriers. */
export interface ApiServer {
  readonly baseUrl: string;
  readonly adminKey: string;
  readonly db: Pool;
  /** What reports are read by. */
  readonly reports: Pool;
  readonly temporal: Client;
  readonly check: ResponseCheck;
  /**
   * Sends a request to a path below `/api/v1`.
   * @throws when the answer is none that the OpenAPI document describes
   */
  send(method: string, path: string, request?: ApiRequest): Promise<ApiAnswer>;
  /** As {@link send}, for requests that must go well. @throws when the status is not `expected` */
  ok<T>(method: string, path: string, body?: unknown, expected?: number): Promise<T>;
  /** Starts a worker that does migrations. */
  startWorker(): Promise<void>;
  stop(): Promise<void>;
}

export interface ApiServerOptions {
  /** Whether a worker runs that does migrations; default no. */
  readonly worker?: boolean;
  /** Default: the test environment's server. */
  readonly temporalAddress?: string;
  /** Whether webhooks may lead into private networks; default no. */
  readonly allowPrivateWebhooks?: boolean;
  /** How long operations of migrations, and requests about backtests, may take, in milliseconds. */
  readonly patienceMs?: number;
  /** Connections of their own for reports, and how long to wait for one; default those of everything. */
  readonly reports?: { readonly size: number; readonly connectMs: number };
  /** How long a client may take nothing of a download, in milliseconds. */
  readonly downloadPatienceMs?: number;
}

export async function startApi(options: ApiServerOptions = {}): Promise<ApiServer> {
  const database = await createTestDatabase();
  const db = createPool({
    url: database.url,
    size: 10,
    applicationName: 'test-api',
    onIdleError: () => undefined,
  });
  const reports =
    options.reports === undefined
      ? db
      : createPool({
          url: database.url,
          applicationName: 'test-reports',
          onIdleError: () => undefined,
          ...options.reports,
        });
  const log = createLogger({ process: 'test', level: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
  const adminKey = randomBytes(16).toString('hex');
  const taskQueue = `api-${randomUUID()}`;
  const temporalAddress = options.temporalAddress ?? environment('CALLYARD_TEST_TEMPORAL_ADDRESS');
  const temporal = createTemporalClient({ address: temporalAddress, namespace: 'default' });
  const gatewayOptions = {
    temporal,
    log,
    callQueue: taskQueue,
    ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
  };
  const migrations = createMigrationGateway(gatewayOptions);
  const backtests = createBacktestGateway(gatewayOptions);
  let worker: RunningWorker | null = null;
  const runWorker = async (): Promise<void> => {
    worker = await startWorker({
      databaseUrl: database.url,
      databasePoolSize: 5,
      temporalAddress,
      temporalNamespace: 'default',
      bundleFile: environment('CALLYARD_TEST_BUNDLE'),
      taskQueue,
      callbackGraceSeconds: 1,
      maxCachedWorkflows: 50,
      inquiries: [],
      backtestMemoryMb: 512,
      allowPrivateWebhooks: true,
      log,
    });
  };
  if (options.worker === true) await runWorker();
  const { allowPrivateWebhooks = false } = options;
  const live = createLive({ db, log });
  const api = createApi({
    db,
    reports,
    log,
    adminKey,
    migrations,
    backtests,
    allowPrivateWebhooks,
    live,
    ...(options.downloadPatienceMs === undefined ? {} : { downloadPatienceMs: options.downloadPatienceMs }),
  });
  const http = express();
  http.disable('etag');
  http.use(requestIds());
  http.use('/api', api.router);
  http.use(createErrorHandler(log));
  api.start();
  const server = await new Promise<Server>((resolve, reject) => {
    const listening = http.listen(0, '127.0.0.1', () => resolve(listening));
    listening.once('error', reject);
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const check = createResponseCheck(await (await fetch(`${baseUrl}/api/v1/openapi.json`)).json());

  const send = async (method: string, path: string, request: ApiRequest = {}): Promise<ApiAnswer> => {
    const response = await fetch(`${baseUrl}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminKey}`,
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(request.body === undefined
        ? {}
        : { body: typeof request.body === 'string' ? request.body : JSON.stringify(request.body) }),
    });
    const text = await response.text();
    const body = readBody(response.headers.get('content-type'), text);
    check.response(method, path, response.status, response.headers, body);
    return { status: response.status, headers: response.headers, body, text };
  };

  return {
    baseUrl,
    adminKey,
    db,
    reports,
    temporal,
    check,
    send,
    async ok<T>(method: string, path: string, body?: unknown, expected?: number): Promise<T> {
      const answer = await send(method, path, { body });
      const wanted = expected ?? (method === 'POST' ? 201 : 200);
      if (answer.status !== wanted)
        throw new Error(`${method} ${path} gave ${answer.status}, not ${wanted}: ${answer.text}`);
      return answer.body as T;
    },
    startWorker: runWorker,
    async stop() {
      await new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      });
      await live.stop();
      await api.stop();
      await migrations.idle();
      await backtests.idle();
      if (worker !== null) {
        await worker.stop();
        await temporal.schedule.getHandle(maintenanceId(taskQueue)).delete();
        await temporal.workflow.getHandle(deliveriesId(taskQueue)).terminate();
      }
      await temporal.connection.close();
      await db.end();
      if (reports !== db) await reports.end();
      await database.drop();
    },
  };
}

function readBody(type: string | null, text: string): unknown {
  if (text === '') return undefined;
  return /^[^;]*\bjson\b/.test(type ?? '') ? JSON.parse(text) : text;
}
