import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import type { Config } from '../../runtime/config';
import { startPostgres } from '../servers/postgres';
import { isRunning, type ProcessRecord } from '../servers/processes';
import { lastLines } from '../servers/files';
import type { OnProgress } from '../servers/progress';
import { startTemporal } from '../servers/temporal';
import { ensureSearchAttributes, type SearchAttribute } from '../servers/temporal-readiness';
import type { dataFiles } from './data-folder';
import { SetupProblem } from '../servers/setup-problem';

/** What a server that we own has in common with the other. */
interface OwnServer {
  readonly process: ProcessRecord;
  readonly logFile: string;
  stop(): Promise<void>;
}

export interface Database {
  readonly url: string;
  /** Null when `DATABASE_URL` was given. */
  readonly own:
    | (OwnServer & { readonly dataDir: string; readonly port: number; readonly adopted: boolean })
    | null;
}

export interface Temporal {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | null;
  /** Null when `TEMPORAL_ADDRESS` was given. */
  readonly own: (OwnServer & { readonly adopted: boolean }) | null;
}

type Files = ReturnType<typeof dataFiles>;

/** The database to use: the one of `DATABASE_URL`, else an embedded one. `port`: the preferred one. */
export async function openDatabase(
  config: Config,
  files: Files,
  onProgress: OnProgress,
  port = 5432,
): Promise<Database> {
  if (config.databaseUrl !== null) {
    await requireDatabase(config.databaseUrl);
    return { url: config.databaseUrl, own: null };
  }
  const server = await startPostgres({ dataDir: files.postgres, preferredPort: port, onProgress });
  return { url: server.url, own: server };
}

/** Milliseconds in which a server of somebody's own has to answer. */
const ANSWER_MS = 5_000;

/** @throws SetupProblem that names the variable, but not the password in it. */
async function requireDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: ANSWER_MS });
  try {
    await client.connect();
    await client.end();
  } catch (error) {
    const { host, database } = client;
    throw new SetupProblem(
      `DATABASE_URL: PostgreSQL at ${host}:${client.port} does not let us into "${database ?? ''}" (${wordsOf(error)}). ` +
        'Check host, port, user, password and that the database exists; or unset it, and Callyard runs its own.',
      { cause: error },
    );
  }
}

/** @throws SetupProblem that names the variable. */
async function requireTemporal(address: string): Promise<void> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: ANSWER_MS });
    await connection.close();
  } catch (error) {
    throw new SetupProblem(
      `TEMPORAL_ADDRESS: no Temporal server answers at ${address} (${wordsOf(error)}). ` +
        'Check host and port; or unset it, and Callyard runs its own.',
      { cause: error },
    );
  }
}

/** The first line of what went wrong. An error for several addresses at once has no message of its own. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : error.name;
  return error.message.split('\n')[0] || code;
}

/** The Temporal server to use: the one of `TEMPORAL_ADDRESS`, else an embedded one. `port`: the preferred one. */
export async function openTemporal(
  config: Config,
  files: Files,
  searchAttributes: readonly SearchAttribute[],
  onProgress: OnProgress,
  port = 7233,
): Promise<Temporal> {
  if (config.temporalAddress !== null) {
    return externalTemporal(config.temporalAddress, config.temporalNamespace, searchAttributes, onProgress);
  }
  const server = await startTemporal({
    dataDir: files.temporal,
    dbFile: files.temporalDatabase,
    searchAttributes,
    ui: true,
    preferredPort: port,
    preferredUiPort: port + 1000,
    onProgress,
  });
  return { address: server.address, namespace: 'default', uiUrl: server.uiUrl, own: server };
}

async function externalTemporal(
  address: string,
  namespace: string,
  searchAttributes: readonly SearchAttribute[],
  onProgress: OnProgress,
): Promise<Temporal> {
  await requireTemporal(address);
  try {
    await ensureSearchAttributes(address, namespace, searchAttributes, onProgress);
  } catch (error) {
    // A managed cluster may not let a client register them; then its administrator must have done so.
    const list = searchAttributes.map(({ name, type }) => `${name}=${type}`).join(', ');
    onProgress(`could not check the search attributes (${String(error)}). Register them yourself: ${list}`);
  }
  return { address, namespace, uiUrl: null, own: null };
}

const LOOK_EVERY_MS = 1000;
const MOST_RESTARTS = 3;
/** A server that ran this long was well: its restarts are counted anew. Milliseconds. */
const WELL_AFTER_MS = 60_000;

/**
 * Watches one of our own servers and starts it again when it dies. Resolves when `until` fires.
 *
 * @param restart starts it at the same address; rejects when that is not possible
 * @throws when it cannot be brought back, or dies more than three times within a minute of its last start
 */
export async function keepServerAlive(
  first: OwnServer,
  restart: () => Promise<OwnServer>,
  say: (text: string) => void,
  until: AbortSignal,
): Promise<void> {
  let server = first;
  let startedAt = Date.now();
  for (let restarts = 0; !until.aborted; ) {
    await sleep(LOOK_EVERY_MS);
    if (until.aborted || (await isRunning(server.process))) continue;
    // The stop may have begun while we looked.
    if (until.aborted) return;
    say(`has ended unexpectedly. Its last lines (${server.logFile}):\n${await lastLines(server.logFile, 8)}`);
    if (Date.now() - startedAt > WELL_AFTER_MS) restarts = 0;
    if (restarts >= MOST_RESTARTS) throw new SetupProblem(`ended ${restarts + 1} times`);
    restarts += 1;
    server = await restart();
    startedAt = Date.now();
    say('running again');
  }
}
