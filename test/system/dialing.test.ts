import { insertCampaign, telephone, type TestBuyer, type TestCampaign } from './campaign-fixture';
import { readCounters } from './counters';
import { dialled, placeCall } from './placing';
import { ACCOUNT_SID, eventually, startSystem, type SystemUnderTest } from './system';
import { callState } from '../../workflows/call/messages';
import { callWorkflowId } from '../../workflows/ids';

const say = (text: string) => ({ text, language: 'en-US' });
const tel = (number: string) => ({ kind: 'tel' as const, number: number as never });
let nextNumber = 100;

describe('a buyer is dialled', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterEach(async () => {
    expect(await readCounters(system.db)).toEqual({ pending: 0, drift: [] });
  });
  afterAll(() => system.stop());

  async function campaign(
    first: Partial<TestBuyer>,
    extra: Partial<TestCampaign> = {},
  ): Promise<TestCampaign> {
    nextNumber += 1;
    const made: TestCampaign = {
      key: `dial${nextNumber}`,
      number: `+1415558${nextNumber}0`,
      buyers: [
        { name: 'a', priority: 1, ...first },
        { name: 'b', priority: 2 },
      ],
      ...extra,
    };
    await insertCampaign(system.db, made);
    return made;
  }

  it('at several telephones at once: the first to answer has the call, and nobody else is rung on', async () => {
    const { number: to } = await campaign({
      dialing: { destinations: [tel('+14155559001'), tel('+14155559002'), tel('+14155559003')] },
    });
    const { call, carrier } = await placeCall(system, {
      to,
      buyers: {
        default: { kind: 'no-answer' },
        byDestination: {
          '+14155559002': { kind: 'answer', ringSeconds: 2, talkSeconds: 20 },
          '+14155559003': { kind: 'busy' },
        },
      },
    });
    expect(call).toMatchObject({ outcome: 'connected', talkSeconds: 20 });
    expect(call.attempts).toHaveLength(1);
    expect(call.attempts[0]?.destinations).toHaveLength(3);
    expect(call.reservations).toHaveLength(1);
    expect(carrier.dials[0]?.legs.map(({ result }) => result)).toEqual(['lost', 'completed', 'busy']);
  });

  it('with a whisper that only the buyer hears', async () => {
    const { number: to } = await campaign({ dialing: { whisper: say('A caller about insurance.') } });
    const { call, carrier } = await placeCall(system, {
      to,
      buyers: { default: { kind: 'answer', talkSeconds: 20 } },
    });
    expect(call).toMatchObject({ outcome: 'connected' });
    expect(call.attempts[0]).toMatchObject({ state: 'completed', acceptedAt: null });
    expect(JSON.stringify(carrier.events)).toContain('A caller about insurance.');
  });

  const screening = {
    dialing: {
      acceptance: { prompt: say('Press 1 to take the call.'), digit: '1', timeoutSeconds: 4 },
    },
  };

  it('and has to press the key that accepts the call, from which the talk counts', async () => {
    const { number: to } = await campaign(screening);
    const { call } = await placeCall(system, {
      to,
      speed: 4,
      buyers: { default: { kind: 'answer', talkSeconds: 20, presses: '1' } },
    });
    expect(call).toMatchObject({ outcome: 'connected', converted: true });
    expect(dialled(call)).toEqual(['a']);
    expect(call.attempts[0]?.acceptedAt).not.toBeNull();
    // The carrier counts from the answer: some seconds of prompt and key more than the talk.
    expect(call.talkSeconds).toBeGreaterThanOrEqual(20);
    expect(call.talkSeconds).toBeLessThanOrEqual(23);
  });

  it('and has accepted even when the dial’s result is lost: the talk lasts from the key to the hang-up', async () => {
    const { number: to } = await campaign(screening);
    const sid = system.carrier.newSid();
    const given = { To: to, From: '+14155550123' };
    const dial = await system.carrier.post('voice', sid, given);
    const announce = dial.verbs[0]?.children[0]?.attributes['url'] ?? '';
    const asked = await system.carrier.post(announce, 'CAleg', given);
    expect(asked.verbs[0]).toMatchObject({ name: 'Gather' });
    // A copy of the webhook gets the same answer, down to the moment from which the key is counted.
    expect((await system.carrier.post(announce, 'CAleg', given)).body).toBe(asked.body);
    const accept = asked.verbs[0]?.attributes['action'] ?? '';
    // Ten times at once, as carriers sometimes do.
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => system.carrier.post(accept, 'CAleg', { ...given, Digits: '1' })),
    );
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, verbs: [] });
    await eventually(async () => {
      const state = await system.temporal.workflow
        .getHandle(callWorkflowId({ carrier: 'twilio', accountSid: ACCOUNT_SID, sid }))
        .query(callState);
      expect(state.phase).toMatchObject({ name: 'dialing', accepted: { screeningSeconds: 0 } });
    });
    await system.carrier.post('status', sid, { ...given, CallStatus: 'completed' });
    const call = await system.endedCall(sid);
    expect(call).toMatchObject({ outcome: 'connected', buyerName: 'a', converted: true });
    expect(call.talkSeconds).not.toBeNull();
    expect(call.timeline.filter(({ step }) => step === 'buyer_accepted')).toHaveLength(1);
  });

  it('and has not taken the call by merely answering, when the dial’s result is lost', async () => {
    const { number: to } = await campaign(screening);
    const sid = system.carrier.newSid();
    const given = { To: to, From: '+14155550123' };
    const dial = await system.carrier.post('voice', sid, given);
    await system.carrier.post(dial.verbs[0]?.children[0]?.attributes['url'] ?? '', 'CAleg', given);
    await system.carrier.post('status', sid, { ...given, CallStatus: 'completed' });
    expect(await system.endedCall(sid)).toMatchObject({ outcome: 'abandoned_ringing', ledger: [] });
  });

  it.each([
    ['the wrong key', '2'],
    ['no key', undefined],
  ])('and the next buyer is, when %s is pressed', async (_, presses) => {
    const campaignMade = await campaign(screening);
    const { call } = await placeCall(system, {
      to: campaignMade.number,
      buyers: {
        default: { kind: 'answer', talkSeconds: 20 },
        byDestination: {
          [telephone(campaignMade, 'a')]: {
            kind: 'answer',
            talkSeconds: 20,
            ...(presses === undefined ? {} : { presses }),
          },
        },
      },
    });
    expect(call).toMatchObject({ outcome: 'connected' });
    expect(call.attempts.map(({ buyerName, state }) => [buyerName, state])).toEqual([
      ['a', 'rejected'],
      ['b', 'completed'],
    ]);
    expect(call.ledger).toHaveLength(1);
  });

  it.each([
    ['the caller’s number', { kind: 'caller' }, null],
    ['the number that was dialled', { kind: 'dialed' }, 'to'],
    ['a number of one’s own', { kind: 'number', number: '+14155550999' }, '+14155550999'],
  ])('and sees %s', async (_, callerId, expected) => {
    const { number: to } = await campaign({ dialing: { callerId: callerId as never } });
    const { carrier } = await placeCall(system, { to, from: '+14155550123' });
    const shown = carrier.dials[0]?.callerId;
    expect(shown).toBe(expected === null ? '+14155550123' : expected === 'to' ? to : expected);
  });

  it('and is recorded or not, whatever the campaign does for others', async () => {
    const { number: to } = await campaign({ dialing: { record: 'always' } });
    const { carrier } = await placeCall(system, { to });
    expect((await system.callBySid(carrier.callSid))?.recordings).toHaveLength(1);
    const other = await campaign({ dialing: { record: 'never' } });
    await system.db.query('UPDATE campaigns SET record_calls = true WHERE id = $1', [`cmp_${other.key}`]);
    const silent = await placeCall(system, { to: other.number });
    expect((await system.callBySid(silent.carrier.callSid))?.recordings).toHaveLength(0);
  });

  it('and when they hang up too soon, the caller goes on to the next one and nobody pays for it', async () => {
    const { number: to } = await campaign({}, { plan: { recoverUnderSeconds: 10 } });
    const { call } = await placeCall(system, {
      to,
      buyers: {
        default: { kind: 'answer', talkSeconds: 30 },
        inDialOrder: [{ kind: 'answer', talkSeconds: 3 }],
      },
    });
    expect(call).toMatchObject({ outcome: 'connected', talkSeconds: 30 });
    expect(call.attempts.map(({ state, talkSeconds }) => [state, talkSeconds])).toEqual([
      ['dropped', 3],
      ['completed', 30],
    ]);
    expect(call.reservations.map(({ status }) => status)).toEqual(['voided', 'posted']);
    expect(call.ledger).toHaveLength(1);
  });

  it('and a caller who hangs up soon has been connected all the same', async () => {
    const { number: to } = await campaign({}, { plan: { recoverUnderSeconds: 10 } });
    const { call } = await placeCall(system, {
      to,
      buyers: { default: { kind: 'answer', talkSeconds: 60 } },
      callerHangUp: { during: 'talking', afterSeconds: 3 },
    });
    expect(call).toMatchObject({ outcome: 'connected', talkSeconds: 3 });
    expect(dialled(call)).toEqual(['a']);
  });
});
