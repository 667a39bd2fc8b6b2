import type { Pool } from 'pg';
import { createCallActivities, type AdmitInput, type CallActivities } from '../../activities/call';
import { createCampaigns } from '../../activities/call/campaigns';
import { countStatements } from '../../bench/call/counters';
import type { ReservationLedger } from '../../db/limits/reservation-ledger';
import { createPool } from '../../db/pool';
import type { Admission } from '../../domain/call/commands';
import type { CallPolicy, PlacedAttempt } from '../../domain/call/policy';
import type { CallId, E164, MigrationId } from '../../domain/ids';
import { sideOf } from '../../domain/migration/split';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import { insertCampaign } from './campaign-fixture';
import { createTestLedger } from './test-ledger';

/** A migration as its workflow leaves it, put straight into the table. */
interface Stored {
  readonly id: string;
  readonly kind: 'buyer' | 'plan' | 'campaign';
  readonly campaign: string;
  readonly share: number;
  readonly control?: string | number;
  readonly challenger: string | number;
}

describe('a call of a campaign that is in a migration', () => {
  let database: TestDatabase;
  let db: Pool;
  let ledger: ReservationLedger;
  let activities: CallActivities;
  let statements: ReturnType<typeof countStatements>;
  let calls = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 10, applicationName: 'test', onIdleError: () => undefined });
    ledger = createTestLedger(database.url);
    const counted = createPool({
      url: database.url,
      size: 10,
      applicationName: 'test-counted',
      onIdleError: () => undefined,
    });
    statements = countStatements(counted);
    activities = createCallActivities({
      db: counted,
      ledger,
      campaigns: createCampaigns(counted),
      callbackGraceSeconds: 5,
    });
    closeCounted = () => counted.end();
  });
  let closeCounted: () => Promise<void>;
  afterAll(async () => {
    await closeCounted();
    await ledger.close();
    await db.end();
    await database.drop();
  });

  function input(to: string, from: string | null): AdmitInput {
    calls += 1;
    const at = new Date().toISOString();
    return {
      facts: {
        callId: `call_split${calls}` as CallId,
        carrier: 'twilio',
        accountSid: 'AC1',
        sid: `CA${calls}`,
        from: from as E164 | null,
        to,
        receivedAt: at,
        geography: {},
        attestation: null,
      },
      workflowId: `call/twilio/AC1/CA${calls}`,
      at,
      giveUp: null,
      entries: [],
    };
  }
  const callerNo = (n: number): string => `+1415${String(5_550_000 + n)}`;

  function placed(admission: Admission): { attempt: PlacedAttempt; policy: CallPolicy } {
    if (admission.kind !== 'placed' || admission.placement.kind !== 'dial')
      throw new Error(`nobody was dialled: ${JSON.stringify(admission)}`);
    return { attempt: admission.placement.attempt, policy: admission.policy };
  }

  async function migrate(stored: Stored): Promise<void> {
    const { kind, control = null, challenger } = stored;
    await db.query(
      `INSERT INTO migrations (id, name, kind, campaign_id, settings, status, state, splits, share_basis_points,
                               control_assignment_id, challenger_assignment_id, control_version, challenger_version,
                               challenger_campaign_id)
       VALUES ($1, $1, $2, $3, '{}', 'running', '{}', true, $4, $5, $6, $7, $8, $9)`,
      [
        stored.id,
        kind,
        stored.campaign,
        stored.share,
        kind === 'buyer' ? control : null,
        kind === 'buyer' ? challenger : null,
        kind === 'plan' ? control : null,
        kind === 'plan' ? challenger : null,
        kind === 'campaign' ? challenger : null,
      ],
    );
    await db.query('UPDATE campaigns SET config_version = config_version + 1 WHERE id = $1', [
      stored.campaign,
    ]);
  }

  const sidesOf = async (
    campaign: string,
  ): Promise<{ caller: string; side: string; overflow: boolean }[]> => {
    const { rows } = await db.query<{ caller: string; side: string; overflow: boolean }>(
      `SELECT caller, migration_side AS side, migration_overflow AS overflow FROM calls
        WHERE migration_id IN (SELECT id FROM migrations WHERE campaign_id = $1) ORDER BY received_at, id`,
      [campaign],
    );
    return rows;
  };

  it('goes by the plan version of its side, and takes no statement more than one without a migration', async () => {
    const number = '+14155559500';
    await insertCampaign(db, { key: 'plans', number, buyers: [{ name: 'a' }, { name: 'b', priority: 2 }] });
    const { rows } = await db.query<{ definition: object }>(
      `SELECT definition FROM routing_plans WHERE campaign_id = 'cmp_plans'`,
    );
    const only = (buyer: string) =>
      JSON.stringify({
        ...rows[0]?.definition,
        rules: [
          {
            name: 'only one',
            when: null,
            strategy: { kind: 'waterfall' },
            candidates: [{ assignmentId: `asg_plans_${buyer}`, priority: null, weight: null }],
            fallback: null,
          },
        ],
      });
    for (const [version, buyer] of [
      [2, 'a'],
      [3, 'b'],
    ] as const) {
      await db.query(
        `INSERT INTO routing_plans (campaign_id, version, definition) VALUES ('cmp_plans', $1, $2)`,
        [version, only(buyer)],
      );
    }
    await activities.admitCall(input(number, callerNo(0)));
    statements.reset();
    await activities.admitCall(input(number, callerNo(0)));
    const without = statements.read();
    await migrate({
      id: 'mig_plans',
      kind: 'plan',
      campaign: 'cmp_plans',
      share: 5_000,
      control: 2,
      challenger: 3,
    });
    await activities.admitCall(input(number, callerNo(0)));
    const other = callers(0, 200).find(
      (caller) => side('mig_plans', caller, 5_000) !== side('mig_plans', callerNo(0), 5_000),
    );
    await activities.admitCall(input(number, other ?? ''));
    statements.reset();
    await activities.admitCall(input(number, callerNo(0)));
    expect(statements.read()).toEqual(without);
    statements.reset();
    await activities.admitCall(input(number, other ?? ''));
    expect(statements.read()).toEqual(without);

    for (const caller of callers(0, 120)) {
      const { attempt, policy } = placed(await activities.admitCall(input(number, caller)));
      const expected = side('mig_plans', caller, 5_000);
      expect(policy.migration).toMatchObject({ migrationId: 'mig_plans', side: expected, overflow: false });
      expect(policy.planVersion).toBe(expected === 'challenger' ? 3 : 2);
      expect(attempt.buyerName).toBe(expected === 'challenger' ? 'b' : 'a');
    }
    const stored = await sidesOf('cmp_plans');
    expect(stored.every(({ caller, side: on }) => on === side('mig_plans', caller, 5_000))).toBe(true);
    expect(stored.filter(({ side: on }) => on === 'challenger').length).toBeGreaterThan(30);
  });

  const callers = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, n) => callerNo(from + n));
  const side = (migration: string, caller: string, share: number) =>
    sideOf({
      migrationId: migration as MigrationId,
      caller,
      callId: 'call_x' as CallId,
      shareBasisPoints: share,
    });

  it('keeps its side when the share is raised at once for all processes, but for those who move', async () => {
    const number = '+14155559510';
    await insertCampaign(db, { key: 'raise', number, buyers: [{ name: 'a' }, { name: 'b', priority: 2 }] });
    await migrate({
      id: 'mig_raise',
      kind: 'buyer',
      campaign: 'cmp_raise',
      share: 1_000,
      control: 'asg_raise_a',
      challenger: 'asg_raise_b',
    });
    const buyers = async (): Promise<string[]> => {
      const names: string[] = [];
      for (const caller of callers(0, 100))
        names.push(placed(await activities.admitCall(input(number, caller))).attempt.buyerName);
      return names;
    };
    const before = await buyers();
    await db.query(`UPDATE migrations SET share_basis_points = 6000 WHERE id = 'mig_raise'`);
    const after = await buyers();
    expect(before.filter((name, n) => name === 'b' && after[n] !== 'b')).toEqual([]);
    expect(after).toEqual(
      callers(0, 100).map((caller) => (side('mig_raise', caller, 6_000) === 'challenger' ? 'b' : 'a')),
    );
  });

  it('goes to the control when the challenger has no room, on record as such', async () => {
    const number = '+14155559520';
    await insertCampaign(db, {
      key: 'room',
      number,
      buyers: [{ name: 'a' }, { name: 'b', priority: 2, maximum: 1 }, { name: 'c', priority: 2 }],
    });
    await migrate({
      id: 'mig_room',
      kind: 'buyer',
      campaign: 'cmp_room',
      share: 10_000,
      control: 'asg_room_a',
      challenger: 'asg_room_b',
    });
    const first = placed(await activities.admitCall(input(number, callerNo(1))));
    expect(first.attempt.buyerName).toBe('b');
    const second = placed(await activities.admitCall(input(number, callerNo(2))));
    expect(second.attempt.buyerName).toBe('a');
    expect(second.policy.migration).toMatchObject({ side: 'challenger', overflow: true });
    expect((await sidesOf('cmp_room')).map(({ side: on, overflow }) => [on, overflow])).toEqual([
      ['challenger', false],
      ['challenger', true],
    ]);
    const { rows } = await db.query<{ migration_side: string }>(
      `SELECT a.migration_side FROM attempts a JOIN calls c ON c.id = a.call_id WHERE c.campaign_id = 'cmp_room'`,
    );
    expect(rows.map(({ migration_side }) => migration_side)).toEqual(['challenger', 'challenger']);
  });

  it('goes on without the control once the challenger was dialled and did not take it', async () => {
    const number = '+14155559530';
    await insertCampaign(db, {
      key: 'tried',
      number,
      buyers: [{ name: 'a' }, { name: 'b', priority: 3 }, { name: 'c', priority: 2 }],
    });
    await migrate({
      id: 'mig_tried',
      kind: 'buyer',
      campaign: 'cmp_tried',
      share: 10_000,
      control: 'asg_tried_a',
      challenger: 'asg_tried_b',
    });
    const admitted = input(number, callerNo(1));
    const { attempt, policy } = placed(await activities.admitCall(admitted));
    expect(attempt.buyerName).toBe('b');
    const routed = await activities.routeCall({
      facts: admitted.facts,
      workflowId: admitted.workflowId,
      policy,
      at: admitted.at,
      qualifications: {},
      previous: { attempt, status: 'busy', at: admitted.at, talkSeconds: null },
      alreadyTried: [attempt.assignmentId],
      resume: null,
      callerGoneAt: null,
      entries: [],
    });
    expect(routed).toMatchObject({ kind: 'placed', placement: { attempt: { buyerName: 'c' } } });
  });

  it('is the challenger campaign’s, with its money and history; the control’s when that is full or paused', async () => {
    const number = '+14155559540';
    await insertCampaign(db, { key: 'from', number, buyers: [{ name: 'a' }] });
    await insertCampaign(db, { key: 'into', number: '+14155559550', buyers: [{ name: 'z', maximum: 1 }] });
    await migrate({
      id: 'mig_over',
      kind: 'campaign',
      campaign: 'cmp_from',
      share: 10_000,
      challenger: 'cmp_into',
    });
    const one = placed(await activities.admitCall(input(number, callerNo(1))));
    expect([one.attempt.buyerName, one.policy.campaignId]).toEqual(['z', 'cmp_into']);
    const two = placed(await activities.admitCall(input(number, callerNo(2))));
    expect([two.attempt.buyerName, two.policy.campaignId]).toEqual(['a', 'cmp_from']);
    await db.query(`UPDATE campaigns SET status = 'paused' WHERE id = 'cmp_into'`);
    const three = placed(await activities.admitCall(input(number, callerNo(3))));
    expect([three.attempt.buyerName, three.policy.migration?.overflow]).toEqual(['a', true]);
    const { rows } = await db.query(
      `SELECT campaign_id, migration_overflow FROM calls WHERE migration_id = 'mig_over' ORDER BY received_at, id`,
    );
    expect(rows).toEqual([
      { campaign_id: 'cmp_into', migration_overflow: false },
      { campaign_id: 'cmp_from', migration_overflow: true },
      { campaign_id: 'cmp_from', migration_overflow: true },
    ]);
  });

  it('has its side on what is booked for it', async () => {
    const number = '+14155559560';
    await insertCampaign(db, { key: 'books', number, buyers: [{ name: 'a' }, { name: 'b' }] });
    await migrate({
      id: 'mig_books',
      kind: 'buyer',
      campaign: 'cmp_books',
      share: 10_000,
      control: 'asg_books_a',
      challenger: 'asg_books_b',
    });
    const admitted = input(number, callerNo(1));
    const { attempt, policy } = placed(await activities.admitCall(admitted));
    await activities.finishCall({
      facts: admitted.facts,
      policy,
      qualifications: {},
      ending: {
        outcome: 'connected',
        reason: 'test',
        at: new Date().toISOString(),
        attempt: { attempt, status: 'completed', at: admitted.at, talkSeconds: 60 },
      },
      entries: [],
    });
    const { rows } = await db.query(
      `SELECT kind, migration_side FROM ledger_entries WHERE migration_id = 'mig_books'`,
    );
    expect(rows).toEqual([{ kind: 'revenue', migration_side: 'challenger' }]);
  });
});
