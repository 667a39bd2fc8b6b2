import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE_FILE, readTextIfPresent } from '../servers/files';
import { dataFiles, dataFolder } from './data-folder';
import { SetupProblem } from '../servers/setup-problem';

/** What the sample set-up needs to keep secret. Never print these. */
export interface Secrets {
  /** Bearer key for `/api/v1`. */
  readonly adminKey: string;
  /** The file that holds the admin key; null when it came from `CALLYARD_ADMIN_KEY`. */
  readonly adminKeyFile: string | null;
  /** Accounts of the carriers; what is not in the environment is made up, in the carrier's own shape. */
  readonly twilio: { readonly accountSid: string; readonly authToken: string };
  readonly signalwire: { readonly projectId: string; readonly signingKey: string };
  readonly telnyx: TelnyxSecrets;
}

export interface TelnyxSecrets {
  /** Only the simulator says it. */
  readonly accountSid: string;
  /** Base64 of 32 bytes. */
  readonly publicKey: string;
  /** Signs for the simulator; null when the public key came from the environment. */
  readonly privateKey: KeyObject | null;
}

/** An account and the key to it, as the environment names them. */
const PAIRS = [
  ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN'],
  ['SIGNALWIRE_PROJECT_ID', 'SIGNALWIRE_SIGNING_KEY'],
] as const;

/**
 * The secrets of this installation: from the environment, else from files in the data folder (one value a file,
 * readable by the owner only), made at the first call.
 *
 * @throws SetupProblem when only an account or only its key is set: a made-up half would never match.
 */
export async function loadSecrets(env: NodeJS.ProcessEnv): Promise<Secrets> {
  const folder = dataFiles(dataFolder(env)).secrets;
  const adminKeyFile = join(folder, 'admin-key');
  for (const [account, key] of PAIRS) {
    if (Boolean(env[account]) !== Boolean(env[key]))
      throw new SetupProblem(`Set both ${account} and ${key}, or neither: they belong together.`);
  }
  return {
    adminKey:
      env.CALLYARD_ADMIN_KEY || (await keep(adminKeyFile, () => `cy_${randomBytes(24).toString('hex')}`)),
    adminKeyFile: env.CALLYARD_ADMIN_KEY ? null : adminKeyFile,
    twilio: {
      accountSid:
        env.TWILIO_ACCOUNT_SID ||
        (await keep(join(folder, 'twilio-account-sid'), () => `AC${randomBytes(16).toString('hex')}`)),
      authToken:
        env.TWILIO_AUTH_TOKEN ||
        (await keep(join(folder, 'twilio-auth-token'), () => randomBytes(16).toString('hex'))),
    },
    signalwire: {
      projectId:
        env.SIGNALWIRE_PROJECT_ID || (await keep(join(folder, 'signalwire-project-id'), () => randomUUID())),
      signingKey:
        env.SIGNALWIRE_SIGNING_KEY ||
        (await keep(
          join(folder, 'signalwire-signing-key'),
          () => `PSK_${randomBytes(24).toString('base64url')}`,
        )),
    },
    telnyx: await loadTelnyx(folder, env.TELNYX_PUBLIC_KEY),
  };
}

/** An admin key, and for people where it is from. */
export interface AdminKey {
  readonly key: string;
  readonly from: string;
}

/** The admin key of this installation, for programs that only ask it: nothing is made. */
export async function readAdminKey(
  env: NodeJS.ProcessEnv,
): Promise<AdminKey | { readonly key: null; readonly file: string }> {
  if (env.CALLYARD_ADMIN_KEY) return { key: env.CALLYARD_ADMIN_KEY, from: 'from CALLYARD_ADMIN_KEY' };
  const file = join(dataFiles(dataFolder(env)).secrets, 'admin-key');
  const key = (await readTextIfPresent(file))?.trim();
  return key ? { key, from: `in ${file}` } : { key: null, file };
}

async function loadTelnyx(folder: string, publicKey: string | undefined): Promise<TelnyxSecrets> {
  const accountSid = await keep(join(folder, 'telnyx-account-sid'), () => randomUUID());
  if (publicKey) return { accountSid, publicKey, privateKey: null };
  const pem = await keep(join(folder, 'telnyx-private-key'), () =>
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString().trim(),
  );
  const privateKey = createPrivateKey(pem);
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { accountSid, publicKey: Buffer.from(x, 'base64url').toString('base64'), privateKey };
}

/** The value in a file, which is made when absent. */
async function keep(file: string, make: () => string): Promise<string> {
  const kept = (await readTextIfPresent(file))?.trim();
  if (kept) return kept;
  if (kept === '') await rm(file, { force: true });
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  const made = `${file}.${randomUUID()}.tmp`;
  await writeFile(made, `${make()}\n`, { mode: PRIVATE_FILE });
  try {
    // Whole, and only if nobody was faster: two programs that start at once must not end up with two secrets.
    await link(made, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(made);
  }
  return (await readFile(file, 'utf8')).trim();
}
