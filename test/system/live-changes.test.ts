import { insertCampaign } from './campaign-fixture';
import { insertTestLimit, putFakeClock } from './limit-fixture';
import { linkToDatabase } from './link';
import { Listener, startEdge, type Edge } from './live-fixture';
import { startSystem, type SystemUnderTest } from './system';

describe('live data, whatever changes', () => {
  let system: SystemUnderTest;
  let edge: Edge;
  let setClock: (to: string) => Promise<void>;
  const listeners: Listener[] = [];

  beforeAll(async () => {
    system = await startSystem({ worker: false });
    edge = await startEdge(system, { everyMs: 20 });
    await insertCampaign(system.db, {
      key: 'live',
      number: '+14155558110',
      buyers: [{ name: 'a' }],
      timeZone: 'UTC',
    });
    await insertCampaign(system.db, { key: 'gone', number: '+14155558120', buyers: [{ name: 'a' }] });
    setClock = await putFakeClock(system.db, '2026-03-02T23:00:00Z');
  });
  afterEach(async () => {
    for (const listener of listeners.splice(0)) listener.leave();
    await system.db.query('TRUNCATE calls CASCADE');
  });
  afterAll(async () => {
    await edge.stop();
    await system.stop();
  });

  async function listen(
    first: 'snapshot' | 'resumed' | null,
    options: Parameters<typeof Listener.open>[1] = {},
    { url }: Pick<Edge, 'url'> = edge,
  ): Promise<Listener> {
    const listener = await Listener.open({ url, adminKey: system.adminKey }, options);
    listeners.push(listener);
    if (first !== null) await listener.hears(first);
    return listener;
  }

  const sql = (text: string, values: unknown[] = []) => system.db.query(text, values);

  const insertCall = (id: string, campaign: string) =>
    sql(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, dialed, state, received_at)
       VALUES ($1, 'twilio', 'AC1', $1, $1, $2, '+14155558110', 'dialing', '2026-03-02T22:00:00Z')`,
      [id, campaign],
    );

  const ring = (id: string, campaign: string) =>
    sql(
      `INSERT INTO attempts (id, call_id, no, assignment_id, buyer_id, destinations, ring_timeout_seconds, terms, state,
                             dialed_at)
       VALUES ($1 || '/1', $1, 1, $2, $3, '[]', 20, '{}', 'ringing', now())`,
      [id, `asg_${campaign}_a`, `buy_${campaign}_a`],
    );

  const endAll = () =>
    sql(`UPDATE calls SET state = 'ended', outcome = 'failed', ended_at = now() WHERE ended_at IS NULL`);

  it('tell names of calls in progress anew when campaign or buyer is renamed', async () => {
    await insertCall('named', 'cmp_live');
    await ring('named', 'live');
    const listener = await listen('snapshot');
    await sql(`UPDATE campaigns SET name = 'Renamed' WHERE id = 'cmp_live'`);
    await listener.hears('call', ({ campaignName }) => campaignName === 'Renamed');
    await sql(`UPDATE buyers SET name = 'New name' WHERE id = 'buy_live_a'`);
    await listener.hears('call', ({ buyerName }) => buyerName === 'New name');
  });

  it('name who comes back all that is still there, so that it forgets the rest', async () => {
    await insertTestLimit(system.db, {
      id: 'lim_gone',
      scope: 'campaign:cmp_live',
      window: 'day',
      counts: 'attempt',
      maximum: 5,
    });
    await insertCall('rang', 'cmp_live');
    await ring('rang', 'live');
    await endAll();
    const all = await listen('snapshot');
    const buyer = await listen('snapshot', { query: '?buyerId=buy_live_a' });
    for (const listener of [all, buyer]) listener.leave();
    expect(all.all('snapshot')[0]?.limits.map(({ id }) => id)).toContain('lim_gone');
    expect(buyer.all('snapshot')[0]?.counters).toHaveLength(1);
    await sql(`DELETE FROM limits WHERE id = 'lim_gone'`);
    await sql(`UPDATE campaigns SET status = 'archived' WHERE id = 'cmp_gone'`);
    await setClock('2026-03-03T00:00:00Z');
    const back = await listen('resumed', { after: all.lastEventId });
    const [resumed] = back.all('resumed');
    expect(resumed?.campaigns).toContain('cmp_live');
    expect(resumed?.campaigns).not.toContain('cmp_gone');
    expect(resumed?.limits).toContain('lim_asg_live_a');
    expect(resumed?.limits).not.toContain('lim_gone');
    // Nothing rang it today.
    const [own] = (await listen('resumed', { query: '?buyerId=buy_live_a', after: buyer.lastEventId })).all(
      'resumed',
    );
    expect(own).toMatchObject({ campaigns: [], limits: ['lim_asg_live_a'] });
    await setClock('2026-03-02T23:00:00Z');
  });

  it('go on for all when the money of one campaign is past 64 bits', async () => {
    const most = 9_000_000_000_000_000_000n;
    const listener = await listen('snapshot');
    for (const id of ['dear_1', 'dear_2']) await insertCall(id, 'cmp_live');
    await sql(
      `UPDATE calls SET currency = 'USD', revenue_micros = $1, payout_micros = $1, cost_micros = $1`,
      [most],
    );
    await endAll();
    const sum = (2n * most).toString();
    await listener.hears('counters', ({ campaigns }) =>
      campaigns.some(
        (each) => each.revenueMicros === sum && each.payoutMicros === sum && each.costMicros === sum,
      ),
    );
    expect(listener.all('trouble')).toEqual([]);
  });

  it('go on for all when one who comes back cannot be told what it missed', async () => {
    const other = await listen('snapshot');
    const before = await listen('snapshot', { query: '?buyerId=buy_live_a' });
    before.leave();
    await insertCall('missed', 'cmp_live');
    await ring('missed', 'live');
    await endAll();
    await other.hears('call.ended');
    await other.hears('counters');
    // Only who asks for a buyer has the dials of calls read while nothing moves. In one step, for looks go on.
    await sql(`
      DO $do$ BEGIN
        ALTER TABLE attempts RENAME TO attempts_kept;
        CREATE FUNCTION fail_reading() RETURNS boolean LANGUAGE plpgsql VOLATILE
          AS $$ BEGIN RAISE EXCEPTION 'not to be read'; END $$;
        CREATE VIEW attempts AS SELECT * FROM attempts_kept WHERE fail_reading();
      END $do$`);
    try {
      await listen('snapshot', { query: '?buyerId=buy_live_a', after: before.lastEventId });
      const late = await listen('snapshot');
      for (const listener of [other, late]) expect(listener.all('trouble')).toEqual([]);
    } finally {
      await sql(`
        DO $do$ BEGIN
          DROP VIEW attempts;
          DROP FUNCTION fail_reading;
          ALTER TABLE attempts_kept RENAME TO attempts;
        END $do$`);
    }
  });

  it('say within some 2 s that the database is silent, and go on when it speaks', async () => {
    const { link, through } = await linkToDatabase(system.databaseUrl);
    const beside = await startEdge(system, { everyMs: 20, databaseUrl: through(system.databaseUrl) });
    const listener = await listen('snapshot', {}, beside);
    const silentSince = Date.now();
    link.hush();
    await listener.hears('trouble', ({ over }) => !over);
    expect(Date.now() - silentSince).toBeLessThan(5_000);
    await link.cut();
    await link.mend();
    await listener.hears('trouble', ({ over }) => over);
    expect(listener.all('trouble').map(({ over }) => over)).toEqual([false, true]);
    listener.leave();
    await beside.stop();
    await link.close();
  });
});
