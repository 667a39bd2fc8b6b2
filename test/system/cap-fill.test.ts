import type { Report } from '../../contract/resources/report';
import { startApi, type ApiServer } from './api-server';
import { insertCalls } from './report-fixture';

describe('how full limits are, beside rows of a report', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
    const zone = { timeZone: 'UTC' };
    for (const id of ['a', 'b']) {
      await api.ok('POST', '/campaigns', { id: `cmp_${id}`, name: id, currency: 'USD', ...zone });
      await api.ok('POST', '/buyers', { id: `buy_${id}`, name: id, ...zone });
      await api.ok('POST', `/campaigns/cmp_${id}/assignments`, {
        id: `asg_${id}`,
        buyerId: 'buy_a',
        dialing: { destinations: [{ kind: 'tel', number: '+14155550201' }] },
        price: { amountMicros: '20000000', due: { on: 'connection' } },
      });
    }
    const at = new Date().toISOString();
    await insertCalls(api, [
      { id: 'one', campaign: 'cmp_a', buyer: 'buy_a', at },
      { id: 'two', campaign: 'cmp_b', buyer: 'buy_a', at },
      { id: 'three', campaign: 'cmp_b', buyer: 'buy_b', at },
    ]);
    // Three calls in progress at one place in cmp_a, before there are limits: these count them from the start.
    for (const no of [1, 2, 3])
      await api.db.query(
        `INSERT INTO reservations (id, call_id, attempt_id, status, lease_until, assignment_id, scopes, currency, spend_micros)
         VALUES ($1, $1, $1, 'pending', now() + interval '1 hour', 'asg_a',
                 ARRAY['campaign:cmp_a', 'buyer:buy_a', 'assignment:asg_a'], 'USD', 20000000)`,
        [`held_${no}`],
      );
    const limit = (id: string, kind: string, scope: string, more: object) =>
      api.ok('POST', '/limits', { id, scope: { kind, id: scope }, window: 'day', ...more });
    await limit('lim_campaign', 'campaign', 'cmp_a', { limit: 30 });
    await limit('lim_buyer', 'buyer', 'buy_a', { window: 'concurrency', limit: 6 });
    await limit('lim_buyer_month', 'buyer', 'buy_a', { window: 'month', limit: 1_000 });
    await limit('lim_place', 'assignment', 'asg_a', { counts: 'spend', limit: '75000000' });
    await limit('lim_shut', 'campaign', 'cmp_b', { limit: 0 });
  });
  afterAll(() => api.stop());

  const fills = async (query: string) => {
    const { rows } = await api.ok<Report>('GET', `/reports?with=capFill&${query}`);
    return new Map(rows.map(({ keys, capFill }) => [Object.values(keys).join(' '), capFill]));
  };

  it('is the fullest limit of whom the row is of, in the window that runs', async () => {
    expect((await fills('by=campaign')).get('cmp_a')).toEqual({
      limitId: 'lim_campaign',
      window: 'day',
      counts: 'connection',
      used: 3,
      limit: 30,
      share: 0.1,
    });
    const buyers = await fills('by=buyer');
    expect(buyers.get('buy_a')).toMatchObject({ limitId: 'lim_buyer', counts: 'attempt', used: 3, limit: 6 });
    expect(buyers.get('buy_b')).toBeNull();
    expect((await fills('by=campaign')).get('cmp_b')).toMatchObject({ limit: 0, used: 0, share: null });
  });

  it('is among those of the place, too, where a row is of a buyer in a campaign', async () => {
    const both = await fills('by=campaign,buyer');
    expect(both.get('cmp_a buy_a')).toEqual({
      limitId: 'lim_place',
      window: 'day',
      counts: 'spend',
      used: '60000000',
      limit: '75000000',
      share: 0.8,
    });
    // Nothing of nothing is full.
    expect(both.get('cmp_b buy_b')).toMatchObject({ limitId: 'lim_shut' });
    expect((await fills('by=publisher')).get('')).toBeNull();
  });

  it('is not there unless it is asked for, nor in what is added up', async () => {
    const plain = await api.ok<Report>('GET', '/reports?by=campaign');
    expect(plain.rows.every((row) => !('capFill' in row) && !('goal' in row))).toBe(true);
    const { rest, totals } = await api.ok<Report>('GET', '/reports?by=campaign&top=1&with=capFill');
    expect([...rest, ...totals].every((line) => !('capFill' in line))).toBe(true);
    expect(rest).toHaveLength(1);
  });

  it('is refused where rows are of more than campaigns, buyers and publishers', async () => {
    for (const by of ['campaign,day', 'state', ''])
      expect(await api.send('GET', `/reports?by=${by}&with=capFill`)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/with' }] },
      });
  });

  it('stands in CSV in units of the currency', async () => {
    const { text } = await api.send('GET', '/reports/csv?by=campaign,buyer&measures=received&with=capFill');
    expect(text.split('\n')).toContain('cmp_a,a,buy_a,a,USD,1,lim_place,day,spend,60.00,75.00,0.8');
    expect(text.split('\n')[0]).toContain('capFill limitId');
  });
});
