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
});
