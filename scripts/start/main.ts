// `npm start`: sets everything up, runs it, prints where it is, and stops it in order.

import { mkdir } from 'node:fs/promises';
import { ConfigError, loadConfig, type Config } from '../../runtime/config';
import { makePassableFolder } from '../servers/files';
import { tryLock } from '../servers/lock';
import { isPortFree } from '../servers/ports';
import { recordProcess } from '../servers/processes';
import { dataFiles, dataFolder } from './data-folder';
import { removeRunRecord, writeRunRecord } from './run-record';
import { loadSecrets, type Secrets } from './secrets';
import { Steps } from './steps';
import { listenForStop, type StopRequest } from './stop-request';
import { summary } from './summary';
import { System, type RunningSystem } from './system';
import { SetupProblem } from '../servers/setup-problem';

async function main(): Promise<void> {
  if (process.argv.length > 2) {
    throw new SetupProblem(
      'npm start takes no arguments: it is set up by environment variables, which the README lists under Configuration.',
    );
  }
  const config = checkedConfig();
  const folder = dataFolder(process.env);
  const files = dataFiles(folder);
  await makeDataFolder(folder);
  const secrets = await loadSecrets(process.env);
  await mkdir(files.logs, { recursive: true });
  const lock = await tryLock(files.lock);
  if (!lock.taken) {
    throw new SetupProblem(
      `Callyard is already running from this folder (process ${lock.holder}). Stop it first, or set ` +
        'CALLYARD_DATA_DIR to another folder (and PORT to another port) to run a second one.',
    );
  }
  try {
    await requireFreePort(config.port);
    await runUntilStopped({ config, files, secrets, folder });
  } finally {
    await removeRunRecord(files.runRecord);
    await lock.release();
  }
}

async function makeDataFolder(folder: string): Promise<void> {
  try {
    await makePassableFolder(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new SetupProblem(
      `The data folder ${folder} cannot be made or used (${code}): set CALLYARD_DATA_DIR to a folder you may write to.`,
      { cause: error },
    );
  }
}

interface Run {
  readonly config: Config;
  readonly files: ReturnType<typeof dataFiles>;
  readonly secrets: Secrets;
  /** The data folder, absolute. */
  readonly folder: string;
}

async function runUntilStopped(run: Run): Promise<void> {
  const { config, files, secrets, folder } = run;
  const steps = new Steps((line) => console.log(line));
  const stop = listenForStop();
  const failures: string[] = [];
  const onFailure = (reason: string): void => {
    failures.push(reason);
    stop.request(reason);
  };
  let record: Promise<void> = Promise.resolve();
  let announced = false;
  const onRunning = (running: RunningSystem): void => {
    // One after the other: the record of a restart must not be overtaken by an older one.
    record = record.then(() => writeRecord(run, running));
    if (!announced)
      console.log(summary({ port: config.port, folder, secrets, running, seconds: steps.elapsed() }));
    announced = true;
  };
  const system = new System({ config, env: childEnvironment(run), files, steps, stop, onRunning, onFailure });
  stop.hurry.addEventListener('abort', () =>
    steps.say('callyard', 'hurrying: not waiting for work in progress'),
  );
  try {
    await startUnlessInterrupted(system, stop);
    steps.say('callyard', `stopping: ${await stop.requested}`);
    await record;
  } finally {
    await removeRunRecord(files.runRecord);
    await system.stop();
  }
  if (failures.length > 0) throw new SetupProblem(`Callyard had to stop: ${failures.join('; ')}`);
}

async function startUnlessInterrupted(system: System, stop: StopRequest): Promise<void> {
  try {
    await system.start();
  } catch (error) {
    // A part that was cut short by the stop has not failed.
    if (!stop.signal.aborted) throw error;
  }
}

/** What the API and the worker get: our environment, completed by what was made at the first start. */
function childEnvironment({ config, secrets, folder }: Run): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PORT: String(config.port),
    CALLYARD_DATA_DIR: folder,
    CALLYARD_ADMIN_KEY: secrets.adminKey,
    TWILIO_ACCOUNT_SID: secrets.twilio.accountSid,
    TWILIO_AUTH_TOKEN: secrets.twilio.authToken,
    // Nobody but the simulator knows an account that was made up.
    ...(process.env.TWILIO_ACCOUNT_SID ? {} : { TWILIO_API_URL: process.env.TWILIO_API_URL || 'none' }),
    SIGNALWIRE_PROJECT_ID: secrets.signalwire.projectId,
    SIGNALWIRE_SIGNING_KEY: secrets.signalwire.signingKey,
    TELNYX_PUBLIC_KEY: secrets.telnyx.publicKey,
  };
}

/** Lists every mistake in the environment before anything is started. */
function checkedConfig(): Config {
  try {
    return loadConfig(process.env);
  } catch (error) {
    throw error instanceof ConfigError ? new SetupProblem(error.message, { cause: error }) : error;
  }
}

async function requireFreePort(port: number): Promise<void> {
  // The API listens on all interfaces: a program on any of them is in the way.
  if ((await isPortFree(port, '0.0.0.0')) && (await isPortFree(port))) return;
  throw new SetupProblem(
    `Port ${port} is taken by another program. Choose another one for the API: PORT=${port + 1} npm start`,
  );
}

async function writeRecord({ config, files }: Run, running: RunningSystem): Promise<void> {
  const { database, temporal, api, worker } = running;
  const self = await recordProcess(process.pid);
  await writeRunRecord(files.runRecord, {
    apiUrl: `http://127.0.0.1:${config.port}`,
    temporalUiUrl: temporal.uiUrl,
    temporalAddress: temporal.address,
    temporalNamespace: temporal.namespace,
    databaseUrl: database.url,
    pids: {
      supervisor: process.pid,
      api: api.pid,
      worker: worker.pid,
      temporal: temporal.own?.process.pid ?? null,
      postgres: database.own?.process.pid ?? null,
    },
    startedAt: self?.startedAt ?? '',
  });
}

main().then(
  () => process.exit(process.exitCode ?? 0),
  (error: unknown) => {
    console.error(error instanceof SetupProblem ? error.message : error);
    process.exit(1);
  },
);
