import type { Client } from '@temporalio/client';
import express, { type Express } from 'express';
import type { Pool } from 'pg';
import type { Logger } from '../runtime/logger';
import type { CarrierDialect } from '../telephony/port';
import { CALL_TASK_QUEUE } from '../workflows/call/messages';
import { createApi } from './api';
import { requireAdminKey } from './auth';
import { createBacktestGateway } from './backtests/gateway';
import { createDniApp } from './dni/public';
import { createDniSweep } from './dni/sweep';
import { createHealthRouter } from './health';
import { createLive } from './live/live';
import { createMigrationGateway } from './migrations/gateway';
import { createMetricsRouter } from './metrics';
import { createPostbackRouter } from './postbacks/router';
import { createErrorHandler, noRoute } from './problems';
import { requestIds } from './request-id';
import { createAnnouncements } from './telephony/announcements';
import { createCallbackSink } from './telephony/callbacks';
import { createCallGateway } from './telephony/call-gateway';
import { createFailSafe } from './telephony/fail-safe';
import { createTelephonyRouter } from './telephony/routes';

export interface AppOptions {
  readonly db: Pool;
  readonly temporal: Client;
  readonly log: Logger;
  readonly dialects: readonly CarrierDialect[];
  readonly adminKey: string;
  /** For reports: connections that webhooks do not wait for; default `db`. Its owner closes it. */
  readonly reports?: Pool;
  /** `null`: taken from each request. */
  readonly publicBaseUrl: string | null;
  readonly webhookDeadlineMs: number;
  /** Where fail-safe answers are kept while PostgreSQL is away. */
  readonly spoolDir: string;
  /** Pause between rounds of telling workflows what the fail-safe served, in milliseconds. */
  readonly backfillIntervalMs: number;
  readonly taskQueue?: string;
  /** Whether webhooks may lead into private networks; default no. */
  readonly allowPrivateWebhooks?: boolean;
  /** Proxies before us that tell the address of web visitors; default 0. */
  readonly proxyHops?: number;
}

export interface App {
  readonly http: Express;
  /** `/readyz` says no from now on, and streams end; requests are still answered. */
  drain(): void;
  /** Ends background work. The pool and the client are the caller's to close. */
  close(): Promise<void>;
}

/** The whole HTTP edge, without a port: what tests drive and `main.ts` listens with. */
export function createApp(options: AppOptions): App {
  const { db, temporal, log, webhookDeadlineMs, publicBaseUrl, reports = db } = options;
  const callQueue = options.taskQueue ?? CALL_TASK_QUEUE;
  const gateway = createCallGateway(temporal, callQueue);
  const migrations = createMigrationGateway({ temporal, log, callQueue });
  const backtests = createBacktestGateway({ temporal, log, callQueue });
  const failSafe = createFailSafe({
    db,
    gateway,
    log,
    spoolDir: options.spoolDir,
    intervalMs: options.backfillIntervalMs,
  });
  const callbacks = createCallbackSink({ db, gateway, log, deadlineMs: webhookDeadlineMs });
  const announcements = createAnnouncements({ db, callbacks, log, deadlineMs: webhookDeadlineMs });
  const { adminKey, allowPrivateWebhooks = false } = options;
  const live = createLive({ db, log });
  const api = createApi({ db, reports, log, adminKey, migrations, backtests, allowPrivateWebhooks, live });
  const dniSweep = createDniSweep({ db, log });
  let draining = false;
  let leaving: Promise<void> | null = null;

  const http = express();
  http.disable('x-powered-by');
  http.disable('etag');
  http.use(requestIds());
  http.use(createHealthRouter({ db, temporal, isDraining: () => draining }));
  http.use(createMetricsRouter({ db, live, guard: requireAdminKey(options.adminKey) }));
  for (const dialect of options.dialects) {
    http.use(
      `/telephony/${dialect.carrier}`,
      createTelephonyRouter({
        dialect,
        gateway,
        failSafe,
        callbacks,
        announcements,
        log,
        publicBaseUrl,
        webhookDeadlineMs,
      }),
    );
  }
  http.use('/postbacks', createPostbackRouter({ db }));
  http.use('/dni', createDniApp({ db, proxyHops: options.proxyHops ?? 0 }));
  http.get('/', (_req, res) => res.redirect('/api/docs'));
  http.use('/api', api.router);
  http.use(noRoute);
  http.use(createErrorHandler(log));

  failSafe.start();
  api.start();
  dniSweep.start();
  return {
    http,
    drain: () => {
      draining = true;
      leaving = live.stop();
    },
    async close() {
      await (leaving ?? live.stop());
      await failSafe.stop();
      await api.stop();
      await dniSweep.stop();
      await gateway.idle();
      await migrations.idle();
      await backtests.idle();
    },
  };
}
