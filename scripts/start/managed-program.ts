import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, PRIVATE_FILE } from '../servers/files';
import { hasCode } from '../servers/processes';
import { PROJECT_ROOT } from './data-folder';
import { LogTail } from './log-tail';
import { SetupProblem } from '../servers/setup-problem';

export interface ProgramOptions {
  readonly name: string;
  /** The TypeScript file to run. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Short news for the terminal: warnings, deaths, restarts. */
  readonly onNews: (text: string) => void;
  /** It runs again after it had died, as another process. */
  readonly onRestarted: () => void;
  /** The program keeps dying: nothing more is tried. */
  readonly onGivenUp: (reason: string) => void;
}

const READY_TIMEOUT_MS = 90_000;

/** Pauses before each restart; after the last one we give up. */
const RESTART_PAUSES_MS = [500, 1000, 2000, 4000, 8000];

/** A program that ran this long has recovered: its restarts count from zero again. */
const RECOVERED_MS = 60_000;

/** Longer than any request or task that is being finished. */
const DRAIN_MS = 30_000;

/**
 * One of our own programs as a child process: started, restarted when it dies, and drained at the end. It sends
 * `{ type: 'ready' }` when it is up, and ends by itself on SIGTERM or when the channel to us closes.
 */
export class ManagedProgram {
  private child: ChildProcess | null = null;
  private tail: LogTail | null = null;
  private stopping = false;
  private restarts = 0;

  constructor(private readonly options: ProgramOptions) {}

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Starts it. @throws when it ends, or is not ready within 90 s, with the end of its log. */
  async start(): Promise<void> {
    const { logFile, name, onNews } = this.options;
    await mkdir(dirname(logFile), { recursive: true });
    await keepPrevious(logFile);
    this.tail = new LogTail(logFile, (text) => onNews(text));
    const failure = await this.launch();
    if (failure === null) return;
    this.stopping = true;
    this.tail.stop();
    throw new SetupProblem(`The ${name} did not start: ${failure}.\n${await lastLines(logFile, 15)}`);
  }

  /** Asks it to drain and waits for its end; after 30 s, or at once when `hurry` fires, it is killed. */
  async stop(hurry: AbortSignal): Promise<void> {
    this.stopping = true;
    const { child } = this;
    if (child !== null && !hasEnded(child)) {
      const kill = (): void => void child.kill('SIGKILL');
      const deadline = setTimeout(kill, DRAIN_MS);
      hurry.addEventListener('abort', kill, { once: true });
      const ended = new Promise((done) => child.once('exit', done));
      child.kill(hurry.aborted ? 'SIGKILL' : 'SIGTERM');
      await ended;
      clearTimeout(deadline);
      hurry.removeEventListener('abort', kill);
    }
    this.tail?.stop();
  }

  /** Null once it is ready, else why it is not. */
  private async launch(): Promise<string | null> {
    const log = openSync(this.options.logFile, 'a', PRIVATE_FILE);
    const child = spawn(process.execPath, ['--import', 'tsx', this.options.file], {
      cwd: PROJECT_ROOT,
      env: this.options.env,
      stdio: ['ignore', log, log, 'ipc'],
      // Its own session: Ctrl-C reaches us alone, and we stop everything in order.
      detached: true,
    });
    closeSync(log);
    this.child = child;
    const failure = await readyOrFailed(child);
    if (failure === null && !this.stopping) this.watch(child);
    else if (!hasEnded(child)) child.kill('SIGKILL');
    return failure;
  }

  private watch(child: ChildProcess): void {
    const upSince = Date.now();
    const onExit = (): void => {
      if (this.stopping) return;
      if (Date.now() - upSince > RECOVERED_MS) this.restarts = 0;
      this.restart(howItEnded(child)).catch((error: unknown) => this.options.onGivenUp(String(error)));
    };
    if (hasEnded(child)) onExit();
    else child.once('exit', onExit);
  }

  private async restart(reason: string): Promise<void> {
    const { logFile, onNews, onRestarted, onGivenUp } = this.options;
    onNews(`${reason}. Its last lines (${logFile}):\n${await lastLines(logFile, 10)}`);
    for (let why = reason; ; ) {
      const pause = RESTART_PAUSES_MS[this.restarts];
      if (pause === undefined) return onGivenUp(`${why}, after ${this.restarts} restarts`);
      this.restarts += 1;
      await sleep(pause);
      if (this.stopping) return;
      onNews(`restarting (${this.restarts} of ${RESTART_PAUSES_MS.length})`);
      const failure = await this.launch();
      if (failure === null) {
        onNews('running again');
        return onRestarted();
      }
      why = failure;
    }
  }
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
    child.once('exit', () => settle(howItEnded(child)));
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function howItEnded(child: ChildProcess): string {
  return child.signalCode === null
    ? `ended with exit code ${child.exitCode}`
    : `was ended by ${child.signalCode}`;
}

async function keepPrevious(logFile: string): Promise<void> {
  try {
    await rename(logFile, `${logFile}.1`);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}
