import {
  Client,
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type ScheduleOptions,
} from '@temporalio/client';
import { Worker, type NativeConnection } from '@temporalio/worker';
import type { Pool } from 'pg';
import { createBacktestActivities, createBacktestRun } from '../activities/backtest';
import type { StartBacktest } from '../activities/backtest/supervise';
import { createDeliveryActivities } from '../activities/delivery';
import type { Courier } from '../activities/delivery/courier';
import { createMaintenanceActivities } from '../activities/maintenance';
import { createMigrationActivities } from '../activities/migration';
import type { SweepDependencies } from '../activities/maintenance/sweep';
import { backtestTaskQueue } from '../workflows/backtest/messages';
import { maintenanceId } from '../workflows/ids';
import {
  MAINTENANCE_EVERY_SECONDS,
  MAINTENANCE_WORKFLOW,
  maintenanceTaskQueue,
} from '../workflows/maintenance/messages';
import { announce } from './announce';
import { createCallWorkflows } from './call-workflows';

export interface MaintenanceOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Of the calls it looks after. */
  readonly callQueue: string;
  readonly bundleFile: string;
  readonly sweep: Omit<SweepDependencies, 'workflows'>;
  /** For statements over many rows. */
  readonly reports: Pool;
  readonly courier: Courier;
}

/**
 * A worker for migrations, the delivery of events, maintenance, and what of backtests is done at once; and the schedule
 * that gives maintenance something to do.
 */
export async function createMaintenanceWorker(options: MaintenanceOptions): Promise<Worker> {
  const { connection, namespace, callQueue, sweep, reports, courier } = options;
  const client = new Client({ connection, namespace });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: maintenanceTaskQueue(callQueue),
    workflowBundle: { codePath: options.bundleFile },
    activities: {
      ...createMaintenanceActivities({ ...sweep, reports, workflows: createCallWorkflows(client) }),
      ...createMigrationActivities({ db: sweep.db, announce }),
      ...createBacktestActivities(sweep.db),
      ...createDeliveryActivities(courier),
    },
    maxCachedWorkflows: 50,
    shutdownGraceTime: '5s',
    // Whose worker has gone waits no longer for it: events are sent by a workflow that always has somebody at work.
    stickyQueueScheduleToStartTimeout: '2s',
  });
  await ensureSchedule(client, callQueue);
  return worker;
}

export interface BacktestOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly callQueue: string;
  readonly db: Pool;
  readonly start: StartBacktest;
}

/** A worker that runs backtests, one after the other, each in a process of its own. Without workflows. */
export function createBacktestWorker({
  connection,
  namespace,
  callQueue,
  db,
  start,
}: BacktestOptions): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: backtestTaskQueue(maintenanceTaskQueue(callQueue)),
    activities: createBacktestRun(db, start),
    maxConcurrentActivityTaskExecutions: 1,
    // A backtest hears that it is cancelled when it says that it lives.
    maxHeartbeatThrottleInterval: '1s',
  });
}

/**
 * Sets the schedule up, or brings one of an earlier version up to date. Every worker does so: the last word is the same.
 */
async function ensureSchedule(client: Client, callQueue: string): Promise<void> {
  const scheduleId = maintenanceId(callQueue);
  const wanted = {
    spec: { intervals: [{ every: MAINTENANCE_EVERY_SECONDS * 1000 }] },
    action: {
      type: 'startWorkflow',
      workflowType: MAINTENANCE_WORKFLOW,
      workflowId: scheduleId,
      taskQueue: maintenanceTaskQueue(callQueue),
      // A run that outlives the next start has lost its worker: the one after it does the same.
      workflowRunTimeout: 3 * MAINTENANCE_EVERY_SECONDS * 1000,
      args: [],
      staticSummary: 'frees what is held for calls whose workflow is gone',
      staticDetails: `Looks after every hold on a limit of the calls on \`${callQueue}\`, every ten seconds. All that was ever freed: GET /api/v1/limits/freed`,
    },
    policies: {
      // Not SKIP: a run that takes a second too long would cost the whole next minute, and capacity that comes back late.
      overlap: ScheduleOverlapPolicy.BUFFER_ONE,
      // What was missed while Temporal was away needs no making up: the next run looks at everything.
      catchupWindow: MAINTENANCE_EVERY_SECONDS * 1000,
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
  try {
    await client.schedule.create({ scheduleId, ...wanted, state: { triggerImmediately: true } });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...wanted, state }));
  }
}
