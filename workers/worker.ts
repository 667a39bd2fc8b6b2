import { readFile } from 'node:fs/promises';
import { DefaultLogger, NativeConnection, Runtime, Worker, type LogLevel } from '@temporalio/worker';
import { Client } from '@temporalio/client';
import { createCallActivities } from '../activities/call';
import { createCampaigns } from '../activities/call/campaigns';
import { Courier } from '../activities/delivery/courier';
import type { Stuck } from '../activities/maintenance/sweep';
import { CONFIG_CHANNEL, listen } from '../db/listen';
import { createLedgerPool, ReservationLedger } from '../db/limits/reservation-ledger';
import { createPool } from '../db/pool';
import type { CampaignId } from '../domain/ids';
import type { Logger } from '../runtime/logger';
import { createOutward } from '../runtime/outward';
import type { CarrierInquiry } from '../telephony/inquiry';
import { CALL_TASK_QUEUE } from '../workflows/call/messages';
import { createBacktestStarter } from './backtest-starter';
import { createBacktestWorker, createMaintenanceWorker } from './maintenance';
import { keepDelivering } from './deliveries';

export interface WorkerOptions {
  readonly databaseUrl: string;
  readonly databasePoolSize: number;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Path of the prebuilt bundle. */
  readonly bundleFile: string;
  readonly taskQueue?: string;
  readonly callbackGraceSeconds: number;
  readonly maxCachedWorkflows: number;
  /** Carriers that maintenance can ask about calls; `null`: this worker does no maintenance, and runs no backtests. */
  readonly inquiries: readonly CarrierInquiry[] | null;
  /** What the process of a backtest may take of memory, in megabytes. */
  readonly backtestMemoryMb: number;
  /** Whether events may be sent into private networks, this machine's too. */
  readonly allowPrivateWebhooks: boolean;
  readonly log: Logger;
}

export interface RunningWorker {
  /** Lets steps under way finish, hands the rest to other workers, and closes all connections. */
  stop(): Promise<void>;
  /** Settles when the worker stops, by itself or by `stop`. Rejects when it failed. */
  readonly done: Promise<void>;
}

/**
 * A call's next step goes to the worker that has it in memory. If that one has died, Temporal notices only when nobody
 * has taken the step for so long, and gives it to any other. Below the API's deadline, so that the carrier still gets
 * the call's own answer.
 */
const STICKY_PATIENCE = '800ms';

/** Below what the activity may take, in milliseconds. */
const SLOWEST_ROLL_UP_MS = 50_000;

/** Steps under way get this long to finish before their tasks are given back. */
const DRAIN = '10s';

/**
 * Starts a worker for calls. Fails when the bundle is missing or Temporal cannot be reached; later absences of either
 * server are waited out.
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { log } = options;
  await readBundle(options.bundleFile);
  const db = createPool({
    url: options.databaseUrl,
    size: options.databasePoolSize,
    applicationName: 'callyard-worker',
    onIdleError: (error) => log.warn({ err: error }, 'database connection lost'),
  });
  const reports = createPool({
    url: options.databaseUrl,
    size: 1,
    applicationName: 'callyard-worker-reports',
    onIdleError: (error) => log.warn({ err: error }, 'database connection for reports lost'),
    statementMs: SLOWEST_ROLL_UP_MS,
    inBackground: true,
    manyRows: true,
  });
  const ledger = new ReservationLedger({
    pool: createLedgerPool({
      url: options.databaseUrl,
      applicationName: 'callyard-worker-limits',
      onIdleError: (error) => log.warn({ err: error }, 'database connection for limits lost'),
    }),
  });
  const campaigns = createCampaigns(db);
  const listener = listen({
    url: options.databaseUrl,
    channel: CONFIG_CHANNEL,
    applicationName: 'callyard-worker-listen',
    onMessage: (campaign) => {
      campaigns.refresh(campaign as CampaignId).catch((error: unknown) => {
        // The next call to the campaign reads it, and meets the same error.
        log.warn({ campaign, err: error }, 'campaign could not be read again');
      });
    },
    onLost: (error) =>
      log.warn({ err: error }, 'not told of configuration changes; calls look for themselves'),
    onListening: () => log.info('told of configuration changes'),
  });
  try {
    await campaigns.warm();
  } catch (error) {
    // Calls read what they need themselves, and go on trying while the database is away.
    log.warn({ err: error }, 'campaigns could not be read in advance');
  }
  const connection = await NativeConnection.connect({ address: options.temporalAddress });
  const taskQueue = options.taskQueue ?? CALL_TASK_QUEUE;
  const worker = await Worker.create({
    connection,
    namespace: options.temporalNamespace,
    taskQueue,
    workflowBundle: { codePath: options.bundleFile },
    activities: createCallActivities({
      db,
      ledger,
      campaigns,
      callbackGraceSeconds: options.callbackGraceSeconds,
    }),
    maxCachedWorkflows: options.maxCachedWorkflows,
    shutdownGraceTime: DRAIN,
    stickyQueueScheduleToStartTimeout: STICKY_PATIENCE,
  });
  const workers = [worker];
  const courier = new Courier({
    db,
    send: createOutward({ allowPrivate: options.allowPrivateWebhooks }),
    onUnrecorded: (delivery, error) =>
      log.warn({ delivery, err: error }, 'what became of an event is not on record; it is sent again'),
  });
  let keeper: Awaited<ReturnType<typeof keepDelivering>> | null = null;
  if (options.inquiries !== null) {
    const sweep = {
      db,
      inquiries: options.inquiries,
      onCarrierError: (carrier: string, error: unknown) =>
        log.warn({ carrier, err: error }, 'the carrier could not be asked about a call'),
      onStuck: (what: Stuck, error: unknown) =>
        log.error({ ...what, err: error }, 'maintenance is stuck; it tries again with the next look'),
    };
    const { temporalNamespace: namespace, bundleFile } = options;
    workers.push(
      await createMaintenanceWorker({
        connection,
        namespace,
        callQueue: taskQueue,
        bundleFile,
        sweep,
        reports,
        courier,
      }),
      await createBacktestWorker({
        connection,
        namespace,
        callQueue: taskQueue,
        db,
        start: createBacktestStarter({
          databaseUrl: options.databaseUrl,
          memoryMb: options.backtestMemoryMb,
          log,
        }),
      }),
    );
    const client = new Client({ connection, namespace });
    keeper = await keepDelivering(client, taskQueue, (error) =>
      log.warn({ err: error }, 'it is not known whether events are being delivered'),
    );
  }
  const stop = (): void => {
    for (const each of workers) if (each.getState() === 'RUNNING') each.shutdown();
    // Behind it: the round that ends now must not be followed by another one here.
    courier.stop();
  };
  const run = async (): Promise<void> => {
    try {
      // One that fails takes the other along: half a worker would look like a whole one.
      await Promise.all(workers.map((each) => each.run().finally(stop)));
    } finally {
      await keeper?.stop();
      await courier.quiet();
      await listener.stop();
      await campaigns.quiet();
      await connection.close();
      await ledger.close();
      await Promise.all([db.end(), reports.end()]);
    }
  };
  const done = run();
  return {
    done,
    async stop() {
      stop();
      await done;
    },
  };
}

/** Sends what the SDK and workflows log to our log. Once a process, before the first worker. */
export function logThrough(log: Logger): void {
  const levels: Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
    TRACE: 'trace',
    DEBUG: 'debug',
    INFO: 'info',
    WARN: 'warn',
    ERROR: 'error',
  };
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      // The worker that runs backtests has none, and is meant to.
      if (message.startsWith('No workflows registered')) return;
      const { error, ...rest } = { ...meta };
      // Under the name by which our log knows what to write of an error: else it comes out empty.
      log[levels[level]](error === undefined ? rest : { ...rest, err: error }, message);
    }),
  });
}

async function readBundle(file: string): Promise<void> {
  try {
    await readFile(file);
  } catch (error) {
    throw new Error(`The workflow bundle ${file} is missing: run "npm run build:workflows" first`, {
      cause: error,
    });
  }
}
