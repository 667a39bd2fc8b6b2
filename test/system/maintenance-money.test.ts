import type { CarrierInquiry } from '../../telephony/inquiry';
import type { CallEvent, CarrierRest } from '../../telephony/simulator';
import { transaction } from '../../db/transaction';
import { telephone, type TestCampaign } from './campaign-fixture';
import { readCounters } from './counters';
import { startAskableCarrier, startMaintained, stepsOf, type Maintained } from './maintenance-fixture';
import { eventually, type SystemUnderTest } from './system';

/** The first buyer has to talk for 30 s, or the caller goes on to the next. Money is due on connection. */
const CAMPAIGN: TestCampaign = {
  key: 'abandoned',
  number: '+14155559400',
  buyers: [
    { name: 'a', priority: 1 },
    { name: 'b', priority: 2 },
  ],
  plan: { recoverUnderSeconds: 30 },
};
const A = telephone(CAMPAIGN, 'a');
const B = telephone(CAMPAIGN, 'b');
const TO = { To: CAMPAIGN.number };

type Event = CallEvent extends infer Each ? (Each extends CallEvent ? Omit<Each, keyof Time> : never) : never;
type Time = Pick<CallEvent, 'seconds' | 'realMilliseconds' | 'at'>;

describe('a call that maintenance closes', () => {
  let maintained: Maintained;
  let system: SystemUnderTest;
  let rest: CarrierRest;
  let inquiry: CarrierInquiry;

  beforeAll(async () => {
    ({ rest, inquiry } = await startAskableCarrier());
    maintained = await startMaintained(CAMPAIGN, null);
    ({ system } = maintained);
  });
  afterEach(async () => {
    expect(await readCounters(system.db)).toEqual({ pending: 0, drift: [] });
  });
  afterAll(async () => {
    await system.stop();
    await rest.close();
  });

  /** What the carrier knows of a call, beyond what it told us. */
  function carrierKnows(sid: string, events: readonly Event[]): void {
    const follow = rest.follow();
    const time = { seconds: 60, realMilliseconds: 0, at: new Date() };
    const started = { type: 'started', callSid: sid, from: '+14155550123', to: CAMPAIGN.number } as const;
    for (const event of [started, { type: 'answered' } as const, ...events]) follow({ ...time, ...event });
  }

  const dialled = (legSid: string, destination: string): Event => ({
    type: 'buyer-dialled',
    legSid,
    destination,
  });
  const answered = (legSid: string, destination: string): Event => ({
    type: 'buyer-answered',
    legSid,
    destination,
  });
  const talked = (legSid: string, destination: string, talkSeconds: number): Event => ({
    type: 'buyer-finished',
    legSid,
    destination,
    result: 'completed',
    talkSeconds,
  });

  /** The first buyer hung up after 8 s; the second one's telephone rings. */
  async function atTheSecondBuyer() {
    const call = await maintained.ringing();
    const next = await system.carrier.post('dial?attempt=1', call.sid, {
      ...TO,
      DialCallStatus: 'completed',
      DialCallDuration: '8',
    });
    expect(next.verbs[0]?.name).toBe('Dial');
    return call;
  }

  it('does not charge the buyer who rings for the talk that the one before had', async () => {
    const call = await atTheSecondBuyer();
    carrierKnows(call.sid, [
      dialled('leg-a1', A),
      talked('leg-a1', A, 8),
      dialled('leg-b1', B),
      { type: 'hung-up', by: 'caller', during: 'ringing' },
    ]);
    await maintained.terminate(call);
    expect(await maintained.sweepNow({ inquiries: [inquiry] })).toMatchObject({ freed: 1 });
    const ended = await system.endedCall(call.sid);
    expect(ended).toMatchObject({ outcome: 'failed', converted: false, ledger: [] });
    expect(ended.attempts).toMatchObject([{ state: 'dropped' }, { state: 'canceled' }]);
  });

  it('charges the buyer whose own leg the carrier says was answered', async () => {
    const call = await atTheSecondBuyer();
    carrierKnows(call.sid, [
      dialled('leg-a2', A),
      talked('leg-a2', A, 8),
      dialled('leg-b2', B),
      talked('leg-b2', B, 45),
      { type: 'hung-up', by: 'caller', during: 'talking' },
    ]);
    await maintained.terminate(call);
    await maintained.sweepNow({ inquiries: [inquiry] });
    const ended = await system.endedCall(call.sid);
    expect(ended).toMatchObject({ outcome: 'connected', buyerId: 'buy_abandoned_b', talkSeconds: 45 });
    expect(ended.ledger).toMatchObject([{ kind: 'revenue', amountMicros: '10000000' }]);
  });

  it('is connected while they still talk, and says that the call goes on without anybody to steer it', async () => {
    const call = await maintained.ringing();
    carrierKnows(call.sid, [dialled('leg-a3', A), answered('leg-a3', A)]);
    await maintained.terminate(call);
    await maintained.sweepNow({ inquiries: [inquiry] });
    const ended = await system.endedCall(call.sid);
    expect(ended).toMatchObject({ outcome: 'connected', talkSeconds: null, converted: true });
    expect(await maintained.freedOf(call.sid)).toEqual([
      { reason: 'terminated', carrier_says: 'in_progress' },
    ]);
    expect(ended.timeline.at(-1)).toMatchObject({
      step: 'capacity_freed',
      decision:
        'maintenance gave back what was held: the workflow is gone (terminated); by the carrier the call goes on',
      detail: { carrier: 'in-progress', heldSeconds: expect.any(Number) as number },
    });
    const after = await system.carrier.post('dial?attempt=1', call.sid, {
      ...TO,
      DialCallStatus: 'completed',
      DialCallDuration: '120',
    });
    expect(after.verbs.map(({ name }) => name)).toEqual(['Hangup']);
    await eventually(async () => {
      const later = await system.endedCall(call.sid);
      expect(later).toMatchObject({ outcome: 'connected', talkSeconds: null });
      expect(stepsOf(later)).toContain('late_callback');
    });
  });

  it('books what it brings on the side of the migration that it was on', async () => {
    await system.db.query(
      `INSERT INTO migrations (id, name, kind, campaign_id, control_assignment_id, challenger_assignment_id, settings,
                               status, state)
       VALUES ('mig_over', 'over', 'buyer', 'cmp_abandoned', 'asg_abandoned_a', 'asg_abandoned_b', '{}', 'completed', '{}')`,
    );
    const call = await maintained.ringing();
    await system.db.query(
      `UPDATE calls SET migration_id = 'mig_over', migration_side = 'challenger' WHERE sid = $1`,
      [call.sid],
    );
    carrierKnows(call.sid, [dialled('leg-a4', A), answered('leg-a4', A)]);
    await maintained.terminate(call);
    await maintained.sweepNow({ inquiries: [inquiry] });
    const { id } = await system.endedCall(call.sid);
    const { rows } = await system.db.query(
      'SELECT kind, migration_id, migration_side FROM ledger_entries WHERE call_id = $1',
      [id],
    );
    expect(rows).toEqual([{ kind: 'revenue', migration_id: 'mig_over', migration_side: 'challenger' }]);
  });

  it('is connected when the answer was reported, though no carrier can be asked', async () => {
    await system.db.query(`UPDATE campaigns SET report_answer = true WHERE id = 'cmp_abandoned'`);
    const call = await maintained.ringing();
    await system.carrier.post('leg?attempt=1', `${call.sid}-leg`, {
      ...TO,
      ParentCallSid: call.sid,
      CallStatus: 'in-progress',
    });
    await eventually(async () =>
      expect(await system.callBySid(call.sid)).toMatchObject({ state: 'connected' }),
    );
    await system.db.query(`UPDATE campaigns SET report_answer = false WHERE id = 'cmp_abandoned'`);
    await maintained.terminate(call);
    await maintained.sweepNow();
    const ended = await system.endedCall(call.sid);
    expect(ended).toMatchObject({ outcome: 'connected', talkSeconds: null, converted: true });
    expect(ended.ledger).toMatchObject([{ kind: 'revenue' }]);
  });

  it('is told apart from one that had ended on record and held something still', async () => {
    const call = await maintained.ringing();
    await system.db.query(
      `UPDATE calls SET ended_at = now(), state = 'ended', outcome = 'failed', outcome_reason = 'test'
                            WHERE sid = $1`,
      [call.sid],
    );
    await maintained.terminate(call);
    await maintained.sweepNow({ inquiries: [inquiry] });
    expect(await maintained.freedOf(call.sid)).toEqual([{ reason: 'call_over', carrier_says: null }]);
    expect(stepsOf(await system.endedCall(call.sid)).at(-1)).toBe('capacity_freed');
  });

  it('does not keep others from being freed when it cannot be closed, and is tried again', async () => {
    const broken = await maintained.ringing();
    const sound = await maintained.ringing();
    const terms = `UPDATE attempts a SET terms = a.terms || $2::jsonb FROM calls c WHERE c.id = a.call_id AND c.sid = $1`;
    await system.db.query(terms, [broken.sid, '{"unknown": 1}']);
    await Promise.all([maintained.terminate(broken), maintained.terminate(sound)]);
    const stuck: unknown[] = [];
    const swept = await maintained.sweepNow({ onStuck: (what) => stuck.push(what) });
    expect(swept).toMatchObject({ freed: 1, stuck: [expect.any(String)] });
    expect(stuck).toEqual([{ callId: swept.stuck[0] }]);
    expect(await system.endedCall(sound.sid)).toMatchObject({ outcome: 'failed' });
    await system.db.query(
      `UPDATE attempts a SET terms = a.terms - 'unknown' FROM calls c WHERE c.id = a.call_id AND c.sid = $1`,
      [broken.sid],
    );
    expect(await maintained.sweepNow()).toMatchObject({ freed: 1, stuck: [] });
    expect(await system.endedCall(broken.sid)).toMatchObject({ outcome: 'failed' });
  });

  it('is seen as a step left it that was still under way', async () => {
    const call = await maintained.ringing();
    await maintained.terminate(call);
    // The answer is written by a transaction that the closing has to wait for.
    let swept: Promise<unknown> = Promise.resolve();
    await transaction(system.db, async (tx) => {
      await tx.query({
        name: 'test_lock',
        text: 'SELECT FROM calls WHERE sid = $1 FOR UPDATE',
        values: [call.sid],
      });
      swept = maintained.sweepNow();
      await waitsForLock(system);
      await tx.query({
        name: 'test_answer',
        text: `UPDATE attempts a SET connected_at = now(), state = 'connected'
                 FROM calls c WHERE c.id = a.call_id AND c.sid = $1`,
        values: [call.sid],
      });
      return { value: undefined };
    });
    await swept;
    expect(await system.endedCall(call.sid)).toMatchObject({ outcome: 'connected' });
  });

  it('counts in a new limit, once, though its reservation was under way when the limit was set', async () => {
    const call = await maintained.ringing();
    await system.db.query(
      `INSERT INTO limits (id, scope_kind, scope_id, "window", counts, maximum, time_zone)
       VALUES ('lim_new', 'buyer', 'buy_abandoned_a', 'total', 'attempt', 10, 'America/New_York')`,
    );
    // As if the limit had not seen the reservation, nor the reservation the limit.
    await system.db.query(`DELETE FROM reservation_holds WHERE limit_id = 'lim_new'`);
    await system.db.query(`DELETE FROM limit_counters WHERE limit_id = 'lim_new'`);
    const pending = async (): Promise<unknown> =>
      (await system.db.query(`SELECT pending FROM limit_counters WHERE limit_id = 'lim_new'`)).rows;
    expect(await pending()).toEqual([]);
    for (let look = 0; look < 2; look++) {
      await maintained.sweepNow();
      expect(await pending()).toEqual([{ pending: 1n }]);
    }
    await maintained.terminate(call);
    await maintained.sweepNow();
    await system.db.query(`DELETE FROM limits WHERE id = 'lim_new'`);
  });
});

/** Resolves when a statement waits for another transaction. */
function waitsForLock({ db }: SystemUnderTest): Promise<void> {
  return eventually(async () => {
    const { rows } = await db.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    expect(rows).not.toHaveLength(0);
  });
}
