import { generateKeyPairSync, verify } from 'node:crypto';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import type { SignalWireAccount, TelnyxAccount } from '../../telephony/simulator';
import { Platform, type Received } from './simulator-platform';

const platform = new Platform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());
beforeEach(() => platform.reset());

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const project = '5c5f36a5-31c7-4d62-9aa1-4c5a3bf0b5b7';
const dial = (attributes = ''): string =>
  `<Dial action="/dialled" ${attributes}><Number statusCallback="/leg">+12125550111</Number></Dial>`;

describe('SignalWire', () => {
  const account: SignalWireAccount = {
    carrier: 'signalwire',
    accountSid: project,
    signingKey: 'PSK_secret',
  };
  const expected = ({ path, fields }: Received): string =>
    getExpectedTwilioSignature('PSK_secret', `${platform.origin}${path}`, { ...fields });

  test('signs with the project’s key under its own header, and names calls by UUIDs', async () => {
    platform.twiml('/voice', dial());
    platform.twiml('/dialled', '<Hangup/>');
    const call = await platform.callFrom(account);
    expect(call.callSid).toMatch(UUID);
    expect(call.dials[0]?.legs[0]?.legSid).toMatch(UUID);
    expect(platform.paths()).toEqual(['/voice', '/leg', '/dialled', '/status']);
    for (const request of platform.received) {
      expect(request.headers['x-signalwire-signature']).toBe(expected(request));
      expect(request.headers).not.toHaveProperty('x-twilio-signature');
      expect(request.fields['AccountSid']).toBe(project);
    }
  });

  test('can sign under Twilio’s header', async () => {
    platform.twiml('/voice', '<Hangup/>');
    const older: SignalWireAccount = { ...account, signatureHeader: 'x-twilio-signature' };
    await platform.callFrom(older);
    const [voice] = platform.at('/voice');
    expect(voice?.headers['x-twilio-signature']).toBe(voice === undefined ? '' : expected(voice));
    expect(voice?.headers).not.toHaveProperty('x-signalwire-signature');
  });

  test('asks the same URL again, and again, after a Gather without an action', async () => {
    platform.twiml('/voice', '<Gather numDigits="1"/>');
    const call = await platform.callFrom(account, { digits: ['1', '1', '1'] });
    expect(platform.paths()).toEqual(['/voice', '/voice', '/voice', '/voice', '/status']);
    expect(call.ending.kind).toBe('instructions-ended');
  });
});

describe('Telnyx', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const account: TelnyxAccount = { carrier: 'telnyx', accountSid: project, privateKey };
  const isSigned = ({ headers, body }: Received): boolean =>
    verify(
      null,
      Buffer.from(`${String(headers['telnyx-timestamp'])}|${body}`),
      publicKey,
      Buffer.from(String(headers['telnyx-signature-ed25519']), 'base64'),
    );

  test('signs time and body, and says what it says in its own words', async () => {
    platform.twiml('/voice', dial());
    platform.twiml('/dialled', '<Hangup/>');
    const call = await platform.callFrom(account, {
      stirVerstat: 'TN-Validation-Passed-B',
      callerPlace: { state: 'CA' },
    });
    expect(call.callSid).toMatch(/^v3:[\w-]{40,}$/);
    expect(platform.paths()).toEqual(['/voice', '/leg', '/dialled', '/status']);
    for (const request of platform.received) {
      expect(isSigned(request)).toBe(true);
      expect(Math.abs(Date.now() / 1000 - Number(request.headers['telnyx-timestamp']))).toBeLessThan(5);
    }
    const [voice] = platform.at('/voice');
    expect(voice?.fields).toMatchObject({
      CallSid: call.callSid,
      CallSidLegacy: call.callSid,
      AccountSid: project,
      ShakenStirAttestation: 'B',
      ShakenStirValidated: 'true',
    });
    for (const unsaid of ['FromState', 'ApiVersion', 'StirVerstat', 'Caller'])
      expect(voice?.fields).not.toHaveProperty(unsaid);
    expect(platform.at('/status')[0]?.fields).toMatchObject({
      SequenceNumber: '0',
      Timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    });
    expect(platform.at('/leg')[0]?.fields).toMatchObject({ ParentCallSidLegacy: call.callSid });
  });

  test('tells the result of a Gather without the state of the call', async () => {
    platform.twiml('/voice', '<Gather action="/answer" numDigits="1"/>');
    platform.twiml('/answer', '<Hangup/>');
    await platform.callFrom(account, { digits: ['1'] });
    const [answer] = platform.at('/answer');
    expect(answer?.fields).toMatchObject({ Digits: '1' });
    expect(answer?.fields).not.toHaveProperty('CallStatus');
  });

  test('can have a clock that is wrong', async () => {
    platform.twiml('/voice', '<Hangup/>');
    await platform.callFrom({ ...account, clockAheadSeconds: -900 });
    const [voice] = platform.at('/voice');
    expect(voice === undefined ? false : isSigned(voice)).toBe(true);
    expect(Date.now() / 1000 - Number(voice?.headers['telnyx-timestamp'])).toBeGreaterThan(895);
  });

  test('replaces what its Dial does not take by the default, with a warning', async () => {
    platform.twiml('/voice', dial('timeout="4" timeLimit="30"'));
    platform.twiml('/dialled', '<Hangup/>');
    const call = await platform.callFrom(account, { buyers: { default: { kind: 'no-answer' } } });
    expect(call.warnings).toEqual([
      '<Dial timeout="4"> is not valid; 30 used',
      '<Dial timeLimit="30"> is not valid; 14400 used',
    ]);
  });
});
