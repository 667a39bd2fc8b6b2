import type { Server } from 'node:http';
import path from 'node:path';
import { createPool } from '../db/pool';
import { ConfigError, loadConfig, required } from '../runtime/config';
import { createLogger } from '../runtime/logger';
import { announceReady, onShutdown } from '../runtime/shutdown';
import { createTemporalClient } from '../runtime/temporal';
import { createApp } from './app';
import { dialectsOf } from './dialects';

/** Longer than any webhook may take, in milliseconds. */
const SHUTDOWN_PATIENCE_MS = 15_000;
/** A request that takes longer to arrive, or to be answered at shutdown, is cut off, in milliseconds. */
const SLOWEST_REQUEST_MS = 5_000;
/** Reports read many rows: few at a time, and not for ever, in milliseconds. */
const REPORT_CONNECTIONS = 2;
const SLOWEST_REPORT_MS = 60_000;
const BACKFILL_INTERVAL_MS = 750;
/** Characters below which an admin key invites guessing. */
const SHORTEST_GOOD_KEY = 16;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger({ process: 'api', level: config.logLevel });
  const dialects = dialectsOf(config);
  const db = createPool({
    url: required(config.databaseUrl, 'DATABASE_URL'),
    size: config.databasePoolSize,
    applicationName: 'callyard-api',
    onIdleError: (error) => log.warn({ err: error }, 'database connection lost'),
  });
  const reports = createPool({
    url: required(config.databaseUrl, 'DATABASE_URL'),
    size: REPORT_CONNECTIONS,
    applicationName: 'callyard-reports',
    onIdleError: (error) => log.warn({ err: error }, 'database connection lost'),
    statementMs: SLOWEST_REPORT_MS,
    connectMs: SLOWEST_REPORT_MS,
    manyRows: true,
  });
  const temporal = createTemporalClient({
    address: required(config.temporalAddress, 'TEMPORAL_ADDRESS'),
    namespace: config.temporalNamespace,
  });
  const adminKey = required(config.adminKey, 'CALLYARD_ADMIN_KEY');
  if (adminKey.length < SHORTEST_GOOD_KEY) log.warn('CALLYARD_ADMIN_KEY is short: it can be guessed');
  const app = createApp({
    db,
    reports,
    temporal,
    log,
    dialects,
    adminKey,
    publicBaseUrl: config.publicBaseUrl,
    webhookDeadlineMs: config.webhookDeadlineMs,
    spoolDir: path.join(config.dataDir, 'fail-safe'),
    backfillIntervalMs: BACKFILL_INTERVAL_MS,
    allowPrivateWebhooks: config.allowPrivateWebhooks,
    proxyHops: config.proxyHops,
  });
  const server = await listen(app.http.listen(config.port), config.port);
  server.requestTimeout = SLOWEST_REQUEST_MS;
  onShutdown(log, SHUTDOWN_PATIENCE_MS, async () => {
    app.drain();
    await close(server);
    await app.close();
    await temporal.connection.close();
    await Promise.all([db.end(), reports.end()]);
  });
  const carriers = dialects.map(({ carrier }) => carrier);
  log.info({ port: config.port, publicBaseUrl: config.publicBaseUrl, carriers }, 'API is ready');
  announceReady({ port: config.port });
}

function listen(server: Server, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('listening', () => resolve(server));
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken ? new ConfigError(`PORT: ${port} is taken by another program; set PORT to a free one`) : error,
      );
    });
  });
}

/** Takes no new connections, and waits for requests under way; for one that never ends, not longer than a webhook may take. */
function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(() => server.closeAllConnections(), SLOWEST_REQUEST_MS).unref();
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeIdleConnections();
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
});
