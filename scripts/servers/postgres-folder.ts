import { chown, mkdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { exists, makePassableFolder, PRIVATE_FILE, readTextIfPresent, writeWhole } from './files';
import type { PostgresBinaries } from './postgres-binaries';
import type { OnProgress } from './progress';
import { canEnter, makeReachableFolder, serverUser, type RunAs } from './unprivileged';
import { SetupProblem } from './setup-problem';

/** The superuser of every embedded server. */
export const POSTGRES_USER = 'callyard';

/** The files of one embedded PostgreSQL. */
export interface PostgresFolder {
  /** Where the files really are: the folder asked for, or the one its `location` file points to. */
  readonly root: string;
  /** PostgreSQL's own data directory, owned by the user it runs as. */
  readonly cluster: string;
  readonly log: string;
  readonly passwordFile: string;
  readonly runAs: RunAs | null;
}

/**
 * Makes or finds the folder for an embedded PostgreSQL. When we are root and the checkout lies below a folder that
 * the unprivileged server user cannot enter, the data lives elsewhere and a file `location` says where.
 *
 * @throws when no suitable folder can be used; the message says what to do.
 */
export async function openPostgresFolder(folder: string, onProgress: OnProgress): Promise<PostgresFolder> {
  await makePassableFolder(folder);
  // The real path: a running server is recognised by the path it was started with.
  const asked = await realpath(folder);
  const runAs = await serverUser(join(asked, 'cluster'));
  let root = asked;
  if (runAs !== null && !(await canEnter(asked, runAs))) {
    root = await makeReachableFolder(asked, runAs);
    onProgress(`${asked} is closed to the user PostgreSQL runs as: keeping the data in ${root}`);
    await writeWhole(join(asked, 'location'), `${root}\n`);
  }
  return {
    root,
    cluster: join(root, 'cluster'),
    log: join(root, 'server.log'),
    passwordFile: join(root, 'password'),
    runAs: root === asked ? runAs : await serverUser(join(root, 'cluster')),
  };
}

/** Deletes an embedded PostgreSQL's files, wherever they are. Its server must have stopped. */
export async function removePostgresFolder(asked: string): Promise<void> {
  const elsewhere = (await readTextIfPresent(join(asked, 'location')))?.trim();
  if (elsewhere !== undefined && elsewhere !== '') await rm(elsewhere, { recursive: true, force: true });
  await rm(asked, { recursive: true, force: true });
}

/** The password of the server in this folder. @throws when the file has gone. */
export async function readPassword(folder: PostgresFolder): Promise<string> {
  const text = await readTextIfPresent(folder.passwordFile);
  if (text === null) {
    throw new SetupProblem(
      `The password of the database in ${folder.root} is lost (${folder.passwordFile} is missing). ` +
        'Put the file back, or delete the folder to start with an empty database.',
    );
  }
  return text.trim();
}

/**
 * Makes an empty database cluster when there is none. It appears whole or not at all: one cut short by a power cut
 * is thrown away and made again.
 *
 * @throws when the existing cluster belongs to another user or another major version of PostgreSQL.
 */
export async function ensureCluster(
  folder: PostgresFolder,
  binaries: PostgresBinaries,
  onProgress: OnProgress,
): Promise<void> {
  if (await exists(folder.cluster)) return checkCluster(folder, binaries);
  onProgress('making an empty database folder');
  const draft = `${folder.cluster}.new`;
  const passwordFile = `${folder.passwordFile}.initdb`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const password = randomBytes(24).toString('base64url');
  await writeWhole(passwordFile, `${password}\n`, PRIVATE_FILE);
  try {
    for (const path of [draft, passwordFile]) await giveTo(path, folder.runAs);
    await initdb(draft, passwordFile, folder, binaries);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await writeWhole(folder.passwordFile, `${password}\n`, PRIVATE_FILE);
  await rename(draft, folder.cluster);
}

async function checkCluster(folder: PostgresFolder, binaries: PostgresBinaries): Promise<void> {
  const { uid } = await stat(folder.cluster);
  const self = folder.runAs?.uid ?? process.getuid?.();
  if (self !== undefined && uid !== self) {
    throw new SetupProblem(
      `The database in ${folder.cluster} belongs to user id ${uid}, and this is user id ${self}. ` +
        `Run as the user that made it, give it away (chown -R ${self} "${folder.root}"), or set CALLYARD_DATA_DIR ` +
        'to another folder.',
    );
  }
  const version = (await readTextIfPresent(join(folder.cluster, 'PG_VERSION')))?.trim();
  if (version !== binaries.majorVersion) {
    throw new SetupProblem(
      `The database in ${folder.cluster} was made by PostgreSQL ${version ?? '(unknown)'} and the installed one is ` +
        `${binaries.majorVersion}. Dump it with the old version and restore it, or move the folder away.`,
    );
  }
}

async function giveTo(path: string, runAs: RunAs | null): Promise<void> {
  if (runAs !== null) await chown(path, runAs.uid, runAs.gid);
}

function initdb(
  draft: string,
  passwordFile: string,
  folder: PostgresFolder,
  binaries: PostgresBinaries,
): Promise<void> {
  const args = [
    `--pgdata=${draft}`,
    `--username=${POSTGRES_USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The same sort order on every machine, whatever locales the operating system has.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ];
  return new Promise((done, fail) => {
    const child = spawn(binaries.initdb, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // The current folder may be closed to the server's user.
      cwd: '/',
      ...folder.runAs,
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', fail);
    child.once('close', (code) => {
      if (code === 0) done();
      else fail(new SetupProblem(initdbFailure(code, output)));
    });
  });
}

function initdbFailure(code: number | null, output: string): string {
  const problem = `PostgreSQL could not make its data folder (exit code ${code}):\n${output.trimEnd().slice(-2000)}`;
  if (!output.includes('could not look up effective user ID')) return problem;
  return `${problem}\nRun as a user that has an entry in /etc/passwd, or set DATABASE_URL to a PostgreSQL of your own.`;
}
