import type { Page } from '../../contract/page';
import type { CampaignGoal, GoalProgress } from '../../contract/resources/goal';
import type { Report } from '../../contract/resources/report';
import { gatherChanges, rollUpHours } from '../../db/queries/reports/roll-up';
import { startApi, type ApiServer } from './api-server';
import { bookEntries, insertCalls } from './report-fixture';

const DAY = ['2026-03-02', '2026-03-03'] as const;

describe('goals of campaigns', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  const campaign = (id: string, more: object = {}) =>
    api.ok('POST', '/campaigns', { id, name: id, timeZone: 'America/Chicago', currency: 'USD', ...more });
  const progress = (id: string, at?: string): Promise<GoalProgress> =>
    api.ok('GET', `/campaigns/${id}/goal/progress${at === undefined ? '' : `?at=${at}`}`);

  it('are set, read, changed and given up, each edit with its revision and in the audit trail', async () => {
    await campaign('cmp_edit');
    const path = '/campaigns/cmp_edit/goal';
    expect((await api.send('GET', path)).status).toBe(404);
    const none = await api.send('PUT', path, { body: { period: 'week' } });
    expect(none).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('one of calls') as string },
    });
    const body = { period: 'week', calls: 500, costPerCallMicros: '15000000' };
    const early = await api.send('PUT', path, { body, headers: { 'If-Match': '"1"' } });
    expect(early.status).toBe(412);
    const made = await api.send('PUT', path, { body });
    expect([made.status, made.headers.get('etag'), made.headers.get('location')]).toEqual([
      201,
      '"1"',
      `/api/v1${path}`,
    ]);
    expect(await api.ok<CampaignGoal>('PUT', path, body)).toMatchObject({ revision: 1 });
    const changed = await api.ok<CampaignGoal>('PUT', path, { period: 'day', conversionRate: 0.25 });
    expect(changed).toMatchObject({
      revision: 2,
      period: 'day',
      calls: null,
      costPerCallMicros: null,
      conversionRate: 0.25,
    });
    expect(await api.ok('GET', path)).toEqual(changed);
    const stale = await api.send('DELETE', path, { headers: { 'If-Match': '"1"' } });
    expect(stale.status).toBe(412);
    await api.ok('DELETE', path, undefined, 204);
    expect((await api.send('DELETE', path)).status).toBe(404);
    const { data } = await api.ok<Page<{ action: string; campaignId: string }>>('GET', '/audit?entity=goal');
    expect(data.map(({ action, campaignId }) => [action, campaignId])).toEqual(
      ['delete', 'update', 'create'].map((action) => [action, 'cmp_edit']),
    );
  });

  it('of a campaign that is archived stay as they were', async () => {
    await campaign('cmp_over');
    await api.ok('PUT', '/campaigns/cmp_over/goal', { period: 'day', calls: 1 }, 201);
    await api.ok('POST', '/campaigns/cmp_over/archive', undefined, 200);
    const changed = await api.send('PUT', '/campaigns/cmp_over/goal', { body: { period: 'day', calls: 2 } });
    expect([changed.status, (await api.send('DELETE', '/campaigns/cmp_over/goal')).status]).toEqual([
      409, 409,
    ]);
    expect(await api.ok('GET', '/campaigns/cmp_over/goal')).toMatchObject({ calls: 1 });
    expect(
      (await api.send('PUT', '/campaigns/cmp_none/goal', { body: { period: 'day', calls: 2 } })).status,
    ).toBe(404);
  });

  it('are expected by open time: the week so far, as calls, money and hours have it', async () => {
    const openings = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, from: '09:00', to: '17:00' }));
    const holidays = [{ date: '2026-03-06', openings: [] }];
    await campaign('cmp_week', { hours: { timeZone: 'America/Chicago', openings, holidays } });
    const goal = { period: 'week', calls: 8, costPerCallMicros: '10000000', conversionRate: 0.5 };
    await api.ok('PUT', '/campaigns/cmp_week/goal', goal, 201);
    const call = (id: string, at: string, came?: 'connected' | 'converted') => ({
      id,
      campaign: 'cmp_week',
      at,
      ...(came === undefined ? {} : { came }),
    });
    await insertCalls(api, [
      call('sunday', '2026-03-02T05:59:59Z', 'converted'),
      call('monday', '2026-03-02T06:00:00Z', 'converted'),
      call('tuesday', '2026-03-03T15:00:00Z', 'connected'),
      call('before', '2026-03-03T17:59:59.999Z'),
      call('at', '2026-03-03T18:00:00Z', 'converted'),
    ]);
    await bookEntries(api, [
      { cause: 'p1', kind: 'payout', campaign: 'cmp_week', micros: 20_000_000, at: '2026-03-02T06:00:00Z' },
      {
        cause: 'c1',
        kind: 'telephony_cost',
        campaign: 'cmp_week',
        micros: 1_000_000,
        at: '2026-03-03T15:00:00Z',
      },
      {
        cause: 'c2',
        kind: 'telephony_cost',
        campaign: 'cmp_week',
        micros: 9_000_000,
        at: '2026-03-03T18:00:00Z',
      },
      {
        cause: 'a1',
        kind: 'ad_spend',
        campaign: 'cmp_week',
        micros: 70_000_000,
        at: '2026-03-02T06:00:00Z',
        currency: 'EUR',
      },
    ]);
    const expected = {
      period: {
        kind: 'week',
        from: '2026-03-02',
        to: '2026-03-09',
        startsAt: '2026-03-02T06:00:00.000Z',
        endsAt: '2026-03-09T05:00:00.000Z',
      },
      // Monday in full, three hours of Tuesday; Friday is a holiday.
      open: { passedSeconds: 11 * 3600, ofSeconds: 32 * 3600, share: 11 / 32 },
      soFar: { received: 3, costPerCallMicros: '7000000', conversionRate: 0.5 },
      calls: { goal: 8, received: 3, expected: 2.75, ahead: 0.25, pace: 'on', projected: 3 / (11 / 32) },
      costPerCall: { goalMicros: '10000000', soFarMicros: '7000000', overMicros: '-3000000', pace: 'ahead' },
      conversionRate: { goal: 0.5, soFar: 0.5, delta: 0, pace: 'on' },
    };
    expect(await progress('cmp_week', '2026-03-03T18:00:00Z')).toMatchObject(expected);
    await rollUp();
    expect(await progress('cmp_week', '2026-03-03T18:00:00Z')).toMatchObject(expected);
    expect(await progress('cmp_week', '2026-03-03T18:15:00Z')).toMatchObject({
      soFar: { received: 4, costPerCallMicros: '7500000' },
      calls: { pace: 'ahead' },
    });
    // A Sunday: the week before.
    expect(await progress('cmp_week', '2026-03-02T05:45:00Z')).toMatchObject({
      period: { from: '2026-02-23', to: '2026-03-02' },
      soFar: { received: 0, costPerCallMicros: null, conversionRate: null },
      costPerCall: { soFarMicros: null, overMicros: null, pace: null },
    });
    const crooked = await api.send('GET', '/campaigns/cmp_week/goal/progress?at=2026-03-02T05:46:00Z');
    expect(crooked).toMatchObject({ status: 400, body: { errors: [{ pointer: '/at' }] } });
  });

  async function rollUp(): Promise<void> {
    await gatherChanges(api.db);
    await rollUpHours(api.db, 10_000, '2200-01-01T00:00:00Z');
  }

  it('stand as of now where no time is said, with every call that has come in', async () => {
    await campaign('cmp_now');
    expect((await api.send('GET', '/campaigns/cmp_now/goal/progress')).status).toBe(404);
    await api.ok('PUT', '/campaigns/cmp_now/goal', { period: 'month', calls: 100 }, 201);
    await insertCalls(api, [{ id: 'now', campaign: 'cmp_now', at: new Date().toISOString() }]);
    const now = await progress('cmp_now');
    expect(now).toMatchObject({ soFar: { received: 1 }, costPerCall: null, conversionRate: null });
    expect(now.open.share).toBeCloseTo(
      (Date.parse(now.at) - Date.parse(now.period.startsAt)) /
        (Date.parse(now.period.endsAt) - Date.parse(now.period.startsAt)),
      4,
    );
    expect(now.calls?.expected).toBeCloseTo(100 * (now.open.share ?? NaN), 6);
  });

  describe('beside rows of a report', () => {
    beforeAll(async () => {
      await campaign('cmp_daily', { timeZone: 'UTC' });
      await campaign('cmp_free', { timeZone: 'UTC' });
      const goal = { period: 'day', calls: 4, costPerCallMicros: '5000000', conversionRate: 0.25 };
      await api.ok('PUT', '/campaigns/cmp_daily/goal', goal, 201);
      await insertCalls(api, [
        { id: 'd1', campaign: 'cmp_daily', at: `${DAY[0]}T10:00:00Z`, came: 'converted' },
        { id: 'd2', campaign: 'cmp_daily', at: `${DAY[0]}T11:00:00Z`, came: 'connected' },
        { id: 'd3', campaign: 'cmp_daily', at: `${DAY[1]}T10:00:00Z` },
        { id: 'f1', campaign: 'cmp_free', at: `${DAY[0]}T10:00:00Z` },
      ]);
      const at = `${DAY[0]}T10:00:00Z`;
      await bookEntries(api, [
        { cause: 'dp', kind: 'payout', campaign: 'cmp_daily', micros: 12_000_000, at },
        { cause: 'da', kind: 'ad_spend', campaign: 'cmp_daily', micros: 9_000_000, at, currency: 'EUR' },
      ]);
    });

    const rows = async (query: string) => {
      const { rows: shown } = await api.ok<Report>(
        'GET',
        `/reports?campaign=cmp_daily,cmp_free&with=goal&${query}`,
      );
      return new Map(
        shown.map(({ keys, currency, goal }) => [[...Object.values(keys), currency].join(' '), goal]),
      );
    };
    const range = `from=${DAY[0]}&to=2026-03-04`;

    it('say what is expected in the period of each row, in the currency of the campaign', async () => {
      const shown = await rows(`by=campaign,day&${range}`);
      expect(shown.get(`cmp_daily ${DAY[0]} USD`)).toEqual({
        calls: 4,
        callsShare: 0.5,
        costPerCallMicros: '5000000',
        costPerCallOver: '1000000',
        conversionRate: 0.25,
        conversionRateDelta: 0.25,
      });
      expect(shown.get(`cmp_daily ${DAY[1]} USD`)).toMatchObject({
        callsShare: 0.25,
        conversionRateDelta: null,
      });
      expect(shown.get(`cmp_daily ${DAY[0]} EUR`)).toBeNull();
      expect(shown.get(`cmp_free ${DAY[0]} USD`)).toBeNull();
    });

    it('count the whole periods of the report where rows have none', async () => {
      expect((await rows(`by=campaign&${range}`)).get('cmp_daily USD')).toMatchObject({
        calls: 8,
        callsShare: 3 / 8,
      });
      const instants = `from=${DAY[0]}T00:00:00Z&to=${DAY[1]}T12:00:00Z`;
      expect((await rows(`by=campaign&${instants}`)).get('cmp_daily USD')).toMatchObject({
        calls: null,
        callsShare: null,
        costPerCallOver: '-1000000',
      });
      expect((await rows(`by=campaign,week&${range}`)).get('cmp_daily 2026-03-02 USD')).toBeNull();
    });

    it('are refused where rows are not of all calls of a campaign', async () => {
      for (const query of [
        'by=buyer',
        'by=campaign,buyer',
        'by=campaign,hour',
        'by=campaign&buyer=buy_a',
        'by=',
      ]) {
        const answer = await api.send('GET', `/reports?with=goal&${query}`);
        expect([query, answer.status, answer.body]).toMatchObject([
          query,
          400,
          { errors: [{ pointer: '/with' }] },
        ]);
      }
      const unknown = await api.send('GET', '/reports?with=goals');
      expect(unknown).toMatchObject({ status: 400, body: { errors: [{ pointer: '/with' }] } });
    });

    it('are columns of CSV too', async () => {
      const { text } = await api.send(
        'GET',
        `/reports/csv?by=campaign,day&measures=received&with=goal&campaign=cmp_daily&${range}`,
      );
      const [head, ...lines] = text.trimEnd().split('\n');
      expect(head).toBe(
        'campaign,campaignName,day,currency,received,goal calls,goal callsShare,goal costPerCall,goal costPerCallOver,goal conversionRate,goal conversionRateDelta',
      );
      expect(lines).toContain(`cmp_daily,cmp_daily,${DAY[0]},USD,2,4,0.5,5.00,1.00,0.25,0.25`);
      expect(lines).toContain(`cmp_daily,cmp_daily,${DAY[0]},EUR,0,,,,,,`);
    });
  });
});
