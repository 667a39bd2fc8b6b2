import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { lastLines, PRIVATE_FILE } from '../scripts/servers/files';
import { SetupProblem } from '../scripts/servers/setup-problem';
import { PROJECT_ROOT } from '../scripts/start/data-folder';

export interface ProgramOptions {
  readonly name: string;
  /** The TypeScript file to run, from the root of the project. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Folder for CPU profiles of its threads, written when it ends; null: none are taken. */
  readonly profileFolder: string | null;
}

export interface Program {
  readonly pid: number;
  /** Asks it to drain and waits for its end. Safe to call twice. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;

/**
 * Runs one of our programs until `stop`, as `npm start` would, except that it is never restarted: a program that dies
 * spoils what is being measured.
 *
 * @param onDeath called when it ends by itself
 * @throws SetupProblem when it is not ready within a minute, with the end of its log
 */
export async function startProgram(
  options: ProgramOptions,
  onDeath: (reason: Error) => void,
): Promise<Program> {
  const { name, logFile, profileFolder } = options;
  const profiling = profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const log = openSync(logFile, 'w', PRIVATE_FILE);
  const child = spawn(process.execPath, [...profiling, '--import', 'tsx', options.file], {
    cwd: PROJECT_ROOT,
    env: options.env,
    stdio: ['ignore', log, log, 'ipc'],
    // Its own session: Ctrl-C reaches us alone, and we stop everything in order.
    detached: true,
  });
  closeSync(log);
  const failure = await readyOrFailed(child);
  if (failure !== null) {
    child.kill('SIGKILL');
    throw new SetupProblem(`The ${name} did not start: ${failure}.\n${await lastLines(logFile, 15)}`);
  }
  let stopping = false;
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  child.once('exit', (code, signal) => {
    if (!stopping) onDeath(new Error(`The ${name} ended (${signal ?? code}); its log is ${logFile}`));
  });
  return {
    pid: child.pid ?? 0,
    async stop() {
      stopping = true;
      if (hasEnded(child)) return;
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(kill);
    },
  };
}

function readyOrFailed(child: ChildProcess): Promise<string | null> {
  return new Promise((done) => {
    const timeout = setTimeout(() => done(`not ready within ${READY_TIMEOUT_MS / 1000} s`), READY_TIMEOUT_MS);
    const settle = (failure: string | null): void => {
      clearTimeout(timeout);
      done(failure);
    };
    child.on('message', (message) => {
      if (typeof message === 'object' && 'type' in message && message.type === 'ready') settle(null);
    });
    child.once('error', (error) => settle(error.message));
    child.once('exit', (code, signal) => settle(`it ended (${signal ?? code})`));
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
