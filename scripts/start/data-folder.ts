import { join, resolve } from 'node:path';

/** The checkout, whatever the current folder is. */
export const PROJECT_ROOT = resolve(__dirname, '..', '..');

/**
 * The folder for all that Callyard makes on this machine: `CALLYARD_DATA_DIR`, else `.callyard` in the checkout.
 * Always absolute.
 */
export function dataFolder(env: NodeJS.ProcessEnv): string {
  return resolve(PROJECT_ROOT, env.CALLYARD_DATA_DIR || '.callyard');
}

/** What lies where in the data folder. */
export function dataFiles(folder: string) {
  return {
    postgres: join(folder, 'postgres'),
    temporal: join(folder, 'temporal'),
    temporalDatabase: join(folder, 'temporal', 'temporal.db'),
    secrets: join(folder, 'secrets'),
    logs: join(folder, 'logs'),
    lock: join(folder, 'start.lock'),
    runRecord: join(folder, 'run.json'),
  } as const;
}
