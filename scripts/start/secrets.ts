import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE_FILE, readTextIfPresent, writeWhole } from '../servers/files';
import { dataFiles, dataFolder } from './data-folder';
import { SetupProblem } from '../servers/setup-problem';

/** What the sample set-up needs to keep secret. Never print these. */
export interface Secrets {
  /** Bearer key for `/api/v1`. */
  readonly adminKey: string;
  /** The file that holds the admin key; null when it came from `CALLYARD_ADMIN_KEY`. */
  readonly adminKeyFile: string | null;
  /** `AC` and 32 hex digits, like the carrier's. */
  readonly twilioAccountSid: string;
  /** Signs the carrier's webhooks. */
  readonly twilioAuthToken: string;
}

/**
 * The secrets of this installation: from the environment, else from files in the data folder (one value a file,
 * readable by the owner only), made at the first call.
 *
 * @throws when only one of `TWILIO_ACCOUNT_SID` and `TWILIO_AUTH_TOKEN` is set: a made-up half would never match.
 */
export async function loadSecrets(env: NodeJS.ProcessEnv): Promise<Secrets> {
  const folder = dataFiles(dataFolder(env)).secrets;
  const adminKeyFile = join(folder, 'admin-key');
  const fromEnvironment = [env.TWILIO_ACCOUNT_SID, env.TWILIO_AUTH_TOKEN].filter(Boolean).length;
  if (fromEnvironment === 1) {
    throw new SetupProblem(
      'Set both TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or neither: they belong together.',
    );
  }
  return {
    adminKey:
      env.CALLYARD_ADMIN_KEY || (await keep(adminKeyFile, () => `cy_${randomBytes(24).toString('hex')}`)),
    adminKeyFile: env.CALLYARD_ADMIN_KEY ? null : adminKeyFile,
    twilioAccountSid:
      env.TWILIO_ACCOUNT_SID ||
      (await keep(join(folder, 'twilio-account-sid'), () => `AC${randomBytes(16).toString('hex')}`)),
    twilioAuthToken:
      env.TWILIO_AUTH_TOKEN ||
      (await keep(join(folder, 'twilio-auth-token'), () => randomBytes(16).toString('hex'))),
  };
}

/** The value in a file, which is made when absent. */
async function keep(file: string, make: () => string): Promise<string> {
  const kept = (await readTextIfPresent(file))?.trim();
  if (kept) return kept;
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  const made = make();
  await writeWhole(file, `${made}\n`, PRIVATE_FILE);
  return made;
}
