import { relative } from 'node:path';
import { dataFolder, PROJECT_ROOT } from './data-folder';
import type { Secrets } from './secrets';
import type { RunningSystem } from './system';

/** The number of the sample campaign. */
const SAMPLE_NUMBER = '+14155550100';

interface SummaryInput {
  readonly port: number;
  /** The data folder, absolute. */
  readonly folder: string;
  readonly secrets: Secrets;
  readonly running: RunningSystem;
  /** How long the start took. */
  readonly seconds: string;
}

/** The block that a person reads when everything runs. Holds no secret. */
export function summary({ port, folder, secrets, running, seconds }: SummaryInput): string {
  const { database, temporal } = running;
  const rows: readonly (readonly [string, string])[] = [
    ['API', `http://127.0.0.1:${port}`],
    ['Temporal UI', temporal.uiUrl ?? '(of your own server)'],
    ['Sample number', SAMPLE_NUMBER],
    ['Data', dataPlace(folder, database.own?.dataDir ?? null)],
    [
      'Admin key',
      secrets.adminKeyFile === null ? 'from CALLYARD_ADMIN_KEY' : `in ${short(secrets.adminKeyFile)}`,
    ],
    ['Logs', `${short(folder)}/logs`],
    ['Place a call', `${elsewhere(folder)}npm run call -- --from +14155550123 --digits 1`],
    ['Stop', 'Ctrl-C'],
  ];
  const body = rows.map(([label, value]) => `  ${label.padEnd(14)} ${value}`).join('\n');
  return `\nCallyard is ready (${seconds} s)\n\n${body}\n`;
}

/** What programs that look for this Callyard have to be told, when it is not where they look. */
function elsewhere(folder: string): string {
  return folder === dataFolder({}) ? '' : `CALLYARD_DATA_DIR=${folder} `;
}

function dataPlace(folder: string, postgres: string | null): string {
  if (postgres === null) return `${short(folder)}, and your own database`;
  return postgres.startsWith(folder) ? short(folder) : `${short(folder)}, PostgreSQL in ${postgres}`;
}

/** Relative to the checkout when it lies in there. */
function short(path: string): string {
  const inside = relative(PROJECT_ROOT, path);
  return inside.startsWith('..') ? path : inside;
}
