import type { Call } from '../../contract/call';
import type { Answer } from './carrier';
import { readCounters } from './counters';
import { startSystem, type SystemUnderTest } from './system';
import { callWorkflowId } from '../../workflows/ids';
import { ACCOUNT_SID } from './system';

const TIMES = 10;

/** What of a call must not depend on how often a webhook came: everything but instants. */
function essence(call: Call) {
  return {
    outcome: call.outcome,
    attempts: call.attempts.map(({ no, state, buyerId }) => ({ no, state, buyerId })),
    reservations: call.reservations.map(({ status }) => status),
    ledger: call.ledger.map(({ cause, amountMicros }) => ({ cause, amountMicros })),
    steps: call.timeline.map(({ step }) => step).sort(),
  };
}

describe('every webhook, sent ten times at once', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  async function tenTimes(route: string, sid: string, fields: Record<string, string>): Promise<Answer> {
    const answers = await Promise.all(
      Array.from({ length: TIMES }, () => system.carrier.post(route, sid, fields)),
    );
    const [first] = answers;
    if (first === undefined) throw new Error('no answer');
    for (const answer of answers) expect(answer).toEqual(first);
    expect(first.status).toBeLessThan(300);
    return first;
  }

  it('gets one and the same answer, and the call is as if each had come once', async () => {
    const sid = system.carrier.newSid();
    const MENU = { To: '+14155550100' };
    const gather = await tenTimes('voice', sid, MENU);
    expect(gather.verbs.map(({ name }) => name)).toEqual(['Gather', 'Redirect']);
    const dial = await tenTimes(gather.verbs[0]?.attributes['action'] ?? '', sid, { ...MENU, Digits: '1' });
    const busy = { ...MENU, DialCallStatus: 'busy', CallStatus: 'in-progress' };
    const next = await tenTimes(dial.verbs[0]?.attributes['action'] ?? '', sid, busy);
    expect(next.verbs[0]?.children[0]?.text).toBe('+14155550202');
    await tenTimes('leg?attempt=2', sid, { ...MENU, CallStatus: 'in-progress', ParentCallSid: sid });
    const completed = {
      ...MENU,
      DialCallStatus: 'completed',
      DialCallDuration: '60',
      CallStatus: 'in-progress',
    };
    const end = await tenTimes(next.verbs[0]?.attributes['action'] ?? '', sid, completed);
    expect(end.verbs.map(({ name }) => name)).toEqual(['Hangup']);
    await tenTimes('status', sid, { ...MENU, CallStatus: 'completed', CallDuration: '70' });
    await tenTimes('recording', sid, { ...MENU, RecordingSid: 'RE1', RecordingStatus: 'completed' });

    const call = await system.endedCall(sid);
    expect(essence(call)).toEqual({
      outcome: 'connected',
      attempts: [
        { no: 1, state: 'busy', buyerId: 'buy_alpha' },
        { no: 2, state: 'completed', buyerId: 'buy_bravo' },
      ],
      reservations: ['voided', 'posted'],
      ledger: [
        { cause: `${call.id}:revenue`, amountMicros: '20000000' },
        { cause: `${call.id}:payout`, amountMicros: '8000000' },
      ],
      steps: [
        'received',
        'screened',
        'ivr_asked',
        'ivr_answered',
        'attempt_ended',
        'routed',
        'dialing',
        'routed',
        'dialing',
        'buyer_answered',
        'attempt_ended',
        'ended',
        'carrier_status',
      ].sort(),
    });
    expect(await readCounters(system.db)).toEqual({ pending: 0, drift: [] });
    const history = await system.temporal.workflow
      .getHandle(callWorkflowId({ carrier: 'twilio', accountSid: ACCOUNT_SID, sid }))
      .fetchHistory();
    const updates =
      history.events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes) ?? [];
    expect(updates).toHaveLength(4);
  });

  it('is as one when it reports the end of a fallback', async () => {
    await system.db.query(`
      INSERT INTO routing_plans (campaign_id, version, definition) VALUES ('cmp_sample_direct', 2,
        '{"rules": [{"name": "everyone", "strategy": {"kind": "waterfall"}}], "maxAttempts": 1, "fallback": {"kind": "forward", "ringTimeoutSeconds": 20,
          "destination": {"kind": "tel", "number": "+14155550299"}}}');
      UPDATE campaigns SET plan_version = 2 WHERE id = 'cmp_sample_direct'`);
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid);
    const forward = await tenTimes('dial?attempt=1', sid, {
      DialCallStatus: 'no-answer',
      CallStatus: 'in-progress',
    });
    expect(forward.verbs[0]?.children[0]?.text).toBe('+14155550299');
    await tenTimes(forward.verbs[0]?.attributes['action'] ?? '', sid, { DialCallStatus: 'completed' });
    const call = await system.endedCall(sid);
    expect(call).toMatchObject({ outcome: 'exhausted', ledger: [] });
    expect(call.timeline.filter(({ step }) => step === 'ended')).toHaveLength(1);
  });

  it('gets the first answer again when it is repeated after the call has ended', async () => {
    const sid = system.carrier.newSid();
    const dial = await system.carrier.post('voice', sid);
    const action = dial.verbs[0]?.attributes['action'] ?? '';
    const end = await system.carrier.post(action, sid, {
      DialCallStatus: 'completed',
      DialCallDuration: '60',
    });
    const call = await system.endedCall(sid);
    expect(await system.carrier.post('voice', sid)).toEqual(dial);
    expect(
      await system.carrier.post(action, sid, { DialCallStatus: 'completed', DialCallDuration: '60' }),
    ).toEqual(end);
    expect(await system.callBySid(sid)).toEqual(call);
  });
});
