import { randomUUID } from 'node:crypto';
import type { Backtest, BacktestResult } from '../../contract/resources/backtest';
import { seededRandom } from '../../domain/routing/draw';
import type { BuyerBehaviour } from '../../telephony/simulator';
import { BACKTEST_WORKFLOW } from '../../workflows/backtest/messages';
import { backtestWorkflowId } from '../../workflows/ids';
import { maintenanceTaskQueue } from '../../workflows/maintenance/messages';
import { insertCampaign, telephone, type TestCampaign } from './campaign-fixture';
import { insertTestLimit } from './limit-fixture';
import { placeCall } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const CAMPAIGN: TestCampaign = {
  key: 'past',
  number: '+14155559700',
  payout: '2000000',
  buyers: [
    { name: 'a', bid: '10000000', weight: 3, maximum: 2 },
    { name: 'b', bid: '14000000', weight: 2 },
    { name: 'c', bid: '6000000' },
  ],
  rules: [
    {
      name: 'night owls',
      strategy: { kind: 'round_robin' },
      when: { kind: 'geography', field: 'area_code', in: ['212'] },
    },
    { name: 'everyone', strategy: { kind: 'weighted' } },
  ],
};
const BEHAVIOURS: readonly BuyerBehaviour[] = [
  { kind: 'answer', talkSeconds: 90 },
  { kind: 'answer', talkSeconds: 20 },
  { kind: 'busy' },
  { kind: 'no-answer' },
];

describe('a backtest', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem({ inquiries: [] });
    await insertCampaign(system.db, CAMPAIGN);
    await insertTestLimit(system.db, {
      id: 'lim_b_day',
      scope: 'buyer:buy_past_b',
      window: 'day',
      counts: 'connection',
      maximum: 6,
    });
    const random = seededRandom('calls of a backtest');
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const placing = Array.from({ length: 60 }, (_, n) => {
      const byDestination = Object.fromEntries(
        ['a', 'b', 'c'].map((buyer) => [telephone(CAMPAIGN, buyer), pick(BEHAVIOURS)]),
      );
      return async () =>
        placeCall(system, {
          to: CAMPAIGN.number,
          from: `+1${pick(['212', '415'])}555${String(1000 + n)}`,
          buyers: { default: { kind: 'busy' }, byDestination },
          callerHangUp: n % 10 === 0 ? { during: 'ringing', afterSeconds: 1 } : { during: 'never' },
          speed: 200,
        });
    });
    // A few at once, so that the first buyer's two places are taken at times.
    const queue = [...placing];
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next();
      }),
    );
  }, 120_000);
  afterAll(() => system.stop());

  async function run(version: number, settings: { runs?: number; seed?: string } = {}): Promise<Backtest> {
    const id = `bkt_${randomUUID().replaceAll('-', '')}`;
    await system.db.query(
      `INSERT INTO backtests (id, campaign_id, version, period_from, period_to, runs, seed)
       VALUES ($1, 'cmp_past', $2, now() - interval '1 hour', now(), $3, $4)`,
      [id, version, settings.runs ?? 20, settings.seed ?? 'seed'],
    );
    await system.temporal.workflow.execute(BACKTEST_WORKFLOW, {
      workflowId: backtestWorkflowId(id),
      taskQueue: maintenanceTaskQueue(system.taskQueue),
      args: [{ backtestId: id }],
    });
    const { rows } = await system.db.query<{ status: string; result: BacktestResult; failure: string }>(
      'SELECT status, result, failure FROM backtests WHERE id = $1',
      [id],
    );
    return rows[0] as unknown as Backtest;
  }

  it('of the version that chose comes to what was', async () => {
    const { status, result, failure } = await run(1);
    console.log(JSON.stringify({ status, failure, result }, null, 1));
    expect(status).toBe('completed');
  });
});
