import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import type { Pool } from 'pg';
import { createMigrationActivities } from '../../activities/migration';
import { createPool } from '../../db/pool';
import type { CampaignId, MigrationId } from '../../domain/ids';
import { DEFAULT_PLAN, type MigrationPlan } from '../../domain/migration/plan';
import { newMigration } from '../../domain/migration/state';
import { createLogger } from '../../runtime/logger';
import { logThrough } from '../../workers/worker';
import { migrationWorkflowId } from '../../workflows/ids';
import {
  migrationState,
  migrationStatus,
  MIGRATION_WORKFLOW,
  OPERATION_UPDATES,
} from '../../workflows/migration/messages';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import { startTimeSkipping } from '../environment/time-skipping';
import { insertCampaign } from './campaign-fixture';
import { addCalls, putOnRecord } from './migration-fixture';
import { environment } from './system';

const ROOT = path.join(__dirname, '..', '..');
const DAY = 24 * 3600;

/** Five steps of six days each, looked at twice a day. */
const THIRTY_DAYS: MigrationPlan = {
  ...DEFAULT_PLAN,
  steps: [100, 500, 2_500, 5_000, 10_000].map((shareBasisPoints) => ({
    shareBasisPoints,
    minimumSeconds: 6 * DAY,
    minimumCalls: 50,
    approval: false,
  })),
  guardrails: [
    { metric: 'answer_rate', rule: { kind: 'relative_drop', drop: 0.1 } },
    // With all calls on the challenger there is no control to compare with.
    { metric: 'answer_rate', rule: { kind: 'floor', value: 0.3 } },
  ],
  evaluationSeconds: DAY / 2,
};

/** Weeks in seconds: the server's clock jumps to the next timer. PostgreSQL, and what is written there, is real. */
describe('a migration over thirty days', () => {
  let database: TestDatabase;
  let db: Pool;
  let temporal: TestWorkflowEnvironment;
  let campaigns = 0;
  const notices: { type: string; message: string }[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 5, applicationName: 'test', onIdleError: () => undefined });
    logThrough(createLogger({ process: 'test', level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }));
    temporal = await startTimeSkipping();
  }, 120_000);
  afterAll(async () => {
    await temporal.teardown();
    await db.end();
    await database.drop();
  });

  function newWorker(
    taskQueue: string,
    { bundle = environment('CALLYARD_TEST_BUNDLE'), cached = 10 } = {},
  ): Promise<Worker> {
    return Worker.create({
      connection: temporal.nativeConnection,
      taskQueue,
      workflowBundle: { codePath: bundle },
      maxCachedWorkflows: cached,
      activities: createMigrationActivities({
        db,
        announce: (_url, body) => {
          notices.push(body as { type: string; message: string });
          return Promise.resolve();
        },
      }),
    });
  }

  async function begin(plan: MigrationPlan, handOverAt?: number) {
    campaigns += 1;
    const key = `weeks${campaigns}`;
    await insertCampaign(db, {
      key,
      number: `+1415555${7000 + campaigns * 10}`,
      buyers: [{ name: 'a' }, { name: 'b', priority: 2 }],
    });
    await db.query(
      `INSERT INTO routing_plans (campaign_id, version, definition)
       SELECT campaign_id, 2, definition FROM routing_plans WHERE campaign_id = $1 AND version = 1`,
      [`cmp_${key}`],
    );
    const id = `mig_${key}` as MigrationId;
    const kind = {
      kind: 'plan' as const,
      campaignId: `cmp_${key}` as CampaignId,
      controlVersion: 1,
      challengerVersion: 2,
    };
    const state = newMigration(id, kind, plan);
    await putOnRecord(db, state, { notifyUrl: 'https://example.com/told' });
    const taskQueue = `weeks-${randomUUID()}`;
    const handle = await temporal.client.workflow.start(MIGRATION_WORKFLOW, {
      workflowId: migrationWorkflowId(id),
      taskQueue,
      args: [{ state, ...(handOverAt === undefined ? {} : { handOverAt }) }],
    });
    const operate = (type: keyof typeof OPERATION_UPDATES, operation: string = randomUUID()) =>
      handle.executeUpdate(OPERATION_UPDATES[type], {
        updateId: operation,
        args: [{ id: operation, by: 'tester', reason: null }],
      });
    return { id, handle, taskQueue, operate };
  }

  /** Calls for the comparison that runs, as soon as there is another one. */
  async function feedEachStep(
    id: MigrationId,
    answeredAt: (comparison: number) => number,
    until: Promise<unknown>,
  ): Promise<void> {
    let over = false;
    const ended = until.finally(() => {
      over = true;
    });
    ended.catch(() => undefined);
    for (let fed = 0; !over; ) {
      const { rows } = await db.query<{ comparison: number }>(
        'SELECT comparison FROM migrations WHERE id = $1 AND splits',
        [id],
      );
      const comparison = rows[0]?.comparison ?? fed;
      if (comparison > fed) {
        await addCalls(db, id, 'control', 400, 200);
        await addCalls(db, id, 'challenger', 400, answeredAt(comparison));
        fed = comparison;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('goes through its five steps, handing its history over on the way', async () => {
    const { id, handle, taskQueue, operate } = await begin(THIRTY_DAYS, 120);
    const worker = await newWorker(taskQueue);
    await worker.runUntil(async () => {
      await operate('start');
      const result = handle.result();
      await feedEachStep(id, () => 205, result);
      expect(await result).toMatchObject({ outcome: 'completed' });
      const { history, operations } = await temporal.client.workflow
        .getHandle(migrationWorkflowId(id))
        .query(migrationState);
      expect(history.map(({ shareBasisPoints }) => shareBasisPoints)).toEqual(
        expect.arrayContaining([100, 500, 2_500, 5_000, 10_000]),
      );
      const at = (share: number): number =>
        Date.parse(history.find(({ shareBasisPoints }) => shareBasisPoints === share)?.at ?? '');
      const begun = [...[100, 500, 2_500, 5_000, 10_000].map(at), Date.parse(history.at(-1)?.at ?? '')];
      for (const [index, next] of begun.slice(1).entries())
        expect(next - (begun[index] ?? NaN)).toBeGreaterThanOrEqual(6 * DAY * 1000);
      expect(operations).toHaveLength(1);
    });
    const { rows } = await db.query<{ plan_version: number; runs: number }>(
      `SELECT plan_version FROM campaigns WHERE id = $1`,
      [id.replace('mig_', 'cmp_')],
    );
    expect(rows[0]?.plan_version).toBe(2);
    const first = await temporal.client.workflow
      .getHandle(migrationWorkflowId(id), handle.firstExecutionRunId)
      .fetchHistory();
    expect(first.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes).toBeTruthy();
  }, 120_000);

  it.each([1, 2, 3, 4, 5])(
    'goes back when the challenger fails at step %i, and says why',
    async (step) => {
      const { id, handle, taskQueue, operate } = await begin(THIRTY_DAYS);
      const worker = await newWorker(taskQueue);
      await worker.runUntil(async () => {
        await operate('start');
        const result = handle.result();
        await feedEachStep(id, (comparison) => (comparison === step ? 20 : 205), result);
        expect(await result).toMatchObject({ outcome: 'rolled_back' });
      });
      const { rows } = await db.query<{ share_basis_points: number; splits: boolean; plan_version: number }>(
        `SELECT m.share_basis_points, m.splits, c.plan_version FROM migrations m JOIN campaigns c ON c.id = m.campaign_id
        WHERE m.id = $1`,
        [id],
      );
      expect(rows[0]).toEqual({ share_basis_points: 0, splits: false, plan_version: 1 });
      expect(notices.filter(({ message }) => /answer rate/i.test(message)).length).toBeGreaterThan(0);
    },
    120_000,
  );

  it('goes on between two steps with a worker of another build, whose workflow says other things', async () => {
    const { id, handle, taskQueue, operate } = await begin({ ...THIRTY_DAYS, guardrails: [] });
    const share = async (): Promise<number> => {
      const { rows } = await db.query<{ share_basis_points: number }>(
        'SELECT share_basis_points FROM migrations WHERE id = $1',
        [id],
      );
      return rows[0]?.share_basis_points ?? 0;
    };
    // Each step is replayed from the beginning, by either; and none waits for a worker that is gone, which this server
    // would not notice.
    const old = await newWorker(taskQueue, { cached: 0 });
    await old.runUntil(async () => {
      await operate('start');
      await addCalls(db, id, 'challenger', 60, 30);
      await temporal.sleep(7 * DAY * 1000);
      expect(await share()).toBe(500);
    });
    const { folder, bundle } = await buildChanged();
    try {
      const renewed = await newWorker(taskQueue, { bundle, cached: 0 });
      await renewed.runUntil(async () => {
        const result = handle.result();
        await feedEachStep(id, () => 205, result);
        expect(await result).toMatchObject({ outcome: 'completed' });
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 120_000);

  /** The workflows of this checkout with another text in them, built as for a release. */
  async function buildChanged(): Promise<{ folder: string; bundle: string }> {
    // Inside the checkout, so that packages are found.
    await mkdir(path.join(ROOT, '.callyard'), { recursive: true });
    const folder = await mkdtemp(path.join(ROOT, '.callyard', 'changed-'));
    for (const part of ['workflows', 'domain', 'activities', 'contract'])
      await cp(path.join(ROOT, part), path.join(folder, part), { recursive: true });
    const file = path.join(folder, 'workflows', 'migration', 'visibility.ts');
    const source = await readFile(file, 'utf8');
    const changed = source.replace('status.nextDecision,', '`What comes next: ${status.nextDecision}`,');
    expect(changed).not.toBe(source);
    await writeFile(file, changed);
    const { code } = await bundleWorkflowCode({
      workflowsPath: path.join(folder, 'workflows', 'index.ts'),
      logger: new DefaultLogger('WARN'),
    });
    const bundle = path.join(folder, 'bundle.js');
    await writeFile(bundle, code);
    return { folder, bundle };
  }

  it('does each operation once though a run hands over to the next in the midst of it', async () => {
    // Every few events a new run begins: operations meet runs that are about to end.
    const { handle, taskQueue, operate } = await begin({ ...THIRTY_DAYS, guardrails: [] }, 12);
    const worker = await newWorker(taskQueue);
    await worker.runUntil(async () => {
      await operate('start', 'the start');
      for (let round = 0; round < 6; round++) {
        await operate('pause', `pause ${round}`);
        await Promise.all([operate('resume', `resume ${round}`), operate('resume', `resume ${round}`)]);
      }
      expect((await handle.query(migrationStatus)).phase.name).toBe('running');
      const { operations, history } = await handle.query(migrationState);
      expect(operations).toHaveLength(13);
      expect(history.filter(({ what }) => /paused/i.test(what))).toHaveLength(6);
      await operate('abort');
      expect(await handle.result()).toMatchObject({ outcome: 'aborted' });
    });
  }, 120_000);
});
