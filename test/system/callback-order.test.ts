import type { Call } from '../../contract/call';
import { readCounters } from './counters';
import type { CallFacts } from '../../domain/call/facts';
import { callIdOf } from '../../telephony/call-id';
import { CALL_WORKFLOW } from '../../workflows/call/messages';
import { callWorkflowId } from '../../workflows/ids';
import { ACCOUNT_SID, eventually, startSystem, type SystemUnderTest } from './system';

/** All orders of a list. */
function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}

/** All ways to leave some out. */
function subsets<T>(items: readonly T[]): T[][] {
  return items.reduce<T[][]>((all, item) => all.flatMap((some) => [some, [...some, item]]), [[]]);
}

/** The final state of a call: what somebody pays or acts on. */
function finalState(call: Call) {
  const { outcome, buyerId, talkSeconds, converted, revenueMicros, payoutMicros, qualifications } = call;
  return {
    outcome,
    buyerId,
    talkSeconds,
    converted,
    revenueMicros,
    payoutMicros,
    qualifications,
    attempts: call.attempts.map(({ no, state, talkSeconds: talk }) => ({ no, state, talk })),
    reservations: call.reservations.map(({ status }) => status),
    ledger: call.ledger.map(({ kind, amountMicros }) => ({ kind, amountMicros })),
  };
}

type Callback = 'answered' | 'dial' | 'completed' | 'recording';

describe('the final state of a call', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem({ callbackGraceSeconds: 2 });
  });
  afterAll(() => system.stop());

  /** A dialled call whose callbacks come in the given order, or not at all. */
  async function callWith(order: readonly Callback[], dial: Record<string, string>): Promise<Call> {
    const { carrier } = system;
    const sid = carrier.newSid();
    await carrier.post('voice', sid);
    for (const callback of order) {
      const answers = {
        answered: () =>
          carrier.post('leg?attempt=1', `${sid}-leg`, { ParentCallSid: sid, CallStatus: 'in-progress' }),
        dial: () => carrier.post('dial?attempt=1', sid, { CallStatus: 'completed', ...dial }),
        completed: () => carrier.post('status', sid, { CallStatus: 'completed', CallDuration: '75' }),
        recording: () =>
          carrier.post('recording', sid, { RecordingSid: 'RE1', RecordingStatus: 'completed' }),
      };
      const { status } = await answers[callback]();
      expect(status).toBeLessThan(300);
    }
    return system.endedCall(sid);
  }

  const talked = { DialCallStatus: 'completed', DialCallDuration: '60' };
  const notReached = { DialCallStatus: 'no-answer' };

  it('is the same for all 24 orders of answered, dial result, completed and recording', async () => {
    const calls = await Promise.all(
      permutations<Callback>(['answered', 'dial', 'completed', 'recording']).map((order) =>
        callWith(order, talked),
      ),
    );
    for (const call of calls) {
      expect(finalState(call)).toEqual({
        outcome: 'connected',
        buyerId: 'buy_alpha',
        talkSeconds: 60,
        converted: true,
        revenueMicros: '20000000',
        payoutMicros: '8000000',
        qualifications: {},
        attempts: [{ no: 1, state: 'completed', talk: 60 }],
        reservations: ['posted'],
        ledger: [
          { kind: 'revenue', amountMicros: '20000000' },
          { kind: 'payout', amountMicros: '8000000' },
        ],
      });
    }
  });

  it('is the same whichever of the callbacks nobody waits for are lost', async () => {
    const calls = await Promise.all(
      subsets<Callback>(['answered', 'completed', 'recording']).map((kept) =>
        callWith([...kept, 'dial'], talked),
      ),
    );
    const [first, ...others] = calls.map(finalState);
    expect(first?.outcome).toBe('connected');
    for (const other of others) expect(other).toEqual(first);
  });

  it('is abandoned_ringing in either order when the caller leaves while it rings', async () => {
    const calls = await Promise.all([
      callWith(['dial', 'completed'], notReached),
      callWith(['completed', 'dial'], notReached),
      callWith(['dial'], notReached),
    ]);
    for (const call of calls) {
      expect(finalState(call)).toMatchObject({
        outcome: 'abandoned_ringing',
        attempts: [{ no: 1, state: 'no_answer', talk: null }],
        reservations: ['voided'],
        ledger: [],
      });
    }
  });

  it('is abandoned_ringing when only the end of the call is ever heard of', async () => {
    const call = await callWith(['completed'], {});
    expect(finalState(call)).toMatchObject({
      outcome: 'abandoned_ringing',
      attempts: [{ no: 1, state: 'canceled', talk: null }],
      reservations: ['voided'],
    });
  });

  it('is connected when the dial’s result is lost but the buyer was seen to answer', async () => {
    const call = await callWith(['answered', 'completed'], {});
    expect(finalState(call)).toMatchObject({
      outcome: 'connected',
      buyerId: 'buy_alpha',
      reservations: ['posted'],
    });
  });

  it('is the same, and the carrier has its answer, when the hang-up is reported while the dial result is worked on', async () => {
    const { carrier, db } = system;
    const sid = carrier.newSid();
    await carrier.post('voice', sid);
    const blocker = await db.connect();
    await blocker.query('BEGIN; LOCK TABLE ledger_entries IN ACCESS EXCLUSIVE MODE');
    const ending = carrier.post('dial?attempt=1', sid, { ...talked, CallStatus: 'completed' });
    await eventually(async () => {
      const { rows } = await db.query(
        `SELECT FROM pg_locks WHERE NOT granted AND relation = 'ledger_entries'::regclass`,
      );
      if (rows.length === 0) throw new Error('the dial result is not being worked on yet');
    });
    // This signal makes the server throw away the task that ends the workflow, and the update with it.
    await carrier.post('status', sid, { CallStatus: 'completed', CallDuration: '75' });
    await blocker.query('ROLLBACK');
    blocker.release();
    expect((await ending).verbs.map(({ name }) => name)).toEqual(['Hangup']);
    const call = await system.endedCall(sid);
    expect(finalState(call)).toMatchObject({
      outcome: 'connected',
      talkSeconds: 60,
      reservations: ['posted'],
    });
    expect(call.timeline.map(({ step }) => step)).not.toContain('fail_safe');
    expect(call.ledger).toHaveLength(2);
  });

  it('is reached by the maximum call duration when completed never comes', async () => {
    await system.db.query(`UPDATE campaigns SET max_call_seconds = 1`);
    try {
      const [dialing, menu] = await Promise.all([
        callWith([], {}),
        (async () => {
          const sid = system.carrier.newSid();
          await system.carrier.post('voice', sid, { To: '+14155550100' });
          return system.endedCall(sid);
        })(),
      ]);
      expect(dialing).toMatchObject({
        outcome: 'abandoned_ringing',
        outcomeReason: 'maximum call duration reached',
      });
      expect(menu).toMatchObject({
        outcome: 'abandoned_ivr',
        outcomeReason: 'maximum call duration reached',
      });
    } finally {
      await system.db.query(`UPDATE campaigns SET max_call_seconds = 14400`);
    }
  });

  it('does not change when a dial result comes after the call was closed without it; the timeline keeps it', async () => {
    const { carrier } = system;
    const sid = carrier.newSid();
    await carrier.post('voice', sid);
    await carrier.post('status', sid, { CallStatus: 'completed', CallDuration: '75' });
    const closed = finalState(await system.endedCall(sid));
    const late = await carrier.post('dial?attempt=1', sid, { CallStatus: 'completed', ...talked });
    expect(late.verbs.map(({ name }) => name)).toEqual(['Hangup']);
    await eventually(async () => {
      const call = await system.endedCall(sid);
      expect(finalState(call)).toEqual(closed);
      expect(call.timeline.at(-1)).toMatchObject({
        step: 'late_callback',
        detail: { status: 'completed', talkSeconds: 60 },
      });
    });
  });

  it.each([
    ['longer than any call may be', '999999999'],
    ['missing', ''],
    ['no whole number', '30.7'],
  ])('has the talk since the answered event when the carrier’s count is %s', async (_, DialCallDuration) => {
    const { carrier } = system;
    const sid = carrier.newSid();
    await carrier.post('voice', sid);
    await carrier.post('leg?attempt=1', `${sid}-leg`, { ParentCallSid: sid, CallStatus: 'in-progress' });
    await carrier.post('dial?attempt=1', sid, { DialCallStatus: 'completed', DialCallDuration });
    const call = await system.endedCall(sid);
    expect(call).toMatchObject({ outcome: 'connected', converted: false, ledger: [] });
    expect(call.talkSeconds).toBeLessThan(5);
    expect(call.connectedAt).not.toBeNull();
  });

  it('is reached when the hang-up overtakes the first webhook', async () => {
    const { carrier } = system;
    const sid = carrier.newSid();
    await carrier.post('status', sid, { CallStatus: 'completed' });
    await carrier.post('voice', sid);
    expect(await system.endedCall(sid)).toMatchObject({ outcome: 'abandoned_ringing' });
  });

  it('is reached in order when an engineer cancels the workflow, in whatever step', async () => {
    const { carrier, temporal } = system;
    const sids = [carrier.newSid(), carrier.newSid()] as const;
    await carrier.post('voice', sids[0]);
    await carrier.post('voice', sids[1], { To: '+14155550100' });
    for (const sid of sids) {
      const call = await system.callBySid(sid);
      await temporal.workflow.getHandle(call?.workflowId ?? '').cancel();
    }
    const [dialing, menu] = await Promise.all(sids.map((sid) => system.endedCall(sid)));
    expect(dialing).toMatchObject({ outcome: 'abandoned_ringing', outcomeReason: 'workflow cancelled' });
    expect(menu).toMatchObject({ outcome: 'abandoned_ivr', outcomeReason: 'workflow cancelled' });
  });

  it('is reached when a call was started and its first webhook never came', async () => {
    const { temporal, carrier, taskQueue } = system;
    const sid = carrier.newSid();
    const facts: CallFacts = {
      callId: callIdOf('twilio', ACCOUNT_SID, sid),
      carrier: 'twilio',
      accountSid: ACCOUNT_SID,
      sid,
      from: null,
      to: '+14155550101',
      receivedAt: new Date().toISOString(),
      geography: {},
      attestation: null,
    };
    const workflowId = callWorkflowId(facts);
    const handle = await temporal.workflow.start(CALL_WORKFLOW, { workflowId, taskQueue, args: [facts] });
    // The patience is a minute; cancelling asks the same of the workflow at once.
    await handle.cancel();
    const call = await system.endedCall(sid);
    expect(call).toMatchObject({ outcome: 'failed', outcomeReason: 'the first webhook never got an answer' });
  });

  it('leaves no capacity behind', async () => {
    expect(await readCounters(system.db)).toEqual({ pending: 0, drift: [] });
  });
});
