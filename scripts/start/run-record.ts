import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { PRIVATE_FILE, readTextIfPresent, writeWhole } from '../servers/files';
import { isRunning } from '../servers/processes';
import { dataFiles, dataFolder } from './data-folder';

const pids = z.object({
  supervisor: z.number(),
  api: z.number(),
  worker: z.number(),
  /** Null when the server is not ours (`TEMPORAL_ADDRESS`, `DATABASE_URL`). */
  temporal: z.number().nullable(),
  postgres: z.number().nullable(),
});

const runRecord = z.object({
  apiUrl: z.string(),
  temporalUiUrl: z.string().nullable(),
  temporalAddress: z.string(),
  temporalNamespace: z.string(),
  databaseUrl: z.string(),
  pids,
  /** Identifies the supervisor beyond its pid. */
  startedAt: z.string(),
});

/** Where the running system is. Holds the database password: the file is readable by its owner only. */
export type RunRecord = z.infer<typeof runRecord>;

/** Writes the record of this run for other programs of this checkout. */
export function writeRunRecord(file: string, record: RunRecord): Promise<void> {
  return writeWhole(file, `${JSON.stringify(record, null, 2)}\n`, PRIVATE_FILE);
}

export function removeRunRecord(file: string): Promise<void> {
  return rm(file, { force: true });
}

/**
 * Where the system started from this checkout runs; null when none does (never started, stopped, or killed).
 *
 * @throws when the file is not one of ours.
 */
export async function findRunningSystem(env: NodeJS.ProcessEnv): Promise<RunRecord | null> {
  const text = await readTextIfPresent(dataFiles(dataFolder(env)).runRecord);
  if (text === null) return null;
  const record = runRecord.parse(JSON.parse(text));
  const alive = await isRunning({ pid: record.pids.supervisor, startedAt: record.startedAt });
  return alive ? record : null;
}
