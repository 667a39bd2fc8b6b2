import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePassableFolder } from '../scripts/servers/files';
import { tryLock } from '../scripts/servers/lock';
import { startPostgres, stopPostgresIn } from '../scripts/servers/postgres';
import { removePostgresFolder } from '../scripts/servers/postgres-folder';
import { type OnProgress, silent } from '../scripts/servers/progress';
import { SetupProblem } from '../scripts/servers/setup-problem';
import { startTemporal, stopTemporalIn } from '../scripts/servers/temporal';
import { dataFolder } from '../scripts/start/data-folder';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes';

/** Where benches keep their servers' data, logs and profiles. */
export const BENCH_FOLDER = join(dataFolder(process.env), 'bench');

const POSTGRES = join(BENCH_FOLDER, 'postgres');
const TEMPORAL = join(BENCH_FOLDER, 'temporal');

/** A PostgreSQL and a Temporal dev server of the bench's own. */
export interface BenchServers {
  /** Of an empty database. Holds the password: do not print it. */
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly postgresPid: number;
  readonly temporalPid: number;
  /** Stops both and deletes their data. */
  stop(): Promise<void>;
}

/**
 * Starts servers as `npm start` does (PostgreSQL with fsync, Temporal in a file) on free ports and empty folders, so
 * that every run begins alike and a running system is left alone.
 *
 * @throws SetupProblem when another bench runs: the two would measure each other
 */
export async function startBenchServers(onProgress: OnProgress): Promise<BenchServers> {
  await makePassableFolder(BENCH_FOLDER);
  const lock = await tryLock(join(BENCH_FOLDER, 'lock'));
  if (!lock.taken) throw new SetupProblem(`Another bench is running (process ${lock.holder}): wait for it.`);
  const stop = async (): Promise<void> => {
    await discardServers();
    await lock.release();
  };
  try {
    await discardServers(); // what a killed run left behind
    const [postgres, temporal] = await Promise.all([
      startPostgres({ dataDir: POSTGRES, preferredPort: 0, onProgress }),
      startTemporal({
        dataDir: TEMPORAL,
        dbFile: join(TEMPORAL, 'temporal.db'),
        searchAttributes: SEARCH_ATTRIBUTES,
        ui: false,
        preferredPort: 0,
        preferredUiPort: 0,
        onProgress,
      }),
    ]);
    return {
      databaseUrl: postgres.url,
      temporalAddress: temporal.address,
      postgresPid: postgres.process.pid,
      temporalPid: temporal.process.pid,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function discardServers(): Promise<void> {
  await Promise.all([stopTemporalIn(TEMPORAL), stopPostgresIn(POSTGRES, silent)]);
  await removePostgresFolder(POSTGRES);
  await rm(TEMPORAL, { recursive: true, force: true });
}
