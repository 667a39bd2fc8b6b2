import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePassableFolder, PRIVATE_FILE, readTextIfPresent, writeWhole } from '../../scripts/servers/files';
import { startPostgres, stopPostgresIn } from '../../scripts/servers/postgres';
import { removePostgresFolder } from '../../scripts/servers/postgres-folder';
import { isRunning, recordProcess } from '../../scripts/servers/processes';
import { silent } from '../../scripts/servers/progress';
import { startTemporal, stopTemporalIn } from '../../scripts/servers/temporal';
import { dataFolder } from '../../scripts/start/data-folder';
import { SEARCH_ATTRIBUTES } from '../../workflows/search-attributes';

/** Every test run has a folder of its own in here, named after its process: runs may overlap. */
const RUNS_FOLDER = join(dataFolder(process.env), 'test');

export interface TestServers {
  /** URL of a database in the server where test databases are made, with the right to make them. */
  readonly databaseUrl: string;
  readonly temporalAddress: string;
}

/**
 * Starts the servers of this test run on free ports: an own PostgreSQL (unless `TEST_DATABASE_URL` names one) and a
 * Temporal dev server that keeps everything in memory. Whatever killed runs left behind is stopped and deleted.
 */
export async function startTestServers(): Promise<TestServers> {
  await cleanUpAfterKilledRuns();
  const folder = runFolder(process.pid);
  await makePassableFolder(folder);
  await writeWhole(
    join(folder, 'owner.json'),
    JSON.stringify(await recordProcess(process.pid)),
    PRIVATE_FILE,
  );
  const say = (name: string) => (text: string) => process.stderr.write(`${name}: ${text}\n`);
  const [databaseUrl, temporal] = await Promise.all([
    process.env.TEST_DATABASE_URL || ownPostgres(folder, say('PostgreSQL')),
    startTemporal({
      dataDir: join(folder, 'temporal'),
      dbFile: null,
      searchAttributes: SEARCH_ATTRIBUTES,
      ui: false,
      preferredPort: 0,
      preferredUiPort: 0,
      onProgress: say('Temporal'),
    }),
  ]);
  return { databaseUrl, temporalAddress: temporal.address };
}

async function ownPostgres(folder: string, onProgress: (text: string) => void): Promise<string> {
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), preferredPort: 0, onProgress });
  return server.url;
}

/** Stops and deletes what the test run of this process started. Safe to call twice. */
export function stopTestServers(pid: number): Promise<void> {
  return discard(runFolder(pid));
}

/** Stops and deletes what test runs left behind that were killed before they could. */
export async function cleanUpAfterKilledRuns(): Promise<void> {
  await makePassableFolder(RUNS_FOLDER);
  for (const name of await readdir(RUNS_FOLDER)) {
    if (!name.startsWith('run-')) continue;
    const folder = join(RUNS_FOLDER, name);
    const text = await readTextIfPresent(join(folder, 'owner.json'));
    if (text !== null && (await isRunning(JSON.parse(text)))) continue;
    await discard(folder);
  }
}

function runFolder(pid: number): string {
  return join(RUNS_FOLDER, `run-${pid}`);
}

async function discard(folder: string): Promise<void> {
  const postgres = join(folder, 'postgres');
  await Promise.all([stopTemporalIn(join(folder, 'temporal')), stopPostgresIn(postgres, silent)]);
  await removePostgresFolder(postgres);
  await rm(folder, { recursive: true, force: true });
}
