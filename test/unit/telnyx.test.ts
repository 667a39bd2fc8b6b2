import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import type { CallId, E164 } from '../../domain/ids';
import type { Instructions } from '../../domain/instructions';
import type { WebhookRequest } from '../../telephony/port';
import { createTelnyxDialect } from '../../telephony/telnyx';
import { callWorkflowId } from '../../workflows/ids';
import { parseTwiml } from '../system/twiml';

const pair = generateKeyPairSync('ed25519');
const publicKey = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString(
  'base64',
);
const dialect = createTelnyxDialect({ publicKey });
const call = 'call_1' as CallId;

const ARRIVED = '2026-01-05T12:00:00.000Z';
const ARRIVED_SECONDS = Date.parse(ARRIVED) / 1000;

const form = {
  CallSid: 'v3:9X2vxPDFY2RHSJ1EdMS0RHRksMTg7ldNxdjWbVr9zBjbGjGsSe-aiQ',
  CallSidLegacy: 'v3:9X2vxPDFY2RHSJ1EdMS0RHRksMTg7ldNxdjWbVr9zBjbGjGsSe-aiQ',
  AccountSid: 'f5586561-8ff0-4291-a51b-c7dfe4139ff9',
  ConnectionId: '1234567890',
  From: '+14155550123',
  To: '+14155550100',
};

interface Signed {
  readonly secondsAgo?: number;
  readonly key?: KeyObject;
  readonly body?: string;
  readonly sentBody?: string;
  readonly headers?: Record<string, string | string[]>;
}

/** A request signed as Telnyx signs, with whatever a test wants to be wrong. */
function request({ secondsAgo = 0, key = pair.privateKey, headers, ...bodies }: Signed = {}): WebhookRequest {
  const body = bodies.body ?? new URLSearchParams(form).toString();
  const timestamp = String(ARRIVED_SECONDS - secondsAgo);
  return {
    url: 'https://calls.example.com/telephony/telnyx/voice',
    headers: {
      'telnyx-timestamp': timestamp,
      'telnyx-signature-ed25519': sign(null, Buffer.from(`${timestamp}|${body}`), key).toString('base64'),
      ...headers,
    },
    form,
    rawBody: Buffer.from(bodies.sentBody ?? body),
    receivedAt: ARRIVED,
  };
}

const inbound = (fields: Record<string, string | string[]>): WebhookRequest => ({
  ...request(),
  form: { ...form, ...fields },
});

describe('a signature of Telnyx', () => {
  it('counts, whatever URL it came by', () => {
    expect(dialect.verify(request())).toBe('ok');
    expect(dialect.verify({ ...request(), url: 'http://10.0.0.1/other' })).toBe('ok');
  });

  it('is over the body byte for byte', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(), (body, at) => {
        const sent = Buffer.from(body);
        const tampered = Buffer.from(sent);
        const place = at % tampered.length;
        tampered.writeUInt8(tampered.readUInt8(place) ^ 1, place);
        expect(dialect.verify(request({ body }))).toBe('ok');
        expect(dialect.verify({ ...request({ body }), rawBody: tampered })).toBe('mismatch');
      }),
    );
  });

  it('counts over a body without a byte', () => {
    expect(dialect.verify(request({ body: '' }))).toBe('ok');
  });

  it('of another key does not fit', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    expect(dialect.verify(request({ key: privateKey }))).toBe('mismatch');
  });

  it('over another body does not fit', () => {
    expect(dialect.verify(request({ sentBody: 'CallSid=v3%3Aother' }))).toBe('mismatch');
  });

  it('of another time than the one sent does not fit', () => {
    expect(dialect.verify(request({ headers: { 'telnyx-timestamp': String(ARRIVED_SECONDS - 1) } }))).toBe(
      'mismatch',
    );
  });

  it.each([
    ['300 s old', 300, 'ok'],
    ['301 s old', 301, 'expired'],
    ['from 300 s ahead', -300, 'ok'],
    ['from 301 s ahead', -301, 'expired'],
    ['a day old', 86_400, 'expired'],
  ])('%s is judged by its age', (_name, secondsAgo, verdict) => {
    expect(dialect.verify(request({ secondsAgo }))).toBe(verdict);
  });

  it('that is old and does not fit either is told as not fitting', () => {
    expect(dialect.verify(request({ secondsAgo: 900, sentBody: 'x=1' }))).toBe('mismatch');
  });

  it.each(['telnyx-timestamp', 'telnyx-signature-ed25519'])('is missed without %s', (header) => {
    expect(dialect.verify(request({ headers: { [header]: '' } }))).toBe('missing');
    expect(dialect.verify(request({ headers: { [header]: ['a', 'b'] } }))).toBe('missing');
  });

  it.each([
    ['telnyx-timestamp', 'yesterday'],
    ['telnyx-timestamp', '1e9'],
    ['telnyx-timestamp', '-1'],
    ['telnyx-timestamp', '9'.repeat(40)],
    ['telnyx-signature-ed25519', 'AAAA'],
    ['telnyx-signature-ed25519', 'no base64 at all!'],
  ])('with %s "%s" does not fit, and breaks nothing', (header, value) => {
    expect(dialect.verify(request({ headers: { [header]: value } }))).toBe('mismatch');
  });

  it.each([
    ['nothing', ''],
    ['too few bytes', 'c2hvcnQ='],
    ['too many bytes', Buffer.alloc(33).toString('base64')],
    ['more than base64', `${publicKey}\n`],
    ['no base64', '!'.repeat(44)],
  ])('cannot be checked with %s for a key', (_name, key) => {
    expect(() => createTelnyxDialect({ publicKey: key })).toThrow(RangeError);
  });
});

describe('webhooks of Telnyx', () => {
  it('name calls by opaque SIDs that workflow ids can carry', () => {
    const facts = dialect.readInbound(inbound({}));
    expect(facts).toMatchObject({ carrier: 'telnyx', sid: form.CallSid, accountSid: form.AccountSid });
    expect(callWorkflowId(facts)).toBe(`call/telnyx/${form.AccountSid}/${encodeURIComponent(form.CallSid)}`);
    expect(facts.geography).toEqual({});
  });

  it.each([
    [{ ShakenStirAttestation: 'A', ShakenStirValidated: 'true' }, 'A'],
    [{ ShakenStirAttestation: 'b', ShakenStirValidated: 'True' }, 'B'],
    [{ ShakenStirAttestation: 'A', ShakenStirValidated: 'false' }, null],
    [{ ShakenStirAttestation: 'A' }, null],
    [{ ShakenStirAttestation: 'D', ShakenStirValidated: 'true' }, null],
    [{ StirVerstat: 'TN-Validation-Passed-A' }, null],
    [{ ShakenStirAttestation: ['C', 'B'], ShakenStirValidated: ['false', 'true'] }, 'B'],
  ] as [Record<string, string | string[]>, string | null][])('with %j attest %s', (fields, level) => {
    expect(dialect.readInbound(inbound(fields)).attestation).toBe(level);
  });

  it('about a Gather come without the state of the call', () => {
    const { message } = dialect.readStep(
      inbound({ SpeechResult: 'Please connect me to sales', Confidence: '0.95' }),
      {
        step: 'ivr',
        no: 2,
      },
    );
    expect(message).toMatchObject({
      type: 'ivr_answered',
      no: 2,
      digits: null,
      speech: 'Please connect me to sales',
      callerGone: false,
    });
  });

  it.each(['2024-01-15T10:30:00Z', 'Mon, 15 Jan 2024 10:30:00 +0000', 'some day'])(
    'report the end with the time "%s", which is not ours to trust',
    (Timestamp) => {
      const report = dialect.readStatus(
        inbound({ CallStatus: 'completed', CallDuration: '45', SequenceNumber: '3', Timestamp }),
      );
      expect(report).toMatchObject({ over: true, seconds: 45, entry: { at: ARRIVED } });
    },
  );

  it('about a dialled leg belong to its parent call', () => {
    const fields = { CallSid: 'v3:leg', ParentCallSid: form.CallSid, CallStatus: 'in-progress' };
    expect(dialect.readLeg(inbound(fields), 1).call.sid).toBe(form.CallSid);
  });
});

describe('documents for Telnyx', () => {
  const render = (instructions: Instructions) =>
    parseTwiml(dialect.render(instructions, { baseUrl: 'https://calls.example.com' }).body);

  const dial = (ringTimeoutSeconds: number, timeLimitSeconds: number) =>
    render([
      {
        verb: 'dial',
        destinations: [{ kind: 'tel', number: '+14155550201' as E164 }],
        callerId: '+14155550100' as E164,
        announce: false,
        ringTimeoutSeconds,
        timeLimitSeconds,
        reportAnswer: false,
        record: false,
        callback: { step: 'dial', call, attempt: 3, screened: true },
      },
    ])[0]?.attributes;

  it.each([
    [3, 30, '5', '60'],
    [20, 600, '20', '600'],
    [180, 86_400, '120', '14400'],
  ])('ring %i s and last %i s within what it takes', (ring, limit, timeout, timeLimit) => {
    expect(dial(ring, limit)).toMatchObject({
      timeout,
      timeLimit,
      callerId: '+14155550100',
      action: 'https://calls.example.com/telephony/telnyx/dial?attempt=3&screened=1',
    });
  });

  it('end speech after seconds, not automatically', () => {
    const [gather] = render([
      {
        verb: 'gather',
        prompt: { text: 'How can we help?', language: 'en-US' },
        input: 'speech',
        digits: 1,
        terminator: null,
        speech: { language: 'en-US', hints: [] },
        timeoutSeconds: 5,
        callback: { step: 'ivr', call, no: 1 },
      },
    ]);
    expect(gather?.attributes).toMatchObject({ input: 'speech', speechTimeout: '2' });
  });
});
