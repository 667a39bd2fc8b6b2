import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { eventually } from './eventually';
import { Listener } from './live-fixture';
import { callThatTalked } from './money-fixture';
import { ACCOUNT_SID, AUTH_TOKEN, environment, startSystem, type SystemUnderTest } from './system';

const NUMBER = '+14155550101';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('live data of API processes that come and go', () => {
  let system: SystemUnderTest;
  const processes: ChildProcess[] = [];
  const listeners: Listener[] = [];

  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(async () => {
    for (const listener of listeners) listener.leave();
    for (const each of processes.filter(({ exitCode }) => exitCode === null)) {
      const gone = once(each, 'exit');
      each.kill('SIGTERM');
      await gone;
    }
    await system.stop();
  });

  async function startProcess(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
    const port = await freePort();
    const child = spawn(process.execPath, ['--import', 'tsx', 'api/main.ts'], {
      cwd: path.join(__dirname, '..', '..'),
      env: {
        ...process.env,
        PORT: String(port),
        DATABASE_URL: system.databaseUrl,
        TEMPORAL_ADDRESS: environment('CALLYARD_TEST_TEMPORAL_ADDRESS'),
        CALLYARD_ADMIN_KEY: system.adminKey,
        TWILIO_ACCOUNT_SID: ACCOUNT_SID,
        TWILIO_AUTH_TOKEN: AUTH_TOKEN,
        LOG_LEVEL: 'error',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    processes.push(child);
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`the API exited with ${code}`)));
    });
    return { child, url: `http://127.0.0.1:${port}` };
  }

  async function listen(url: string, after?: string): Promise<Listener> {
    const listener = await Listener.open(
      { url, adminKey: system.adminKey },
      after === undefined ? {} : { after },
    );
    listeners.push(listener);
    await listener.hears(after === undefined ? 'snapshot' : 'resumed');
    return listener;
  }

  it('goes on at another process when one is stopped, which does not wait for its streams', async () => {
    const [first, second] = [await startProcess(), await startProcess()];
    const both = [await listen(first.url), await listen(second.url)];
    const call = await callThatTalked(system, NUMBER, 20);
    const ends = [];
    for (const listener of both) ends.push(await listener.hears('call.ended', ({ id }) => id === call.id));
    expect(ends[0]).toEqual(ends[1]);

    const exit = once(first.child, 'exit');
    const stoppedAt = Date.now();
    first.child.kill('SIGTERM');
    await eventually(async () => expect(both[0]?.over).toBe(true));
    expect((await exit)[0]).toBe(0);
    // Requests under way are cut off after 5 s; streams are none of them.
    expect(Date.now() - stoppedAt).toBeLessThan(4_500);
    const missed = await callThatTalked(system, NUMBER, 20);
    const after = await listen(second.url, both[0]?.lastEventId);
    await after.hears('call.ended', ({ id }) => id === missed.id);
    expect(after.all('call.ended').map(({ id }) => id)).toEqual([missed.id]);
  });
});
