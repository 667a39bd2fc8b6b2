import fc from 'fast-check';
import type { CallId, E164 } from '../../domain/ids';
import type { Instructions } from '../../domain/instructions';
import { readInbound, readLeg, readStatus, readStep } from '../../telephony/twilio/read';
import { renderTwiml } from '../../telephony/twilio/render';
import { parseTwiml } from '../system/twiml';

const ROOT = 'https://calls.example.com/telephony/twilio';
const call = 'call_1' as CallId;

const request = (form: Record<string, string | string[]>) => ({
  url: ROOT,
  headers: {},
  form: { CallSid: 'CA1', AccountSid: 'AC1', To: '+14155550100', ...form },
  receivedAt: '2026-01-05T12:00:00.000Z',
});

describe('TwiML', () => {
  const render = (instructions: Instructions) => parseTwiml(renderTwiml(instructions, ROOT));

  it('carries any text unchanged', () => {
    // XML 1.0 has no way to write control characters; nobody speaks them.
    const speakable = fc
      .string({ unit: 'grapheme' })
      .filter((text) => !/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u.test(text));
    fc.assert(
      fc.property(speakable, (text) => {
        const [verb] = render([{ verb: 'say', prompt: { text, language: 'en-US' } }]);
        expect(verb?.text.trim()).toBe(text.trim());
      }),
    );
  });

  it('gathers one digit and reports silence to the same step', () => {
    const [gather, redirect] = render([
      {
        verb: 'gather',
        prompt: { text: 'Press 1', language: 'de-DE' },
        digits: 1,
        timeoutSeconds: 5,
        callback: { step: 'menu', call, try: 2 },
      },
    ]);
    expect(gather).toMatchObject({
      name: 'Gather',
      attributes: {
        input: 'dtmf',
        numDigits: '1',
        timeout: '5',
        action: `${ROOT}/menu?try=2`,
        method: 'POST',
      },
      children: [{ name: 'Say', attributes: { language: 'de-DE' }, text: 'Press 1' }],
    });
    expect(redirect).toMatchObject({ name: 'Redirect', text: `${ROOT}/menu?try=2` });
  });

  const dial = (extra: object) =>
    render([
      {
        verb: 'dial',
        destination: { kind: 'tel', number: '+14155550201' as E164 },
        ringTimeoutSeconds: 20,
        timeLimitSeconds: 600,
        reportAnswer: false,
        record: false,
        callback: { step: 'dial', call, attempt: 3 },
        ...extra,
      },
    ])[0];

  it('dials with a ring timeout and a time limit, and asks for no event that costs a message', () => {
    expect(dial({})).toEqual({
      name: 'Dial',
      attributes: {
        action: `${ROOT}/dial?attempt=3`,
        method: 'POST',
        timeout: '20',
        timeLimit: '600',
        answerOnBridge: 'true',
      },
      text: '',
      children: [{ name: 'Number', attributes: {}, text: '+14155550201', children: [] }],
    });
  });

  it('asks for the answered event and for recordings where wanted', () => {
    const verb = dial({ reportAnswer: true, record: true });
    expect(verb?.attributes).toMatchObject({
      record: 'record-from-answer-dual',
      recordingStatusCallback: `${ROOT}/recording`,
    });
    expect(verb?.children[0]?.attributes).toMatchObject({
      statusCallback: `${ROOT}/leg?attempt=3`,
      statusCallbackEvent: 'answered',
    });
  });

  it('dials SIP', () => {
    expect(dial({ destination: { kind: 'sip', uri: 'sip:desk@buyer.example' } })?.children[0]).toMatchObject({
      name: 'Sip',
      text: 'sip:desk@buyer.example',
    });
  });
});

describe('webhooks of Twilio', () => {
  it.each(['Anonymous', 'anonymous', '+266696687', '', 'sip:x@y', '+1'])(
    'from "%s" are from nobody we can name',
    (From) => {
      expect(readInbound(request({ From })).from).toBeNull();
    },
  );

  it('give place hints only where the carrier has them', () => {
    const { geography } = readInbound(
      request({ From: '+14155550123', FromState: 'CA', FromZip: '94105', FromCity: '' }),
    );
    expect(geography).toEqual({ state: 'CA', postalCode: '94105' });
  });

  it.each([
    ['completed', undefined, 'completed'],
    ['answered', undefined, 'completed'],
    ['busy', undefined, 'busy'],
    ['busy', '603', 'rejected'],
    ['no-answer', undefined, 'no_answer'],
    ['failed', undefined, 'failed'],
    ['canceled', undefined, 'canceled'],
    ['something-new', undefined, 'failed'],
  ])('a dial that is %s (SIP %s) is %s', (DialCallStatus, code, expected) => {
    const form = { DialCallStatus, ...(code === undefined ? {} : { DialSipResponseCode: code }) };
    const { message } = readStep(request(form), { step: 'dial', attempt: 1 });
    expect(message).toMatchObject({ type: 'dial_finished', status: expected, carrierStatus: DialCallStatus });
  });

  it('with a duration nobody can read count as without one', () => {
    const { message } = readStep(request({ DialCallStatus: 'completed', DialCallDuration: 'soon' }), {
      step: 'dial',
      attempt: 1,
    });
    expect(message).toMatchObject({ status: 'completed', talkSeconds: null });
  });

  it.each(['completed', 'no-answer', 'busy', 'failed', 'canceled'])(
    'say that the caller is gone by CallStatus %s',
    (CallStatus) => {
      expect(readStep(request({ CallStatus }), { step: 'fallback' }).message).toMatchObject({
        callerGone: true,
      });
      expect(readStatus(request({ CallStatus })).over).toBe(true);
    },
  );

  it('about a dialled leg belong to its parent call', () => {
    const { call: leg, news } = readLeg(
      request({ CallSid: 'CA2', ParentCallSid: 'CA1', CallStatus: 'in-progress' }),
      2,
    );
    expect(leg.sid).toBe('CA1');
    expect(news).toMatchObject({ type: 'buyer_answered', attempt: 2 });
  });
});
