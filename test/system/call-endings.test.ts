import { readCounters } from './counters';
import { placeCall, type PlacedCall } from './placing';
import { startSystem, type SystemUnderTest } from './system';
import type { SimulatedCallOptions } from '../../telephony/simulator';
import type { Call } from '../../contract/call';
import { timeline } from '../../workflows/call/messages';

const MENU = '+14155550100';
const DIRECT = '+14155550101';
const CALLER = '+14155550123';

describe('a call', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterEach(async () => {
    expect(await readCounters(system.db)).toEqual({ pending: 0, drift: [] });
  });
  afterAll(() => system.stop());

  const place = (options: Partial<SimulatedCallOptions>): Promise<PlacedCall> =>
    placeCall(system, { from: CALLER, to: DIRECT, ...options });

  const states = (call: Call): string[] => call.attempts.map((attempt) => attempt.state);
  const statuses = (call: Call): string[] => call.reservations.map((reservation) => reservation.status);
  const steps = (call: Call): string[] => call.timeline.map((entry) => entry.step);

  it('connects to the first buyer, and both sides of the money are booked', async () => {
    const { call } = await place({ buyers: { default: { kind: 'answer', talkSeconds: 42 } } });
    expect(call).toMatchObject({
      outcome: 'connected',
      state: 'ended',
      buyerId: 'buy_alpha',
      campaignId: 'cmp_sample_direct',
      planVersion: 1,
      flowVersion: null,
      from: CALLER,
      talkSeconds: 42,
      converted: true,
      revenueMicros: '20000000',
      payoutMicros: '8000000',
      currency: 'USD',
    });
    expect(states(call)).toEqual(['completed']);
    expect(statuses(call)).toEqual(['posted']);
    expect(call.ledger.map(({ kind, amountMicros }) => [kind, amountMicros])).toEqual([
      ['revenue', '20000000'],
      ['payout', '8000000'],
    ]);
    expect(steps(call)).toEqual([
      'received',
      'screened',
      'routed',
      'dialing',
      'attempt_ended',
      'ended',
      'carrier_status',
    ]);
    expect(call.carrierStatus).toBe('completed');
  });

  it('that is too short connects but does not convert, and books nothing', async () => {
    const { call } = await place({ buyers: { default: { kind: 'answer', talkSeconds: 9 } } });
    expect(call).toMatchObject({
      outcome: 'connected',
      talkSeconds: 9,
      converted: false,
      revenueMicros: '0',
    });
    expect(call.ledger).toEqual([]);
    expect(statuses(call)).toEqual(['posted']);
  });

  it.each([
    ['without a menu', DIRECT, []],
    ['with a menu', MENU, ['1']],
    ['to a number nobody owns', '+14155559999', []],
  ] as const)('%s shows the same timeline in Temporal as in the database', async (_, to, digits) => {
    const { call } = await place({ to, digits });
    const told = await system.temporal.workflow.getHandle(call.workflowId).query(timeline);
    const known = (entry: { step: string }): boolean => entry.step !== 'carrier_status';
    expect(told.map(({ step, decision, at }) => ({ step, decision, at }))).toEqual(
      call.timeline.filter(known).map(({ step, decision, at }) => ({ step, decision, at })),
    );
  });

  it('goes through the menu and keeps the answer as a qualification', async () => {
    const { call } = await place({ to: MENU, digits: ['1'] });
    expect(call).toMatchObject({ outcome: 'connected', qualifications: { intent: 'quote' }, flowVersion: 1 });
    expect(steps(call)).toContain('ivr_answered');
  });

  it('repeats the menu after silence and after a digit that means nothing', async () => {
    const { call } = await place({ to: MENU, digits: ['', '9', '2'] });
    expect(call).toMatchObject({ outcome: 'connected', qualifications: { intent: 'other' } });
    expect(
      call.timeline.filter((entry) => entry.step === 'ivr_answered').map((entry) => entry.decision),
    ).toEqual(['silence', 'no such option', 'intent = other']);
  });

  it('ends as abandoned_ivr when the menu is never answered', async () => {
    const { carrier, call } = await place({ to: MENU, digits: [] });
    expect(call).toMatchObject({ outcome: 'abandoned_ivr', attempts: [] });
    expect(carrier.ending.kind).toBe('hung-up-by-application');
  });

  it('ends as abandoned_ivr when the caller hangs up in the menu', async () => {
    const { call } = await place({ to: MENU, callerHangUp: { during: 'ivr', afterSeconds: 2 } });
    expect(call).toMatchObject({ outcome: 'abandoned_ivr', attempts: [], reservations: [] });
  });

  it('ends as abandoned_ringing when the caller hangs up before a buyer answers', async () => {
    const { call } = await place({ callerHangUp: { during: 'ringing', afterSeconds: 1 } });
    expect(call).toMatchObject({ outcome: 'abandoned_ringing', converted: false });
    expect(states(call)).toEqual(['canceled']);
    expect(statuses(call)).toEqual(['voided']);
  });

  it('stays connected when it is the caller who hangs up in the talk', async () => {
    const { call } = await place({
      buyers: { default: { kind: 'answer', talkSeconds: 300 } },
      callerHangUp: { during: 'talking', afterSeconds: 30 },
    });
    expect(call).toMatchObject({ outcome: 'connected', talkSeconds: 30, converted: true });
  });

  it.each([
    ['busy', 'busy'],
    ['no-answer', 'no_answer'],
    ['failed', 'failed'],
    ['reject', 'rejected'],
  ] as const)('goes to the next buyer when the first is %s', async (kind, state) => {
    const { call } = await place({
      buyers: { default: { kind: 'answer', talkSeconds: 20 }, inDialOrder: [{ kind }] },
    });
    expect(call).toMatchObject({ outcome: 'connected', buyerId: 'buy_bravo' });
    expect(states(call)).toEqual([state, 'completed']);
    expect(statuses(call)).toEqual(['voided', 'posted']);
  });

  it('ends as exhausted after the plan’s last attempt', async () => {
    const { carrier, call } = await place({ buyers: { default: { kind: 'busy' } } });
    expect(call).toMatchObject({ outcome: 'exhausted', converted: false, ledger: [] });
    expect(states(call)).toEqual(['busy', 'busy', 'busy']);
    expect(statuses(call)).toEqual(['voided', 'voided', 'voided']);
    expect(carrier.ending.kind).toBe('hung-up-by-application');
  });

  it('ends as failed, politely rejected and on record, on a number nobody owns', async () => {
    const { carrier, call } = await place({ to: '+14155559999' });
    expect(call).toMatchObject({
      outcome: 'failed',
      campaignId: null,
      outcomeReason: 'unknown number +14155559999',
    });
    expect(carrier.ending.kind).toBe('rejected');
  });

  describe('under a changed configuration', () => {
    const change = (sql: string): Promise<unknown> => system.db.query({ name: '', text: sql, values: [] });

    async function during(change1: string, undo: string, act: () => Promise<void>): Promise<void> {
      await change(change1);
      try {
        await act();
      } finally {
        await change(undo);
      }
    }

    it('ends as paused on a paused campaign', () =>
      during(
        `UPDATE campaigns SET status = 'paused' WHERE id = 'cmp_sample_direct'`,
        `UPDATE campaigns SET status = 'active' WHERE id = 'cmp_sample_direct'`,
        async () => {
          const { call } = await place({});
          expect(call).toMatchObject({ outcome: 'paused', attempts: [], reservations: [] });
        },
      ));

    it('ends as blocked for a caller on the block list', () =>
      during(
        `INSERT INTO blocked_callers (id, kind, pattern, reason) VALUES ('blk_1', 'number', '${CALLER}', 'test')`,
        `DELETE FROM blocked_callers`,
        async () => {
          const { carrier, call } = await place({});
          expect(call.outcome).toBe('blocked');
          expect(carrier.ending.kind).toBe('rejected');
        },
      ));

    it('ends as blocked for an anonymous caller where those are not wanted', () =>
      during(
        `UPDATE campaigns SET anonymous_callers = 'block'`,
        `UPDATE campaigns SET anonymous_callers = 'allow'`,
        async () => {
          const { call } = await place({ from: 'anonymous' });
          expect(call).toMatchObject({ outcome: 'blocked', from: null });
        },
      ));

    const never = `'{"timeZone": "America/Los_Angeles", "openings": []}'`;

    it('ends as after_hours when the campaign is closed', () =>
      during(`UPDATE campaigns SET hours = ${never}`, `UPDATE campaigns SET hours = NULL`, async () => {
        const { call } = await place({});
        expect(call.outcome).toBe('after_hours');
      }));

    it('ends as after_hours when every buyer is closed, with each one’s skip reason', () =>
      during(`UPDATE buyers SET hours = ${never}`, `UPDATE buyers SET hours = NULL`, async () => {
        const { call } = await place({});
        expect(call.outcome).toBe('after_hours');
        const routed = call.timeline.find((entry) => entry.step === 'routed');
        expect(routed?.detail['skipped']).toEqual([
          { assignmentId: expect.any(String), reason: 'closed', detail: "the buyer's hours" },
          { assignmentId: expect.any(String), reason: 'closed', detail: "the buyer's hours" },
          { assignmentId: expect.any(String), reason: 'closed', detail: "the buyer's hours" },
        ]);
      }));

    it('gets the after-hours treatment, too, when every buyer is closed after the menu', () =>
      during(`UPDATE buyers SET hours = ${never}`, `UPDATE buyers SET hours = NULL`, async () => {
        const { carrier, call } = await place({ to: MENU, digits: ['1'] });
        expect(call).toMatchObject({ outcome: 'after_hours', qualifications: { intent: 'quote' } });
        const said = carrier.events.map((event) => ('text' in event ? event.text : null));
        expect(said).toContainEqual(expect.stringContaining('We are closed now'));
      }));

    it('ends as no_candidate when all limits are reached, naming the limit that refused each', () =>
      during(`UPDATE limits SET maximum = 0`, `UPDATE limits SET maximum = 1000`, async () => {
        const { call } = await place({});
        expect(call).toMatchObject({ outcome: 'no_candidate', attempts: [], reservations: [] });
        const routed = call.timeline.find((entry) => entry.step === 'routed');
        expect(routed?.detail['skipped']).toContainEqual({
          assignmentId: 'asg_sample_direct_alpha',
          reason: 'limit_reached',
          detail: 'lim_buy_alpha_concurrency',
          limit: { scope: 'buyer:buy_alpha', window: 'concurrency', counts: 'attempt' },
        });
      }));

    it('passes over a buyer who is full', () =>
      during(
        `UPDATE limits SET maximum = 0 WHERE id = 'lim_buy_alpha_concurrency'`,
        `UPDATE limits SET maximum = 1000`,
        async () => {
          const { call } = await place({});
          expect(call).toMatchObject({ outcome: 'connected', buyerId: 'buy_bravo' });
        },
      ));

    it('is forwarded when the fallback says so, and keeps its outcome', () =>
      during(
        `INSERT INTO routing_plans (campaign_id, version, definition) VALUES ('cmp_sample_direct', 2,
           '{"rules": [{"name": "everyone", "strategy": {"kind": "waterfall"}}], "maxAttempts": 1, "fallback": {"kind": "forward", "ringTimeoutSeconds": 20,
             "destination": {"kind": "tel", "number": "+14155550299"}}}');
         UPDATE campaigns SET plan_version = 2 WHERE id = 'cmp_sample_direct'`,
        `UPDATE campaigns SET plan_version = 1 WHERE id = 'cmp_sample_direct'`,
        async () => {
          const { carrier, call } = await place({
            buyers: { default: { kind: 'answer', talkSeconds: 20 }, inDialOrder: [{ kind: 'busy' }] },
          });
          expect(call).toMatchObject({ outcome: 'exhausted', planVersion: 2, converted: false, ledger: [] });
          expect(carrier.dials.map((dial) => dial.legs[0]?.destination)).toEqual([
            '+14155550211',
            '+14155550299',
          ]);
        },
      ));

    it('can leave a voicemail, whose recording is on record', () =>
      during(
        `INSERT INTO routing_plans (campaign_id, version, definition) VALUES ('cmp_sample_direct', 3,
           '{"rules": [{"name": "everyone", "strategy": {"kind": "waterfall"}}], "maxAttempts": 1, "fallback": {"kind": "voicemail", "maxSeconds": 60,
             "prompt": {"text": "Bitte sprechen Sie – <danke> & auf Wiederhören", "language": "de-DE"}}}');
         UPDATE campaigns SET plan_version = 3 WHERE id = 'cmp_sample_direct'`,
        `UPDATE campaigns SET plan_version = 1 WHERE id = 'cmp_sample_direct'`,
        async () => {
          const { carrier, call } = await place({ buyers: { default: { kind: 'busy' } } });
          expect(call.outcome).toBe('exhausted');
          const said = carrier.events.map((event) => ('text' in event ? event.text : null));
          expect(said).toContain('Bitte sprechen Sie – <danke> & auf Wiederhören');
          const recorded = await system.callBySid(carrier.callSid);
          expect(recorded?.recordings).toHaveLength(1);
        },
      ));

    it('records the talk and shows the answer as it happens, where the campaign wants that', () =>
      during(
        `UPDATE campaigns SET report_answer = true, record_calls = true`,
        `UPDATE campaigns SET report_answer = false, record_calls = false`,
        async () => {
          const { call } = await place({ buyers: { default: { kind: 'answer', talkSeconds: 30 } } });
          expect(call).toMatchObject({ outcome: 'connected', talkSeconds: 30 });
          expect(steps(call)).toContain('buyer_answered');
          expect(call.recordings).toHaveLength(1);
        },
      ));
  });
});
