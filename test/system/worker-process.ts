import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { environment, type SystemUnderTest } from './system';

const ROOT = path.join(__dirname, '..', '..');

/** A worker that can be killed: in a process of its own, on the queue that workers have by default. */
export async function startWorkerProcess({ databaseUrl }: SystemUnderTest): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'workers/main.ts'], {
    cwd: ROOT,
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: environment('CALLYARD_TEST_TEMPORAL_ADDRESS'),
      LOG_LEVEL: 'error',
      CALLBACK_GRACE_SECONDS: '1',
      ALLOW_PRIVATE_WEBHOOKS: 'true',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`worker exited with ${code}`)));
  });
  return child;
}

export async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
