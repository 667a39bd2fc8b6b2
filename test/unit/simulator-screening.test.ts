import type { BuyerBehaviour, CallEvent, LegResult } from '../../telephony/simulator';
import { Platform } from './simulator-platform';

const platform = new Platform();
beforeAll(() => platform.start());
afterAll(() => platform.stop());
beforeEach(() => platform.reset());

const buyer = '+12125550111';
const second = '+12125550112';
const screened = (number = buyer, url = '/whisper'): string =>
  `<Number url="${url}" statusCallback="/leg" statusCallbackEvent="answered completed">${number}</Number>`;
const dial = (nouns = screened()): string =>
  `<Dial action="/dialled" timeout="20" answerOnBridge="true" callerId="+14155550100">${nouns}</Dial>`;
const press1 =
  '<Gather action="/accept" numDigits="1" timeout="5"><Say language="es-US" voice="Polly.Lupe">Press one to accept</Say></Gather><Hangup/>';

/** What was said to, and pressed by, the buyers. */
const onBuyersLeg = (events: readonly CallEvent[]): string[] =>
  events.flatMap((event) => {
    if (event.type === 'buyer-heard') return [`${event.verb} ${event.text}`.trim()];
    return event.type === 'buyer-pressed' ? [`pressed ${event.digits}`] : [];
  });

const answers = (more: Partial<Extract<BuyerBehaviour, { kind: 'answer' }>> = {}): BuyerBehaviour => ({
  kind: 'answer',
  talkSeconds: 40,
  ...more,
});

describe('a document that runs for a buyer before the bridge', () => {
  beforeEach(() => {
    platform.twiml('/voice', dial());
    platform.twiml('/dialled', '<Hangup/>');
    platform.twiml('/whisper', press1);
    platform.twiml('/accept', '');
  });

  test('is asked for with the fields and the signature of the buyer’s leg', async () => {
    const call = await platform.call({ buyers: { default: answers({ presses: '1' }) } });
    const [whisper] = platform.at('/whisper');
    expect(whisper).toMatchObject({ method: 'POST', signed: true });
    expect(whisper?.fields).toMatchObject({
      CallSid: call.dials[0]?.legs[0]?.legSid,
      ParentCallSid: call.callSid,
      From: '+14155550100',
      To: buyer,
      CallStatus: 'in-progress',
      Direction: 'outbound-dial',
    });
    expect(platform.at('/accept')[0]?.fields).toMatchObject({ Digits: '1', ParentCallSid: call.callSid });
  });

  test('bridges when it ends, and the duration counts from the answer', async () => {
    const call = await platform.call({ buyers: { default: answers({ presses: '1' }) } });
    expect(onBuyersLeg(call.events)).toEqual(['gather', 'say Press one to accept', 'pressed 1']);
    const heard = call.events.find((event) => event.type === 'buyer-heard' && event.verb === 'say');
    expect(heard).toMatchObject({ language: 'es-US', voice: 'Polly.Lupe' });
    const [leg] = call.dials[0]?.legs ?? [];
    expect(leg).toMatchObject({ result: 'completed', talkSeconds: 40 });
    expect(leg?.answeredSeconds).toBeGreaterThan(40.9);
    expect(call.dials[0]).toMatchObject({ bridged: true, callerId: '+14155550100', talkSeconds: 40 });
    expect(platform.at('/dialled')[0]?.fields).toMatchObject({
      DialCallStatus: 'completed',
      DialBridged: 'true',
      DialCallDuration: String(Math.round(leg?.answeredSeconds ?? 0)),
      CallStatus: 'in-progress',
    });
    const bridged = call.events.find((event) => event.type === 'buyer-bridged');
    const answered = call.events.find((event) => event.type === 'answered');
    expect(answered?.seconds).toBeCloseTo(bridged?.seconds ?? 0, 1);
  });

  test('that only speaks needs no key', async () => {
    platform.twiml(
      '/whisper',
      '<Say>A call about insurance</Say><Play>https://sounds.example/beep.mp3</Play>',
    );
    const call = await platform.call({ buyers: { default: answers() } });
    expect(onBuyersLeg(call.events)).toEqual([
      'say A call about insurance',
      'play https://sounds.example/beep.mp3',
    ]);
    expect(call.dials[0]?.bridged).toBe(true);
  });

  test.each([
    ['silence', {}, ''],
    ['the wrong key', { presses: '9' }, '9'],
  ])(
    'and hangs up after %s, ends the dial unbridged while the caller stays',
    async (_name, more, pressed) => {
      platform.twiml('/accept', '<Hangup/>');
      const call = await platform.call({ buyers: { default: answers(more) } });
      expect(onBuyersLeg(call.events)).toContain(`pressed ${pressed}`);
      expect(call.dials[0]).toMatchObject({ status: 'completed', bridged: false, talkSeconds: 0 });
      expect(call.dials[0]?.legs[0]?.result).toBe<LegResult>('declined');
      const { fields } = platform.at('/dialled')[0] ?? {};
      expect(fields).toMatchObject({
        DialCallStatus: 'completed',
        DialBridged: 'false',
        // The caller hears ringing until a bridge, so their leg is not answered yet.
        CallStatus: 'ringing',
      });
      expect(Number(fields?.['DialCallDuration'])).toBeGreaterThanOrEqual(1);
      expect(platform.at('/leg').map((leg) => leg.fields['CallStatus'])).toEqual([
        'in-progress',
        'completed',
      ]);
      expect(call.errors).toEqual([]);
    },
  );

  test('and hangs up can be reported otherwise', async () => {
    await platform.call({ buyers: { default: answers() }, declinedDialStatus: 'no-answer' });
    expect(platform.at('/dialled')[0]?.fields).toMatchObject({
      DialCallStatus: 'no-answer',
      DialBridged: 'false',
    });
  });

  test('that cannot be had ends the buyer’s leg, and is an error of the platform', async () => {
    platform.on('/whisper', (_request, response) => {
      response.sendStatus(404);
    });
    const call = await platform.call({ buyers: { default: answers() } });
    expect(call.dials[0]).toMatchObject({ bridged: false });
    expect(call.ending.kind).toBe('hung-up-by-application');
    expect(call.errors).toHaveLength(1);
  });

  test('may not dial, and follows redirects', async () => {
    platform.twiml('/whisper', '<Dial>+12125550199</Dial><Redirect method="GET">/more</Redirect>');
    platform.twiml('/more', '<Pause length="2"/>');
    const call = await platform.call({ buyers: { default: answers() } });
    expect(call.warnings).toEqual(['<dial> cannot stand in a document that runs before a bridge']);
    expect(platform.at('/more')[0]).toMatchObject({ method: 'GET', signed: true });
    expect(call.dials[0]?.legs[0]?.answeredSeconds).toBeGreaterThanOrEqual(42);
  });

  test('is cut short by a caller who hangs up', async () => {
    const call = await platform.call({
      buyers: { default: answers({ ringSeconds: 3 }) },
      callerHangUp: { during: 'ringing', afterSeconds: 4 },
    });
    expect(call.ending).toEqual({ kind: 'caller-hung-up', during: 'ringing' });
    expect(call).toMatchObject({ callStatus: 'no-answer', errors: [] });
    expect(call.dials[0]?.legs[0]).toMatchObject({ result: 'canceled' });
    expect(platform.at('/dialled')[0]?.fields).toMatchObject({
      DialBridged: 'false',
      CallStatus: 'no-answer',
    });
  });
});

describe('buyers that ring together', () => {
  const both = dial(screened(buyer) + screened(second, '/whisper2'));

  beforeEach(() => {
    platform.twiml('/voice', both);
    platform.twiml('/dialled', '<Hangup/>');
    platform.twiml('/whisper', press1);
    platform.twiml('/whisper2', press1);
    platform.twiml('/accept', '');
  });

  test('and are asked to accept: a voicemail that answers first does not take the call', async () => {
    const call = await platform.call({
      buyers: {
        default: { kind: 'failed' },
        inDialOrder: [answers({ ringSeconds: 2 }), answers({ ringSeconds: 4, presses: '1' })],
      },
    });
    const [voicemail, person] = call.dials[0]?.legs ?? [];
    expect(voicemail?.result).toBe<LegResult>('lost');
    expect(person).toMatchObject({ result: 'completed', talkSeconds: 40 });
    expect(platform.at('/dialled')[0]?.fields).toMatchObject({
      DialCallSid: person?.legSid,
      DialBridged: 'true',
    });
  });

  test('end unbridged when one declines and the other rings out after it', async () => {
    const call = await platform.call({
      buyers: { default: { kind: 'no-answer' }, inDialOrder: [answers({ ringSeconds: 2 })] },
    });
    expect(call.dials[0]?.legs.map((leg) => leg.result)).toEqual(['declined', 'no-answer']);
    expect(platform.at('/dialled')[0]?.fields).toMatchObject({
      DialCallStatus: 'no-answer',
      DialBridged: 'false',
    });
  });

  test('send the end of each leg: the loser’s as canceled', async () => {
    const plain = `<Number statusCallback="/leg" statusCallbackEvent="completed">`;
    platform.twiml('/voice', dial(`${plain}${buyer}</Number>${plain}${second}</Number>`));
    const call = await platform.call({
      buyers: {
        default: { kind: 'failed' },
        inDialOrder: [answers({ ringSeconds: 9 }), answers({ ringSeconds: 4, talkSeconds: 30 })],
      },
    });
    const [loser, winner] = call.dials[0]?.legs ?? [];
    expect(platform.at('/leg').map(({ fields }) => [fields['CallSid'], fields['CallStatus']])).toEqual([
      [loser?.legSid, 'canceled'],
      [winner?.legSid, 'completed'],
    ]);
  });

  test('are ten at most', async () => {
    platform.twiml('/voice', dial(`<Number>${buyer}</Number>`.repeat(11)));
    const call = await platform.call({ buyers: { default: { kind: 'busy' } } });
    expect(call.dials[0]?.legs).toHaveLength(10);
    expect(call.warnings).toEqual(['<Dial> has 11 destinations; the first 10 are dialled']);
  });
});
