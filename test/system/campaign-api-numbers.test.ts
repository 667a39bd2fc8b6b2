import type { Page } from '../../contract/page';
import type { AuditEntry } from '../../contract/resources/audit';
import type { Campaign } from '../../contract/resources/campaign';
import type { TrackedNumber } from '../../contract/resources/number';
import { startApi, type ApiServer } from './api-server';

describe('tracked numbers over HTTP', () => {
  let api: ApiServer;
  let last = 1000;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  /** A number nobody has yet, in a range for fiction. */
  const fresh = (): string => `+1415555${last++}`;
  const at = (number: string): string => `/numbers/${encodeURIComponent(number)}`;

  async function campaign(status: 'draft' | 'active' | 'archived' = 'draft'): Promise<string> {
    const { id } = await api.ok<Campaign>('POST', '/campaigns', {
      name: 'Numbers',
      timeZone: 'America/Chicago',
      currency: 'USD',
    });
    if (status === 'archived') await api.ok('POST', `/campaigns/${id}/archive`, undefined, 200);
    if (status === 'active') {
      await api.db.query({
        name: '',
        text: `INSERT INTO routing_plans (campaign_id, version, definition) VALUES ($1, 1, '{}')`,
        values: [id],
      });
      await api.db.query({
        name: '',
        text: 'UPDATE campaigns SET plan_version = 1 WHERE id = $1',
        values: [id],
      });
      await api.ok('POST', `/campaigns/${id}/activate`, undefined, 200);
    }
    return id;
  }

  it.each([
    [{ number: '(415) 555-0170', defaultCountry: 'US' }, '+14155550170'],
    [{ number: ' +1 415 555 0171 ' }, '+14155550171'],
    [{ number: 'tel:+1-415-555-0172' }, '+14155550172'],
    [{ number: '020 7183 8750', defaultCountry: 'GB' }, '+442071838750'],
    [{ number: '+49 30 901820' }, '+4930901820'],
  ])('are kept in E.164 however they are written: %j', async (body, e164) => {
    const answer = await api.send('POST', '/numbers', { body });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ number: e164, campaignId: null, channel: 'other', tags: {} });
    expect(answer.headers.get('location')).toBe(`/api/v1${at(e164)}`);
    expect(await api.ok('GET', at(e164))).toEqual(answer.body);
  });

  it.each([
    [{ number: '415 555 0170' }, 'country'],
    [{ number: 'call me' }, 'no telephone number'],
    [{ number: '+1 415 555 017' }, 'length'],
    [{ number: '+14155550170 ext. 5' }, 'extension'],
    [{ number: '4155550170', defaultCountry: 'XX' }, 'XX'],
  ])('are refused with what is wrong: %j', async (body, message) => {
    const answer = await api.send('POST', '/numbers', { body });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      errors: [{ pointer: '/number', message: expect.stringContaining(message) }],
    });
  });

  it('name the campaign or publisher that does not exist', async () => {
    for (const [field, value] of [
      ['campaignId', 'cmp_nobody'],
      ['publisherId', 'pub_nobody'],
    ]) {
      const number = fresh();
      const refused = { code: 'unprocessable', errors: [{ pointer: `/${field}` }] };
      const created = await api.send('POST', '/numbers', { body: { number, [field as string]: value } });
      expect(created.status).toBe(422);
      expect(created.body).toMatchObject(refused);
      await api.ok('POST', '/numbers', { number });
      const changed = await api.send('PATCH', at(number), { body: { [field as string]: value } });
      expect(changed.status).toBe(422);
      expect(changed.body).toMatchObject(refused);
    }
  });

  it('belong to one campaign when twenty requests for two campaigns come at once', async () => {
    const campaigns = [await campaign('active'), await campaign('active')];
    const number = fresh();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        api.send('POST', '/numbers', { body: { number, campaignId: campaigns[i % 2] } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      201,
      ...Array.from({ length: 19 }, () => 409),
    ]);
    const winner = answers.find(({ status }) => status === 201)?.body as TrackedNumber;
    expect(await api.ok('GET', at(number))).toEqual(winner);
    const trail = await api.ok<Page<AuditEntry>>('GET', `/audit?entityId=${encodeURIComponent(number)}`);
    expect(trail.data).toHaveLength(1);
    expect(trail.data[0]).toMatchObject({ entity: 'number', campaignId: winner.campaignId });
  });

  it('leave a campaign only while it takes no calls', async () => {
    const [from, to] = [await campaign('active'), await campaign()];
    const number = fresh();
    await api.ok('POST', '/numbers', { number, campaignId: from });
    const move = (campaignId: string | null) => api.send('PATCH', at(number), { body: { campaignId } });
    for (const target of [to, null]) {
      const refused = await move(target);
      expect(refused.status).toBe(409);
      expect(refused.body).toMatchObject({
        detail: expect.stringContaining(from),
        errors: [{ pointer: '/campaignId' }],
      });
    }
    expect((await api.send('PATCH', at(number), { body: { channel: 'print' } })).status).toBe(200);
    await api.ok('POST', `/campaigns/${from}/pause`, undefined, 200);
    expect((await move(to)).body).toMatchObject({ campaignId: to, channel: 'print', revision: 3 });
  });

  it('never leave a campaign that becomes active at the same moment', async () => {
    const to = await campaign();
    for (let round = 0; round < 10; round++) {
      const from = await campaign('active');
      await api.ok('POST', `/campaigns/${from}/pause`, undefined, 200);
      const number = fresh();
      await api.ok('POST', '/numbers', { number, campaignId: from });
      const [moved, resumed] = await Promise.all([
        api.send('PATCH', at(number), { body: { campaignId: to } }),
        api.send('POST', `/campaigns/${from}/resume`),
      ]);
      expect(resumed.status).toBe(200);
      const { campaignId } = await api.ok<TrackedNumber>('GET', at(number));
      expect(campaignId).toBe(moved.status === 200 ? to : from);
      if (moved.status === 200) {
        // It left while the campaign was paused: before it was resumed.
        const trail = await api.ok<Page<AuditEntry>>('GET', '/audit?limit=2');
        const order = trail.data.map(({ action }) => action);
        expect(order.toSorted()).toEqual(['resume', 'update']);
      } else expect(moved.status).toBe(409);
    }
  });

  it('go to no archived campaign', async () => {
    const archived = await campaign('archived');
    const number = fresh();
    expect((await api.send('POST', '/numbers', { body: { number, campaignId: archived } })).status).toBe(409);
    await api.ok('POST', '/numbers', { number });
    expect((await api.send('PATCH', at(number), { body: { campaignId: archived } })).status).toBe(409);
  });

  it('of an active campaign are not given up either, until it is paused', async () => {
    const id = await campaign('active');
    const number = fresh();
    await api.ok('POST', '/numbers', { number, campaignId: id }, 201);
    const refused = await api.send('DELETE', at(number));
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'conflict', detail: expect.stringContaining('pause') });
    await api.ok('POST', `/campaigns/${id}/pause`, undefined, 200);
    expect((await api.send('DELETE', at(number))).status).toBe(204);
  });

  it('are given up, and can be had again', async () => {
    const number = fresh();
    await api.ok('POST', '/numbers', { number, tags: { page: 'home' } });
    const stale = await api.send('DELETE', at(number), { headers: { 'If-Match': '"9"' } });
    expect(stale.status).toBe(412);
    const gone = await api.send('DELETE', at(number), { headers: { 'If-Match': '"1"' } });
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await api.send('GET', at(number))).status).toBe(404);
    expect((await api.send('DELETE', at(number))).status).toBe(404);
    const trail = await api.ok<Page<AuditEntry>>('GET', `/audit?entityId=${encodeURIComponent(number)}`);
    expect(trail.data[0]).toMatchObject({
      action: 'delete',
      before: { number, tags: { page: 'home' } },
      after: null,
    });
    expect((await api.send('POST', '/numbers', { body: { number } })).status).toBe(201);
  });

  it('are listed in their own order, by campaign and channel', async () => {
    const campaignId = await campaign();
    const numbers = [fresh(), fresh(), fresh()];
    for (const number of numbers.toReversed())
      await api.ok('POST', '/numbers', { number, campaignId, channel: 'radio' });
    const first = await api.ok<Page<TrackedNumber>>('GET', `/numbers?campaignId=${campaignId}&limit=2`);
    const second = await api.ok<Page<TrackedNumber>>(
      'GET',
      `/numbers?campaignId=${campaignId}&limit=2&cursor=${first.nextCursor}`,
    );
    expect([...first.data, ...second.data].map(({ number }) => number)).toEqual(numbers);
    expect(second.nextCursor).toBeNull();
    const other = await api.ok<Page<TrackedNumber>>('GET', `/numbers?campaignId=${campaignId}&channel=print`);
    expect(other.data).toEqual([]);
  });
});
