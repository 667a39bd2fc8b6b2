import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { CALL_TASK_QUEUE } from '../../workflows/call/messages';
import { readCounters } from './counters';
import { environment, eventually, startSystem, type SystemUnderTest } from './system';

const ROOT = path.join(__dirname, '..', '..');

describe('a worker that is killed', () => {
  let system: SystemUnderTest;
  let worker: ChildProcess;

  async function startWorkerProcess(): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'workers/main.ts'], {
      cwd: ROOT,
      env: {
        ...process.env,
        DATABASE_URL: system.databaseUrl,
        TEMPORAL_ADDRESS: environment('CALLYARD_TEST_TEMPORAL_ADDRESS'),
        LOG_LEVEL: 'error',
        CALLBACK_GRACE_SECONDS: '1',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`worker exited with ${code}`)));
    });
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  beforeAll(async () => {
    system = await startSystem({ worker: false, taskQueue: CALL_TASK_QUEUE, webhookDeadlineMs: 40_000 });
    worker = await startWorkerProcess();
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
    worker = await startWorkerProcess();
    const dial = await carrier.post('ivr?no=1', sid, { ...TO, Digits: '1' });
    expect(dial.verbs[0]?.name).toBe('Dial');
    await kill(worker);
    worker = await startWorkerProcess();
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
    worker = await startWorkerProcess();
    expect((await voice).verbs[0]?.name).toBe('Dial');
    await carrier.post('dial?attempt=1', sid, { DialCallStatus: 'completed', DialCallDuration: '20' });
    const call = await system.endedCall(sid);
    expect(call).toMatchObject({ outcome: 'connected', converted: true });
    expect(call.reservations).toHaveLength(1);
  });
});
