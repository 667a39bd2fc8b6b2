import { createPublicKey, sign, verify } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadSecrets } from '../../scripts/start/secrets';
import { publicKeyOf } from '../../telephony/telnyx/signature';

describe('the sample accounts of carriers', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'callyard-secrets-'));
    env = { CALLYARD_DATA_DIR: folder };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('are made once, in each carrier’s shape', async () => {
    const made = await loadSecrets(env);
    expect(made.twilio.accountSid).toMatch(/^AC[0-9a-f]{32}$/);
    expect(made.signalwire.projectId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(made.signalwire.signingKey).toMatch(/^PSK_/);
    const again = await loadSecrets(env);
    const { telnyx, ...rest } = again;
    expect(rest).toEqual({
      adminKey: made.adminKey,
      adminKeyFile: made.adminKeyFile,
      twilio: made.twilio,
      signalwire: made.signalwire,
    });
    expect(telnyx.publicKey).toBe(made.telnyx.publicKey);
  });

  it('have a key pair that fits', async () => {
    const { telnyx } = await loadSecrets(env);
    const { privateKey } = telnyx;
    if (privateKey === null) throw new Error('there is no private key');
    const text = Buffer.from('1|body');
    expect(verify(null, text, publicKeyOf(telnyx.publicKey), sign(null, text, privateKey))).toBe(true);
    expect(createPublicKey(privateKey).equals(publicKeyOf(telnyx.publicKey))).toBe(true);
  });

  it('are kept where only their owner can read them', async () => {
    await loadSecrets(env);
    const secrets = path.join(folder, 'secrets');
    const files = await readdir(secrets);
    expect(files.toSorted()).toEqual([
      'admin-key',
      'signalwire-project-id',
      'signalwire-signing-key',
      'telnyx-account-sid',
      'telnyx-private-key',
      'twilio-account-sid',
      'twilio-auth-token',
    ]);
    const modes = await Promise.all(
      files.map(async (file) => (await stat(path.join(secrets, file))).mode & 0o777),
    );
    expect(new Set(modes)).toEqual(new Set([0o600]));
  });

  it('give way to real ones, of which nobody here has Telnyx’s private key', async () => {
    const publicKey = Buffer.alloc(32, 9).toString('base64');
    const given = await loadSecrets({
      ...env,
      SIGNALWIRE_PROJECT_ID: 'p1',
      SIGNALWIRE_SIGNING_KEY: 'PSK_1',
      TELNYX_PUBLIC_KEY: publicKey,
    });
    expect(given.signalwire).toEqual({ projectId: 'p1', signingKey: 'PSK_1' });
    expect(given.telnyx).toMatchObject({ publicKey, privateKey: null });
    expect(await readdir(path.join(folder, 'secrets'))).not.toContain('telnyx-private-key');
  });

  it.each(['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'SIGNALWIRE_PROJECT_ID', 'SIGNALWIRE_SIGNING_KEY'])(
    'are not half real: %s alone is refused',
    async (name) => {
      await expect(loadSecrets({ ...env, [name]: 'x' })).rejects.toThrow('they belong together');
    },
  );
});
