import { execFile } from 'node:child_process';
import { chown, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { hasCode } from './processes';
import { SetupProblem } from './setup-problem';

/** Who a server process runs as. Null: as ourselves. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);

/** The user without rights of its own. It must be one the system knows by name: initdb looks its name up. */
async function nobody(): Promise<RunAs> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (which) => Number((await run('id', [which, 'nobody'])).stdout)),
  );
  if (!uid || !gid)
    throw new SetupProblem('PostgreSQL cannot run as root, and this system has no user "nobody".');
  return { uid, gid };
}

/**
 * PostgreSQL refuses to run as root. When we are root, the user to run it as: the owner of the data folder when it
 * exists and is not root's (a folder made by an ordinary user keeps its owner), else `nobody`.
 */
export async function serverUser(dataFolder: string): Promise<RunAs | null> {
  if (process.getuid?.() !== 0) return null;
  try {
    const { uid, gid } = await stat(dataFolder);
    return uid === 0 ? await nobody() : { uid, gid };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return nobody();
    throw error;
  }
}

/** Whether this user can pass through every folder above `path` and into it. Permission bits only, no ACLs. */
export async function canEnter(path: string, who: RunAs): Promise<boolean> {
  for (let folder = await realpath(path); ; folder = dirname(folder)) {
    if (!grants(await stat(folder), who, 1)) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Whether the permission bits give this user the right: 4 read, 2 write, 1 execute or enter. */
export function grants(
  entry: { readonly mode: number; readonly uid: number; readonly gid: number },
  who: RunAs,
  right: 1 | 2 | 4,
): boolean {
  if (entry.uid === who.uid) return (entry.mode & (right << 6)) !== 0;
  if (entry.gid === who.gid) return (entry.mode & (right << 3)) !== 0;
  return (entry.mode & right) !== 0;
}

/**
 * A folder outside the checkout that an unprivileged user can reach, for a checkout that it cannot: named after the
 * checkout's path, so that two checkouts never share one, and owned by root.
 *
 * `/var/lib` first, because temporary folders may be emptied at boot and this may hold the database.
 *
 * @throws when none of the usual places can be used.
 */
export async function makeReachableFolder(ownPath: string, who: RunAs): Promise<string> {
  const id = createHash('sha256').update(ownPath).digest('hex').slice(0, 12);
  const name = `callyard-${id}-${basename(ownPath)}`;
  const tried: string[] = [];
  for (const parent of ['/var/lib', '/var/tmp', tmpdir()]) {
    const folder = join(parent, name);
    tried.push(folder);
    if (await makeOwnFolder(folder)) {
      if (await canEnter(folder, who)) return folder;
    }
  }
  throw new SetupProblem(
    `PostgreSQL cannot run as root, and an unprivileged user can reach neither ${ownPath} nor ${tried.join(', ')}. ` +
      'Move the checkout to a folder that others may enter, run as an ordinary user, or set DATABASE_URL.',
  );
}

/** Makes the folder, or finds it as one of ours: in a folder open to all, a stranger may have taken the name. */
async function makeOwnFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o711 });
    await chown(folder, 0, 0);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES', 'EROFS', 'EPERM')) return false;
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  const entry = await lstat(folder);
  return entry.isDirectory() && entry.uid === 0;
}
