import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { ACCOUNT_SID, AUTH_TOKEN, startSystem, type SystemUnderTest } from './system';

const FORM = {
  CallSid: 'CA1',
  AccountSid: ACCOUNT_SID,
  From: '+14155550123',
  To: '+14155550101',
  CallStatus: 'ringing',
};
const signed = (form: Record<string, string | string[]>) => (url: string) =>
  getExpectedTwilioSignature(AUTH_TOKEN, url, form);

describe('POST /telephony/twilio/voice', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  it('refuses an unsigned webhook with 400 problem details', async () => {
    const answer = await system.carrier.send('voice', FORM, () => null);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'signature_missing',
      status: 400,
      requestId: expect.any(String),
    });
  });

  it('refuses a wrong signature with 403, naming the URL tried and what to do', async () => {
    const answer = await system.carrier.send('voice', FORM, () => 'bm90IGEgc2lnbmF0dXJl');
    expect(answer.status).toBe(403);
    const problem = JSON.parse(answer.body) as { detail: string };
    expect(problem).toMatchObject({ code: 'signature_mismatch' });
    expect(problem.detail).toContain(`${system.baseUrl}/telephony/twilio/voice`);
    expect(problem.detail).toContain('PUBLIC_BASE_URL');
    expect(answer.body).not.toContain(AUTH_TOKEN);
  });

  it('refuses a signature over other fields', async () => {
    const answer = await system.carrier.send('voice', FORM, signed({ ...FORM, From: '+14155550199' }));
    expect(answer.status).toBe(403);
  });

  it.each(['CallSid', 'AccountSid', 'To'] as const)('names the field when %s is missing', async (field) => {
    const { [field]: _, ...form } = FORM;
    const answer = await system.carrier.send('voice', form, signed(form));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'malformed_webhook',
      errors: [{ pointer: `/${field}`, message: expect.any(String) }],
    });
  });

  it('refuses a body that is no form', async () => {
    const url = `${system.baseUrl}/telephony/twilio/voice`;
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify(FORM),
      headers: { 'content-type': 'application/json', 'x-twilio-signature': 'x' },
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });

  it.each(['dial', 'dial?attempt=0', 'dial?attempt=x', 'ivr?no=-1'])(
    'refuses %s, whose step makes no sense',
    async (route) => {
      const answer = await system.carrier.post(route, 'CA1');
      expect(answer.status).toBe(400);
    },
  );

  it('takes unknown fields, repeated keys, and SIDs that are opaque text', async () => {
    const sid = 'v3:a/b c%2F+ünï?#';
    const form = { ...FORM, CallSid: sid, Extra: 'x', Repeated: ['b', 'a', 'b'] };
    const answer = await system.carrier.send('voice', form, signed(form));
    expect(answer.status).toBe(200);
    expect(answer.verbs[0]?.name).toBe('Dial');
    const call = await system.callBySid(sid);
    expect(call).toMatchObject({ sid, state: 'dialing', outcome: null });
    await system.carrier.post('dial?attempt=1', sid, {
      DialCallStatus: 'completed',
      CallStatus: 'completed',
    });
    expect(await system.endedCall(sid)).toMatchObject({ outcome: 'connected', talkSeconds: null });
  });

  it.each([
    ['a NUL in a SID', { CallSid: 'CA\u0000' }, '/CallSid'],
    ['a NUL in the dialled number', { To: '+1415\u0000' }, '/To'],
    ['a SID without end', { CallSid: 'C'.repeat(401) }, '/CallSid'],
  ])('refuses %s by name', async (_, fields, pointer) => {
    const form = { ...FORM, ...fields };
    const answer = await system.carrier.send('voice', form, signed(form));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'malformed_webhook', errors: [{ pointer }] });
  });

  it('takes a call whose hints cannot be read, without the hints', async () => {
    const sid = system.carrier.newSid();
    const form = { ...FORM, CallSid: sid, From: 'x'.repeat(300), FromCity: 'a\u0000b', FromState: 'CA' };
    const answer = await system.carrier.send('voice', form, signed(form));
    expect(answer.verbs[0]?.name).toBe('Dial');
    expect(await system.callBySid(sid)).toMatchObject({ from: null, geography: { state: 'CA' } });
  });

  it('answers a webhook for a step the call is not at with 409, and the call goes on', async () => {
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid);
    const stale = await system.carrier.post('dial?attempt=7', sid, { DialCallStatus: 'busy' });
    expect(stale.status).toBe(409);
    expect(JSON.parse(stale.body)).toMatchObject({ code: 'stale_step' });
    const end = await system.carrier.post('dial?attempt=1', sid, {
      DialCallStatus: 'completed',
      DialCallDuration: '5',
    });
    expect(end.verbs.map(({ name }) => name)).toEqual(['Hangup']);
  });

  it('lets go of a caller whose call is unknown, instead of leaving silence', async () => {
    const answer = await system.carrier.post('dial?attempt=1', system.carrier.newSid(), {
      DialCallStatus: 'busy',
    });
    expect(answer.status).toBe(200);
    expect(answer.verbs.map(({ name }) => name)).toEqual(['Hangup']);
  });

  it('takes status callbacks for calls nobody knows', async () => {
    const answer = await system.carrier.post('status', system.carrier.newSid(), { CallStatus: 'completed' });
    expect(answer.status).toBe(204);
  });

  it('never asks the carrier to dial longer than the call may live', async () => {
    const answer = await system.carrier.post('voice', system.carrier.newSid());
    const { timeLimit, timeout, answerOnBridge } = answer.verbs[0]?.attributes ?? {};
    expect(Number(timeLimit) + Number(timeout)).toBeLessThanOrEqual(14_400);
    expect(timeout).toBe('20');
    expect(answerOnBridge).toBe('true');
  });
});

describe('behind PUBLIC_BASE_URL', () => {
  let system: SystemUnderTest;
  const PUBLIC = 'https://calls.example.com/in';
  beforeAll(async () => {
    system = await startSystem({ publicBaseUrl: PUBLIC });
  });
  afterAll(() => system.stop());

  it('verifies against the public URL, and hands out callbacks under it', async () => {
    const form = { ...FORM, CallSid: system.carrier.newSid() };
    const sign = () => getExpectedTwilioSignature(AUTH_TOKEN, `${PUBLIC}/telephony/twilio/voice`, form);
    const answer = await system.carrier.send('voice', form, sign);
    expect(answer.status).toBe(200);
    expect(answer.verbs[0]?.attributes['action']).toBe(`${PUBLIC}/telephony/twilio/dial?attempt=1`);
  });

  it('refuses a signature over the address behind the proxy', async () => {
    expect((await system.carrier.send('voice', FORM, signed(FORM))).status).toBe(403);
  });
});
