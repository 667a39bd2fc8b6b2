import type { BuyerBehaviour } from '../../telephony/simulator';
import { Platform } from './simulator-platform';

const platform = new Platform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());
beforeEach(() => platform.reset());

const buyer = '+12125550111';
const dial = (attributes = '', nouns = `<Number>${buyer}</Number>`): string =>
  `<Dial action="/dialled" timeout="20" ${attributes}>${nouns}</Dial>`;
const only = (behaviour: BuyerBehaviour) => ({ buyers: { default: behaviour } });

describe('a dialled buyer', () => {
  test.each<[string, BuyerBehaviour, Record<string, string>]>([
    [
      'answers and hangs up',
      { kind: 'answer', talkSeconds: 42 },
      {
        DialCallStatus: 'completed',
        DialCallDuration: '42',
        DialBridged: 'true',
        DialSipResponseCode: '200',
      },
    ],
    [
      'is busy',
      { kind: 'busy' },
      { DialCallStatus: 'busy', DialBridged: 'false', DialSipResponseCode: '486' },
    ],
    ['rings out', { kind: 'no-answer' }, { DialCallStatus: 'no-answer', DialBridged: 'false' }],
    ['declines', { kind: 'reject' }, { DialCallStatus: 'busy', DialSipResponseCode: '603' }],
    ['cannot be reached', { kind: 'failed' }, { DialCallStatus: 'failed', DialSipResponseCode: '503' }],
    ['answers at the timeout', { kind: 'answer', ringSeconds: 20 }, { DialCallStatus: 'no-answer' }],
  ])('who %s is reported to the action while the caller waits', async (_name, behaviour, fields) => {
    platform.twiml('/voice', dial());
    platform.twiml('/dialled', '<Hangup/>');
    const call = await platform.call(only(behaviour));
    const [action] = platform.at('/dialled');
    expect(action?.signed).toBe(true);
    expect(action?.fields).toMatchObject({ ...fields, CallStatus: 'in-progress' });
    expect(action?.fields['DialCallSid']).toMatch(/^CA[0-9a-f]{32}$/);
    expect(call.dials).toHaveLength(1);
    expect(call.errors).toEqual([]);
  });

  test('who never hangs up is cut off by the time limit', async () => {
    platform.twiml('/voice', dial('timeLimit="90"'));
    platform.twiml('/dialled', '<Hangup/>');
    await platform.call(only({ kind: 'answer' }));
    expect(platform.at('/dialled')[0]?.fields).toMatchObject({
      DialCallStatus: 'completed',
      DialCallDuration: '90',
    });
  });

  test('whose number is none fails at once with a warning', async () => {
    platform.twiml('/voice', dial('', '<Number>reception</Number>'));
    platform.twiml('/dialled', '<Hangup/>');
    const call = await platform.call();
    expect(call.warnings).toEqual(['"reception" cannot be dialled']);
    expect(platform.at('/dialled')[0]?.fields).toMatchObject({ DialCallStatus: 'failed' });
  });

  test('is followed by the next one, each with the behaviour of its place or of its number', async () => {
    platform.twiml('/voice', '<Dial action="/second">+12125550111</Dial>');
    platform.twiml('/second', '<Dial action="/third"><Number>+12125550112</Number></Dial>');
    platform.twiml('/third', '<Dial action="/end"><Sip>sip:desk@buyer.example</Sip></Dial>');
    platform.twiml('/end', '<Hangup/>');
    const call = await platform.call({
      buyers: {
        default: { kind: 'failed' },
        inDialOrder: [{ kind: 'busy' }, { kind: 'answer', talkSeconds: 5 }],
        byDestination: { '+12125550112': { kind: 'reject' } },
      },
    });
    expect(call.dials.map((each) => each.legs[0]?.result)).toEqual(['busy', 'rejected', 'completed']);
    expect(platform.paths()).toEqual(['/voice', '/second', '/third', '/end', '/status']);
  });

  test('without an action leaves the caller to the next verb', async () => {
    platform.twiml('/voice', `<Dial>${buyer}</Dial><Redirect>/after</Redirect>`);
    platform.twiml('/after', '<Hangup/>');
    await platform.call(only({ kind: 'busy' }));
    expect(platform.paths()).toEqual(['/voice', '/after', '/status']);
  });
});

describe('buyers that ring together', () => {
  const both = dial('', `<Number>${buyer}</Number><Number>+12125550112</Number>`);

  test('are decided by the first to answer, the other is canceled', async () => {
    platform.twiml('/voice', both);
    platform.twiml('/dialled', '<Hangup/>');
    const call = await platform.call({
      buyers: {
        default: { kind: 'failed' },
        inDialOrder: [
          { kind: 'answer', ringSeconds: 9 },
          { kind: 'answer', ringSeconds: 4, talkSeconds: 30 },
        ],
      },
    });
    const [first, second] = call.dials[0]?.legs ?? [];
    expect(first?.result).toBe('lost');
    expect(second).toMatchObject({ result: 'completed', talkSeconds: 30 });
    expect(platform.at('/dialled')[0]?.fields).toMatchObject({
      DialCallSid: second?.legSid,
      DialCallDuration: '30',
    });
  });

  test('end as no-answer when one is busy and the other rings out', async () => {
    platform.twiml('/voice', both);
    platform.twiml('/dialled', '<Hangup/>');
    await platform.call({ buyers: { default: { kind: 'no-answer' }, inDialOrder: [{ kind: 'busy' }] } });
    expect(platform.at('/dialled')[0]?.fields).toMatchObject({ DialCallStatus: 'no-answer' });
  });
});

describe('a caller who hangs up', () => {
  test.each(['canceled', 'no-answer'] as const)(
    'while it rings is reported to the action as %s with CallStatus completed',
    async (abandonedDialStatus) => {
      platform.twiml('/voice', dial());
      const call = await platform.call({
        ...only({ kind: 'no-answer' }),
        callerHangUp: { during: 'ringing', afterSeconds: 7 },
        abandonedDialStatus,
      });
      expect(call.ending).toEqual({ kind: 'caller-hung-up', during: 'ringing' });
      expect(platform.at('/dialled')[0]?.fields).toMatchObject({
        DialCallStatus: abandonedDialStatus,
        CallStatus: 'completed',
      });
      expect(platform.at('/status')[0]?.fields).toMatchObject({ CallStatus: 'completed', CallDuration: '7' });
    },
  );

  test('between two buyers is gone for the second', async () => {
    platform.twiml('/voice', dial());
    platform.on('/dialled', async (_request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      response.type('text/xml').send(`<Response>${dial()}</Response>`);
    });
    const call = await platform.call({
      ...only({ kind: 'busy', afterSeconds: 1 }),
      callerHangUp: { during: 'ringing', afterSeconds: 1.05 },
    });
    expect(call.ending).toEqual({ kind: 'caller-hung-up', during: 'ringing' });
    expect(call.dials).toHaveLength(1);
    expect(call.errors).toEqual([]);
  });

  test('while talking ends the buyer too, and the action learns how long they talked', async () => {
    platform.twiml('/voice', dial());
    const call = await platform.call({
      ...only({ kind: 'answer', talkSeconds: 600 }),
      callerHangUp: { during: 'talking', afterSeconds: 25 },
    });
    expect(call.ending).toEqual({ kind: 'caller-hung-up', during: 'talking' });
    expect(platform.at('/dialled')[0]?.fields).toMatchObject({
      DialCallStatus: 'completed',
      DialCallDuration: '25',
      CallStatus: 'completed',
    });
  });

  test('before an answer that answerOnBridge waits for leaves an unanswered call', async () => {
    platform.twiml('/voice', dial('answerOnBridge="true"'));
    const call = await platform.call({
      ...only({ kind: 'no-answer' }),
      callerHangUp: { during: 'ringing', afterSeconds: 3 },
    });
    expect(call).toMatchObject({ callStatus: 'no-answer', durationSeconds: 0 });
  });

  test('can have the end reported before the action is asked', async () => {
    platform.twiml('/voice', dial());
    const callerHangUp = { during: 'ringing', afterSeconds: 2 } as const;
    await platform.call({ ...only({ kind: 'no-answer' }), callerHangUp, statusBeforeAction: true });
    expect(platform.paths()).toEqual(['/voice', '/status', '/dialled']);
  });
});

describe('reports about a dialled buyer', () => {
  const watched = dial(
    'record="record-from-answer" recordingStatusCallback="/recording" callerId="+14155550100"',
    `<Number statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed">${buyer}</Number>`,
  );

  test('come in order, name the child leg and its parent, and number the events', async () => {
    platform.twiml('/voice', watched);
    platform.twiml('/dialled', '<Hangup/>');
    const call = await platform.call(only({ kind: 'answer', talkSeconds: 30 }));
    const legs = platform.at('/leg');
    expect(legs.every((leg) => leg.signed)).toBe(true);
    expect(legs.map((leg) => [leg.fields['CallStatus'], leg.fields['SequenceNumber']])).toEqual([
      ['initiated', '0'],
      ['ringing', '1'],
      ['in-progress', '2'],
      ['completed', '3'],
    ]);
    expect(legs[3]?.fields).toMatchObject({
      CallSid: call.dials[0]?.legs[0]?.legSid,
      ParentCallSid: call.callSid,
      From: '+14155550100',
      To: buyer,
      Direction: 'outbound-dial',
      CallDuration: '30',
      SipResponseCode: '200',
    });
    expect(platform.at('/recording')[0]?.fields).toMatchObject({
      CallSid: call.callSid,
      RecordingStatus: 'completed',
      RecordingDuration: '30',
      RecordingSource: 'DialVerb',
    });
    expect(platform.at('/dialled')[0]?.fields['RecordingUrl']).toContain('RE');
  });

  test('can be dropped and can arrive after later ones', async () => {
    platform.twiml('/voice', watched);
    platform.twiml('/dialled', '<Hangup/>');
    const call = await platform.call({
      ...only({ kind: 'answer', talkSeconds: 30 }),
      deliver: (report) => {
        if (report.status === 'initiated') return { kind: 'drop' };
        return report.status === 'in-progress' ? { kind: 'delay', seconds: 200 } : { kind: 'send' };
      },
    });
    expect(platform.at('/leg').map((leg) => leg.fields['CallStatus'])).toEqual([
      'ringing',
      'completed',
      'in-progress',
    ]);
    expect(call.events.filter((event) => event.type === 'callback-dropped')).toHaveLength(1);
  });

  test('that cannot be delivered are errors of the call, which goes on', async () => {
    platform.twiml('/voice', watched);
    platform.twiml('/dialled', '<Hangup/>');
    platform.on('/leg', (_request, response) => {
      response.sendStatus(500);
    });
    const call = await platform.call(only({ kind: 'answer', talkSeconds: 1 }));
    expect(call.ending.kind).toBe('hung-up-by-application');
    expect(call.errors).toHaveLength(4);
  });
});
