import type { Pool } from 'pg';
import { createCallActivities, type AdmitInput, type CallActivities } from '../../activities/call';
import { createCampaigns } from '../../activities/call/campaigns';
import { freeCall } from '../../activities/maintenance/freeCall';
import { createMigrationActivities } from '../../activities/migration';
import { countStatements } from '../../bench/call/counters';
import type { EventCall } from '../../contract/events';
import type { ReservationLedger } from '../../db/limits/reservation-ledger';
import { createPool } from '../../db/pool';
import type { Admission } from '../../domain/call/commands';
import type { CallPolicy, PlacedAttempt } from '../../domain/call/policy';
import type { CallId, CampaignId, E164, MigrationId } from '../../domain/ids';
import { DEFAULT_PLAN } from '../../domain/migration/plan';
import { newMigration, noted } from '../../domain/migration/state';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import { insertCampaign } from './campaign-fixture';
import { eventsOf, insertEndpoint, toldOf } from './endpoint-fixture';
import { createTestLedger } from './test-ledger';

const NUMBER = '+14155557000';
const FULL_NUMBER = '+14155557001';

/** What is recorded, step by step. Nobody delivers here. */
describe('events', () => {
  let database: TestDatabase;
  let db: Pool;
  let counted: Pool;
  let statements: ReturnType<typeof countStatements>;
  let ledger: ReservationLedger;
  let activities: CallActivities;
  let calls = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    const pool = (applicationName: string) =>
      createPool({ url: database.url, size: 10, applicationName, onIdleError: () => undefined });
    db = pool('test');
    counted = pool('test-counted');
    statements = countStatements(counted);
    ledger = createTestLedger(database.url);
    activities = createCallActivities({
      db: counted,
      ledger,
      campaigns: createCampaigns(counted),
      callbackGraceSeconds: 5,
    });
    const buyers = [{ name: 'a' }, { name: 'b', priority: 2 }];
    await insertCampaign(db, {
      key: 'told',
      number: NUMBER,
      buyers,
      payout: '4000000',
      tags: { utm_source: 'ad' },
    });
    await insertCampaign(db, { key: 'full', number: FULL_NUMBER, buyers: [{ name: 'a', maximum: 0 }] });
    await db.query(`UPDATE campaigns SET report_answer = true WHERE id = 'cmp_told'`);
  });
  beforeEach(async () => {
    // Those of the test before must not be told of this one's calls.
    await db.query('UPDATE webhook_endpoints SET enabled = false');
  });
  afterAll(async () => {
    await ledger.close();
    await Promise.all([db.end(), counted.end()]);
    await database.drop();
  });

  function newCall(to = NUMBER, at = new Date().toISOString()): AdmitInput {
    calls += 1;
    return {
      facts: {
        callId: `call_told${calls}` as CallId,
        carrier: 'twilio',
        accountSid: 'AC1',
        sid: `CA${calls}`,
        from: '+14155550123' as E164,
        to,
        receivedAt: at,
        geography: { state: 'CA' },
        attestation: null,
      },
      workflowId: `call/twilio/AC1/CA${calls}`,
      at,
      giveUp: null,
      entries: [],
    };
  }

  function dialled(admission: Admission): { attempt: PlacedAttempt; policy: CallPolicy } {
    if (admission.kind !== 'placed' || admission.placement.kind !== 'dial')
      throw new Error('nobody was dialled');
    return { attempt: admission.placement.attempt, policy: admission.policy };
  }

  const answer = (input: AdmitInput, attempt: PlacedAttempt) =>
    activities.recordAnswer({ callId: input.facts.callId, attempt, answeredAt: input.at, entries: [] });
  const finish = (input: AdmitInput, attempt: PlacedAttempt, policy: CallPolicy) =>
    activities.finishCall({
      facts: input.facts,
      policy,
      qualifications: { utm_source: 'ad', intent: 'quote' },
      ending: {
        outcome: 'connected',
        reason: 'buyer hung up',
        at: new Date(Date.parse(input.at) + 90_000).toISOString(),
        attempt: {
          attempt,
          status: 'completed',
          at: new Date(Date.parse(input.at) + 90_000).toISOString(),
          talkSeconds: 80,
        },
      },
      entries: [],
    });
  /** Every step twice, as when a worker dies before Temporal hears of it. */
  async function wholeCall(input: AdmitInput, options = { answered: true }): Promise<CallId> {
    const { attempt, policy } = dialled(await activities.admitCall(input));
    await activities.admitCall(input);
    if (options.answered) for (const _ of [1, 2]) await answer(input, attempt);
    for (const _ of [1, 2]) await finish(input, attempt, policy);
    // A worker that was slow, or another one, comes back to it.
    if (options.answered) await answer(input, attempt);
    return input.facts.callId;
  }
  const ALL = ['call.connected', 'call.converted', 'call.ended', 'call.paid', 'call.received'];

  it('of a whole call are recorded once each, though every step is done twice', async () => {
    await insertEndpoint(db, { id: 'whk_all' });
    const input = newCall();
    const callId = await wholeCall(input);
    const events = await eventsOf(db, callId);
    expect(events.map(({ type }) => type).toSorted()).toEqual(ALL);
    expect(await toldOf(db, 'whk_all', callId)).toEqual(ALL);

    const call = (type: string): EventCall => {
      const event = events.find((each) => each.type === type);
      if (event === undefined || !('call' in event.data)) throw new Error(`no ${type}`);
      return event.data.call;
    };
    expect(call('call.received')).toMatchObject({
      id: callId,
      campaignId: 'cmp_told',
      number: NUMBER,
      caller: '+14155550123',
      tags: { utm_source: 'ad' },
      geography: { state: 'CA' },
      state: 'dialing',
      outcome: null,
      buyerId: null,
      connectedAt: null,
    });
    expect(call('call.connected')).toMatchObject({
      state: 'connected',
      buyerId: 'buy_told_a',
      endedAt: null,
    });
    const ended = {
      outcome: 'connected',
      outcomeReason: 'buyer hung up',
      buyerId: 'buy_told_a',
      assignmentId: 'asg_told_a',
      tags: { utm_source: 'ad', intent: 'quote' },
      durationSeconds: 90,
      talkSeconds: 80,
      converted: true,
      currency: 'USD',
      revenueMicros: '10000000',
      payoutMicros: '4000000',
    };
    for (const type of ['call.ended', 'call.converted', 'call.paid']) expect(call(type)).toMatchObject(ended);
    expect(call('call.ended').timeline.map(({ step }) => step)).toEqual(['screened', 'routed', 'dialing']);
  });

  it('of all steps done at the same time are recorded once each', async () => {
    await insertEndpoint(db, { id: 'whk_race' });
    const input = newCall();
    const eight = <T>(run: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 8 }, run));
    const [admission] = await eight(() => activities.admitCall(input));
    if (admission === undefined) throw new Error('not admitted');
    const { attempt, policy } = dialled(admission);
    await eight(() => answer(input, attempt));
    await eight(() => finish(input, attempt, policy));
    expect(await toldOf(db, 'whk_race', input.facts.callId)).toEqual(ALL);
  });

  it('tell of a connection at the end, where nobody told of it live', async () => {
    await insertEndpoint(db, { id: 'whk_late' });
    const callId = await wholeCall(newCall(), { answered: false });
    expect(await toldOf(db, 'whk_late', callId)).toEqual(ALL);
    const [connected] = (await eventsOf(db, callId)).filter(({ type }) => type === 'call.connected');
    expect(connected).toMatchObject({ data: { call: { state: 'ended', buyerId: 'buy_told_a' } } });
  });

  it('go to who asked for their type and campaign, and is there when it happens', async () => {
    await insertEndpoint(db, { id: 'whk_ends', eventTypes: ['call.ended', 'call.paid'] });
    await insertEndpoint(db, { id: 'whk_other', campaignIds: ['cmp_full'] });
    await insertEndpoint(db, { id: 'whk_own', campaignIds: ['cmp_full', 'cmp_told'] });
    await insertEndpoint(db, { id: 'whk_off', enabled: false });
    const input = newCall();
    const { attempt, policy } = dialled(await activities.admitCall(input));
    await insertEndpoint(db, { id: 'whk_new' });
    await finish(input, attempt, policy);
    const { callId } = input.facts;
    expect(await toldOf(db, 'whk_ends', callId)).toEqual(['call.ended', 'call.paid']);
    expect(await toldOf(db, 'whk_other', callId)).toEqual([]);
    expect(await toldOf(db, 'whk_own', callId)).toEqual(ALL);
    expect(await toldOf(db, 'whk_off', callId)).toEqual([]);
    expect(await toldOf(db, 'whk_new', callId)).toEqual(ALL.filter((type) => type !== 'call.received'));
  });

  it('are not written where nobody wants to be told; either way a call takes two statements for them', async () => {
    const plainCall = async (): Promise<CallId> => {
      const input = newCall();
      const { attempt, policy } = dialled(await activities.admitCall(input));
      await finish(input, attempt, policy);
      return input.facts.callId;
    };
    await plainCall();
    statements.reset();
    const quiet = await plainCall();
    const without = statements.read();
    expect(await eventsOf(db, quiet)).toEqual([]);
    // All but what the ledger of limits and the API send. Thirteen without events: one goes with each of the two COMMITs.
    expect(without).toEqual({ statements: 15, commits: 2 });
    await insertEndpoint(db, { id: 'whk_one' });
    await insertEndpoint(db, { id: 'whk_two' });
    statements.reset();
    await plainCall();
    expect(statements.read()).toEqual(without);
  });

  it('of a call that nobody can take tell how it began and ended, and which limit stood in the way, once', async () => {
    await insertEndpoint(db, { id: 'whk_full' });
    const first = newCall(FULL_NUMBER);
    const admission = await activities.admitCall(first);
    await activities.admitCall(first);
    expect(admission).toMatchObject({ outcome: 'no_candidate' });
    const { callId } = first.facts;
    expect(await toldOf(db, 'whk_full', callId)).toEqual(['call.ended', 'call.received', 'limit.reached']);
    const reached = (await eventsOf(db, callId)).find(({ type }) => type === 'limit.reached');
    const { rows } = await db.query<{ id: string }>(
      `SELECT id FROM limits WHERE scope_id LIKE 'asg_full%' OR scope_id LIKE 'buy_full%'`,
    );
    expect(reached).toMatchObject({
      data: { limit: { id: rows[0]?.id, limit: '0' }, campaignId: 'cmp_full', callId },
    });

    const next = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const input = newCall(FULL_NUMBER);
        await activities.admitCall(input);
        return toldOf(db, 'whk_full', input.facts.callId);
      }),
    );
    for (const told of next) expect(told).toEqual(['call.ended', 'call.received']);

    // The next window; limits go by a clock that tests can set.
    await db.query(`CREATE OR REPLACE FUNCTION limit_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS
                    $$ SELECT clock_timestamp() + interval '2 days' $$`);
    const tomorrow = newCall(FULL_NUMBER);
    await activities.admitCall(tomorrow);
    expect(await toldOf(db, 'whk_full', tomorrow.facts.callId)).toContain('limit.reached');
  });

  it('tell the end of a call whose workflow is gone', async () => {
    await insertEndpoint(db, { id: 'whk_gone' });
    const input = newCall();
    const { attempt } = dialled(await activities.admitCall(input));
    await answer(input, attempt);
    const { callId } = input.facts;
    const lost = { callId, because: 'terminated', carrier: null, at: new Date().toISOString() } as const;
    await freeCall(db, lost);
    await freeCall(db, lost);
    // Nobody knows how long they talked; the price is due on connection.
    expect(await toldOf(db, 'whk_gone', callId)).toEqual(
      expect.arrayContaining(['call.connected', 'call.ended']),
    );
    expect((await eventsOf(db, callId)).filter(({ type }) => type === 'call.ended')).toHaveLength(1);
  });

  it('of a migration are recorded whether or not it has a URL of its own to tell', async () => {
    await insertEndpoint(db, {
      id: 'whk_mig',
      campaignIds: ['cmp_told'],
      eventTypes: ['migration.breached'],
    });
    const id = 'mig_told' as MigrationId;
    const kind = {
      kind: 'buyer',
      campaignId: 'cmp_told' as CampaignId,
      controlAssignmentId: 'asg_told_a',
      challengerAssignmentId: 'asg_told_b',
    } as never;
    const at = new Date().toISOString();
    const state = noted(newMigration(id, kind, DEFAULT_PLAN), {
      at,
      what: 'breached',
      by: null,
      reason: 'worse',
    });
    await db.query(
      `INSERT INTO migrations (id, name, kind, campaign_id, control_assignment_id, challenger_assignment_id, settings,
                               status, state)
       VALUES ($1, 'A to B', 'buyer', 'cmp_told', 'asg_told_a', 'asg_told_b', '{"notifyUrl": "http://own"}', 'holding', $2)`,
      [id, JSON.stringify(state)],
    );
    let announced = 0;
    const migration = createMigrationActivities({
      db,
      announce: () => Promise.reject(new Error(`refused ${(announced += 1)} times`)),
    });
    // It is tried again because its own URL does not answer: the event is one.
    for (const _ of [1, 2])
      await expect(migration.notify(state, 'breached', 'Bravo is worse')).rejects.toThrow('refused');
    const { rows } = await db.query(
      `SELECT e.type, e.data FROM webhook_deliveries d JOIN events e ON e.id = d.event_id WHERE d.endpoint_id = 'whk_mig'`,
    );
    expect(rows).toEqual([
      {
        type: 'migration.breached',
        data: {
          migration: { id, name: 'A to B', message: 'Bravo is worse', shareBasisPoints: 0, judgements: [] },
        },
      },
    ]);
  });
});
