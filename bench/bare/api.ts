import { randomUUID } from 'node:crypto';
import express from 'express';
import { createErrorHandler } from '../../api/problems';
import type { Announcements } from '../../api/telephony/announcements';
import type { CallbackSink } from '../../api/telephony/callbacks';
import type { FailSafe } from '../../api/telephony/fail-safe';
import { createTelephonyRouter } from '../../api/telephony/routes';
import { loadConfig, required } from '../../runtime/config';
import { createLogger } from '../../runtime/logger';
import { announceReady, onShutdown } from '../../runtime/shutdown';
import { createTemporalClient } from '../../runtime/temporal';
import { createTwilioDialect } from '../../telephony/twilio';
import { createBareGateway } from './gateway';

/*
 * The API of the bare baseline: the router, and so the parsing, signatures, logging and TwiML, of the real one, in
 * front of a workflow without logic. There is no database: callbacks are answered 204 at once.
 */

const SHUTDOWN_PATIENCE_MS = 15_000;

const nothing = (): Promise<void> => Promise.resolve();
const callbacks: CallbackSink = { status: nothing, news: nothing, recording: nothing, lateMessage: nothing };

const announcements: Announcements = {
  announce: () => Promise.resolve([]),
  accept: () => Promise.resolve([]),
  acceptance: () => Promise.resolve(null),
};

/** A baseline that falls back would look fast: the load generator counts this as a failed call. */
const failSafe: FailSafe = {
  serve: (_facts, _message, cause) => Promise.reject(new Error(`the bare workflow gave no answer: ${cause}`)),
  start: () => undefined,
  stop: nothing,
};

const config = loadConfig(process.env);
const log = createLogger({ process: 'bare-api', level: config.logLevel });
const temporal = createTemporalClient({
  address: required(config.temporalAddress, 'TEMPORAL_ADDRESS'),
  namespace: config.temporalNamespace,
});
const http = express();
http.disable('x-powered-by');
http.disable('etag');
http.use((_req, res, next) => {
  res.locals['requestId'] = randomUUID();
  res.setHeader('X-Request-Id', String(res.locals['requestId']));
  next();
});
http.use(
  '/telephony/twilio',
  createTelephonyRouter({
    dialect: createTwilioDialect(required(config.twilio, 'TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN')),
    gateway: createBareGateway(temporal),
    failSafe,
    callbacks,
    announcements,
    log,
    publicBaseUrl: config.publicBaseUrl,
    webhookDeadlineMs: config.webhookDeadlineMs,
  }),
);
http.use(createErrorHandler(log));
const server = http.listen(config.port, (error?: Error) => {
  if (error !== undefined) throw error;
  announceReady({ port: config.port });
});
onShutdown(log, SHUTDOWN_PATIENCE_MS, async () => {
  await new Promise((done) => {
    server.close(done);
    server.closeIdleConnections();
  });
  await temporal.connection.close();
});
