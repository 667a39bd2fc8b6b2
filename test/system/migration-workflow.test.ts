import type { AssignmentId, BuyerId, CampaignId } from '../../domain/ids';
import type { MigrationKind } from '../../domain/migration/plan';
import { migrationWorkflowId } from '../../workflows/ids';
import { maintenanceTaskQueue } from '../../workflows/maintenance/messages';
import { campaignChanged, MIGRATION_WORKFLOW, migrationState } from '../../workflows/migration/messages';
import { insertCampaign } from './campaign-fixture';
import { addCalls, QUICK, startMigration, type RunningMigration } from './migration-fixture';
import { eventually, startSystem, type SystemUnderTest } from './system';

describe('a migration', () => {
  let system: SystemUnderTest;
  let campaigns = 0;
  beforeAll(async () => {
    system = await startSystem({ inquiries: [] });
  });
  afterAll(() => system.stop());

  /** A campaign with two buyers and two versions of its plan. */
  async function newCampaign(): Promise<{ key: string; id: CampaignId; number: string }> {
    campaigns += 1;
    const key = `mig${campaigns}`;
    const number = `+1415555${6000 + campaigns * 10}`;
    await insertCampaign(system.db, { key, number, buyers: [{ name: 'a' }, { name: 'b', priority: 2 }] });
    await system.db.query(
      `INSERT INTO routing_plans (campaign_id, version, definition)
       SELECT campaign_id, 2, definition FROM routing_plans WHERE campaign_id = $1 AND version = 1`,
      [`cmp_${key}`],
    );
    return { key, id: `cmp_${key}` as CampaignId, number };
  }
  const betweenPlans = (campaignId: CampaignId): MigrationKind => ({
    kind: 'plan',
    campaignId,
    controlVersion: 1,
    challengerVersion: 2,
  });
  const side = (key: string, buyer: string) => ({
    buyerId: `buy_${key}_${buyer}` as BuyerId,
    assignmentIds: [`asg_${key}_${buyer}` as AssignmentId],
  });
  const row = async (id: string): Promise<Record<string, unknown>> => {
    const { rows } = await system.db.query<Record<string, unknown>>(
      `SELECT m.status, m.splits, m.share_basis_points AS share, m.ended_at IS NOT NULL AS ended,
              (SELECT count(*)::integer FROM migration_traffic t WHERE t.migration_id = m.id) AS traffic,
              c.plan_version
         FROM migrations m JOIN campaigns c ON c.id = m.campaign_id WHERE m.id = $1`,
      [id],
    );
    return rows[0] ?? {};
  };
  /** Waits until the share is `share`, then gives both sides calls. */
  async function feed(migration: RunningMigration, share: number, answered: number): Promise<void> {
    await eventually(async () => expect((await row(migration.id))['share']).toBe(share));
    await addCalls(system.db, migration.id, 'control', 400, 200);
    await addCalls(system.db, migration.id, 'challenger', 400, answered);
  }

  it('goes from step to step to the end, where the plan switches with the audit trail', async () => {
    const { id: campaign } = await newCampaign();
    const migration = await startMigration(system, 'good', betweenPlans(campaign));
    const started = await migration.operate('start');
    expect(started).toMatchObject({
      phase: { name: 'running' },
      shareBasisPoints: 1_000,
      step: { no: 1, of: 3 },
    });
    expect(await row(migration.id)).toMatchObject({
      status: 'running',
      splits: true,
      share: 1_000,
      traffic: 1,
    });
    for (const share of [1_000, 5_000]) await feed(migration, share, 220);
    await eventually(async () => expect((await row(migration.id))['share']).toBe(10_000));
    await addCalls(system.db, migration.id, 'challenger', 400, 220);
    expect(await migration.ended()).toMatchObject({ outcome: 'completed' });
    expect(await row(migration.id)).toEqual({
      status: 'completed',
      splits: false,
      share: 10_000,
      ended: true,
      traffic: 0,
      plan_version: 2,
    });
    const { rows } = await system.db.query<{ action: string; actor: string }>(
      `SELECT action, actor FROM audit_entries WHERE entity = 'migration' AND entity_id = $1 ORDER BY id`,
      [migration.id],
    );
    expect(rows.at(0)).toMatchObject({ actor: 'tester' });
    expect(rows.map(({ action }) => action)).toContain('switch');
  });

  it('goes back by itself when the challenger is worse, with the figures, and nothing has switched', async () => {
    const { id: campaign } = await newCampaign();
    const migration = await startMigration(system, 'bad', betweenPlans(campaign));
    await migration.operate('start');
    await feed(migration, 1_000, 60);
    expect(await migration.ended()).toMatchObject({ outcome: 'rolled_back' });
    expect(await row(migration.id)).toMatchObject({
      status: 'rolled_back',
      splits: false,
      share: 0,
      traffic: 0,
      plan_version: 1,
    });
    const { judgements } = await migration.status();
    expect(judgements).toMatchObject([{ verdict: 'breach' }]);
    expect(judgements[0]?.reason).toMatch(/answer rate/i);
  });

  it('waits rather than passes while there is too little data', async () => {
    const { id: campaign } = await newCampaign();
    const migration = await startMigration(system, 'scarce', betweenPlans(campaign));
    await migration.operate('start');
    await eventually(async () => expect((await migration.status()).lookedAt).not.toBeNull());
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await migration.status()).toMatchObject({ phase: { name: 'running' }, shareBasisPoints: 1_000 });
    await migration.operate('abort', { reason: 'enough seen' });
    expect(await migration.ended()).toMatchObject({ outcome: 'aborted' });
  });

  it.each([
    ['abort', false, 0],
    ['roll_back', true, 1],
  ] as const)(
    'between two buyers, after %s the challenger is paused: %s',
    async (operation, paused, told) => {
      const key = `back_${operation}`;
      await insertCampaign(system.db, {
        key,
        number: operation === 'abort' ? '+14155559650' : '+14155559660',
        buyers: [{ name: 'a' }, { name: 'b' }],
      });
      const kind: MigrationKind = {
        kind: 'buyer',
        campaignId: `cmp_${key}` as CampaignId,
        control: side(key, 'a'),
        challenger: side(key, 'b'),
      };
      const migration = await startMigration(system, key, kind);
      await migration.operate('start');
      await migration.operate(operation);
      await migration.ended();
      const { rows } = await system.db.query<{ paused: boolean; told: number }>(
        `SELECT paused, (SELECT count(*)::integer FROM audit_entries
                        WHERE entity = 'assignment' AND entity_id = a.id AND action = 'pause') AS told
         FROM assignments a WHERE id = $1`,
        [`asg_${key}_b`],
      );
      expect(rows).toEqual([{ paused, told }]);
    },
  );

  it('refuses what cannot be done now, saying what can; does once what is sent twice, or at the same time', async () => {
    const { id: campaign } = await newCampaign();
    const migration = await startMigration(system, 'operated', betweenPlans(campaign));
    const refused = async (work: Promise<unknown>): Promise<string> => {
      const error: unknown = await work.catch((cause: unknown) => cause);
      return String((error as { cause?: { message?: string } }).cause?.message);
    };
    expect(await refused(migration.operate('pause'))).toMatch(/has not begun .* Possible now: start, abort/);
    const starts = await Promise.allSettled(
      [1, 2, 3].map((n) => migration.operate('start', { id: `start${n}` })),
    );
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const paused = await Promise.all([
      migration.operate('pause', { id: 'one pause' }),
      migration.operate('pause', { id: 'one pause' }),
    ]);
    expect(paused.map(({ phase }) => phase.name)).toEqual(['paused', 'paused']);
    expect(await refused(migration.operate('approve'))).toMatch(/is paused and cannot be approved/);
    expect(await migration.operate('set_share', { share: 3_333 })).toMatchObject({ shareBasisPoints: 3_333 });
    expect(await row(migration.id)).toMatchObject({ share: 3_333, splits: true });
    expect(await refused(migration.operate('set_share', { share: 3_333 }))).toMatch(/33.33 % already/);
    expect(await migration.operate('resume')).toMatchObject({ phase: { name: 'running' } });
    await migration.operate('roll_back', { reason: 'we do not like it' });
    expect(await migration.ended()).toMatchObject({ outcome: 'rolled_back' });
    expect(await refused(migration.operate('start'))).not.toBe('');
  });

  it('stands still while its campaign is paused, whoever tells it', async () => {
    const { id: campaign } = await newCampaign();
    const migration = await startMigration(system, 'halted', betweenPlans(campaign));
    await migration.operate('start');
    await system.db.query(`UPDATE campaigns SET status = 'paused' WHERE id = $1`, [campaign]);
    // Nobody signals: the next look sees it.
    await eventually(async () =>
      expect((await migration.status()).phase).toMatchObject({ name: 'paused', by: 'campaign' }),
    );
    await system.db.query(`UPDATE campaigns SET status = 'active' WHERE id = $1`, [campaign]);
    await system.temporal.workflow
      .getHandle(migrationWorkflowId(migration.id))
      .signal(campaignChanged, { campaignId: campaign, status: 'active' });
    await eventually(async () => expect((await migration.status()).phase.name).toBe('running'));
    await migration.operate('abort');
    await migration.ended();
  });

  it('goes on when its worker is replaced between two steps', async () => {
    const { id: campaign } = await newCampaign();
    const migration = await startMigration(system, 'moved', betweenPlans(campaign));
    await migration.operate('start');
    await system.restartWorker();
    await feed(migration, 1_000, 220);
    await eventually(async () => expect((await row(migration.id))['share']).toBe(5_000));
    await migration.operate('abort');
    expect(await migration.ended()).toMatchObject({ outcome: 'aborted' });
  });

  it('between buyers, ends with the challenger in the control’s place and the control paused', async () => {
    const { key, id: campaignId } = await newCampaign();
    const kind = { kind: 'buyer' as const, campaignId, control: side(key, 'a'), challenger: side(key, 'b') };
    const last = {
      ...QUICK,
      steps: QUICK.steps.slice(-1).map((step) => ({ ...step, minimumCalls: 1 })),
      guardrails: [],
    };
    const migration = await startMigration(system, 'buyers', kind, last);
    await migration.operate('start');
    await addCalls(system.db, migration.id, 'challenger', 10, 5);
    expect(await migration.ended()).toMatchObject({ outcome: 'completed' });
    const { rows } = await system.db.query(
      `SELECT id, priority, paused FROM assignments WHERE campaign_id = $1 ORDER BY id`,
      [campaignId],
    );
    expect(rows).toEqual([
      { id: `asg_${key}_a`, priority: 1, paused: true },
      { id: `asg_${key}_b`, priority: 1, paused: false },
    ]);
  });

  it('between campaigns, ends with the numbers in the challenger, and is aborted when one is archived', async () => {
    const [one, two] = [await newCampaign(), await newCampaign()];
    const kind = { kind: 'campaign' as const, controlCampaignId: one.id, challengerCampaignId: two.id };
    const last = {
      ...QUICK,
      steps: QUICK.steps.slice(-1).map((step) => ({ ...step, minimumCalls: 1 })),
      guardrails: [],
    };
    const migration = await startMigration(system, 'numbers', kind, last);
    await migration.operate('start');
    await addCalls(system.db, migration.id, 'challenger', 10, 5);
    expect(await migration.ended()).toMatchObject({ outcome: 'completed' });
    const { rows } = await system.db.query(`SELECT campaign_id FROM numbers WHERE e164 = $1`, [one.number]);
    expect(rows).toEqual([{ campaign_id: two.id }]);

    const third = await newCampaign();
    const gone = await startMigration(system, 'archived', betweenPlans(third.id));
    await gone.operate('start');
    await system.db.query(`UPDATE campaigns SET status = 'archived' WHERE id = $1`, [third.id]);
    expect((await gone.ended()).outcome).not.toBe('completed');
  });

  it('does again what a terminated run was in the midst of', async () => {
    const { id: campaign } = await newCampaign();
    const migration = await startMigration(system, 'midst', betweenPlans(campaign));
    await migration.operate('start');
    const handle = system.temporal.workflow.getHandle(migrationWorkflowId(migration.id));
    const state = await handle.query(migrationState);
    await handle.terminate('in the midst of it');
    const again = await system.temporal.workflow.start(MIGRATION_WORKFLOW, {
      workflowId: migrationWorkflowId(migration.id),
      taskQueue: maintenanceTaskQueue(system.taskQueue),
      args: [{ state: { ...state, phase: { name: 'completing' } } }],
    });
    expect(await again.result()).toMatchObject({ outcome: 'completed' });
    expect(await row(migration.id)).toMatchObject({
      status: 'completed',
      splits: false,
      traffic: 0,
      plan_version: 2,
    });
  });

  it('goes back when its workflow is cancelled in the Temporal UI', async () => {
    const { id: campaign } = await newCampaign();
    const migration = await startMigration(system, 'cancelled', betweenPlans(campaign));
    await migration.operate('start');
    await system.temporal.workflow.getHandle(migrationWorkflowId(migration.id)).cancel();
    expect(await migration.ended()).toMatchObject({ outcome: 'aborted' });
    expect(await row(migration.id)).toMatchObject({ splits: false, share: 0, traffic: 0 });
  });
});
