import { chmod, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from './processes';

/** Owner only: for files that hold a secret. */
export const PRIVATE_FILE = 0o600;

/** Whether there is a file or folder at this path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** Reads a text file; null when there is none. */
export async function readTextIfPresent(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

/** Writes a file so that a reader, or a crash half-way, sees the old content or the new, never a part. */
export async function writeWhole(file: string, text: string, mode = 0o644): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, text, { mode });
  await chmod(draft, mode); // the mode given to writeFile is cut by the umask
  await rename(draft, file);
}

/**
 * Makes a folder that other users may pass through but not list: PostgreSQL runs as another user when we are root,
 * and must reach its own data folder below, whatever the umask is.
 */
export async function makePassableFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made === undefined) return; // it was there: its permissions are the owner's business
  for (let path = folder; ; path = dirname(path)) {
    await chmod(path, 0o711);
    if (path === made) return;
  }
}

/** The last lines of a log file, for an error message. Empty when there is no such file. */
export async function lastLines(file: string, count: number): Promise<string> {
  const tailBytes = 16_384;
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const start = Math.max(0, size - tailBytes);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
      const text = buffer.toString('utf8', 0, bytesRead).trimEnd();
      return text.split('\n').slice(-count).join('\n');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}
