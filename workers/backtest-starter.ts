import { fork } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import type { BacktestEnd, StartBacktest } from '../activities/backtest/supervise';
import type { Logger } from '../runtime/logger';

const ROOT = path.join(__dirname, '..');
const PROGRAM = path.join(__dirname, 'backtest-process.ts');

/** Behind calls, which are why this machine is here. */
const NICENESS = 10;

/** What is kept of what the process wrote to its standard error, in characters. */
const KEPT = 4_000;

/** Milliseconds in which its last word arrives after the process is gone. */
const LAST_WORD_MS = 1_000;

export interface BacktestStarterOptions {
  readonly databaseUrl: string;
  /** What the process may take of memory, in megabytes. */
  readonly memoryMb: number;
  readonly log: Logger;
}

/** Starts backtests, each in a process of its own that ends when this one does. */
export function createBacktestStarter({ databaseUrl, memoryMb, log }: BacktestStarterOptions): StartBacktest {
  return (backtestId, connections) => {
    const child = fork(PROGRAM, [backtestId, connections], {
      cwd: ROOT,
      execArgv: [`--max-old-space-size=${memoryMb}`, '--import', 'tsx'],
      env: { ...process.env, DATABASE_URL: databaseUrl, LOG_LEVEL: log.level },
      // Linux shares out processors by session first, and by priority only within one: in the worker's own, what this
      // takes would count as the worker's.
      detached: true,
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    let told: BacktestEnd | null = null;
    let written = '';
    child.on('message', (message) => {
      told = message as BacktestEnd;
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      written = (written + chunk.toString()).slice(-KEPT);
    });
    let killed = false;
    const ended = new Promise<BacktestEnd>((resolve) => {
      let settled = false;
      const settle = (end: BacktestEnd): void => {
        if (settled) return;
        settled = true;
        if (end.kind === 'failed' && !killed)
          log.error({ backtestId, pid: child.pid, failure: end.message, written }, 'a backtest failed');
        resolve(end);
      };
      const settleByExit = (code: number | null, signal: NodeJS.Signals | null): void =>
        settle(told ?? howItEnded({ code, signal, written, memoryMb }));
      // Only a process that could not be started: what became of any other, its end tells.
      child.on('error', (error) => {
        if (child.pid === undefined)
          settle({
            kind: 'failed',
            message: `its process could not be started: ${error.message}`,
            retry: true,
          });
      });
      child.once('close', settleByExit);
      child.once('exit', (...how) => setTimeout(() => settleByExit(...how), LAST_WORD_MS).unref());
    });
    if (child.pid !== undefined) giveWay(child.pid, log);
    return {
      ended,
      kill() {
        killed = true;
        child.kill('SIGKILL');
      },
    };
  };
}

function giveWay(pid: number, log: Logger): void {
  try {
    os.setPriority(pid, NICENESS);
  } catch (error) {
    log.debug({ err: error }, 'a backtest runs with the priority of the worker');
  }
}

/** Of a process that left without a word. */
function howItEnded({
  code,
  signal,
  written,
  memoryMb,
}: {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly written: string;
  readonly memoryMb: number;
}): BacktestEnd {
  const smaller = 'run a shorter period, or fewer runs';
  if (/heap out of memory|heap limit/i.test(written)) {
    return {
      kind: 'failed',
      message: `it needs more memory than the ${memoryMb} MB it may take: ${smaller}, or set BACKTEST_MEMORY_MB higher`,
      retry: false,
    };
  }
  if (signal === 'SIGKILL') {
    return {
      kind: 'failed',
      message: `its process was killed; if nobody did, the machine ran out of memory: ${smaller}, or set BACKTEST_MEMORY_MB lower`,
      retry: false,
    };
  }
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  return { kind: 'failed', message: `its process ended ${how}: see the worker's log`, retry: true };
}
