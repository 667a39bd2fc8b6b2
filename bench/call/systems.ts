import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { migrate } from '../../db/migrate';
import { loadSampleCampaign } from '../../db/sample/load';
import { makePassableFolder } from '../../scripts/servers/files';
import { freePort } from '../../scripts/servers/ports';
import { ensureWorkflowBundle } from '../../workers/bundle';
import type { BenchServers } from '../servers';
import { type Program, startProgram } from '../program';
import type { Target } from './carrier';

/** One side of the comparison, running. */
export interface System {
  readonly name: 'callyard' | 'bare';
  readonly target: Target;
  readonly api: Program;
  readonly worker: Program;
}

export interface Systems {
  readonly callyard: System;
  readonly bare: System;
  stop(): Promise<void>;
}

export interface SystemsOptions {
  readonly servers: BenchServers;
  /** For logs and what the programs keep. */
  readonly folder: string;
  /** Folder for CPU profiles, one folder a program in it; null: none. */
  readonly profileFolder: string | null;
  readonly onDeath: (reason: Error) => void;
}

/**
 * Starts both sides on the same servers: the API and the worker as in production, and the bare ones, four processes
 * in all. What idles costs next to nothing: its polls wait at the Temporal server.
 */
export async function startSystems(options: SystemsOptions): Promise<Systems> {
  const [bareBundle] = await Promise.all([bundleBareWorkflow(options.folder), ensureWorkflowBundle()]);
  return startPrograms(options, async (start) => ({
    callyard: await start('callyard', { api: 'api/main.ts', worker: 'workers/main.ts' }),
    bare: await start('bare', { api: 'bench/bare/api.ts', worker: 'bench/bare/worker.ts' }, bareBundle),
  }));
}

/** Starts the API and the worker as in production, and nothing to compare them with. */
export async function startCallyard(options: SystemsOptions): Promise<Pick<Systems, 'callyard' | 'stop'>> {
  await ensureWorkflowBundle();
  return startPrograms(options, async (start) => ({
    callyard: await start('callyard', { api: 'api/main.ts', worker: 'workers/main.ts' }),
  }));
}

type StartSystem = (
  name: System['name'],
  files: { readonly api: string; readonly worker: string },
  bareBundle?: string,
) => Promise<System>;

/** Stops what was started already when something does not start. */
async function startPrograms<T>(
  options: SystemsOptions,
  startAll: (start: StartSystem) => Promise<T>,
): Promise<T & Pick<Systems, 'stop'>> {
  const { servers, folder, profileFolder, onDeath } = options;
  const logs = join(folder, 'logs');
  await makePassableFolder(logs);
  const account = {
    accountSid: `AC${randomBytes(16).toString('hex')}`,
    authToken: randomBytes(16).toString('hex'),
  };
  const shared = environment(servers, folder, account);
  const started: Program[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((program) => program.stop()));
  };

  async function start(name: string, file: string, env: NodeJS.ProcessEnv): Promise<Program> {
    const profiles = profileFolder === null ? null : join(profileFolder, name);
    if (profiles !== null) await mkdir(profiles, { recursive: true });
    const logFile = join(logs, `${name}.log`);
    const program = await startProgram({ name, file, env, logFile, profileFolder: profiles }, onDeath);
    started.push(program);
    return program;
  }

  const startSystem: StartSystem = async (name, files, bareBundle) => {
    const port = await freePort(0);
    const baseUrl = `http://127.0.0.1:${port}`;
    const prefix = name === 'callyard' ? '' : 'bare-';
    const bundle = bareBundle === undefined ? {} : { BARE_BUNDLE: bareBundle };
    const worker = await start(`${prefix}worker`, files.worker, { ...shared, ...bundle });
    const api = await start(`${prefix}api`, files.api, { ...shared, PORT: String(port) });
    return { name, target: { baseUrl, ...account }, api, worker };
  };

  try {
    return { ...(await startAll(startSystem)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Schema and sample campaigns, as at a first start. */
export async function setUpDatabase(databaseUrl: string): Promise<void> {
  await migrate(databaseUrl);
  await loadSampleCampaign(databaseUrl);
}

async function bundleBareWorkflow(folder: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(__dirname, '..', 'bare', 'workflow.ts'),
    logger: new DefaultLogger('WARN'),
  });
  const file = join(folder, 'bare-workflow.js');
  await rm(file, { force: true });
  await writeFile(file, code);
  return file;
}

/**
 * What all four programs get. Settings of the shell we were started from are left out: a figure must not depend on
 * them. The deadline is the longest there is, because a webhook cut off by the fail-safe would look fast.
 */
function environment(
  servers: BenchServers,
  folder: string,
  account: { readonly accountSid: string; readonly authToken: string },
): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LANG } = process.env;
  return {
    ...Object.fromEntries(
      Object.entries({ PATH, HOME, TMPDIR, LANG }).filter(([, value]) => value !== undefined),
    ),
    NODE_ENV: 'production',
    DATABASE_URL: servers.databaseUrl,
    TEMPORAL_ADDRESS: servers.temporalAddress,
    TWILIO_ACCOUNT_SID: account.accountSid,
    TWILIO_AUTH_TOKEN: account.authToken,
    CALLYARD_ADMIN_KEY: randomBytes(24).toString('hex'),
    CALLYARD_DATA_DIR: join(folder, 'data'),
    WEBHOOK_DEADLINE_MS: '10000',
    LOG_LEVEL: 'info',
  };
}
