import { randomUUID } from 'node:crypto';
import { BACKTEST_WORKFLOW } from '../../workflows/backtest/messages';
import { backtestWorkflowId } from '../../workflows/ids';
import { maintenanceTaskQueue } from '../../workflows/maintenance/messages';
import { backtestsOf, multiplyCalls, type Backtests } from './backtest-fixture';
import { insertCampaign } from './campaign-fixture';
import { eventually } from './eventually';
import { placeCall } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const NUMBER = '+14155559600';
const PLACED = 10;
const COPIES = 100;

describe('the workflow of a backtest', () => {
  let system: SystemUnderTest;
  let backtests: Backtests;

  beforeAll(async () => {
    system = await startSystem({ inquiries: [] });
    backtests = backtestsOf(system, 'cmp_long');
    await insertCampaign(system.db, {
      key: 'long',
      number: NUMBER,
      buyers: [{ name: 'a' }, { name: 'b', bid: '12000000' }],
    });
    await system.db.query(
      `INSERT INTO routing_plans (campaign_id, version, definition)
       SELECT campaign_id, 2, jsonb_set(definition, '{rules,0,strategy}', '{"kind": "weighted"}') FROM routing_plans
        WHERE campaign_id = 'cmp_long' AND version = 1`,
    );
    for (let n = 0; n < PLACED; n++) await placeCall(system, { to: NUMBER, speed: 200 });
    await multiplyCalls(system, 'cmp_long', COPIES, 60);
  }, 120_000);
  afterAll(() => system.stop());

  const ALL = PLACED * (COPIES + 1);
  const LONG = { version: 2, seed: 'long', runs: 200 };

  /** Waits until it has run some of the calls, and not all. */
  async function underWay(id: string): Promise<void> {
    await eventually(async () => {
      const { progress, status } = await backtests.get(id);
      if (status !== 'running' || progress.calls === 0) throw new Error(`${id} is ${status}`);
    });
    expect((await backtests.get(id)).progress).toMatchObject({ of: ALL });
    expect((await backtests.get(id)).status).toBe('running');
  }

  const differencesOf = async (id: string): Promise<number> => {
    const { rows } = await system.db.query('SELECT FROM backtest_differences WHERE backtest_id = $1', [id]);
    return rows.length;
  };

  it('says how far it is, and hands over to the next worker when its own is stopped', async () => {
    const undisturbed = await backtests.run(LONG);
    expect(undisturbed).toMatchObject({ status: 'completed', progress: { calls: ALL, of: ALL } });
    const { id } = await backtests.start(LONG);
    await underWay(id);
    await system.restartWorker();
    const disturbed = await backtests.ended(id);
    expect(disturbed.result).toEqual(undisturbed.result);
    expect(await differencesOf(id)).toBe(await differencesOf(undisturbed.id));
  }, 60_000);

  /** Connections of processes that run backtests. */
  const connections = async (): Promise<number> => {
    const { rows } = await system.db.query(
      `SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'callyard-backtest/%'`,
    );
    return rows.length;
  };

  /** Holds what every backtest reads, and waits until one waits for it. */
  async function blocking(work: () => Promise<void>): Promise<void> {
    const blocker = await system.db.connect();
    try {
      await blocker.query('BEGIN; LOCK TABLE decision_records IN ACCESS EXCLUSIVE MODE');
      await work();
    } finally {
      await blocker.query('ROLLBACK');
      blocker.release();
    }
  }
  const blocked = (): Promise<void> =>
    eventually(async () => {
      const { rows } = await system.db.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
            AND application_name LIKE 'callyard-backtest/%'`,
      );
      if (rows.length === 0) throw new Error('no statement waits');
    });

  /** Keeps a backtest that is under way from saying anything more, so that it cannot come to its end. */
  async function held(id: string, work: () => Promise<void>): Promise<void> {
    await underWay(id);
    const holder = await system.db.connect();
    try {
      await holder.query(`BEGIN; SELECT FROM backtests WHERE id = '${id}' FOR UPDATE`);
      await work();
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
  }

  it('ends when it is cancelled, and writes nothing more', async () => {
    const { id } = await backtests.start(LONG);
    await held(id, async () => {
      expect(await backtests.cancel(id)).toBe(202);
      await eventually(async () => expect(await connections()).toBe(0));
    });
    const { status, result, endedAt } = await backtests.ended(id);
    expect({ status, result }).toEqual({ status: 'cancelled', result: null });
    expect(await backtests.cancel(id)).toBe(409);
    const workflow = await system.temporal.workflow.getHandle(backtestWorkflowId(id)).result();
    expect(workflow).toEqual({ outcome: 'cancelled' });
    const written = await differencesOf(id);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await differencesOf(id)).toBe(written);
    expect((await backtests.get(id)).endedAt).toBe(endedAt);
  });

  it('is over when it is cancelled in the middle of a statement, which goes with it', async () => {
    const { id } = await backtests.start(LONG);
    await blocking(async () => {
      await blocked();
      expect(await backtests.cancel(id)).toBe(202);
      // While the statement still could not go on.
      expect((await backtests.ended(id)).status).toBe('cancelled');
      expect(await connections()).toBe(0);
    });
  });

  it('waits for its turn while another runs, and is cancelled while it waits', async () => {
    const one = await backtests.start({ version: 2, runs: 1, seed: 'one' });
    let other: string | undefined;
    let third: string | undefined;
    await blocking(async () => {
      await blocked();
      ({ id: other } = await backtests.start({ version: 2, runs: 1, seed: 'other' }));
      ({ id: third } = await backtests.start({ version: 2, runs: 1, seed: 'third' }));
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      expect((await backtests.get(one.id)).status).toBe('running');
      expect((await backtests.get(other)).status).toBe('waiting');
      expect(await backtests.cancel(third)).toBe(202);
      expect((await backtests.ended(third)).status).toBe('cancelled');
    });
    const ended = await backtests.ended(one.id);
    const next = await backtests.ended(other ?? '');
    expect([ended.status, next.status]).toEqual(['completed', 'completed']);
    expect(Date.parse(next.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(ended.endedAt ?? ''));
  });

  it('fails, and says what to do, when its process runs out of memory; it is not tried again', async () => {
    const small = await startSystem({ inquiries: [], backtestMemoryMb: 16 });
    try {
      const { status, failure } = await backtestsOf(small, 'cmp_sample').run({ version: 1 });
      expect(status).toBe('failed');
      expect(failure).toContain('more memory than the 16 MB');
      expect(failure).toContain('a shorter period, or fewer runs');
    } finally {
      await small.stop();
    }
  });

  it('reads what callers did before, where only the version that is asked looks at it', async () => {
    const only = (buyer: string) => [{ assignmentId: `asg_long_${buyer}`, priority: null, weight: null }];
    const rule = { strategy: { kind: 'waterfall' }, fallback: null };
    const rules = [
      { ...rule, name: 'new', when: { kind: 'first_call' }, candidates: only('a') },
      { ...rule, name: 'known', when: null, candidates: only('b') },
    ];
    await system.db.query(
      `INSERT INTO routing_plans (campaign_id, version, definition)
       SELECT campaign_id, 3, definition || $1::jsonb FROM routing_plans WHERE campaign_id = 'cmp_long' AND version = 1`,
      [JSON.stringify({ rules, maxAttempts: 1 })],
    );
    // One caller made all of the calls.
    const { result } = await backtests.run({ version: 3, runs: 3 });
    const dials = result?.buyers.map(({ buyerName, modelled }) => [buyerName, modelled.dials.mean]);
    expect(dials).toEqual([
      ['a', 1],
      ['b', ALL - 1],
    ]);
  });

  it('lets calls through while it reckons', async () => {
    const { id } = await backtests.start(LONG);
    await held(id, async () => {
      const { call } = await placeCall(system, { to: NUMBER, speed: 200 });
      expect(call.outcome).toBe('connected');
      expect((await backtests.get(id)).status).toBe('running');
    });
    await backtests.cancel(id);
    await backtests.ended(id);
  });

  it('of which nothing is on record ends quietly; it waits a while, for it is started before', async () => {
    const id = `bkt_${randomUUID().replaceAll('-', '')}`;
    const workflow = await system.temporal.workflow.start(BACKTEST_WORKFLOW, {
      workflowId: backtestWorkflowId(id),
      taskQueue: maintenanceTaskQueue(system.taskQueue),
      args: [{ backtestId: id }],
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await system.db.query(
      `INSERT INTO backtests (id, campaign_id, version, period_from, period_to, runs, seed)
       VALUES ($1, 'cmp_long', 2, now() - interval '1 minute', now() + interval '1 second', 1, 'late')`,
      [id],
    );
    expect(await workflow.result()).toEqual({ outcome: 'completed' });
    expect((await backtests.get(id)).status).toBe('completed');
  });

  it('fails with the reason when what is on record cannot be used', async () => {
    const { rows } = await system.db.query<{ digest: string }>(
      `SELECT campaign_digest AS digest FROM decision_records WHERE campaign_id = 'cmp_long' LIMIT 1`,
    );
    await system.db.query(`UPDATE decision_campaigns SET body = body - 'timeZone' WHERE digest = $1`, [
      rows[0]?.digest,
    ]);
    expect(await backtests.run(LONG)).toMatchObject({
      status: 'failed',
      result: null,
      failure: expect.stringContaining('timeZone') as unknown,
    });
  });
});
