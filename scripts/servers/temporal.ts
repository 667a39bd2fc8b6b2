import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { lastLines, PRIVATE_FILE, readTextIfPresent, writeWhole } from './files';
import { freePort } from './ports';
import { isRunning, recordProcess, stopProcess, type ProcessRecord } from './processes';
import type { OnProgress } from './progress';
import { findTemporalCli } from './temporal-cli';
import { ensureSearchAttributes, type SearchAttribute, whyTemporalIsNotReady } from './temporal-readiness';
import { SetupProblem } from './setup-problem';

export interface TemporalOptions {
  /** Holds the log and a note of the running server; made when absent. */
  readonly dataDir: string;
  /** File in which workflows survive a restart; null keeps them in memory. */
  readonly dbFile: string | null;
  readonly searchAttributes: readonly SearchAttribute[];
  /** Whether the web UI runs too. */
  readonly ui: boolean;
  /** Each is used when free; otherwise the operating system chooses one. */
  readonly preferredPort: number;
  readonly preferredUiPort: number;
  readonly onProgress: OnProgress;
}

export interface RunningTemporal {
  /** `host:port` of the gRPC frontend. */
  readonly address: string;
  readonly uiUrl: string | null;
  /** True when the server was running already: an earlier start was killed and left it behind. */
  readonly adopted: boolean;
  readonly logFile: string;
  readonly process: ProcessRecord;
  /** Stops the server; harder after 10 s. Safe to call twice. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;

const note = z.object({
  pid: z.number(),
  startedAt: z.string(),
  port: z.number(),
  uiPort: z.number().nullable(),
  dbFile: z.string().nullable(),
});

type Note = z.infer<typeof note>;

/**
 * Starts a Temporal dev server, or adopts the one left running on this data folder, and resolves when its namespace
 * `default` answers and every search attribute can be queried. The server is detached: it outlives this process
 * unless `stop` is called.
 *
 * @throws when there is no Temporal CLI to be had, when the server does not start (with the end of its log), or when
 *   a search attribute exists with another type.
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  await mkdir(options.dataDir, { recursive: true });
  // Workflow inputs carry callers' numbers: nobody else on the machine reads them.
  await chmod(options.dataDir, 0o700);
  const dataDir = await realpath(options.dataDir);
  const logFile = join(dataDir, 'server.log');
  const left = await adoptable(dataDir, options);
  const running = left ?? (await launch(dataDir, logFile, options));
  const address = `127.0.0.1:${running.port}`;
  await ensureSearchAttributes(address, 'default', options.searchAttributes, options.onProgress);
  return {
    address,
    uiUrl: running.uiPort === null ? null : `http://127.0.0.1:${running.uiPort}`,
    adopted: left !== null,
    logFile,
    process: { pid: running.pid, startedAt: running.startedAt },
    async stop() {
      await stopServer(running);
      await rm(noteFile(dataDir), { force: true });
    },
  };
}

/** Stops the server left running on this data folder, if one is. For cleaning up after a killed process. */
export async function stopTemporalIn(dataDir: string): Promise<void> {
  const left = await readNote(dataDir);
  if (left !== null) await stopServer(left);
}

function stopServer(record: ProcessRecord): Promise<void> {
  return stopProcess(record, [
    { signal: 'SIGTERM', waitMs: 10_000 },
    { signal: 'SIGKILL', waitMs: 5000 },
  ]);
}

function noteFile(dataDir: string): string {
  return join(dataDir, 'server.json');
}

/** The server noted in this folder; null when there is none or it has ended. */
async function readNote(dataDir: string): Promise<Note | null> {
  const text = await readTextIfPresent(noteFile(dataDir));
  if (text === null) return null;
  const parsed = note.safeParse(JSON.parse(text));
  return parsed.success && (await isRunning(parsed.data)) ? parsed.data : null;
}

async function adoptable(dataDir: string, options: TemporalOptions): Promise<Note | null> {
  const left = await readNote(dataDir);
  if (left === null) return null;
  const fits = left.dbFile === options.dbFile && (left.uiPort !== null || !options.ui);
  if (fits && (await answersWithin(left.port, 10_000)) === null) return left;
  options.onProgress(
    fits ? 'the running server does not answer: restarting it' : 'restarting with other settings',
  );
  await stopServer(left);
  return null;
}

/** Null when the server answers in time, else why not. */
async function answersWithin(port: number, timeoutMs: number): Promise<string | null> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const refusal = await whyTemporalIsNotReady(`127.0.0.1:${port}`);
    if (refusal === null || Date.now() > deadline) return refusal;
    await sleep(100);
  }
}

async function launch(dataDir: string, logFile: string, options: TemporalOptions): Promise<Note> {
  const cli = await findTemporalCli(options.onProgress);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(options.preferredPort);
    const uiPort = options.ui ? await otherFreePort(options.preferredUiPort, port) : null;
    options.onProgress(`starting on port ${port}${uiPort === null ? '' : `, web UI on port ${uiPort}`}`);
    const { child, record } = await spawnServer(cli, logFile, port, uiPort, options);
    const started: Note = { ...record, port, uiPort, dbFile: options.dbFile };
    await writeWhole(noteFile(dataDir), `${JSON.stringify(started)}\n`);
    const failure = await untilReady(child, port, options.onProgress);
    if (failure === null) return started;
    await stopServer(record);
    const log = await lastLines(logFile, 10);
    // Somebody took the port between the look and the start.
    if (!/address already in use|can't set (frontend|UI|HTTP) port/i.test(log) || attempt >= 3) {
      throw new SetupProblem(`The Temporal server did not start: ${failure}.\n${log}`);
    }
  }
}

async function otherFreePort(preferred: number, taken: number): Promise<number> {
  const port = await freePort(preferred);
  return port === taken ? freePort(0) : port;
}

async function spawnServer(
  cli: string,
  logFile: string,
  port: number,
  uiPort: number | null,
  { dbFile, searchAttributes }: TemporalOptions,
): Promise<{ child: ChildProcess; record: ProcessRecord }> {
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'warn'];
  args.push(...(uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort)]));
  if (dbFile !== null) args.push('--db-filename', dbFile);
  args.push(...searchAttributes.flatMap(({ name, type }) => ['--search-attribute', `${name}=${type}`]));
  // One start's log is enough, and the server repeats itself a lot while it stops.
  const log = openSync(logFile, 'w', PRIVATE_FILE);
  try {
    // Its own session: a Ctrl-C at the terminal must reach us, not the server under calls in progress.
    const child = spawn(cli, args, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
    await new Promise<void>((done, fail) => {
      child.once('spawn', done);
      child.once('error', fail);
    });
    child.unref();
    const record = await recordProcess(child.pid ?? 0);
    if (record === null)
      throw new SetupProblem(`The Temporal server ended at once.\n${await lastLines(logFile, 10)}`);
    return { child, record };
  } finally {
    closeSync(log);
  }
}

/** Null once it answers, else why it never will. */
async function untilReady(child: ChildProcess, port: number, onProgress: OnProgress): Promise<string | null> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let nextReport = Date.now() + 3000;
  for (;;) {
    if (child.exitCode !== null) return `it ended with exit code ${child.exitCode}`;
    if (child.signalCode !== null) return `it was ended by ${child.signalCode}`;
    const refusal = await whyTemporalIsNotReady(`127.0.0.1:${port}`);
    if (refusal === null) return null;
    if (Date.now() > deadline) return `no answer within ${START_TIMEOUT_MS / 1000} s (${refusal})`;
    if (Date.now() > nextReport) {
      onProgress(`waiting: ${refusal}`);
      nextReport = Date.now() + 5000;
    }
    await sleep(50);
  }
}
