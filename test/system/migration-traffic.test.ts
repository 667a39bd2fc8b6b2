import { randomInt } from 'node:crypto';
import type { AssignmentId, BuyerId, CampaignId } from '../../domain/ids';
import { simulateCall, type BuyerBehaviour } from '../../telephony/simulator';
import { readCounters } from './counters';
import { insertCampaign, telephone, type TestCampaign } from './campaign-fixture';
import { QUICK, startMigration, type RunningMigration } from './migration-fixture';
import { ACCOUNT_SID, AUTH_TOKEN, eventually, startSystem, type SystemUnderTest } from './system';

const CONTROL_ANSWERS = 0.7;
/** Calls at the same time, and the callers they come from. */
const LINES = 10;
const CALLERS = 4_000;

/** Real calls by the simulated carrier through everything, while a migration moves them. */
describe('a migration under traffic', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem({ inquiries: [] });
  });
  afterEach(async () => {
    await eventually(async () => expect(await readCounters(system.db)).toEqual({ pending: 0, drift: [] }));
  });
  afterAll(() => system.stop());

  function campaignNamed(key: string, number: string): TestCampaign {
    return { key, number, buyers: [{ name: 'a' }, { name: 'b', priority: 2 }] };
  }

  async function begin(campaign: TestCampaign): Promise<RunningMigration> {
    await insertCampaign(system.db, campaign);
    const side = (buyer: string) => ({
      buyerId: `buy_${campaign.key}_${buyer}` as BuyerId,
      assignmentIds: [`asg_${campaign.key}_${buyer}` as AssignmentId],
    });
    const kind = {
      kind: 'buyer' as const,
      campaignId: `cmp_${campaign.key}` as CampaignId,
      control: side('a'),
      challenger: side('b'),
    };
    const migration = await startMigration(system, campaign.key, kind, {
      ...QUICK,
      steps: [2_500, 6_000, 10_000].map((shareBasisPoints) => ({
        shareBasisPoints,
        minimumSeconds: 1,
        minimumCalls: 20,
        approval: false,
      })),
      guardrails: [{ metric: 'answer_rate', rule: { kind: 'relative_drop', drop: 0.3 } }],
    });
    await migration.operate('start');
    return migration;
  }

  /** Places calls until the migration is over. @returns how many */
  async function callUntilOver(
    migration: RunningMigration,
    campaign: TestCampaign,
    challengerAnswers: number,
  ): Promise<number> {
    let over = false;
    let calls = 0;
    const ended = migration.ended().finally(() => {
      over = true;
    });
    const answersWith = (chance: number): BuyerBehaviour =>
      randomInt(1000) < chance * 1000
        ? { kind: 'answer', ringSeconds: 1, talkSeconds: 20 }
        : { kind: 'busy', afterSeconds: 1 };
    const line = async (): Promise<void> => {
      while (!over) {
        calls += 1;
        const call = await simulateCall({
          voiceUrl: `${system.baseUrl}/telephony/twilio/voice`,
          statusUrl: `${system.baseUrl}/telephony/twilio/status`,
          accountSid: ACCOUNT_SID,
          authToken: AUTH_TOKEN,
          from: `+1415${5_500_000 + randomInt(CALLERS)}`,
          to: campaign.number,
          speed: 100,
          buyers: {
            default: { kind: 'busy' },
            byDestination: {
              [telephone(campaign, 'a')]: answersWith(CONTROL_ANSWERS),
              [telephone(campaign, 'b')]: answersWith(challengerAnswers),
            },
          },
        });
        expect(call.errors).toEqual([]);
      }
    };
    await Promise.all([...Array.from({ length: LINES }, line), ended]);
    return calls;
  }

  interface Sided {
    readonly caller: string;
    readonly side: string;
    readonly comparison: number;
    readonly overflow: boolean;
  }

  async function callsOf(migration: RunningMigration, placed: number): Promise<readonly Sided[]> {
    const { rows: counted } = await system.db.query<{ n: number; open: number }>(
      `SELECT count(*)::integer AS n, count(*) FILTER (WHERE ended_at IS NULL)::integer AS open
         FROM calls WHERE campaign_id = $1`,
      [migration.id.replace('mig_', 'cmp_')],
    );
    expect(counted[0]).toEqual({ n: placed, open: 0 });
    const { rows } = await system.db.query<Sided>(
      `SELECT caller, migration_side AS side, migration_comparison AS comparison, migration_overflow AS overflow
         FROM calls WHERE migration_id = $1 ORDER BY received_at, id`,
      [migration.id],
    );
    return rows;
  }

  /** Every caller on one side while the share stays, and moved to the challenger only; the shares as chance allows. */
  function checkSides(calls: readonly Sided[], shares: readonly number[]): void {
    const sideOf = new Map<string, string>();
    for (const { caller, side, comparison } of calls) {
      const key = `${caller}/${comparison}`;
      expect(sideOf.get(key) ?? side).toBe(side);
      sideOf.set(key, side);
    }
    for (const [index, share] of shares.entries()) {
      const callers = [...sideOf].filter(([key]) => key.endsWith(`/${index + 1}`));
      const taken = callers.filter(([, side]) => side === 'challenger').length;
      const expected = callers.length * share;
      const deviation = Math.sqrt(expected * (1 - share));
      expect(Math.abs(taken - expected)).toBeLessThanOrEqual(5 * deviation + 1e-9);
    }
    const last = new Map<string, string>();
    for (const { caller, side } of calls) {
      expect([last.get(caller), side]).not.toEqual(['challenger', 'control']);
      last.set(caller, side);
    }
  }

  it('takes a good challenger to all calls, and loses none of them', async () => {
    const campaign = campaignNamed('flow_good', '+14155559700');
    const migration = await begin(campaign);
    const placed = await callUntilOver(migration, campaign, 0.9);
    expect(await migration.status()).toMatchObject({ phase: { name: 'completed' } });
    await eventually(async () => checkSides(await callsOf(migration, placed), [0.25, 0.6, 1]));
    const { rows } = await system.db.query<{ id: string; paused: boolean }>(
      `SELECT id, paused FROM assignments WHERE campaign_id = 'cmp_flow_good' ORDER BY id`,
    );
    expect(rows.map(({ paused }) => paused)).toEqual([true, false]);
  }, 120_000);

  it('takes a bad one back by itself while calls go on', async () => {
    const campaign = campaignNamed('flow_poor', '+14155559720');
    const migration = await begin(campaign);
    const placed = await callUntilOver(migration, campaign, 0.15);
    const { phase, judgements } = await migration.status();
    expect(phase.name).toBe('rolled_back');
    expect(judgements).toMatchObject([{ verdict: 'breach' }]);
    await eventually(async () => checkSides(await callsOf(migration, placed), [0.25]));
  }, 120_000);
});
