import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTextIfPresent } from './files';
import { hasCode, isRunning, recordProcess, type ProcessRecord } from './processes';

/** Gives a lock back. */
export type Release = () => Promise<void>;

type Attempt =
  | { readonly taken: true; readonly release: Release }
  | { readonly taken: false; readonly holder: number };

/** Younger than this, an unreadable lock file is one being written this instant. */
const HALF_WRITTEN_MS = 2000;

/**
 * Takes a lock file once, without waiting. A lock whose process has died (even by SIGKILL, even when its pid has been
 * given to another process since) is taken over.
 */
export async function tryLock(file: string): Promise<Attempt> {
  await mkdir(dirname(file), { recursive: true });
  const self = await recordProcess(process.pid);
  for (;;) {
    try {
      await writeFile(file, JSON.stringify(self), { flag: 'wx' });
      return { taken: true, release: () => rm(file, { force: true }) };
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const holder = await readHolder(file);
    if (holder !== null && (await isRunning(holder))) return { taken: false, holder: holder.pid };
    if (holder === null && (await ageMs(file)) < HALF_WRITTEN_MS) {
      await sleep(100);
      continue;
    }
    await rm(file, { force: true });
  }
}

/** Takes a lock file, waiting for whoever holds it; `onWait` is told once, with the holder's pid. */
export async function lock(file: string, onWait: (holder: number) => void): Promise<Release> {
  let told = false;
  for (;;) {
    const attempt = await tryLock(file);
    if (attempt.taken) return attempt.release;
    if (!told) onWait(attempt.holder);
    told = true;
    await sleep(300);
  }
}

async function readHolder(file: string): Promise<ProcessRecord | null> {
  const text = await readTextIfPresent(file);
  if (text === null || text === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('startedAt' in value))
      return null;
    const { pid, startedAt } = value;
    return typeof pid === 'number' && typeof startedAt === 'string' ? { pid, startedAt } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Milliseconds since the file was written; infinite when it is gone. */
async function ageMs(file: string): Promise<number> {
  try {
    return Date.now() - (await stat(file)).mtimeMs;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0; // given back meanwhile: try again at once
    throw error;
  }
}
