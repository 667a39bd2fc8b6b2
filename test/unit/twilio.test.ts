import fc from 'fast-check';
import type { CallId, E164 } from '../../domain/ids';
import type { Instructions } from '../../domain/instructions';
import { createTwilioDialect } from '../../telephony/twilio';
import { renderTwiml } from '../../telephony/twiml/render';
import { parseTwiml } from '../system/twiml';

const ROOT = 'https://calls.example.com/telephony/twilio';
const call = 'call_1' as CallId;

const request = (form: Record<string, string | string[]>) => ({
  url: ROOT,
  headers: {},
  form: { CallSid: 'CA1', AccountSid: 'AC1', To: '+14155550100', ...form },
  rawBody: Buffer.alloc(0),
  receivedAt: '2026-01-05T12:00:00.000Z',
});

const twilio = createTwilioDialect({ authToken: 'secret' });

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
        input: 'digits',
        digits: 1,
        terminator: null,
        speech: null,
        timeoutSeconds: 5,
        callback: { step: 'ivr', call, no: 2 },
      },
    ]);
    expect(gather).toMatchObject({
      name: 'Gather',
      attributes: {
        input: 'dtmf',
        numDigits: '1',
        finishOnKey: '',
        timeout: '5',
        action: `${ROOT}/ivr?no=2`,
        method: 'POST',
      },
      children: [{ name: 'Say', attributes: { language: 'de-DE' }, text: 'Press 1' }],
    });
    expect(redirect).toMatchObject({ name: 'Redirect', text: `${ROOT}/ivr?no=2` });
  });

  const dial = (extra: object) =>
    render([
      {
        verb: 'dial',
        destinations: [{ kind: 'tel', number: '+14155550201' as E164 }],
        callerId: null,
        announce: false,
        ringTimeoutSeconds: 20,
        timeLimitSeconds: 600,
        reportAnswer: false,
        record: false,
        callback: { step: 'dial', call, attempt: 3, screened: false },
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

  it('rings several destinations at once, with an announcement for each and the caller ID that was chosen', () => {
    const verb = dial({
      destinations: [
        { kind: 'tel', number: '+14155550201' },
        { kind: 'tel', number: '+14155550202' },
      ],
      callerId: '+14155550100',
      announce: true,
      callback: { step: 'dial', call, attempt: 3, screened: true },
    });
    expect(verb?.attributes).toMatchObject({
      callerId: '+14155550100',
      action: `${ROOT}/dial?attempt=3&screened=1`,
    });
    const url = `${ROOT}/announce?call=call_1&attempt=3`;
    expect(verb?.children.map(({ text, attributes }) => [text, attributes['url']])).toEqual([
      ['+14155550201', url],
      ['+14155550202', url],
    ]);
  });

  it('plays recordings, and speaks with a voice', () => {
    const verbs = render([
      { verb: 'say', prompt: { audioUrl: 'https://cdn.example/a.mp3?x=1&y=2' } },
      { verb: 'say', prompt: { text: 'Hi', language: 'en-GB', voice: 'Polly.Amy' } },
    ]);
    expect(verbs).toMatchObject([
      { name: 'Play', text: 'https://cdn.example/a.mp3?x=1&y=2' },
      { name: 'Say', attributes: { voice: 'Polly.Amy', language: 'en-GB' } },
    ]);
  });

  it('gathers speech with its language and hints, and digits up to a terminator', () => {
    const [gather] = render([
      {
        verb: 'gather',
        prompt: { text: 'Your postal code?', language: 'en-US' },
        input: 'digits_or_speech',
        digits: 5,
        terminator: '#',
        speech: { language: 'en-US', hints: ['nine', 'four'] },
        timeoutSeconds: 4,
        callback: { step: 'ivr', call, no: 1 },
      },
    ]);
    expect(gather?.attributes).toMatchObject({
      input: 'dtmf speech',
      numDigits: '5',
      finishOnKey: '#',
      language: 'en-US',
      hints: 'nine,four',
      speechTimeout: 'auto',
    });
  });

  it('has the carrier come back at once', () => {
    expect(render([{ verb: 'redirect', callback: { step: 'ivr', call, no: 4 } }])).toMatchObject([
      { name: 'Redirect', attributes: { method: 'POST' }, text: `${ROOT}/ivr?no=4` },
    ]);
  });

  it('dials SIP', () => {
    expect(
      dial({ destinations: [{ kind: 'sip', uri: 'sip:desk@buyer.example' }] })?.children[0],
    ).toMatchObject({
      name: 'Sip',
      text: 'sip:desk@buyer.example',
    });
  });
});

describe('webhooks of Twilio', () => {
  it.each(['Anonymous', 'anonymous', '+266696687', '', 'sip:x@y', '+1'])(
    'from "%s" are from nobody we can name',
    (From) => {
      expect(twilio.readInbound(request({ From })).from).toBeNull();
    },
  );

  it('give place hints only where the carrier has them', () => {
    const { geography } = twilio.readInbound(
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
    const { message } = twilio.readStep(request(form), { step: 'dial', attempt: 1 });
    expect(message).toMatchObject({ type: 'dial_finished', status: expected, carrierStatus: DialCallStatus });
  });

  it.each([
    ['TN-Validation-Passed-A', 'A'],
    ['TN-Validation-Passed-B', 'B'],
    ['TN-Validation-Passed-C', 'C'],
    ['TN-Validation-Passed-A-Diverted', 'A'],
    ['TN-Validation-Failed-A', null],
    ['No-TN-Validation', null],
    [undefined, null],
  ])('with the verification status %s attest %s', (StirVerstat, level) => {
    const form = StirVerstat === undefined ? {} : { StirVerstat };
    expect(twilio.readInbound(request(form)).attestation).toBe(level);
  });

  it.each([
    ['true', true],
    ['false', false],
    [undefined, null],
  ])('that say DialBridged=%s tell whether the parties were put through', (DialBridged, bridged) => {
    const form = { DialCallStatus: 'completed', ...(DialBridged === undefined ? {} : { DialBridged }) };
    expect(twilio.readStep(request(form), { step: 'dial', attempt: 1 }).message).toMatchObject({ bridged });
  });

  it('carry what the caller said', () => {
    const { message } = twilio.readStep(request({ SpeechResult: ' home insurance ', Confidence: '0.9' }), {
      step: 'ivr',
      no: 3,
    });
    expect(message).toMatchObject({ type: 'ivr_answered', no: 3, digits: null, speech: 'home insurance' });
  });

  it('with a duration nobody can read count as without one', () => {
    const { message } = twilio.readStep(request({ DialCallStatus: 'completed', DialCallDuration: 'soon' }), {
      step: 'dial',
      attempt: 1,
    });
    expect(message).toMatchObject({ status: 'completed', talkSeconds: null });
  });

  it.each(['completed', 'no-answer', 'busy', 'failed', 'canceled'])(
    'say that the caller is gone by CallStatus %s',
    (CallStatus) => {
      expect(twilio.readStep(request({ CallStatus }), { step: 'fallback' }).message).toMatchObject({
        callerGone: true,
      });
      expect(twilio.readStatus(request({ CallStatus })).over).toBe(true);
    },
  );

  it('about a dialled leg belong to its parent call', () => {
    const { call: leg, news } = twilio.readLeg(
      request({ CallSid: 'CA2', ParentCallSid: 'CA1', CallStatus: 'in-progress' }),
      2,
    );
    expect(leg.sid).toBe('CA1');
    expect(news).toMatchObject({ type: 'buyer_answered', attempt: 2 });
  });
});
