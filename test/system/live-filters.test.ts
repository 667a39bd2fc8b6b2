import { insertCampaign } from './campaign-fixture';
import { insertTestLimit } from './limit-fixture';
import { Listener, startEdge, type Edge } from './live-fixture';
import { moneyApi, type MoneyApi } from './money-fixture';
import { startSystem, type SystemUnderTest } from './system';

describe('live data that is narrowed', () => {
  let system: SystemUnderTest;
  let edge: Edge;
  let api: MoneyApi;
  const listeners: Listener[] = [];

  beforeAll(async () => {
    system = await startSystem({ worker: false });
    edge = await startEdge(system, { everyMs: 20 });
    api = moneyApi(system);
    const buyers = [{ name: 'a' }, { name: 'b' }];
    await insertCampaign(system.db, { key: 'own', number: '+14155558010', buyers });
    await insertCampaign(system.db, { key: 'other', number: '+14155558020', buyers: [{ name: 'a' }] });
  });
  afterEach(async () => {
    for (const listener of listeners.splice(0)) listener.leave();
    await system.db.query('TRUNCATE calls CASCADE');
  });
  afterAll(async () => {
    await edge.stop();
    await system.stop();
  });

  async function listen(query: string, after?: string): Promise<Listener> {
    const listener = await Listener.open(
      { url: edge.url, adminKey: system.adminKey },
      after === undefined ? { query } : { query, after },
    );
    listeners.push(listener);
    await listener.hears(after === undefined ? 'snapshot' : 'resumed');
    return listener;
  }

  const sql = (text: string, values: unknown[] = []) => system.db.query(text, values);

  /** A buyer with a limit and without a campaign. */
  async function insertLoneBuyer(key: string): Promise<void> {
    await sql(`INSERT INTO buyers (id, name, time_zone) VALUES ($1, $1, 'UTC')`, [`buy_${key}`]);
    await insertTestLimit(system.db, {
      id: `lim_${key}`,
      scope: `buyer:buy_${key}`,
      window: 'day',
      counts: 'attempt',
      maximum: 5,
    });
  }

  const assign = (key: string) =>
    sql(
      `INSERT INTO assignments (id, campaign_id, buyer_id, dialing, priority, weight, price, conversion_estimate)
       SELECT $1, campaign_id, $2, $3, 9, 1, price, 1 FROM assignments WHERE id = 'asg_own_a'`,
      [
        `asg_${key}`,
        `buy_${key}`,
        JSON.stringify({ destinations: [{ kind: 'tel', number: '+14155559001' }], ringTimeoutSeconds: 20 }),
      ],
    );

  it('tells limits that come to a campaign with its buyers, and that leave it with them', async () => {
    const campaign = await listen('?campaignId=cmp_own');
    const buyer = await listen('?buyerId=buy_late');
    const both = await listen('?campaignId=cmp_own&buyerId=buy_late');
    const elsewhere = await listen('?campaignId=cmp_other');
    await insertLoneBuyer('late');
    await buyer.hears('limits', ({ limits }) => limits.some(({ id }) => id === 'lim_late'));
    expect(campaign.all('limits')).toEqual([]);
    await assign('late');
    for (const listener of [campaign, both])
      await listener.hears('limits', ({ limits }) => limits.some(({ id }) => id === 'lim_late'));
    await insertTestLimit(system.db, {
      id: 'lim_asg_late',
      scope: 'assignment:asg_late',
      window: 'day',
      counts: 'attempt',
      maximum: 7,
    });
    for (const listener of [campaign, buyer, both])
      await listener.hears('limits', ({ limits }) => limits.some(({ id }) => id === 'lim_asg_late'));

    await api.ok('DELETE', '/assignments/asg_late');
    for (const listener of [campaign, both]) {
      await listener.hears('limits', ({ gone }) => gone.includes('lim_late'));
      await listener.hears('limits', ({ gone }) => gone.includes('lim_asg_late'));
    }
    await buyer.hears('limits', ({ gone }) => gone.includes('lim_asg_late'));
    expect(buyer.all('limits').flatMap(({ gone }) => gone)).not.toContain('lim_late');
    expect(elsewhere.all('limits')).toEqual([]);
  });

  it('tells a limit that comes with the publisher of a number', async () => {
    await sql(`INSERT INTO publishers (id, name) VALUES ('pub_late', 'Late')`);
    await insertTestLimit(system.db, {
      id: 'lim_pub_late',
      scope: 'publisher:pub_late',
      window: 'day',
      counts: 'attempt',
      maximum: 5,
    });
    const listener = await listen('?campaignId=cmp_own');
    await sql(`UPDATE numbers SET publisher_id = 'pub_late' WHERE e164 = '+14155558010'`);
    const cameMs = 4_000;
    await listener.hears('limits', ({ limits }) => limits.some(({ id }) => id === 'lim_pub_late'), cameMs);
    await sql(`UPDATE numbers SET publisher_id = NULL WHERE e164 = '+14155558010'`);
    await listener.hears('limits', ({ gone }) => gone.includes('lim_pub_late'), cameMs);
  });

  const insertOpen = (id: string, campaign: string, migration: string | null = null) =>
    sql(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, dialed, state, received_at,
                          migration_id, migration_side, migration_comparison)
       VALUES ($1, 'twilio', 'AC1', $1, $1, $2, '+14155558010', 'dialing', now(), $3, $4, $5)`,
      [id, campaign, migration, migration === null ? null : 'challenger', migration === null ? null : 1],
    );

  /** Dials a buyer. A look tells a call that moved by its row, or by its timeline. */
  const ring = async (id: string, buyer: string) => {
    await sql(
      `INSERT INTO attempts (id, call_id, no, assignment_id, buyer_id, destinations, ring_timeout_seconds, terms, state,
                             dialed_at)
       VALUES ($1 || '/1', $1, 1, 'asg_own_' || $2, 'buy_own_' || $2, '[]', 20, '{}', 'ringing', now())`,
      [id, buyer],
    );
    await sql('UPDATE calls SET state = state WHERE id = $1', [id]);
  };

  const endAll = () =>
    sql(`UPDATE calls SET state = 'ended', outcome = 'failed', ended_at = now() WHERE ended_at IS NULL`);

  it('does not lose the end of a call that rang the buyer, and was not taken, while a client was away', async () => {
    const before = await listen('?buyerId=buy_own_a');
    await insertOpen('rang_a', 'cmp_own');
    await ring('rang_a', 'a');
    await before.hears('call', ({ id }) => id === 'rang_a');
    before.leave();
    await insertOpen('rang_b', 'cmp_own');
    await ring('rang_b', 'b');
    await sql(`UPDATE attempts SET ended_at = now(), state = 'no_answer'`);
    await endAll();
    const after = await listen('?buyerId=buy_own_a', before.lastEventId);
    await after.hears('limits');
    expect(after.all('call.ended').map(({ id }) => id)).toEqual(['rang_a']);
  });

  it('does not lose the end of a call that a migration moved to another campaign while a client was away', async () => {
    await sql(
      `INSERT INTO migrations (id, name, kind, campaign_id, challenger_campaign_id, settings, status, state)
       VALUES ('mig_live', 'm', 'campaign', 'cmp_own', 'cmp_other', '{}', 'ended', '{}')`,
    );
    const before = await listen('?campaignId=cmp_own');
    await insertOpen('moved', 'cmp_own');
    await before.hears('call', ({ id }) => id === 'moved');
    before.leave();
    await sql(
      `UPDATE calls SET campaign_id = 'cmp_other', migration_id = 'mig_live', migration_side = 'challenger',
                        migration_comparison = 1 WHERE id = 'moved'`,
    );
    await endAll();
    const after = await listen('?campaignId=cmp_own', before.lastEventId);
    await after.hears('limits');
    expect(after.all('call.ended').map(({ id }) => id)).toEqual(['moved']);
  });
});
