import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { exists, lastLines, PRIVATE_FILE, readTextIfPresent } from './files';
import { freePort } from './ports';
import { preparePostgresBinaries, type PostgresBinaries } from './postgres-binaries';
import {
  ensureCluster,
  openPostgresFolder,
  POSTGRES_USER,
  readPassword,
  type PostgresFolder,
} from './postgres-folder';
import { findProcess, hasCode, recordProcess, stopProcess, type ProcessRecord } from './processes';
import type { OnProgress } from './progress';
import { SetupProblem } from './setup-problem';

export interface PostgresOptions {
  /** Where the data should live. It is made when absent, and moved when the server's user cannot enter it. */
  readonly dataDir: string;
  /** Used when free; otherwise the operating system chooses one. */
  readonly preferredPort: number;
  readonly onProgress: OnProgress;
}

export interface RunningPostgres {
  /** Connection URL of the database `callyard`, password included: do not print it. */
  readonly url: string;
  readonly port: number;
  /** True when the server was running already: an earlier start was killed and left it behind. */
  readonly adopted: boolean;
  /** Where the files really are. */
  readonly dataDir: string;
  readonly logFile: string;
  readonly process: ProcessRecord;
  /** Ends all connections and stops the server cleanly; harder after 20 s. Safe to call twice. */
  stop(): Promise<void>;
}

const DATABASE = 'callyard';

/** Recovery after a crash replays the log written since the last checkpoint: seconds, at most a minute or two. */
const START_TIMEOUT_MS = 180_000;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Two pools a process, several processes, and a test run beside it.
  max_connections: '200',
  fsync: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
};

/**
 * Starts an embedded PostgreSQL on its data folder, or adopts the one that still runs there, and makes sure the
 * database `callyard` exists. The server is detached: it outlives this process unless `stop` is called.
 *
 * @throws when it cannot start; the message holds the end of the server's log.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { onProgress } = options;
  const folder = await openPostgresFolder(options.dataDir, onProgress);
  const binaries = await preparePostgresBinaries(folder.root, folder.runAs, onProgress);
  await ensureCluster(folder, binaries, onProgress);
  const left = await findServer(folder);
  const server = left ?? (await launch(folder, binaries, options));
  if (left !== null) await untilReady(folder, server, null, onProgress);
  await ensureDatabase(folder, server.port);
  return {
    url: await connectionUrl(folder, server.port, DATABASE),
    port: server.port,
    adopted: left !== null,
    dataDir: folder.root,
    logFile: folder.log,
    process: server.process,
    stop: () => stopServer(server.process),
  };
}

/** Stops the server that runs on this data folder, if one does. For cleaning up after a killed process. */
export async function stopPostgresIn(dataDir: string, onProgress: OnProgress): Promise<void> {
  if (!(await exists(dataDir))) return;
  const server = await findServer(await openPostgresFolder(dataDir, onProgress));
  if (server !== null) await stopServer(server.process);
}

function stopServer(record: ProcessRecord): Promise<void> {
  // SIGINT is "fast": connections are cut, a checkpoint is written. SIGQUIT leaves recovery to the next start.
  return stopProcess(record, [
    { signal: 'SIGINT', waitMs: 20_000 },
    { signal: 'SIGQUIT', waitMs: 5000 },
    { signal: 'SIGKILL', waitMs: 5000 },
  ]);
}

interface Server {
  readonly process: ProcessRecord;
  readonly port: number;
}

/** The server that runs on this folder, from the file PostgreSQL leaves in it. */
async function findServer(folder: PostgresFolder): Promise<Server | null> {
  const file = join(folder.cluster, 'postmaster.pid');
  const text = await readTextIfPresent(file);
  if (text === null) return null;
  // Lines: pid, data directory, start time, port, socket directory, listen address, …
  const [pid, , , port] = text.split('\n').map(Number);
  const found = await findProcess(pid ?? 0);
  if (found === null || !found.command.includes(folder.cluster)) {
    // PostgreSQL recognises a dead pid by itself, but neither one that another process has now nor a zombie's. Should
    // backends of the killed server still be attached, it notices by the shared memory and we wait for them below.
    await rm(file, { force: true });
    return null;
  }
  return { process: found, port: port ?? 0 };
}

async function launch(
  folder: PostgresFolder,
  binaries: PostgresBinaries,
  { preferredPort, onProgress }: PostgresOptions,
): Promise<Server> {
  const giveUpAt = Date.now() + 30_000;
  for (;;) {
    const port = await freePort(preferredPort);
    onProgress(`starting on port ${port}`);
    const { child, record } = await spawnServer(folder, binaries, port);
    const server = { process: record, port };
    try {
      await untilReady(folder, server, child, onProgress);
      return server;
    } catch (error) {
      if (!(error instanceof StartFailed) || !error.worthAnotherTry || Date.now() > giveUpAt) throw error;
      onProgress(`${error.reason}: trying again`);
      await sleep(1000);
    }
  }
}

class StartFailed extends SetupProblem {
  override readonly name = 'StartFailed';
  constructor(
    readonly reason: string,
    log: string,
    /** True for what goes away by itself: a port just taken, workers of a killed server on their way out. */
    readonly worthAnotherTry: boolean,
  ) {
    super(`PostgreSQL did not start: ${reason}.\n${log}`);
  }
}

async function spawnServer(
  folder: PostgresFolder,
  binaries: PostgresBinaries,
  port: number,
): Promise<{ child: ChildProcess; record: ProcessRecord }> {
  const settings = Object.entries({ ...SETTINGS, port: String(port) });
  const log = openSync(folder.log, 'a', PRIVATE_FILE);
  try {
    const child = spawn(
      binaries.postgres,
      ['-D', folder.cluster, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      // Its own session: a Ctrl-C at the terminal must reach us, not the database under calls in progress.
      { detached: true, stdio: ['ignore', log, log], cwd: '/', ...folder.runAs },
    );
    await new Promise<void>((done, fail) => {
      child.once('spawn', done);
      child.once('error', fail);
    });
    child.unref();
    const record = await recordProcess(child.pid ?? 0);
    if (record === null) throw new StartFailed('it ended at once', await lastLines(folder.log, 10), false);
    return { child, record };
  } finally {
    closeSync(log);
  }
}

async function untilReady(
  folder: PostgresFolder,
  server: Server,
  child: ChildProcess | null,
  onProgress: OnProgress,
): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let nextReport = Date.now() + 3000;
  while (Date.now() < deadline) {
    const refusal = await whyNotReady(folder, server.port);
    if (refusal === null) return;
    const gone = child === null ? (await findProcess(server.process.pid)) === null : child.exitCode !== null;
    if (gone || child?.signalCode) {
      const log = await lastLines(folder.log, 10);
      const reason = /Address already in use/.test(log)
        ? `port ${server.port} has just been taken`
        : /pre-existing shared memory block/.test(log)
          ? 'workers of a killed server are still ending'
          : 'it ended again';
      throw new StartFailed(reason, log, reason !== 'it ended again');
    }
    if (Date.now() > nextReport) {
      onProgress(`waiting: ${refusal}`);
      nextReport = Date.now() + 5000;
    }
    await sleep(50);
  }
  throw new StartFailed('it does not answer', await lastLines(folder.log, 10), false);
}

/** Null when the server answers and is the one that runs on this folder. */
async function whyNotReady(folder: PostgresFolder, port: number): Promise<string | null> {
  try {
    const rows = await query(folder, port, 'postgres', 'SHOW data_directory');
    const answering = rows[0]?.data_directory;
    return answering === folder.cluster ? null : `another server answers on port ${port}`;
  } catch (error) {
    // Not listening yet, or listening and still recovering (57P03); a wrong password is another server's.
    if (hasCode(error, 'ECONNREFUSED', 'ECONNRESET', '57P03')) return (error as Error).message;
    if (hasCode(error, '28P01', '28000')) return `another server answers on port ${port}`;
    throw error;
  }
}

async function ensureDatabase(folder: PostgresFolder, port: number): Promise<void> {
  const rows = await query(
    folder,
    port,
    'postgres',
    `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`,
  );
  if (rows.length === 0) await query(folder, port, 'postgres', `CREATE DATABASE ${DATABASE}`);
}

async function query(
  folder: PostgresFolder,
  port: number,
  database: string,
  sql: string,
): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({
    connectionString: await connectionUrl(folder, port, database),
    connectionTimeoutMillis: 5000,
  });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function connectionUrl(folder: PostgresFolder, port: number, database: string): Promise<string> {
  return `postgres://${POSTGRES_USER}:${await readPassword(folder)}@127.0.0.1:${port}/${database}`;
}
