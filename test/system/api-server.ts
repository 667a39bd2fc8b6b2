import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Pool } from 'pg';
import { createApi } from '../../api/api';
import { createErrorHandler } from '../../api/problems';
import { requestIds } from '../../api/request-id';
import { createPool } from '../../db/pool';
import { createLogger } from '../../runtime/logger';
import { createTestDatabase } from '../environment/database';
import { createResponseCheck, type ResponseCheck } from './openapi-check';

/** An answer, held against the OpenAPI document. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** As parsed; `undefined`: there was none. */
  readonly body: unknown;
  readonly text: string;
}

export interface ApiRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The API over real HTTP and a database of its own, without carriers and Temporal. */
export interface ApiServer {
  readonly baseUrl: string;
  readonly adminKey: string;
  readonly db: Pool;
  readonly check: ResponseCheck;
  /**
   * Sends a request to a path below `/api/v1`.
   * @throws when the answer is none that the OpenAPI document describes
   */
  send(method: string, path: string, request?: ApiRequest): Promise<ApiAnswer>;
  /** As {@link send}, for requests that must go well. @throws when the status is not `expected` */
  ok<T>(method: string, path: string, body?: unknown, expected?: number): Promise<T>;
  stop(): Promise<void>;
}

export async function startApi(): Promise<ApiServer> {
  const database = await createTestDatabase();
  const db = createPool({
    url: database.url,
    size: 10,
    applicationName: 'test-api',
    onIdleError: () => undefined,
  });
  const log = createLogger({ process: 'test', level: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
  const adminKey = randomBytes(16).toString('hex');
  const api = createApi({ db, log, adminKey });
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
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    check.response(method, path, response.status, response.headers, body);
    return { status: response.status, headers: response.headers, body, text };
  };

  return {
    baseUrl,
    adminKey,
    db,
    check,
    send,
    async ok<T>(method: string, path: string, body?: unknown, expected?: number): Promise<T> {
      const answer = await send(method, path, { body });
      const wanted = expected ?? (method === 'POST' ? 201 : 200);
      if (answer.status !== wanted)
        throw new Error(`${method} ${path} gave ${answer.status}, not ${wanted}: ${answer.text}`);
      return answer.body as T;
    },
    async stop() {
      await new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      });
      await api.stop();
      await db.end();
      await database.drop();
    },
  };
}
