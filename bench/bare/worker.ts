import { NativeConnection, Worker } from '@temporalio/worker';
import { loadConfig, required } from '../../runtime/config';
import { createLogger } from '../../runtime/logger';
import { announceReady, onShutdown } from '../../runtime/shutdown';
import { logThrough } from '../../workers/worker';
import { BARE_TASK_QUEUE } from './messages';

/*
 * The worker of the bare baseline, with the options of the real one. `BARE_BUNDLE` names its workflow bundle.
 */

const SHUTDOWN_PATIENCE_MS = 20_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger({ process: 'bare-worker', level: config.logLevel });
  logThrough(log);
  const connection = await NativeConnection.connect({
    address: required(config.temporalAddress, 'TEMPORAL_ADDRESS'),
  });
  const worker = await Worker.create({
    connection,
    namespace: config.temporalNamespace,
    taskQueue: BARE_TASK_QUEUE,
    workflowBundle: { codePath: required(process.env['BARE_BUNDLE'] ?? null, 'BARE_BUNDLE') },
    maxCachedWorkflows: config.maxCachedWorkflows,
    shutdownGraceTime: '10s',
  });
  const run = async (): Promise<void> => {
    try {
      await worker.run();
    } finally {
      await connection.close();
    }
  };
  const done = run();
  onShutdown(log, SHUTDOWN_PATIENCE_MS, async () => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await done;
  });
  done.catch((error: unknown) => {
    log.fatal({ err: error }, 'the bare worker failed');
    process.exit(1);
  });
  announceReady();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
