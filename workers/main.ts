import { ConfigError, loadConfig, required } from '../runtime/config';
import { createLogger } from '../runtime/logger';
import { announceReady, onShutdown } from '../runtime/shutdown';
import { BUNDLE_FILE } from './bundle';
import { inquiriesOf } from './inquiries';
import { logThrough, startWorker } from './worker';

/** Longer than the worker's own drain, in milliseconds. */
const SHUTDOWN_PATIENCE_MS = 20_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger({ process: 'worker', level: config.logLevel });
  logThrough(log);
  const worker = await startWorker({
    databaseUrl: required(config.databaseUrl, 'DATABASE_URL'),
    databasePoolSize: config.databasePoolSize,
    temporalAddress: required(config.temporalAddress, 'TEMPORAL_ADDRESS'),
    temporalNamespace: config.temporalNamespace,
    bundleFile: BUNDLE_FILE,
    callbackGraceSeconds: config.callbackGraceSeconds,
    maxCachedWorkflows: config.maxCachedWorkflows,
    inquiries: inquiriesOf(config),
    backtestMemoryMb: config.backtestMemoryMb,
    allowPrivateWebhooks: config.allowPrivateWebhooks,
    log,
  });
  onShutdown(log, SHUTDOWN_PATIENCE_MS, () => worker.stop());
  worker.done.catch((error: unknown) => {
    log.fatal({ err: error }, 'the worker failed');
    process.exit(1);
  });
  log.info({ namespace: config.temporalNamespace }, 'worker is ready');
  announceReady();
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
});
