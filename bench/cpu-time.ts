import { readdir, readFile } from 'node:fs/promises';
import { hasCode } from '../scripts/servers/processes';

/** Ticks of /proc/<pid>/stat a second: fixed at 100 for user space on Linux (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100;

/**
 * The processor time a process and its children have used, in seconds: PostgreSQL's work is done by children.
 * Null where there is no /proc, and for a process that has gone.
 */
export async function cpuSeconds(pid: number): Promise<number | null> {
  const own = await readStat(pid);
  if (own === null) return null;
  let ticks = own.ticks;
  for (const child of await childrenOf(pid)) ticks += (await readStat(child))?.ticks ?? 0;
  return ticks / TICKS_PER_SECOND;
}

async function readStat(pid: number): Promise<{ readonly parent: number; readonly ticks: number } | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces and brackets itself: fields are counted from the last ')' (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and cutime, cstime of children that were waited for.
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
    return { parent: Number(fields[1]), ticks };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return null;
    throw error;
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const stats = await Promise.all(pids.map(async (child) => ({ child, stat: await readStat(child) })));
  return stats.flatMap(({ child, stat }) => (stat?.parent === pid ? [child] : []));
}
