import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { scopesOf } from '../../domain/limits/limit';
import type { AssignmentId, AttemptId, BuyerId, CallId, CampaignId, ReservationId } from '../../domain/ids';
import type { CarrierInquiry } from '../../telephony/inquiry';
import { simulateCall, type CarrierRest } from '../../telephony/simulator';
import { createCallWorkflows } from '../../workers/call-workflows';
import { backtestWorkflowId, callWorkflowId, maintenanceId } from '../../workflows/ids';
import { readCounters } from './counters';
import { startAskableCarrier, startMaintained, stepsOf, type Maintained } from './maintenance-fixture';
import { ACCOUNT_SID, AUTH_TOKEN, environment, eventually, type SystemUnderTest } from './system';
import { createTestLedger } from './test-ledger';

/** No buyer answers by a callback here: what is known of an answer, the carrier has to say. */
const NUMBER = '+14155559300';

describe('what is held for a call whose workflow is gone', () => {
  let maintained: Maintained;
  let system: SystemUnderTest;
  let rest: CarrierRest;
  let inquiry: CarrierInquiry;
  const sweepNow: Maintained['sweepNow'] = (options) => maintained.sweepNow(options);
  const ringing: Maintained['ringing'] = () => maintained.ringing();
  const freedOf: Maintained['freedOf'] = (sid) => maintained.freedOf(sid);

  beforeAll(async () => {
    ({ rest, inquiry } = await startAskableCarrier());
    const campaign = { key: 'lost', number: NUMBER, buyers: [{ name: 'a', maximum: 1 }] };
    maintained = await startMaintained(campaign, [inquiry]);
    ({ system } = maintained);
  });
  afterEach(async () => {
    expect(await readCounters(system.db)).toEqual({ pending: 0, drift: [] });
  });
  afterAll(async () => {
    await system.stop();
    await rest.close();
  });

  it('is back within 30 s of pressing Terminate, by the schedule that every worker sets up', async () => {
    const { sid, workflowId } = await ringing();
    expect((await readCounters(system.db)).pending).toBe(1);
    const terminatedAt = Date.now();
    await system.temporal.workflow.getHandle(workflowId).terminate('an engineer pressed it');
    await eventually(async () => expect((await readCounters(system.db)).pending).toBe(0), 30_000);
    const seconds = (Date.now() - terminatedAt) / 1000;
    console.info(`capacity was back ${seconds.toFixed(1)} s after Terminate`);
    expect(seconds).toBeLessThan(30);
    const call = await system.endedCall(sid);
    expect(call).toMatchObject({ outcome: 'failed', outcomeReason: 'the workflow was lost (terminated)' });
    expect(call.attempts).toMatchObject([{ state: 'canceled' }]);
    expect(call.reservations).toMatchObject([{ status: 'expired' }]);
    expect(stepsOf(call).slice(-2)).toEqual(['ended', 'capacity_freed']);
    expect(await freedOf(sid)).toEqual([{ reason: 'terminated', carrier_says: null }]);
  }, 60_000);

  it('is looked after by the next run when maintenance itself is terminated', async () => {
    const schedule = system.temporal.schedule.getHandle(maintenanceId(system.taskQueue));
    const { policies, action } = await schedule.describe();
    // One that is late takes nothing from the next: that one begins as soon as it ends.
    expect(policies.overlap).toBe('BUFFER_ONE');
    expect(action).toMatchObject({
      workflowType: 'maintenance',
      taskQueue: `${system.taskQueue}-maintenance`,
    });
    // Two runs of one second have one workflow id: it is made of the time.
    const runs = async (): Promise<{ workflowId: string; firstExecutionRunId: string }[]> => {
      const { info } = await schedule.describe();
      return info.recentActions.flatMap(({ action: run }) =>
        run.type === 'startWorkflow' ? [run.workflow] : [],
      );
    };
    const before = await runs();
    const known = new Set(before.map(({ firstExecutionRunId }) => firstExecutionRunId));
    for (const { workflowId } of before) {
      const handle = system.temporal.workflow.getHandle(workflowId);
      if ((await handle.describe()).status.name === 'RUNNING')
        await handle.terminate('an engineer pressed it');
    }
    const call = await ringing();
    await maintained.terminate(call);
    await system.db.query(`UPDATE reservations SET lease_until = reserved_at WHERE status = 'pending'`);
    await schedule.trigger();
    await eventually(async () => expect((await readCounters(system.db)).pending).toBe(0), 20_000);
    // The schedule writes down what it started a moment after it did.
    await eventually(async () =>
      expect(
        (await runs()).filter(({ firstExecutionRunId }) => !known.has(firstExecutionRunId)),
      ).not.toHaveLength(0),
    );
  }, 40_000);

  it('counts as connected, and is paid, when the carrier says how long they talked', async () => {
    const simulated = simulateCall({
      voiceUrl: `${system.baseUrl}/telephony/twilio/voice`,
      accountSid: ACCOUNT_SID,
      authToken: AUTH_TOKEN,
      from: '+14155550123',
      to: NUMBER,
      speed: 20,
      buyers: { default: { kind: 'answer', ringSeconds: 1, talkSeconds: 60 } },
      onEvent: terminateWhen('buyer-answered'),
    });
    const { callSid } = await simulated;
    expect(await sweepNow({ inquiries: [inquiry] })).toMatchObject({ freed: 1 });
    const call = await system.endedCall(callSid);
    expect(call).toMatchObject({ outcome: 'connected', talkSeconds: 60, converted: true });
    expect(call.ledger.map(({ kind }) => kind)).toContain('revenue');
    expect(call.reservations).toMatchObject([{ status: 'expired' }]);
    expect(await freedOf(callSid)).toEqual([{ reason: 'terminated', carrier_says: 'over' }]);
  });

  /** Follows a call for the carrier's REST API, and terminates its workflow at one of its events. */
  function terminateWhen(type: string): (event: Parameters<ReturnType<CarrierRest['follow']>>[0]) => void {
    const follow = rest.follow();
    let sid = '';
    return (event) => {
      follow(event);
      if (event.type === 'started') sid = event.callSid;
      if (event.type !== type) return;
      const workflowId = callWorkflowId({ carrier: 'twilio', accountSid: ACCOUNT_SID, sid });
      void system.temporal.workflow.getHandle(workflowId).terminate('test');
    };
  }

  it('that is of a backtest ends it on record', async () => {
    const insert = (id: string, asked: string): Promise<unknown> =>
      system.db.query(
        `INSERT INTO backtests (id, campaign_id, version, period_from, period_to, runs, seed, status, created_at)
         VALUES ($1, 'cmp_lost', 1, now() - interval '1 day', now(), 1, 's', 'running', now() - $2::interval)`,
        [id, asked],
      );
    const started = async (id: string): Promise<WorkflowHandle> =>
      system.temporal.workflow.start('backtest', {
        workflowId: backtestWorkflowId(id),
        // Nobody works there.
        taskQueue: `nobody-${system.taskQueue}`,
        args: [{ backtestId: id }],
      });
    await insert('bkt_terminated', '2 minutes');
    await insert('bkt_unknown', '2 minutes');
    await insert('bkt_new', '10 seconds');
    await insert('bkt_alive', '2 minutes');
    const gone = await started('bkt_terminated');
    const alive = await started('bkt_alive');
    await gone.terminate('an engineer pressed it');
    await eventually(async () =>
      expect(await createCallWorkflows(system.temporal).listRunning([gone.workflowId])).toEqual(new Set()),
    );
    await sweepNow();
    const { rows } = await system.db.query('SELECT id, status, failure FROM backtests ORDER BY id');
    expect(rows).toEqual([
      { id: 'bkt_alive', status: 'running', failure: null },
      { id: 'bkt_new', status: 'running', failure: null },
      { id: 'bkt_terminated', status: 'failed', failure: 'its workflow is gone (terminated)' },
      { id: 'bkt_unknown', status: 'failed', failure: 'its workflow is gone (missing)' },
    ]);
    await alive.terminate('test');
  });

  it('is left alone while the call lives, however often its lease has run out', async () => {
    const { sid } = await ringing();
    for (let look = 0; look < 3; look++) expect(await sweepNow()).toMatchObject({ renewed: 1, freed: 0 });
    expect((await readCounters(system.db)).pending).toBe(1);
    await system.carrier.post('dial?attempt=1', sid, { To: NUMBER, DialCallStatus: 'no-answer' });
    await system.carrier.post('status', sid, { To: NUMBER, CallStatus: 'completed' });
    await system.endedCall(sid);
  });

  it('is freed once, however many look at the same time', async () => {
    const { sid, workflowId } = await ringing();
    await maintained.terminate({ workflowId });
    const looks = await Promise.all([sweepNow(), sweepNow(), sweepNow()]);
    expect(looks.reduce((sum, { freed }) => sum + freed, 0)).toBe(1);
    expect(await freedOf(sid)).toHaveLength(1);
    expect(stepsOf(await system.endedCall(sid)).filter((step) => step === 'capacity_freed')).toHaveLength(1);
  });

  it('is freed when the step it was taken for was never committed', async () => {
    const ledger = createTestLedger(system.databaseUrl);
    const scopes = scopesOf({
      campaignId: 'cmp_lost' as CampaignId,
      publisherId: null,
      buyerId: 'buy_lost_a' as BuyerId,
      assignmentId: 'asg_lost_a' as AssignmentId,
      destinations: [],
    });
    const answer = await ledger.reserve({
      id: 'call_never/1' as ReservationId,
      callId: 'call_never' as CallId,
      attemptId: 'call_never/1' as AttemptId,
      workflowId: 'call/twilio/none/none',
      candidates: [{ assignmentId: 'asg_lost_a', scopes, spend: 0n, payout: 0n, currency: 'USD' }],
    });
    expect(answer.kind).toBe('granted');
    expect(await sweepNow()).toMatchObject({
      freed: 1,
      examples: [{ reservationId: 'call_never/1', reason: 'missing' }],
    });
    await ledger.close();
  });

  it('is nothing when the caller is in the menu: the call is closed on record all the same', async () => {
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid, { To: '+14155550100' });
    await system.db.query(`UPDATE calls SET received_at = received_at - interval '1 minute' WHERE sid = $1`, [
      sid,
    ]);
    expect(await sweepNow()).toMatchObject({ closed: 0 });
    const workflowId = callWorkflowId({ carrier: 'twilio', accountSid: ACCOUNT_SID, sid });
    await maintained.terminate({ workflowId });
    expect(await sweepNow()).toMatchObject({ freed: 0, closed: 1 });
    expect(await system.endedCall(sid)).toMatchObject({
      outcome: 'failed',
      outcomeReason: 'the workflow was lost (terminated)',
    });
    expect(await sweepNow()).toMatchObject({ closed: 0 });
  });

  it('is freed by the end of its lease when it is tied to no workflow', async () => {
    const ledger = createTestLedger(system.databaseUrl);
    await ledger.reserve({
      id: 'ping_1' as ReservationId,
      callId: 'ping_1' as CallId,
      attemptId: 'ping_1' as AttemptId,
      workflowId: null,
      candidates: [
        {
          assignmentId: 'asg_lost_a',
          scopes: ['assignment:asg_lost_a'],
          spend: 0n,
          payout: 0n,
          currency: 'USD',
        },
      ],
    });
    expect(await sweepNow()).toMatchObject({ freed: 1, examples: [{ reason: 'lease_elapsed' }] });
    await ledger.close();
  });

  it('is not freed on a guess: Temporal cannot be asked, so the sweep fails', async () => {
    const { sid } = await ringing();
    const connection = await Connection.connect({ address: environment('CALLYARD_TEST_TEMPORAL_ADDRESS') });
    const away = new Client({ connection });
    await connection.close();
    await expect(sweepNow({ workflows: createCallWorkflows(away) })).rejects.toThrow();
    expect((await readCounters(system.db)).pending).toBe(1);
    await system.carrier.post('dial?attempt=1', sid, { To: NUMBER, DialCallStatus: 'no-answer' });
    await system.carrier.post('status', sid, { To: NUMBER, CallStatus: 'completed' });
    await system.endedCall(sid);
  });

  it('goes with a call whose callbacks are all lost, once the carrier says that it is over', async () => {
    const { sid, workflowId } = await ringing();
    const follow = rest.follow();
    const time = { seconds: 0, realMilliseconds: 0, at: new Date() };
    follow({ ...time, type: 'started', callSid: sid, from: '+14155550123', to: NUMBER });
    expect(await sweepNow({ inquiries: [inquiry], askAfterSeconds: 0 })).toMatchObject({ toldOver: 0 });
    follow({ ...time, seconds: 42, type: 'hung-up', by: 'caller', during: 'ringing' });
    expect(await sweepNow({ inquiries: [inquiry], askAfterSeconds: 0 })).toMatchObject({
      toldOver: 1,
      freed: 0,
    });
    expect(await system.endedCall(sid)).toMatchObject({ outcome: 'abandoned_ringing' });
    // It ends by itself, a moment after it has said so on record.
    const result: unknown = await system.temporal.workflow.getHandle(workflowId).result();
    expect(result).toMatchObject({ outcome: 'abandoned_ringing' });
  });
});
