import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Call } from '../../contract/call';
import type { LiveCounters, LiveEndedCall } from '../../contract/live';
import { insertCampaign } from './campaign-fixture';
import { Listener, startEdge, type Edge } from './live-fixture';
import { callThatTalked, moneyApi, once, type MoneyApi } from './money-fixture';
import { placeCall } from './placing';
import { eventually, startSystem, type SystemUnderTest } from './system';

const NUMBER = '+14155557010';
const OTHER = '+14155557020';

describe('live data of calls', () => {
  let system: SystemUnderTest;
  let beside: Edge;
  let api: MoneyApi;
  const listeners: Listener[] = [];

  beforeAll(async () => {
    system = await startSystem();
    beside = await startEdge(system);
    api = moneyApi(system);
    const buyers = [
      { name: 'a', priority: 1 },
      { name: 'b', priority: 2 },
    ];
    await insertCampaign(system.db, { key: 'live', number: NUMBER, buyers, payout: '4000000' });
    await insertCampaign(system.db, { key: 'other', number: OTHER, buyers });
    await system.db.query(`UPDATE campaigns SET report_answer = true WHERE id = 'cmp_live'`);
    await api.ok('PUT', `/numbers/${encodeURIComponent(NUMBER)}/cost`, {
      currency: 'USD',
      perMinuteMicros: '60000',
      incrementSeconds: 6,
    });
  });
  afterEach(() => {
    for (const listener of listeners.splice(0)) listener.leave();
  });
  afterAll(async () => {
    await beside.stop();
    await system.stop();
  });

  type Options = Parameters<typeof Listener.open>[1];

  /** Listens at the system's own API, or at the process beside it, and waits for the first event. */
  async function listen(where: 'here' | 'beside', options: Options = {}): Promise<Listener> {
    const url = where === 'here' ? system.baseUrl : beside.url;
    const listener = await Listener.open({ url, adminKey: system.adminKey }, options);
    listeners.push(listener);
    await listener.hears(options.after === undefined ? 'snapshot' : 'resumed');
    return listener;
  }

  /** What a client knows of a campaign by all it has heard. */
  function counters(listener: Listener, campaignId: string): LiveCounters | undefined {
    const told = listener.heard.flatMap((event) => {
      if (event.event === 'snapshot') return event.data.counters;
      return event.event === 'counters' ? event.data.campaigns : [];
    });
    return told.filter((each) => each.campaignId === campaignId).at(-1);
  }

  const endOf = (listener: Listener, call: Pick<Call, 'id'>): Promise<LiveEndedCall> =>
    listener.hears('call.ended', ({ id }) => id === call.id);

  it('show a call through its steps, the same by two processes, soon after each', async () => {
    const both = [await listen('here'), await listen('beside')];
    const { call } = await placeCall(system, {
      to: NUMBER,
      speed: 3,
      buyers: {
        default: { kind: 'answer', talkSeconds: 4 },
        inDialOrder: [{ kind: 'no-answer' }],
      },
    });
    const seen = [];
    for (const listener of both) {
      const ended = await endOf(listener, call);
      const moves = listener.all('call').filter(({ id }) => id === call.id);
      expect(new Set(moves.map(({ state, buyerName }) => `${state} ${buyerName}`))).toEqual(
        new Set(['dialing a', 'dialing b', 'connected b']),
      );
      const attempts = moves.map(({ attempt }) => attempt ?? 0);
      expect(attempts).toEqual(attempts.toSorted((a, b) => a - b));
      expect(moves.at(-1)).toMatchObject({ step: 'buyer_answered', campaignId: 'cmp_live', to: NUMBER });
      const heard = listener.heard.find(
        ({ event, data }) => event === 'call.ended' && 'id' in data && data.id === call.id,
      );
      console.info(
        `call.ended ${(heard?.heardAt ?? 0) - Date.parse(ended.endedAt)} ms after the end on record`,
      );
      seen.push(ended);
    }
    expect(seen[0]).toEqual(seen[1]);
    const { endedAt, talkSeconds, outcomeReason, costMicros } = call;
    expect(seen[0]).toMatchObject({ outcome: 'connected', converted: true, buyerName: 'b' });
    expect(seen[0]).toMatchObject({
      endedAt,
      talkSeconds,
      outcomeReason,
      costMicros,
      payoutMicros: '4000000',
    });
  });

  it('tell of a call that began and ended while a client was away, at another process', async () => {
    const before = await listen('here');
    before.leave();
    const call = await callThatTalked(system, NUMBER, 30);
    const unfinished = system.carrier.newSid();
    await system.carrier.post('voice', unfinished, { To: NUMBER });
    const after = await listen('beside', { after: before.lastEventId });
    const ended = await endOf(after, call);
    expect(ended).toMatchObject({ outcome: 'connected', revenueMicros: '10000000' });
    expect(after.all('snapshot')).toEqual([]);
    const open = await system.callBySid(unfinished);
    expect(after.all('resumed')[0]?.calls).toEqual([open?.id]);
    expect(await after.hears('call')).toMatchObject({ id: open?.id, state: 'dialing', buyerName: 'a' });
    await system.carrier.post('status', unfinished, { To: NUMBER, CallStatus: 'completed' });
    await endOf(after, await system.endedCall(unfinished));
    // It goes on live, and tells nothing twice.
    expect(after.all('call.ended').map(({ id }) => id)).toEqual([call.id, open?.id]);
    const again = await listen('here', { after: after.lastEventId });
    expect(again.all('call.ended')).toEqual([]);
    expect(again.all('call')).toEqual([]);
  });

  it('do not lose a call whose transaction commits after others that ended later', async () => {
    const sids = [system.carrier.newSid(), system.carrier.newSid()];
    for (const sid of sids) await system.carrier.post('voice', sid, { To: OTHER });
    const [late, early] = await Promise.all(sids.map((sid) => system.callBySid(sid)));
    const listener = await listen('here');
    const end = (id: string | undefined) =>
      [
        `UPDATE calls SET state = 'ended', outcome = 'failed', ended_at = $2, converted = false WHERE id = $1`,
        [id, new Date(Date.now() - 3_600_000).toISOString()],
      ] as const;
    const held = await system.db.connect();
    try {
      await held.query('BEGIN');
      await held.query(end(late?.id)[0], [...end(late?.id)[1]]);
      await system.db.query(end(early?.id)[0], [...end(early?.id)[1]]);
      await listener.hears('call.ended', ({ id }) => id === early?.id);
      listener.leave();
      await held.query('COMMIT');
    } finally {
      held.release();
    }
    const after = await listen('beside', { after: listener.lastEventId });
    await after.hears('call.ended', ({ id }) => id === late?.id);
    // What was told is not told again, though its transaction was the younger one.
    expect(after.all('call.ended').map(({ id }) => id)).toEqual([late?.id]);
  });

  it('count what calls and the ledger add up to, and what comes late', async () => {
    const listener = await listen('here');
    await callThatTalked(system, NUMBER, 45);
    const call = await callThatTalked(system, NUMBER, null);
    await endOf(listener, call);
    const sums = async (): Promise<object> => {
      const { rows } = await system.db.query<Record<string, string>>(
        `SELECT coalesce(sum(e.amount_micros) FILTER (WHERE e.side = 'revenue'), 0)::text AS "revenueMicros",
                coalesce(sum(e.amount_micros) FILTER (WHERE e.side = 'payout'), 0)::text AS "payoutMicros",
                coalesce(sum(e.amount_micros) FILTER (WHERE e.side = 'cost'), 0)::text AS "costMicros"
           FROM ledger_entries e WHERE e.campaign_id = 'cmp_live' AND e.call_id IS NOT NULL`,
      );
      return rows[0] ?? {};
    };
    const { rows } = await system.db.query<Record<string, bigint>>(
      `SELECT count(*) AS received, count(*) FILTER (WHERE outcome = 'connected') AS connected,
              count(*) FILTER (WHERE converted) AS converted,
              count(*) FILTER (WHERE EXISTS (SELECT FROM attempts a WHERE a.call_id = c.id)) AS routed
         FROM calls c WHERE campaign_id = 'cmp_live'`,
    );
    const counts = Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, n]) => [name, Number(n)]));
    await listener.hears('counters', () => counters(listener, 'cmp_live')?.received === counts['received']);
    expect(counters(listener, 'cmp_live')).toMatchObject({ ...counts, ...(await sums()), inProgress: 0 });
    const { rows: byBuyer } = await system.db.query<object>(
      `SELECT a.buyer_id AS "buyerId", count(DISTINCT a.call_id)::integer AS routed,
              count(DISTINCT a.call_id) FILTER (WHERE c.buyer_id = a.buyer_id)::integer AS connected,
              (SELECT coalesce(sum(e.amount_micros), 0)::text FROM ledger_entries e
                WHERE e.buyer_id = a.buyer_id AND e.side = 'revenue') AS "revenueMicros"
         FROM attempts a JOIN calls c ON c.id = a.call_id WHERE c.campaign_id = 'cmp_live'
        GROUP BY a.buyer_id ORDER BY 1`,
    );
    expect(byBuyer.length).toBeGreaterThan(1);
    expect(counters(listener, 'cmp_live')?.buyers).toMatchObject(byBuyer);

    const converted = await callThatTalked(system, NUMBER, 20);
    await endOf(listener, converted);
    await api.ok(
      'POST',
      `/calls/${converted.id}/adjustments`,
      { side: 'revenue', amountMicros: '1234567', reason: 'agreed' },
      once(),
    );
    const wanted = await sums();
    await listener.hears('counters', ({ campaigns }) =>
      campaigns.some(({ revenueMicros }) => revenueMicros.endsWith('234567')),
    );
    expect(counters(listener, 'cmp_live')).toMatchObject(wanted);
    // The end of a call, with all that is booked with it, is no amendment: it would cost each call an index entry more.
    const { rows: amended } = await system.db.query('SELECT id FROM calls WHERE amended_in IS NOT NULL');
    expect(amended).toEqual([{ id: converted.id }]);
  });

  it('count a conversion that a postback brings', async () => {
    await system.db.query(`UPDATE assignments SET price = $1 WHERE campaign_id = 'cmp_other'`, [
      JSON.stringify({
        rates: [],
        amountMicros: '7000000',
        due: { on: 'postback', windowSeconds: 3600, zeroConverts: false },
      }),
    ]);
    const listener = await listen('beside', { query: '?campaignId=cmp_other' });
    const call = await callThatTalked(system, OTHER, 30);
    expect(await endOf(listener, call)).toMatchObject({ converted: false, revenueMicros: '0' });
    const { secret } = await api.ok<{ secret: string }>('POST', '/buyers/buy_other_a/postback-secret');
    await fetch(`${system.baseUrl}/postbacks/buy_other_a/${secret}?call=${call.id}`);
    await listener.hears('counters', ({ campaigns }) =>
      campaigns.some(({ converted, revenueMicros }) => converted === 1 && revenueMicros === '7000000'),
    );
    expect(counters(listener, 'cmp_other')?.buyers).toMatchObject([
      { buyerId: 'buy_other_a', converted: 1, revenueMicros: '7000000' },
    ]);
  });

  it('show what limits hold, from the dial to the end', async () => {
    const listener = await listen('here');
    const fill = (): number | string | undefined =>
      listener.heard
        .flatMap((event) => (event.event === 'snapshot' || event.event === 'limits' ? event.data.limits : []))
        .filter(({ id }) => id === 'lim_asg_live_a')
        .at(-1)?.pending;
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid, { To: NUMBER });
    await listener.hears('limits', () => fill() === 1);
    await system.carrier.post('status', sid, { To: NUMBER, CallStatus: 'completed' });
    await listener.hears('limits', () => fill() === 0);
    await api.ok('PATCH', '/limits/lim_asg_live_a', { limit: 7 });
    await listener.hears('limits', ({ limits }) => limits.some(({ limit }) => limit === 7));
    await system.endedCall(sid);
  });

  it('narrow to a campaign, or a buyer', async () => {
    const all = await listen('here');
    const campaign = await listen('here', { query: '?campaignId=cmp_other' });
    const buyer = await listen('here', { query: '?buyerId=buy_live_b' });
    const one = await callThatTalked(system, OTHER, 10);
    const { call: two } = await placeCall(system, {
      to: NUMBER,
      buyers: { default: { kind: 'answer', talkSeconds: 4 }, inDialOrder: [{ kind: 'busy' }] },
    });
    for (const call of [one, two]) await endOf(all, call);
    await endOf(campaign, one);
    await endOf(buyer, two);
    expect(campaign.all('call.ended').map(({ id }) => id)).toEqual([one.id]);
    expect(buyer.all('call.ended').map(({ id }) => id)).toEqual([two.id]);
    const [ofCampaign] = campaign.all('snapshot');
    expect(ofCampaign?.counters.map(({ campaignId }) => campaignId)).toEqual(['cmp_other']);
    expect(ofCampaign?.limits.map(({ id }) => id)).toEqual(['lim_asg_other_a', 'lim_asg_other_b']);
    expect(buyer.all('snapshot')[0]?.limits.map(({ id }) => id)).toEqual(['lim_asg_live_b']);
    for (const { campaigns } of buyer.all('counters'))
      for (const { buyers } of campaigns)
        expect(buyers.map(({ buyerId }) => buyerId)).toEqual(['buy_live_b']);
    // What was seen of one thing says nothing of another.
    const url = system.baseUrl;
    const elsewhere = await Listener.open(
      { url, adminKey: system.adminKey },
      { after: campaign.lastEventId },
    );
    listeners.push(elsewhere);
    await elsewhere.hears('snapshot');
  });

  it('come as lines where no terminal is, until Ctrl-C', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'callyard-live-'));
    const program = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        'scripts/callyard/main.ts',
        'live',
        '--campaign',
        'cmp_live',
        '--url',
        system.baseUrl,
      ],
      {
        cwd: path.join(__dirname, '..', '..'),
        env: { ...process.env, CALLYARD_ADMIN_KEY: system.adminKey, CALLYARD_DATA_DIR: folder },
      },
    );
    let out = '';
    program.stdout.on('data', (text) => (out += String(text)));
    program.stderr.on('data', (text) => (out += String(text)));
    const exit = new Promise((resolve) => program.on('exit', resolve));
    await eventually(async () => expect(out).toContain('snapshot: 0 calls in progress, 1 campaign'));
    const call = await callThatTalked(system, NUMBER, 12);
    await eventually(async () =>
      expect(out).toContain(`${call.endedAt} ${call.id} ended: connected with a, 10.00 USD`),
    );
    program.kill('SIGINT');
    expect(await exit).toBe(0);
    await rm(folder, { recursive: true });
  });
});
