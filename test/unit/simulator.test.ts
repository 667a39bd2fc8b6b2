import type { CallEvent } from '../../telephony/simulator';
import { accountSid, Platform } from './simulator-platform';

const platform = new Platform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());
beforeEach(() => platform.reset());

describe('the requests of a simulated carrier', () => {
  test('carry the fields of the Twilio dialect and a signature that Twilio accepts', async () => {
    platform.twiml('/voice', '<Say>Hello</Say><Hangup/>');
    const call = await platform.call({
      callerPlace: { city: 'SAN FRANCISCO', state: 'CA', zip: '94105', country: 'US' },
      stirVerstat: 'TN-Validation-Passed-A',
      extraFields: { CallerName: 'ÅNGSTRÖM & SON' },
    });
    expect(call.ending).toEqual({ kind: 'hung-up-by-application' });
    const [voice] = platform.at('/voice');
    expect(voice).toMatchObject({ method: 'POST', signed: true });
    expect(voice?.fields).toMatchObject({
      CallSid: call.callSid,
      AccountSid: accountSid,
      From: '+14155550123',
      To: '+14155550100',
      Caller: '+14155550123',
      Called: '+14155550100',
      CallStatus: 'ringing',
      Direction: 'inbound',
      ApiVersion: '2010-04-01',
      FromCity: 'SAN FRANCISCO',
      FromState: 'CA',
      FromZip: '94105',
      FromCountry: 'US',
      StirVerstat: 'TN-Validation-Passed-A',
      CallerName: 'ÅNGSTRÖM & SON',
    });
    expect(call.callSid).toMatch(/^CA[0-9a-f]{32}$/);
    expect(call.errors).toEqual([]);
  });

  test('by GET carry the fields in the signed query, beside what the URL had', async () => {
    platform.twiml('/voice', '<Redirect method="GET">/next?step=2&amp;name=a%20b</Redirect>');
    platform.twiml('/next', '<Hangup/>');
    await platform.call();
    const [next] = platform.at('/next');
    expect(next).toMatchObject({ method: 'GET', signed: true });
    expect(next?.query).toMatchObject({ step: '2', name: 'a b', From: '+14155550123' });
  });

  test('report the end with duration, sequence and an RFC 2822 time', async () => {
    platform.twiml('/voice', '<Pause length="2"/><Say>x</Say><Pause length="61"/>');
    const call = await platform.call();
    expect(call).toMatchObject({ ending: { kind: 'instructions-ended' }, callStatus: 'completed' });
    expect(call.durationSeconds).toBeGreaterThanOrEqual(61);
    const [status] = platform.at('/status');
    expect(status?.signed).toBe(true);
    expect(status?.fields).toMatchObject({
      CallStatus: 'completed',
      CallDuration: String(call.durationSeconds),
      Duration: '2',
      SequenceNumber: '0',
      CallbackSource: 'call-progress-events',
      Timestamp: expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000$/) as string,
    });
  });

  test('are tried once more after a 5xx answer, under the same idempotency token', async () => {
    let tries = 0;
    platform.on('/voice', (_request, response) => {
      tries += 1;
      if (tries === 1) response.sendStatus(503);
      else response.type('text/xml').send('<Response><Hangup/></Response>');
    });
    const call = await platform.call();
    expect(call.ending.kind).toBe('hung-up-by-application');
    expect(call.webhooks.filter((webhook) => webhook.purpose === 'voice')).toMatchObject([
      { attempt: 1, status: 503 },
      { attempt: 2, status: 200, error: null },
    ]);
    const tokens = platform.at('/voice').map((request) => request.idempotencyToken);
    expect(new Set(tokens).size).toBe(1);
    expect(call.errors).toEqual([]);
  });

  test('are tried once more when nothing listens, and then end the call with an application error', async () => {
    const call = await platform.call({ voiceUrl: 'http://127.0.0.1:9/voice' });
    expect(call.ending).toMatchObject({ kind: 'application-error', code: 11200 });
    expect(call.webhooks.filter((webhook) => webhook.purpose === 'voice')).toHaveLength(2);
    expect(call.errors).toHaveLength(1);
    expect(platform.paths()).toEqual(['/status']);
  });

  test('are not tried again after a timeout, which ends the call with an application error', async () => {
    platform.on('/voice', () => new Promise(() => undefined));
    const call = await platform.call({ requestTimeoutMilliseconds: 50 });
    expect(call.ending).toMatchObject({ kind: 'application-error', code: 11200 });
    expect(platform.at('/voice')).toHaveLength(1);
  });

  test('are sent in copies at once when asked to, and differing answers are reported', async () => {
    let answers = 0;
    platform.on('/voice', (_request, response) => {
      answers += 1;
      response.type('text/xml').send(`<Response><Say>${answers}</Say><Redirect>/same</Redirect></Response>`);
    });
    platform.twiml('/same', '<Hangup/>');
    const call = await platform.call({ duplicates: 10 });
    expect(platform.at('/voice')).toHaveLength(10);
    expect(platform.at('/same')).toHaveLength(10);
    expect(platform.at('/status')).toHaveLength(10);
    expect(call.differingAnswers).toEqual(['voice']);
    expect(call.ending.kind).toBe('hung-up-by-application');
  });
});

describe('answers a carrier cannot use', () => {
  test.each([
    ['no XML', 'text/xml', '<Response><Say>', 12100],
    ['an empty body', 'text/xml', '', 12100],
    ['another root', 'text/xml', '<Reply/>', 12100],
    ['another content type', 'application/json', '{}', 12300],
  ])('%s ends the call with an application error', async (_name, type, body, code) => {
    platform.on('/voice', (_request, response) => {
      response.type(type).send(body);
    });
    const call = await platform.call();
    expect(call.ending).toMatchObject({ kind: 'application-error', code });
    expect(call.errors).toHaveLength(1);
    expect(platform.at('/status')).toHaveLength(1);
  });

  test('a 404 is an application error and is not tried again', async () => {
    platform.on('/voice', (_request, response) => {
      response.status(404).send('nothing here');
    });
    const call = await platform.call();
    expect(call.errors[0]).toContain('answered 404: nothing here');
    expect(platform.at('/voice')).toHaveLength(1);
  });

  test('unknown verbs, attributes and values are skipped with a warning', async () => {
    platform.twiml('/voice', '<Sing>la</Sing><Say tempo="2" loop="many">a</Say><Pause length="x"/><Hangup/>');
    const call = await platform.call();
    expect(call.ending.kind).toBe('hung-up-by-application');
    expect(call.warnings).toEqual([
      '<Sing> is not a verb this carrier knows; ignored',
      '<Say loop="many"> is not valid; 1 used',
      '<Say tempo="…"> is not simulated; ignored',
      '<Pause length="x"> is not valid; 1 used',
    ]);
  });

  test('a platform that redirects for ever is stopped', async () => {
    platform.twiml('/voice', '<Redirect/>');
    const call = await platform.call();
    expect(call.ending).toMatchObject({ kind: 'application-error', message: 'no end after 500 documents' });
  });
});

describe('a menu', () => {
  const menu = (attributes: string): string =>
    `<Gather action="answer" ${attributes}><Say>Press one for sales, two for support.</Say></Gather><Redirect>/again</Redirect>`;

  test('posts the digits to an action relative to the document, one list entry per prompt', async () => {
    platform.twiml('/ivr/start', menu('numDigits="1"'));
    platform.twiml('/ivr/answer', '<Gather action="/second" numDigits="2" timeout="3"/>');
    platform.twiml('/second', '<Hangup/>');
    const call = await platform.call({ voiceUrl: `${platform.origin}/ivr/start`, digits: ['12', '34'] });
    expect(platform.at('/ivr/answer')[0]?.fields).toMatchObject({
      Digits: '1',
      FinishedOnKey: '',
      msg: 'Gather End',
      CallStatus: 'in-progress',
    });
    expect(platform.at('/second')[0]?.fields).toMatchObject({ Digits: '34' });
    expect(call.events.filter((event) => event.type === 'digits-pressed')).toHaveLength(2);
  });

  test('falls through to the next verb when nothing is pressed before the timeout', async () => {
    platform.twiml('/voice', menu('timeout="7"'));
    platform.twiml('/again', '<Hangup/>');
    const call = await platform.call();
    expect(platform.paths()).toEqual(['/voice', '/again', '/status']);
    const silent = call.events.find((event) => event.type === 'no-digits');
    expect(silent?.seconds).toBeGreaterThan(7 + 2);
  });

  test('asks the action without digits when actionOnEmptyResult says so', async () => {
    platform.twiml('/voice', menu('actionOnEmptyResult="true"'));
    platform.twiml('/answer', '<Hangup/>');
    await platform.call();
    expect(platform.at('/answer')[0]?.fields).toMatchObject({ Digits: '' });
  });

  test('ends at the finishing key, which is not among the digits', async () => {
    platform.twiml('/voice', menu('finishOnKey="*"'));
    platform.twiml('/answer', '<Hangup/>');
    await platform.call({ digits: ['12*3'] });
    expect(platform.at('/answer')[0]?.fields).toMatchObject({ Digits: '12', FinishedOnKey: '*' });
  });

  test('without an action asks the URL of its own document again', async () => {
    let visits = 0;
    platform.on('/voice', (_request, response) => {
      visits += 1;
      response
        .type('text/xml')
        .send(`<Response>${visits === 1 ? '<Gather numDigits="1"/>' : '<Hangup/>'}</Response>`);
    });
    await platform.call({ digits: ['5'] });
    expect(platform.at('/voice').map((request) => request.fields['Digits'])).toEqual([undefined, '5']);
  });

  test('whose caller hangs up asks no action and reports the end', async () => {
    platform.twiml('/voice', menu('numDigits="1" timeout="30"'));
    const call = await platform.call({ callerHangUp: { during: 'ivr', afterSeconds: 6 } });
    expect(call.ending).toEqual({ kind: 'caller-hung-up', during: 'ivr' });
    expect(platform.paths()).toEqual(['/voice', '/status']);
    const [status] = platform.at('/status');
    expect(status?.fields).toMatchObject({
      CallStatus: 'completed',
      CallDuration: String(call.durationSeconds),
    });
    const hungUp = call.events.find((event) => event.type === 'hung-up');
    expect(hungUp?.seconds).toBeCloseTo(6, 6);
  });
});

describe('the rest of a call', () => {
  test('a caller who hangs up before the first answer is reported while that request is under way', async () => {
    platform.on('/voice', async (_request, response) => {
      while (platform.at('/status').length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      response.type('text/xml').send('<Response><Hangup/></Response>');
    });
    const call = await platform.call({ callerHangUp: { during: 'ivr', afterSeconds: 0 } });
    expect(call).toMatchObject({
      ending: { kind: 'caller-hung-up', during: 'ivr' },
      callStatus: 'no-answer',
      errors: [],
    });
    expect(call.events.some((event) => event.type === 'instructions')).toBe(false);
  });

  test.each([
    ['busy', 'busy'],
    ['rejected', 'no-answer'],
  ])('Reject with reason %s ends an unanswered call as %s', async (reason, status) => {
    platform.twiml('/voice', `<Reject reason="${reason}"/>`);
    const call = await platform.call();
    expect(call).toMatchObject({
      ending: { kind: 'rejected', reason },
      callStatus: status,
      durationSeconds: 0,
    });
    expect(platform.at('/status')[0]?.fields).toMatchObject({ CallStatus: status, CallDuration: '0' });
  });

  test('Record sends the recording to its action and to its callback', async () => {
    platform.twiml('/voice', '<Record maxLength="60" action="/saved" recordingStatusCallback="/recording"/>');
    platform.twiml('/saved', '<Hangup/>');
    await platform.call({ messageSeconds: 8 });
    const [saved] = platform.at('/saved');
    expect(saved?.fields).toMatchObject({ RecordingDuration: '13', CallStatus: 'in-progress' });
    const [recording] = platform.at('/recording');
    expect(recording?.fields).toMatchObject({
      RecordingStatus: 'completed',
      RecordingDuration: '13',
      RecordingSource: 'RecordVerb',
      RecordingUrl: saved?.fields['RecordingUrl'],
    });
  });

  test('events come in order of the simulated clock, and speed changes no simulated time', async () => {
    platform.twiml('/voice', '<Say>Hello there</Say><Pause length="5"/><Hangup/>');
    const heard: CallEvent[] = [];
    const call = await platform.call({ onEvent: (event) => heard.push(event) });
    expect(heard).toEqual(call.events);
    const seconds = heard.map((event) => event.seconds);
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    const slower = await platform.call({ speed: 200 });
    expect(Math.abs(slower.durationSeconds - call.durationSeconds)).toBeLessThanOrEqual(1);
  });

  test('an abort ends it with the reason, and nothing more is sent', async () => {
    platform.twiml('/voice', '<Pause length="180"/>');
    const controller = new AbortController();
    const call = platform.call({ speed: 1, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('power cut')), 30);
    await expect(call).rejects.toThrow('power cut');
    expect(platform.at('/status')).toEqual([]);
  });

  test('an error of the listener ends it with that error', async () => {
    platform.twiml('/voice', '<Hangup/>');
    const onEvent = (event: CallEvent): void => {
      if (event.type === 'webhook-answered') throw new Error('listener broke');
    };
    await expect(platform.call({ onEvent })).rejects.toThrow('listener broke');
  });
});
