import { readdir, readFile } from 'node:fs/promises';
import { hasCode } from '../scripts/servers/processes';

/** Ticks of /proc/<pid>/stat a second: fixed at 100 for user space on Linux (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100;

/**
 * The processor time a process and its children have used, in seconds: PostgreSQL's work is done by children.
 * Null where there is no /proc, and for a process that has gone.
 */
export async function cpuSeconds(pid: number): Promise<number | null> {
  for (let look = 1; ; look++) {
    const before = await readStat(pid);
    const children = before === null ? [] : await childTicks(pid);
    const after = await readStat(pid);
    if (before === null || after === null) return null;
    // A child that ended between the looks would be missing among the children or counted twice.
    if (before.ended !== after.ended && look < MOST_LOOKS) continue;
    return children.reduce((sum, ticks) => sum + ticks, after.own + after.ended) / TICKS_PER_SECOND;
  }
}

const MOST_LOOKS = 5;

interface Stat {
  readonly parent: number;
  /** Ticks of the process itself. */
  readonly own: number;
  /** Ticks of children that ended and were waited for. */
  readonly ended: number;
}

async function childTicks(pid: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((child) => readStat(Number(child))));
  return stats.flatMap((stat) => (stat?.parent === pid ? [stat.own + stat.ended] : []));
}

async function readStat(pid: number): Promise<Stat | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces and brackets itself: fields are counted from the last ')' (proc(5)).
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
    return { parent: fields[1] ?? 0, own: utime + stime, ended: cutime + cstime };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return null;
    throw error;
  }
}
