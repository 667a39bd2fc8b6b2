import type { ReservationLedger } from '../../db/limits/reservation-ledger';
import { createCallActivities, type AdmitInput, type CallActivities } from '../../activities/call';
import { createCampaigns } from '../../activities/call/campaigns';
import { createPool } from '../../db/pool';
import { loadSampleCampaign } from '../../db/sample/load';
import type { Admission, AttemptEnd } from '../../domain/call/commands';
import type { CallFacts } from '../../domain/call/facts';
import type { CallPolicy, PlacedAttempt } from '../../domain/call/policy';
import type { CallId, E164 } from '../../domain/ids';
import { createTestLedger } from './test-ledger';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import { insertCampaign } from './campaign-fixture';
import { readCounters } from './counters';
import type { Pool } from 'pg';

/*
 * A local activity runs at least once: a worker can die after our commit and before Temporal hears of it. So each one
 * is run again here, afterwards and at the same time, and has to leave what one run leaves.
 */
describe('an activity that is run more than once', () => {
  let database: TestDatabase;
  let db: Pool;
  let ledger: ReservationLedger;
  let activities: CallActivities;
  let calls = 0;
  beforeAll(async () => {
    database = await createTestDatabase();
    await loadSampleCampaign(database.url);
    db = createPool({ url: database.url, size: 20, applicationName: 'test', onIdleError: () => undefined });
    ledger = createTestLedger(database.url);
    activities = createCallActivities({
      db,
      ledger,
      campaigns: createCampaigns(db),
      callbackGraceSeconds: 5,
    });
  });
  afterAll(async () => {
    await ledger.close();
    await db.end();
    await database.drop();
  });

  function newCall(to = '+14155550101'): AdmitInput {
    calls += 1;
    const at = new Date().toISOString();
    const facts: CallFacts = {
      callId: `call_test${calls}` as CallId,
      carrier: 'twilio',
      accountSid: 'AC1',
      sid: `CA${calls}`,
      from: '+14155550123' as E164,
      to,
      receivedAt: at,
      geography: {},
      attestation: null,
    };
    return { facts, workflowId: `call/twilio/AC1/CA${calls}`, at, giveUp: null, entries: [] };
  }

  function dialled(admission: Admission): { attempt: PlacedAttempt; policy: CallPolicy } {
    if (admission.kind !== 'placed' || admission.placement.kind !== 'dial')
      throw new Error('nobody was dialled');
    return { attempt: admission.placement.attempt, policy: admission.policy };
  }

  const again = <T>(run: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 8 }, run));
  const rowsOf = async (table: string, callId: string): Promise<number> => {
    const { rows } = await db.query<{ n: number }>(
      `SELECT count(*)::integer AS n FROM ${table} WHERE call_id = $1`,
      [callId],
    );
    return rows[0]?.n ?? 0;
  };
  const before = () => readCounters(db);

  it.each(['+14155550101', '+14155550100', '+14155559999'])('admits a call to %s once', async (to) => {
    const input = newCall(to);
    const { pending } = await before();
    const first = await activities.admitCall(input);
    for (const repeated of await again(() => activities.admitCall(input))) expect(repeated).toEqual(first);
    const reserved = first.kind === 'placed' ? 1 : 0;
    expect(await rowsOf('attempts', input.facts.callId)).toBe(reserved);
    expect(await rowsOf('reservations', input.facts.callId)).toBe(reserved);
    // With a menu before it, no buyer has been chosen yet.
    expect(await rowsOf('decision_records', input.facts.callId)).toBe(reserved);
    expect(await readCounters(db)).toEqual({ pending: pending + 2 * reserved, drift: [] });
  });

  it('admits a call once even when all runs happen at the same time', async () => {
    const input = newCall();
    const [first, ...others] = await again(() => activities.admitCall(input));
    for (const other of others) expect(other).toEqual(first);
    expect(await rowsOf('reservations', input.facts.callId)).toBe(1);
    expect(await rowsOf('decision_records', input.facts.callId)).toBe(1);
    expect((await readCounters(db)).drift).toEqual([]);
  });

  it('routes past a busy buyer once', async () => {
    const input = newCall();
    const { attempt, policy } = dialled(await activities.admitCall(input));
    const previous: AttemptEnd = { attempt, status: 'busy', at: input.at, talkSeconds: null };
    const { facts, at } = input;
    const route = () =>
      activities.routeCall({
        facts,
        policy,
        at,
        qualifications: {},
        previous,
        alreadyTried: [attempt.assignmentId],
        resume: null,
        workflowId: input.workflowId,
        callerGoneAt: null,
        entries: [],
      });
    const [first, ...others] = await again(route);
    for (const other of others) expect(other).toEqual(first);
    expect(await rowsOf('attempts', facts.callId)).toBe(2);
    const { rows } = await db.query(`SELECT status FROM reservations WHERE call_id = $1 ORDER BY id`, [
      facts.callId,
    ]);
    expect(rows).toEqual([{ status: 'voided' }, { status: 'pending' }]);
    expect((await readCounters(db)).drift).toEqual([]);
  });

  it('finishes a call once, books once, and gives back what a lost run had reserved', async () => {
    const input = newCall();
    const { attempt, policy } = dialled(await activities.admitCall(input));
    const { facts, at } = input;
    const busy: AttemptEnd = { attempt, status: 'busy', at, talkSeconds: null };
    // This run is the lost one: Temporal never heard that somebody else was reserved.
    await activities.routeCall({
      facts,
      policy,
      at,
      qualifications: {},
      previous: busy,
      alreadyTried: [attempt.assignmentId],
      resume: null,
      workflowId: input.workflowId,
      callerGoneAt: null,
      entries: [],
    });
    const { pending } = await before();
    const finish = (outcome: 'abandoned_ringing' | 'failed') =>
      activities.finishCall({
        facts,
        policy,
        qualifications: {},
        ending: { outcome, reason: 'test', at, attempt: busy },
        entries: [],
      });
    const first = await finish('abandoned_ringing');
    for (const repeated of await again(() => finish('failed'))) expect(repeated).toEqual(first);
    expect(await readCounters(db)).toEqual({ pending: pending - 2, drift: [] });
    const { rows } = await db.query(`SELECT no, state FROM attempts WHERE call_id = $1 ORDER BY no`, [
      facts.callId,
    ]);
    expect(rows).toEqual([
      { no: 1, state: 'busy' },
      { no: 2, state: 'canceled' },
    ]);
  });

  it('routes nothing once the call has ended, however late it runs', async () => {
    const input = newCall();
    const { attempt, policy } = dialled(await activities.admitCall(input));
    const { facts, at } = input;
    const end: AttemptEnd = { attempt, status: 'completed', at, talkSeconds: 60 };
    await activities.finishCall({
      facts,
      policy,
      qualifications: {},
      ending: { outcome: 'connected', reason: 'test', at, attempt: end },
      entries: [],
    });
    const { pending } = await before();
    const routed = await activities.routeCall({
      facts,
      policy,
      at,
      qualifications: {},
      previous: { ...end, status: 'busy', talkSeconds: null },
      alreadyTried: [attempt.assignmentId],
      resume: null,
      workflowId: input.workflowId,
      callerGoneAt: null,
      entries: [],
    });
    expect(routed).toMatchObject({ kind: 'ended', outcome: 'connected' });
    expect(await readCounters(db)).toEqual({ pending, drift: [] });
    expect(await rowsOf('ledger_entries', facts.callId)).toBe(2);
  });

  it('never waits in a circle: busy buyers given back in opposite orders, all at once', async () => {
    await db.query(`UPDATE assignments SET priority = 1`);
    const deadlocks = async (): Promise<number> => {
      const { rows } = await db.query<{ n: number }>(
        `SELECT deadlocks::integer AS n FROM pg_stat_database WHERE datname = current_database()`,
      );
      return rows[0]?.n ?? 0;
    };
    const before = await deadlocks();
    await Promise.all(
      Array.from({ length: 80 }, async () => {
        const input = newCall();
        const { facts, at } = input;
        const first = dialled(await activities.admitCall(input));
        const alreadyTried = [first.attempt.assignmentId];
        let attempt = first.attempt;
        for (let no = 2; no <= 3; no++) {
          const previous: AttemptEnd = { attempt, status: 'busy', at, talkSeconds: null };
          const { policy } = first;
          const routed = await activities.routeCall({
            facts,
            policy,
            at,
            qualifications: {},
            previous,
            alreadyTried: [...alreadyTried],
            resume: null,
            workflowId: input.workflowId,
            callerGoneAt: null,
            entries: [],
          });
          if (routed.kind !== 'placed' || routed.placement.kind !== 'dial')
            throw new Error('nobody was dialled');
          attempt = routed.placement.attempt;
          alreadyTried.push(attempt.assignmentId);
        }
      }),
    );
    expect((await readCounters(db)).drift).toEqual([]);
    // Statistics of a connection are told to others about once a second.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await deadlocks()).toBe(before);
  });

  it('never reserves beyond a limit: 60 calls at once for 7 places', async () => {
    await db.query(`UPDATE limits SET maximum = 0 WHERE scope_kind = 'buyer'`);
    await db.query(
      `UPDATE limits SET maximum = 7 + (SELECT coalesce(sum(pending), 0) FROM limit_counters WHERE limit_id = id)
        WHERE id = 'lim_buy_charlie_concurrency'`,
    );
    const admissions = await Promise.all(Array.from({ length: 60 }, () => activities.admitCall(newCall())));
    const placed = admissions.filter((admission) => admission.kind === 'placed');
    expect(placed).toHaveLength(7);
    expect(
      admissions.filter((admission) => admission.kind === 'ended' && admission.outcome === 'no_candidate'),
    ).toHaveLength(53);
    expect((await readCounters(db)).drift).toEqual([]);
  });

  it('gives out turns exactly: 60 calls at once, through a rule of three buyers, are 20 each', async () => {
    await insertCampaign(db, {
      key: 'turns',
      number: '+14155559200',
      buyers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
      rules: [{ name: 'in turn', strategy: { kind: 'round_robin' } }],
    });
    const admissions = await Promise.all(
      Array.from({ length: 60 }, () => activities.admitCall(newCall('+14155559200'))),
    );
    const turns = new Map<string, number>();
    for (const admission of admissions) {
      const { buyerName } = dialled(admission).attempt;
      turns.set(buyerName, (turns.get(buyerName) ?? 0) + 1);
    }
    expect(Object.fromEntries(turns)).toEqual({ a: 20, b: 20, c: 20 });
  });

  describe('whose campaign cannot be read', () => {
    /** That of the turns above: it has room left. */
    const NUMBER = '+14155559200';
    const spoil = (): Promise<unknown> =>
      db.query(`UPDATE campaigns SET hours = '{"openings": 1}' WHERE id = 'cmp_turns'`);
    afterEach(() => db.query(`UPDATE campaigns SET hours = NULL WHERE id = 'cmp_turns'`));

    it('turns a new call away, on record, with the field that is wrong', async () => {
      await spoil();
      const input = newCall(NUMBER);
      const admission = await activities.admitCall(input);
      expect(admission).toMatchObject({ kind: 'ended', outcome: 'failed' });
      expect(admission.kind === 'ended' && admission.reason).toMatch(/cmp_turns cannot be read: .*openings/);
    });

    it('ends a call in progress, and gives back what it held', async () => {
      const { pending } = await readCounters(db);
      const input = newCall(NUMBER);
      const { attempt, policy } = dialled(await activities.admitCall(input));
      await spoil();
      const routed = await activities.routeCall({
        facts: input.facts,
        policy,
        at: new Date().toISOString(),
        qualifications: {},
        previous: { attempt, status: 'busy', at: new Date().toISOString(), talkSeconds: null },
        alreadyTried: [attempt.assignmentId],
        resume: null,
        workflowId: input.workflowId,
        callerGoneAt: null,
        entries: [],
      });
      expect(routed).toMatchObject({ kind: 'ended', outcome: 'failed', instructions: [{ verb: 'hangup' }] });
      expect(await readCounters(db)).toEqual({ pending, drift: [] });
    });
  });
});
