import type { Backtest, BacktestResult, Range } from '../../contract/resources/backtest';
import { seededRandom } from '../../domain/routing/draw';
import { backtestsOf, type Backtests } from './backtest-fixture';
import { insertCampaign, type TestCampaign } from './campaign-fixture';
import { insertTestLimit } from './limit-fixture';
import { startSystem, type SystemUnderTest } from './system';

const CAMPAIGN: TestCampaign = {
  key: 'past',
  number: '+14155559700',
  payout: '2000000',
  buyers: [
    { name: 'a', bid: '10000000', weight: 3, maximum: 1 },
    { name: 'b', bid: '14000000', weight: 2 },
    { name: 'c', bid: '6000000' },
  ],
  rules: [
    {
      name: 'new york',
      strategy: { kind: 'round_robin' },
      when: { kind: 'geography', field: 'area_code', in: ['212'] },
    },
    { name: 'everyone', strategy: { kind: 'weighted' } },
  ],
};
const CALLS = 60;
describe('a backtest', () => {
  let system: SystemUnderTest;
  let backtests: Backtests;
  let first: BacktestResult;

  beforeAll(async () => {
    system = await startSystem({ inquiries: [] });
    backtests = backtestsOf(system, 'cmp_past');
    await insertCampaign(system.db, CAMPAIGN);
    await insertTestLimit(system.db, {
      id: 'lim_b_day',
      scope: 'buyer:buy_past_b',
      window: 'day',
      counts: 'connection',
      maximum: 6,
    });
    // Auction for those whom the live rules know nothing of, and only two of the buyers.
    await publish(2, {
      maxAttempts: 1,
      rules: [
        {
          name: 'best',
          strategy: { kind: 'auction', reserveMicros: null, rankBy: 'bid' },
          when: null,
          candidates: ['a', 'b'].map((buyer) => ({
            assignmentId: `asg_past_${buyer}`,
            priority: null,
            weight: null,
          })),
          fallback: null,
        },
      ],
    });
    await placeCalls();
    first = resultOf(await backtests.run({ version: 1, seed: 'one' }));
  }, 120_000);
  afterAll(() => system.stop());

  async function publish(version: number, change: object): Promise<void> {
    await system.db.query(
      `INSERT INTO routing_plans (campaign_id, version, definition)
       SELECT campaign_id, $1, definition || $2::jsonb FROM routing_plans
        WHERE campaign_id = 'cmp_past' AND version = 1`,
      [version, JSON.stringify(change)],
    );
  }

  /**
   * One step after the other, so that what happens within milliseconds decides nothing: every fourth call goes on while
   * the next ones come, so that places are taken.
   */
  async function placeCalls(): Promise<void> {
    const random = seededRandom('calls of a backtest');
    const chance = (of: number): boolean => random() < of;
    let open: PlacedByHand[] = [];
    for (let n = 0; n < CALLS; n++) {
      const call = await ring(`+1${chance(0.5) ? '212' : '415'}555${String(1000 + n)}`);
      if (n % 4 === 0) open.push(call);
      else if (n % 16 === 3) await giveUp(call, n % 32 === 3 ? 'no-answer' : 'canceled');
      else await settle(call, () => chance(0.4));
      if (n % 8 === 7) {
        for (const each of open) await hangUp(each);
        open = [];
      }
    }
    for (const each of open) await hangUp(each);
    await Promise.all(placed.map(({ sid }) => system.endedCall(sid)));
  }

  interface PlacedByHand {
    readonly sid: string;
    /** Of the dial under way. */
    attempt: number;
  }
  const placed: PlacedByHand[] = [];

  async function ring(from: string): Promise<PlacedByHand> {
    const call = { sid: system.carrier.newSid(), attempt: 1 };
    placed.push(call);
    await system.carrier.post('voice', call.sid, { From: from, To: CAMPAIGN.number });
    return call;
  }

  /** Buyer after buyer is busy, until one answers for a minute, or nobody is left. */
  async function settle(call: PlacedByHand, answers: () => boolean): Promise<void> {
    while (!answers()) {
      const next = await system.carrier.post(`dial?attempt=${call.attempt}`, call.sid, {
        DialCallStatus: 'busy',
        CallStatus: 'in-progress',
      });
      if (next.verbs[0]?.name !== 'Dial') return;
      call.attempt += 1;
    }
    await hangUp(call);
  }

  /** The caller hangs up while it rings; carriers report the dial as they like. */
  async function giveUp({ sid, attempt }: PlacedByHand, DialCallStatus: string): Promise<void> {
    await system.carrier.post(`dial?attempt=${attempt}`, sid, { DialCallStatus, CallStatus: 'completed' });
    expect(await system.endedCall(sid)).toMatchObject({ outcome: 'abandoned_ringing' });
  }

  async function hangUp({ sid, attempt }: PlacedByHand): Promise<void> {
    await system.carrier.post(`dial?attempt=${attempt}`, sid, {
      DialCallStatus: 'completed',
      DialCallDuration: '60',
      CallStatus: 'completed',
    });
    await system.endedCall(sid);
  }

  function resultOf({ status, failure, result }: Backtest): BacktestResult {
    expect({ status, failure }).toEqual({ status: 'completed', failure: null });
    if (result === null) throw new Error('A completed backtest has a result');
    return result;
  }

  const always = (figure: number): Range => ({ mean: figure, low: figure, high: figure });

  it('of the versions that chose comes to what was, call by call and limit by limit, in every run', async () => {
    expect(first.calls).toEqual({
      received: CALLS,
      replayed: CALLS,
      notRouted: 0,
      failed: 0,
      notOnRecord: 0,
      inProgress: 0,
    });
    expect(first.reproduced).toEqual({ calls: CALLS, same: CALLS });
    expect(first.differences).toEqual({ same: CALLS, otherBuyer: 0, gained: 0, lost: 0 });
    expect(first.outcomes.drawn).toEqual(always(0));
    const { revenueMicros, payoutMicros, ...counts } = first.observed;
    expect(first.modelled).toEqual({
      ...Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, always(count)])),
      revenueMicros: { mean: revenueMicros, low: revenueMicros, high: revenueMicros },
      payoutMicros: { mean: payoutMicros, low: payoutMicros, high: payoutMicros },
    });
    // Limits did stand in the way, or there would be nothing to see.
    expect(first.limits.map(({ limitId }) => limitId)).toEqual(['lim_asg_past_a', 'lim_b_day']);
    for (const { observed, modelled } of first.limits) expect(modelled).toEqual(always(observed));
    expect(first.observed.connected).toBeGreaterThan(10);
    expect(first.observed.abandonedRinging).toBe(4);
    // What the ledger says.
    const { rows } = await system.db.query<{ kind: string; sum: string }>(
      `SELECT kind, sum(amount_micros)::text AS sum FROM ledger_entries WHERE campaign_id = 'cmp_past' GROUP BY kind`,
    );
    expect(Object.fromEntries(rows.map(({ kind, sum }) => [kind, sum]))).toEqual({
      revenue: revenueMicros,
      payout: payoutMicros,
    });
  });

  it('of another version lists the calls that would have gone elsewhere, and adds up', async () => {
    const backtest = await backtests.run({ version: 2, seed: 'two' });
    const result = resultOf(backtest);
    const { same, otherBuyer, gained, lost } = result.differences;
    expect(same + otherBuyer + gained + lost).toBe(CALLS);
    expect(result.reproduced).toEqual({ calls: CALLS, same: CALLS });
    expect(result.observed).toEqual(first.observed);
    const differences = await backtests.differences(backtest.id);
    expect(differences).toHaveLength(otherBuyer + gained + lost);
    expect(otherBuyer).toBeGreaterThan(0);
    for (const { observed, modelled, modelledRuns, callId } of differences) {
      expect(observed?.assignmentId).not.toBe(modelled?.assignmentId);
      expect(modelledRuns).toBeGreaterThan(0);
      expect(['a', 'b', undefined]).toContain(modelled?.buyerName);
      const { rows } = await system.db.query<{ assignment_id: string }>(
        'SELECT assignment_id FROM attempts WHERE call_id = $1 AND no = 1',
        [callId],
      );
      expect(observed?.assignmentId).toBe(rows[0]?.assignment_id);
    }
    // Nobody is dialled twice, nobody else is, and the limit of the buyer who bids most holds.
    const means = (figure: 'dials' | 'connected'): number =>
      result.buyers.reduce((sum, buyer) => sum + buyer.modelled[figure].mean, 0);
    expect(means('dials')).toBeCloseTo(result.modelled.dials.mean);
    expect(means('connected')).toBeCloseTo(result.modelled.connected.mean);
    expect(result.modelled.dials).toEqual(result.modelled.dialled);
    const [b] = result.buyers.filter(({ buyerName }) => buyerName === 'b');
    expect(b?.modelled.connected.high).toBeLessThanOrEqual(6);
    expect(result.buyers.find(({ buyerName }) => buyerName === 'c')?.modelled.dials).toEqual(always(0));
  });

  it('of a version that says the same sends no call elsewhere', async () => {
    await publish(4, {});
    const result = resultOf(await backtests.run({ version: 4 }));
    expect(result.differences).toEqual({ same: CALLS, otherBuyer: 0, gained: 0, lost: 0 });
    expect(result.outcomes.drawn).toEqual(always(0));
  });

  it('comes to the same again under the same seed, and to other outcomes under another', async () => {
    const one = resultOf(await backtests.run({ version: 2, seed: 'x' }));
    const again = resultOf(await backtests.run({ version: 2, seed: 'x' }));
    const other = resultOf(await backtests.run({ version: 2, seed: 'y' }));
    expect(again).toEqual(one);
    expect(other.observed).toEqual(one.observed);
    expect(other.modelled).not.toEqual(one.modelled);
  });

  it('takes prices, hours, buyers and limits as they were, whatever they are now', async () => {
    await system.db.query(`UPDATE limits SET maximum = 0 WHERE id = 'lim_asg_past_a'`);
    await system.db.query(`DELETE FROM limits WHERE id = 'lim_b_day'`);
    await system.db.query(
      `UPDATE assignments SET paused = true, price = jsonb_set(price, '{amountMicros}', '"1"') WHERE id = 'asg_past_b'`,
    );
    await system.db.query(`UPDATE buyers SET name = 'somebody' WHERE id = 'buy_past_c'`);
    await system.db.query(`UPDATE numbers SET channel = 'facebook' WHERE campaign_id = 'cmp_past'`);
    expect(resultOf(await backtests.run({ version: 1, seed: 'one' }))).toEqual(first);
  });

  it('leaves out calls from before choices were recorded, those that never came to be routed, and open ones', async () => {
    const like = (id: string, changes: object, also = ''): Promise<unknown> =>
      system.db.query(
        `WITH c AS (INSERT INTO calls SELECT (jsonb_populate_record(NULL::calls, to_jsonb(c) || $1::jsonb)).*
           FROM calls c WHERE c.sid = $2)
         INSERT INTO timeline_entries (call_id, key, at, step, decision) SELECT $3, key, now(), step, '-'
           FROM (VALUES ('screened', 'screened')${also}) AS e (key, step)`,
        [JSON.stringify({ id, sid: id, ...changes }), placed[0]?.sid, id],
      );
    await like('call_blocked', { outcome: 'blocked', converted: false, buyer_id: null });
    await like('call_early', {}, `, ('routed:1', 'routed')`);
    await like('call_lost', { outcome: 'failed', converted: false, buyer_id: null });
    // Just now: an older one without a workflow is closed by maintenance.
    const received_at = new Date(Date.now() - 1_000).toISOString();
    await like('call_open', { state: 'dialing', outcome: null, ended_at: null, received_at });
    expect(resultOf(await backtests.run({ version: 1, seed: 'one' }))).toEqual({
      ...first,
      calls: { received: CALLS + 4, replayed: CALLS, notRouted: 1, failed: 1, notOnRecord: 1, inProgress: 1 },
    });
    await system.db.query(`DELETE FROM timeline_entries WHERE call_id ~ '^call_(blocked|early|lost|open)$'`);
    await system.db.query(`DELETE FROM calls WHERE id ~ '^call_(blocked|early|lost|open)$'`);
  });

  it('leaves to others what they took of limits, before the period and in it', async () => {
    const took = (from: number, to: number, at: string, until: string): Promise<unknown> =>
      system.db.query(
        `INSERT INTO reservations (id, call_id, attempt_id, status, reserved_at, resolved_at, lease_until, scopes, dialled,
                                   connected)
         SELECT 'other' || i, 'other' || i, 'other' || i, 'posted', ${at}, ${until}, now(), '{buyer:buy_past_b}', true, true
           FROM generate_series($1::integer, $2::integer) i, (SELECT min(received_at) AS first FROM calls
                                              WHERE campaign_id = 'cmp_past') AS t`,
        [from, to],
      );
    const [, b] = first.limits;
    if (b === undefined) throw new Error('The day was full at times');
    await took(1, 4, `first - interval '1 second'`, `first - interval '1 millisecond'`);
    await took(5, 5, `first - interval '1 second'`, `first + interval '1 hour'`);
    await took(6, 6, `first`, `first + interval '1 hour'`);
    const { rows } = await system.db.query<{ first: string }>(
      `SELECT min(received_at) AS first FROM calls WHERE campaign_id = 'cmp_past'`,
    );
    const result = resultOf(await backtests.run({ version: 1, from: rows[0]?.first ?? '', seed: 'one' }));
    // All six places of the day are theirs, so that the buyer gets none of these calls.
    expect(result.buyers.find(({ buyerName }) => buyerName === 'b')?.modelled.dials).toEqual(always(0));
    expect(result.limits[1]?.modelled.mean).toBeGreaterThan(b.observed);
    expect(result.reproduced.same).toBeLessThan(CALLS);
    await system.db.query(`DELETE FROM reservations WHERE id LIKE 'other%'`);
  });

  it('says whom the version names and the campaign did not have', async () => {
    const only = (id: string) => ({ assignmentId: id, priority: null, weight: null });
    await publish(3, {
      rules: [
        {
          name: 'new',
          strategy: { kind: 'waterfall' },
          when: null,
          candidates: [only('asg_past_new'), only('asg_past_c')],
          fallback: null,
        },
      ],
    });
    const result = resultOf(await backtests.run({ version: 3 }));
    expect(result.absent).toEqual([{ assignmentId: 'asg_past_new', calls: CALLS }]);
    expect(result.buyers.map(({ assignmentId }) => assignmentId)).not.toContain('asg_past_new');
  });

  it('is about the calls of its period', async () => {
    const { rows } = await system.db.query<{ middle: string }>(
      `SELECT received_at AS middle FROM calls WHERE campaign_id = 'cmp_past' ORDER BY received_at OFFSET 20 LIMIT 1`,
    );
    const middle = rows[0]?.middle ?? '';
    const [early, late] = [
      resultOf(await backtests.run({ version: 1, to: middle })),
      resultOf(await backtests.run({ version: 1, from: middle })),
    ];
    expect([early.calls.replayed, late.calls.replayed]).toEqual([20, CALLS - 20]);
    // What the first had taken of the day's limit is taken when the second begins.
    expect(late.reproduced.same).toBe(CALLS - 20);
    expect(late.limits.map(({ observed, modelled }) => modelled.mean - observed)).toEqual([0, 0]);
  });
});
