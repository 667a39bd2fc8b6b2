import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process that can be told from a later one with the same pid. */
export interface ProcessRecord {
  readonly pid: number;
  /** When the operating system says it started, in whatever form it says so. */
  readonly startedAt: string;
}

interface RunningProcess extends ProcessRecord {
  readonly command: string;
}

/**
 * Looks a process up. Null when there is none, or when it has died and only waits to be collected by its parent
 * (a zombie: in a container without an init process those stay for ever, and still answer to `kill(pid, 0)`).
 */
export async function findProcess(pid: number): Promise<RunningProcess | null> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  return process.platform === 'linux' ? findOnLinux(pid) : findWithPs(pid);
}

async function findOnLinux(pid: number): Promise<RunningProcess | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces and brackets itself: fields are counted from the last ')' (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    if (state === 'Z' || state === 'X') return null;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return { pid, startedAt: `${boot.trim()}/${fields[19] ?? ''}`, command };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return null;
    throw error;
  }
}

async function findWithPs(pid: number): Promise<RunningProcess | null> {
  try {
    const { stdout } = await run('ps', ['-o', 'state=,lstart=,command=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    // "S    Mon Nov 24 03:12:00 2025     /usr/bin/node …"
    const match = /^(\S+)\s+(\w+ \w+\s+\d+ [\d:]+ \d+)\s+(.*)$/m.exec(stdout.trim());
    if (match?.[1] === undefined || match[1].startsWith('Z')) return null;
    return { pid, startedAt: match[2] ?? '', command: match[3] ?? '' };
  } catch (error) {
    if (hasCode(error, 1)) return null; // ps exits with 1 when there is no such process
    throw error;
  }
}

/** Whether this very process (not a later one with the same pid) still runs. */
export async function isRunning(record: ProcessRecord): Promise<boolean> {
  const found = await findProcess(record.pid);
  return found !== null && found.startedAt === record.startedAt;
}

/** Describes a process that runs now, for a later `isRunning`. Null when it has gone already. */
export async function recordProcess(pid: number): Promise<ProcessRecord | null> {
  const found = await findProcess(pid);
  return found === null ? null : { pid, startedAt: found.startedAt };
}

interface StopStage {
  readonly signal: NodeJS.Signals;
  /** How long to wait for the end before the next, harder signal. */
  readonly waitMs: number;
}

/** Ends a process, harder at each stage; resolves when it is gone. Does nothing when it is gone already. */
export async function stopProcess(record: ProcessRecord, stages: readonly StopStage[]): Promise<void> {
  for (const { signal, waitMs } of stages) {
    if (!(await isRunning(record))) return;
    sendSignal(record.pid, signal);
    const deadline = Date.now() + waitMs;
    while (Date.now() < deadline) {
      if (!(await isRunning(record))) return;
      await sleep(30);
    }
  }
  throw new Error(`Process ${record.pid} is still running after ${stages.map((s) => s.signal).join(', ')}.`);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error; // gone between the look and the signal
  }
}

/** Whether an error carries one of these codes (`ENOENT`, a PostgreSQL SQLSTATE, an exit code, …). */
export function hasCode(error: unknown, ...codes: readonly (string | number)[]): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  const { code } = error;
  return (typeof code === 'string' || typeof code === 'number') && codes.includes(code);
}
