import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import type { CallId, E164 } from '../../domain/ids';
import type { WebhookRequest } from '../../telephony/port';
import { createSignalWireDialect } from '../../telephony/signalwire';
import { createTwilioDialect } from '../../telephony/twilio';
import { parseTwiml } from '../system/twiml';

const KEY = 'PSK_secret';
const URL_CALLED = 'https://calls.example.com/telephony/signalwire/voice';
const call = 'call_1' as CallId;
const dialect = createSignalWireDialect({ signingKey: KEY });

const form = {
  CallSid: 'b3877c40-da60-4998-90ad-b792e98472af',
  AccountSid: '5c5f36a5-31c7-4d62-9aa1-4c5a3bf0b5b7',
  From: '+14155550123',
  To: '+14155550100',
  CallStatus: 'ringing',
};

const request = (headers: Record<string, string>, more: Partial<WebhookRequest> = {}): WebhookRequest => ({
  url: URL_CALLED,
  headers,
  form,
  rawBody: Buffer.alloc(0),
  receivedAt: '2026-01-05T12:00:00.000Z',
  ...more,
});

const signed = (key: string) => getExpectedTwilioSignature(key, URL_CALLED, form);

describe('a signature of SignalWire', () => {
  it('counts in its own header', () => {
    expect(dialect.verify(request({ 'x-signalwire-signature': signed(KEY) }))).toBe('ok');
  });

  it('counts in Twilio’s header where its own is not sent', () => {
    expect(dialect.verify(request({ 'x-twilio-signature': signed(KEY) }))).toBe('ok');
    const both = { 'x-signalwire-signature': '', 'x-twilio-signature': signed(KEY) };
    expect(dialect.verify(request(both))).toBe('ok');
  });

  it('that does not fit is not made up for by the other header', () => {
    const both = { 'x-signalwire-signature': signed('another'), 'x-twilio-signature': signed(KEY) };
    expect(dialect.verify(request(both))).toBe('mismatch');
  });

  it.each([
    ['of another key', { 'x-signalwire-signature': signed('another') }, {}],
    [
      'over other fields',
      { 'x-signalwire-signature': signed(KEY) },
      { form: { ...form, To: '+14155550199' } },
    ],
    ['over another URL', { 'x-signalwire-signature': signed(KEY) }, { url: `${URL_CALLED}?x=1` }],
    ['over what is no URL', { 'x-signalwire-signature': signed(KEY) }, { url: 'http://' }],
  ])('%s does not fit', (_name, headers, more) => {
    expect(dialect.verify(request(headers, more))).toBe('mismatch');
  });

  it('is missed where there is none', () => {
    expect(dialect.verify(request({}))).toBe('missing');
    expect(dialect.verify(request({ 'x-signalwire-signature': '' }))).toBe('missing');
  });
});

describe('webhooks of SignalWire', () => {
  it('name calls that are not Twilio’s, whatever the SID', () => {
    const ours = dialect.readInbound(request({}));
    expect(ours).toMatchObject({ carrier: 'signalwire', sid: form.CallSid, from: '+14155550123' });
    const twilio = createTwilioDialect({ authToken: KEY }).readInbound(request({}));
    expect(ours.callId).not.toBe(twilio.callId);
  });

  it('about one call agree on its id', () => {
    const { callId } = dialect.readInbound(request({}));
    const leg = { ...form, CallSid: 'other', ParentCallSid: form.CallSid, CallStatus: 'in-progress' };
    expect(dialect.readLeg(request({}, { form: leg }), 1).call.callId).toBe(callId);
    expect(dialect.readStatus(request({})).call.callId).toBe(callId);
    expect(dialect.readStep(request({}), { step: 'fallback' }).call.callId).toBe(callId);
    const recording = { ...form, RecordingSid: 'r1' };
    expect(dialect.readRecording(request({}, { form: recording })).call.callId).toBe(callId);
  });

  it('carry the attestation as Twilio’s do', () => {
    const attested = { ...form, StirVerstat: 'TN-Validation-Passed-B' };
    expect(dialect.readInbound(request({}, { form: attested })).attestation).toBe('B');
  });
});

describe('documents for SignalWire', () => {
  const render = (instructions: Parameters<typeof dialect.render>[0]) =>
    dialect.render(instructions, { baseUrl: 'https://calls.example.com' });

  it('send every gather and dial to an absolute URL below its own root', () => {
    const { contentType, body } = render([
      {
        verb: 'gather',
        prompt: { text: 'Press 1', language: 'en-US' },
        input: 'digits_or_speech',
        digits: 1,
        terminator: null,
        speech: { language: 'en-US', hints: ['one'] },
        timeoutSeconds: 5,
        callback: { step: 'ivr', call, no: 1 },
      },
      {
        verb: 'dial',
        destinations: [{ kind: 'tel', number: '+14155550201' as E164 }],
        callerId: null,
        announce: true,
        ringTimeoutSeconds: 20,
        timeLimitSeconds: 600,
        reportAnswer: true,
        record: true,
        callback: { step: 'dial', call, attempt: 1, screened: false },
      },
    ]);
    expect(contentType).toMatch(/^text\/xml/);
    const [gather, redirect, dial] = parseTwiml(body);
    const root = 'https://calls.example.com/telephony/signalwire';
    expect(gather?.attributes['action']).toBe(`${root}/ivr?no=1`);
    expect(redirect?.text).toBe(`${root}/ivr?no=1`);
    expect(dial?.attributes).toMatchObject({
      action: `${root}/dial?attempt=1`,
      recordingStatusCallback: `${root}/recording`,
    });
    expect(dial?.children[0]?.attributes).toMatchObject({
      url: `${root}/announce?call=call_1&attempt=1`,
      statusCallback: `${root}/leg?attempt=1`,
    });
    expect(body).not.toContain('telephony/twilio');
  });
});
