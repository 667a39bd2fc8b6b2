import { execFile } from 'node:child_process';
import { sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type App, createApp } from '../../api/app';
import type { Call } from '../../contract/call';
import { createLogger } from '../../runtime/logger';
import { loadSecrets, type Secrets } from '../../scripts/start/secrets';
import {
  type CallScript,
  type CarrierAccount,
  type CarrierName,
  type SimulatedCall,
  simulateCall,
} from '../../telephony/simulator';
import { createSignalWireDialect } from '../../telephony/signalwire';
import { createTelnyxDialect } from '../../telephony/telnyx';
import { insertCampaign } from './campaign-fixture';
import { readCounters } from './counters';
import { dialled } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const ROOT = path.join(__dirname, '..', '..');
const say = (text: string) => ({ text, language: 'en-US' });
/** Buyer `a` has to press 1 to take a call; buyer `b` takes what `a` does not. */
const SCREENED = '+14155583000';
/** The sample campaign's number that dials at once. */
const DIRECT = '+14155550101';

describe('a carrier other than Twilio', () => {
  let system: SystemUnderTest;
  let folder: string;
  let secrets: Secrets;
  let app: App;
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    system = await startSystem();
    await insertCampaign(system.db, {
      key: 'carriers',
      number: SCREENED,
      minimumAttestation: 'B',
      buyers: [
        {
          name: 'a',
          priority: 1,
          dialing: {
            acceptance: { prompt: say('Press 1 to take the call.'), digit: '1', timeoutSeconds: 4 },
          },
        },
        { name: 'b', priority: 2 },
      ],
    });
    folder = await mkdtemp(path.join(tmpdir(), 'callyard-carriers-'));
    secrets = await loadSecrets({ CALLYARD_DATA_DIR: folder });
    // An edge of its own beside the system's: same database and workers, other carriers.
    app = createApp({
      db: system.db,
      temporal: system.temporal,
      log: createLogger({ process: 'test', level: 'silent' }),
      dialects: [createSignalWireDialect(secrets.signalwire), createTelnyxDialect(secrets.telnyx)],
      adminKey: system.adminKey,
      publicBaseUrl: null,
      webhookDeadlineMs: 10_000,
      spoolDir: path.join(folder, 'spool'),
      backfillIntervalMs: 200,
      taskQueue: system.taskQueue,
    });
    server = app.http.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    expect(await readCounters(system.db)).toEqual({ pending: 0, drift: [] });
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await app.close();
    await system.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function account(carrier: Exclude<CarrierName, 'twilio'>): CarrierAccount {
    const { signalwire, telnyx } = secrets;
    if (carrier === 'signalwire')
      return { carrier, accountSid: signalwire.projectId, signingKey: signalwire.signingKey };
    if (telnyx.privateKey === null) throw new Error('there is no private key to sign with');
    return { carrier, accountSid: telnyx.accountSid, privateKey: telnyx.privateKey };
  }

  function simulate(from: CarrierAccount, script: Partial<CallScript> = {}): Promise<SimulatedCall> {
    return simulateCall({
      voiceUrl: `${origin}/telephony/${from.carrier}/voice`,
      statusUrl: `${origin}/telephony/${from.carrier}/status`,
      from: '+14155550123',
      to: DIRECT,
      speed: 50,
      ...script,
      ...from,
    });
  }

  async function place(
    carrier: Exclude<CarrierName, 'twilio'>,
    script: Partial<CallScript> = {},
  ): Promise<{ readonly carrier: SimulatedCall; readonly call: Call }> {
    const simulated = await simulate(account(carrier), script);
    expect(simulated).toMatchObject({ errors: [], warnings: [], differingAnswers: [] });
    const call = await system.endedCall(simulated.callSid);
    expect(call.timeline.map(({ step }) => step)).not.toContain('fail_safe');
    return { carrier: simulated, call };
  }

  describe.each(['signalwire', 'telnyx'] as const)('%s', (carrier) => {
    it('has a caller connected, and the workflow named after it', async () => {
      const { call } = await place(carrier, { buyers: { default: { kind: 'answer', talkSeconds: 30 } } });
      expect(call).toMatchObject({ outcome: 'connected', talkSeconds: 30 });
      expect(call.workflowId).toMatch(new RegExp(`^call/${carrier}/`));
    });

    it('has a buyer asked to accept, and the next one dialled when the key is not pressed', async () => {
      const script = { to: SCREENED, stirVerstat: 'TN-Validation-Passed-A' };
      const accepted = await place(carrier, {
        ...script,
        speed: 10,
        buyers: { default: { kind: 'answer', talkSeconds: 20, presses: '1' } },
      });
      expect(accepted.call).toMatchObject({ outcome: 'connected' });
      expect(dialled(accepted.call)).toEqual(['a']);
      expect(accepted.call.attempts[0]?.acceptedAt).not.toBeNull();
      const declined = await place(carrier, { ...script, from: '+14155550124' });
      expect(declined.call).toMatchObject({ outcome: 'connected' });
      expect(dialled(declined.call)).toEqual(['a', 'b']);
    });

    it('has callers judged by the attestation in its own words', async () => {
      const { call } = await place(carrier, { to: SCREENED, stirVerstat: 'TN-Validation-Passed-C' });
      expect(call).toMatchObject({ outcome: 'blocked' });
      expect(call.attempts).toEqual([]);
    });

    it('may deliver everything several times at once', async () => {
      const { call } = await place(carrier, { duplicates: 4 });
      expect(call).toMatchObject({ outcome: 'connected' });
      expect(call.attempts).toHaveLength(1);
    });
  });

  it('whose requests are signed by another key is refused, and nothing is recorded', async () => {
    const call = await simulate({ carrier: 'signalwire', accountSid: 'p', signingKey: 'PSK_other' });
    expect(call.ending).toMatchObject({ kind: 'application-error' });
    expect(call.errors[0]).toContain('403');
    expect(await system.callBySid(call.callSid)).toBeNull();
  });

  it.each([
    ['behind', -301],
    ['ahead', 301],
  ])('whose clock is far %s is refused, and told to look at the clock', async (_name, clockAheadSeconds) => {
    const telnyx = account('telnyx');
    if (telnyx.carrier !== 'telnyx') throw new Error('not Telnyx');
    const call = await simulate({
      ...telnyx,
      clockAheadSeconds: clockAheadSeconds + Math.sign(clockAheadSeconds) * 5,
    });
    expect(call.errors[0]).toContain('403');
    expect(call.errors[0]).toMatch(/too old, or from the future/);
    expect(await system.callBySid(call.callSid)).toBeNull();
  });

  it('may write the body as it likes: the signature is over its bytes', async () => {
    const telnyx = account('telnyx');
    if (telnyx.carrier !== 'telnyx') throw new Error('not Telnyx');
    const sid = 'v3:odd_bytes-1';
    // Not how a form is usually written: lower-case escapes, an escape that needs none, an empty pair.
    const body = `CallSid=v3%3aodd%5fbytes-1&&AccountSid=${telnyx.accountSid}&From=%2b14155550125&To=%2B14155550101&CallStatus=ringing`;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const post = (text: string) =>
      fetch(`${origin}/telephony/telnyx/voice`, {
        method: 'POST',
        body: text,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'telnyx-timestamp': timestamp,
          'telnyx-signature-ed25519': sign(
            null,
            Buffer.from(`${timestamp}|${body}`),
            telnyx.privateKey,
          ).toString('base64'),
        },
      });
    const tampered = await post(body.replace('5550125', '5550126'));
    expect(tampered.status).toBe(403);
    expect(await system.callBySid(sid)).toBeNull();
    const answer = await post(body);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('<Dial');
    const over = new URLSearchParams({
      CallSid: sid,
      AccountSid: telnyx.accountSid,
      CallStatus: 'no-answer',
    });
    const signature = sign(null, Buffer.from(`${timestamp}|${over.toString()}`), telnyx.privateKey);
    const status = await fetch(`${origin}/telephony/telnyx/status`, {
      method: 'POST',
      body: over,
      headers: { 'telnyx-timestamp': timestamp, 'telnyx-signature-ed25519': signature.toString('base64') },
    });
    expect(status.status).toBe(204);
    expect(await system.endedCall(sid)).toMatchObject({ outcome: 'abandoned_ringing' });
  });

  it('that is not configured is not there', async () => {
    const response = await fetch(`${origin}/telephony/twilio/voice`, { method: 'POST' });
    expect(response.status).toBe(404);
  });

  it.each(['signalwire', 'telnyx'])('can be played on the command line: --carrier %s', async (carrier) => {
    const args = [
      '--to',
      SCREENED,
      '--carrier',
      carrier,
      '--attestation',
      'A',
      '--buyer',
      'answer:5:press=1',
    ];
    const { code, output } = await run([...args, '--url', origin, '--speed', '20', '--json'], {
      CALLYARD_DATA_DIR: folder,
      CALLYARD_ADMIN_KEY: system.adminKey,
    });
    const { call } = JSON.parse(output) as { call: { outcome: string } };
    expect({ code, outcome: call.outcome }).toEqual({ code: 0, outcome: 'connected' });
  });
});

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', 'scripts/simulate/call.ts', ...args];
    execFile(
      process.execPath,
      command,
      { cwd: ROOT, env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
      },
    );
  });
}
