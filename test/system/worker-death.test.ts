import { execFile, type ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';
import { CALL_TASK_QUEUE } from '../../workflows/call/messages';
import { backtestsOf, multiplyCalls } from './backtest-fixture';
import { readCounters } from './counters';
import { insertEndpoint, newSecret } from './endpoint-fixture';
import { startReceiver } from './receiver';
import { eventually, startSystem, type SystemUnderTest } from './system';
import { kill, startWorkerProcess } from './worker-process';

describe('a worker that is killed', () => {
  let system: SystemUnderTest;
  let worker: ChildProcess;

  beforeAll(async () => {
    system = await startSystem({ worker: false, taskQueue: CALL_TASK_QUEUE, webhookDeadlineMs: 40_000 });
    worker = await startWorkerProcess(system);
  });
  afterEach(async () => {
    expect(await readCounters(system.db)).toEqual({ pending: 0, drift: [] });
  });
  afterAll(async () => {
    await kill(worker);
    await system.stop();
  });

  it('between two webhooks: the call goes on where it was, on the next worker', async () => {
    const { carrier } = system;
    const sid = carrier.newSid();
    const TO = { To: '+14155550100' };
    await carrier.post('voice', sid, TO);
    await kill(worker);
    worker = await startWorkerProcess(system);
    const dial = await carrier.post('ivr?no=1', sid, { ...TO, Digits: '1' });
    expect(dial.verbs[0]?.name).toBe('Dial');
    await kill(worker);
    worker = await startWorkerProcess(system);
    await carrier.post('dial?attempt=1', sid, { ...TO, DialCallStatus: 'completed', DialCallDuration: '33' });
    const call = await system.endedCall(sid);
    expect(call).toMatchObject({
      outcome: 'connected',
      talkSeconds: 33,
      qualifications: { intent: 'quote' },
    });
    expect(call.attempts).toHaveLength(1);
    expect(call.ledger).toHaveLength(2);
  });

  it('in the middle of a step: the webhook is answered by the next worker, and the step happens once', async () => {
    const { carrier } = system;
    const sid = carrier.newSid();
    const blocker = await system.db.connect();
    await blocker.query('BEGIN; LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE');
    const voice = carrier.post('voice', sid);
    // The step has reserved and waits for the table when its worker dies.
    await eventually(async () => {
      const { rows } = await system.db.query(
        `SELECT FROM pg_locks WHERE NOT granted AND relation = 'attempts'::regclass`,
      );
      if (rows.length === 0) throw new Error('the step is not there yet');
    });
    await kill(worker);
    await blocker.query('ROLLBACK');
    blocker.release();
    worker = await startWorkerProcess(system);
    expect((await voice).verbs[0]?.name).toBe('Dial');
    await carrier.post('dial?attempt=1', sid, { DialCallStatus: 'completed', DialCallDuration: '20' });
    const call = await system.endedCall(sid);
    expect(call).toMatchObject({ outcome: 'connected', converted: true });
    expect(call.reservations).toHaveLength(1);
  });

  it('in the middle of a delivery: the next worker makes it again, under the same webhook-id', async () => {
    const { carrier, db } = system;
    const receiver = await startReceiver();
    receiver.behave('hang', 200);
    const secret = newSecret();
    await insertEndpoint(db, { id: 'whk_death', url: receiver.url, secret, eventTypes: ['call.ended'] });
    const sid = carrier.newSid();
    await carrier.post('voice', sid);
    await carrier.post('dial?attempt=1', sid, { DialCallStatus: 'completed', DialCallDuration: '20' });
    await eventually(() => {
      expect(receiver.received).toHaveLength(1);
      return Promise.resolve();
    });
    await kill(worker);
    worker = await startWorkerProcess(system);
    await eventually(async () => {
      const { rows } = await db.query(
        `SELECT status FROM webhook_deliveries WHERE endpoint_id = 'whk_death'`,
      );
      expect(rows).toEqual([{ status: 'delivered' }]);
    }, 45_000);
    const [first, second] = receiver.verified(secret);
    expect(receiver.received).toHaveLength(2);
    expect(second).toEqual(first);
    expect(first).toMatchObject({ type: 'call.ended', data: { call: { sid, talkSeconds: 20 } } });
    await receiver.close();
  }, 70_000);

  it('in the middle of a backtest: the next worker begins it anew, and what it comes to is the same', async () => {
    const { db } = system;
    const backtests = backtestsOf(system, 'cmp_sample');
    await multiplyCalls(system, 'cmp_sample', 1_000, 60);
    const asked = { version: 1, seed: 'death', runs: 200 };
    const undisturbed = await backtests.run(asked);
    const { id } = await backtests.start(asked);
    // Holds it at its next word, so that it dies in the middle.
    await eventually(async () => {
      const { progress, status } = await backtests.get(id);
      if (status !== 'running' || progress.calls === 0) throw new Error('it has not begun');
    });
    const blocker = await db.connect();
    await blocker.query(`BEGIN; SELECT FROM backtests WHERE id = '${id}' FOR UPDATE`);
    await eventually(async () => {
      const { rows } = await db.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
      if (rows.length === 0) throw new Error('it goes on');
    });
    const [child] = await processesOf(worker);
    if (child === undefined) throw new Error('A backtest is a process of its own');
    await kill(worker);
    // Nothing of it is left, though its statement still had to wait.
    await eventually(async () => {
      expect(isThere(child)).toBe(false);
      const { rows } = await db.query(
        `SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND application_name LIKE 'callyard-backtest/%'`,
      );
      expect(rows).toHaveLength(0);
    }, 5_000);
    await blocker.query('ROLLBACK');
    blocker.release();
    worker = await startWorkerProcess(system);
    const disturbed = await backtests.ended(id);
    expect(disturbed.result).toEqual(undisturbed.result);
    expect(await backtests.differences(id)).toEqual(await backtests.differences(undisturbed.id));
    const { rows } = await db.query<{ try: number }>('SELECT try FROM backtests WHERE id = $1', [id]);
    expect(rows[0]?.try).toBe(2);
  }, 60_000);
});

/** Ids of the processes in which a worker's backtests run. */
async function processesOf(worker: ChildProcess): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, ...args] = line.trim().split(/\s+/);
    const isOne = Number(parent) === worker.pid && args.some((arg) => arg.endsWith('backtest-process.ts'));
    return isOne ? [Number(pid)] : [];
  });
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
