import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { z } from 'zod';
import { createBacktestGateway } from '../../api/backtests/gateway';
import { createRouter } from '../../api/http/router';
import { createLive, type Live, type LiveOptions } from '../../api/live/live';
import { liveRoutes } from '../../api/live/routes';
import { createMigrationGateway } from '../../api/migrations/gateway';
import { requireAdminKey } from '../../api/auth';
import { createErrorHandler } from '../../api/problems';
import { requestIds } from '../../api/request-id';
import { liveEventSchema, type LiveEvent } from '../../contract/live';
import { createPool } from '../../db/pool';
import { createLogger } from '../../runtime/logger';
import { readEvents } from '../../scripts/callyard/event-stream';
import { eventually } from './eventually';
import type { SystemUnderTest } from './system';

/** An API process beside the system's: the same database, a memory and connections of its own. */
export interface Edge {
  readonly url: string;
  readonly live: Live;
  stop(): Promise<void>;
}

export async function startEdge(
  system: Pick<SystemUnderTest, 'databaseUrl' | 'temporal' | 'taskQueue' | 'adminKey'>,
  options: Partial<LiveOptions> & { readonly databaseUrl?: string } = {},
): Promise<Edge> {
  const { databaseUrl = system.databaseUrl, ...rest } = options;
  const log = createLogger({ process: 'test', level: 'silent' });
  const db = createPool({
    url: databaseUrl,
    size: 3,
    applicationName: 'test-edge',
    onIdleError: () => undefined,
  });
  const live = createLive({ db, log, ...rest });
  const gateway = { temporal: system.temporal, log, callQueue: system.taskQueue };
  const http = express();
  http.use(requestIds());
  http.use(
    '/api/v1',
    createRouter(liveRoutes, {
      db,
      reports: db,
      live,
      migrations: createMigrationGateway(gateway),
      backtests: createBacktestGateway(gateway),
      allowPrivateWebhooks: true,
      guard: requireAdminKey(system.adminKey),
    }),
  );
  http.use(createErrorHandler(log));
  const server: Server = http.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    live,
    async stop() {
      // No more is needed: streams close their connections.
      await live.stop();
      await new Promise((resolve) => server.close(resolve));
      await db.end();
    },
  };
}

export type EventOf<N extends LiveEvent['event']> = Extract<LiveEvent, { readonly event: N }>['data'];

/** An event, and when it came in, in milliseconds since the epoch. */
export type Heard = LiveEvent & { readonly heardAt: number };

/** A client of the stream that remembers all it heard. */
export class Listener {
  readonly heard: Heard[] = [];
  lastEventId = '';
  /** Whether the stream has ended. */
  over = false;
  /** An event that was none. */
  private fault: Error | null = null;
  private readonly leaving = new AbortController();

  /** Begins to listen. @param after id behind which the stream goes on */
  static async open(
    { url, adminKey }: { readonly url: string; readonly adminKey: string },
    { query = '', after }: { readonly query?: string; readonly after?: string } = {},
  ): Promise<Listener> {
    const listener = new Listener();
    const response = await fetch(`${url}/api/v1/live${query}`, {
      headers: {
        authorization: `Bearer ${adminKey}`,
        ...(after === undefined ? {} : { 'last-event-id': after }),
      },
      signal: listener.leaving.signal,
    });
    if (!response.ok || response.body === null)
      throw new Error(`No stream: ${response.status} ${await response.text()}`);
    void listener.listen(response.body);
    return listener;
  }

  /** All events of one name, in order. */
  all<N extends LiveEvent['event']>(name: N): EventOf<N>[] {
    return this.heard.filter(({ event }) => event === name).map(({ data }) => data as EventOf<N>);
  }

  /** Waits for an event of this name of which `wanted` is true. */
  async hears<N extends LiveEvent['event']>(
    name: N,
    wanted: (data: EventOf<N>) => boolean = () => true,
    patienceMs?: number,
  ): Promise<EventOf<N>> {
    return eventually(async () => {
      if (this.fault !== null) throw this.fault;
      const found = this.all(name).find((data) => wanted(data));
      if (found === undefined)
        throw new Error(`Has not heard ${name}, but ${JSON.stringify(this.heard).slice(0, 2000)}`);
      return found;
    }, patienceMs);
  }

  leave(): void {
    this.leaving.abort();
  }

  private async listen(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const { event, data, lastEventId } of readEvents(body)) {
        this.lastEventId = lastEventId;
        if (event !== '')
          this.heard.push({
            ...liveEventSchema.parse({ event, data: JSON.parse(data) }),
            heardAt: Date.now(),
          });
      }
    } catch (error) {
      // Being cut off, by either side, is what tests are about.
      if (error instanceof z.ZodError || error instanceof SyntaxError) this.fault = error;
    } finally {
      this.over = true;
    }
  }
}
