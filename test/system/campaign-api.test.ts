import type { Page } from '../../contract/page';
import type { AuditEntry } from '../../contract/resources/audit';
import type { Campaign } from '../../contract/resources/campaign';
import { startApi, type ApiServer } from './api-server';

const CHICAGO = { name: 'Roofing', timeZone: 'America/Chicago', currency: 'USD' };
const MESSAGE = { kind: 'message', prompt: { text: 'Goodbye.', language: 'en-US' } };
const PLAN = { rules: [{ name: 'all', strategy: { kind: 'waterfall' } }], maxAttempts: 3, fallback: MESSAGE };

describe('campaigns over HTTP', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  const create = (more: object = {}) => api.ok<Campaign>('POST', '/campaigns', { ...CHICAGO, ...more });

  /** Publishing has routes of its own; here a campaign only has to have a plan. */
  async function publishPlan(campaign: string): Promise<void> {
    await api.db.query({
      name: '',
      text: `WITH plan AS (INSERT INTO routing_plans (campaign_id, version, definition) VALUES ($1, 1, $2))
             SELECT 1`,
      values: [campaign, JSON.stringify(PLAN)],
    });
    await api.db.query({
      name: '',
      text: 'UPDATE campaigns SET plan_version = 1 WHERE id = $1',
      values: [campaign],
    });
  }

  const auditOf = async (entityId: string): Promise<readonly AuditEntry[]> =>
    (await api.ok<Page<AuditEntry>>('GET', `/audit?entityId=${encodeURIComponent(entityId)}`)).data;

  it('begin as drafts with defaults, under an id of their own', async () => {
    const answer = await api.send('POST', '/campaigns', { body: CHICAGO });
    expect(answer.status).toBe(201);
    const campaign = answer.body as Campaign;
    expect(campaign).toMatchObject({
      ...CHICAGO,
      status: 'draft',
      hours: null,
      anonymousCallers: 'allow',
      duplicates: null,
      currentPlanVersion: null,
      currentFlowVersion: null,
      revision: 1,
    });
    expect(campaign.id).toMatch(/^cmp_[a-z0-9]{20}$/);
    expect(answer.headers.get('location')).toBe(`/api/v1/campaigns/${campaign.id}`);
    expect(answer.headers.get('etag')).toBe('"1"');
    expect(await api.ok('GET', `/campaigns/${campaign.id}`)).toEqual(campaign);
  });

  it('take an id that is chosen, once', async () => {
    await create({ id: 'cmp_chosen' });
    const again = await api.send('POST', '/campaigns', { body: { ...CHICAGO, id: 'cmp_chosen' } });
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ code: 'conflict', errors: [{ pointer: '/id' }] });
  });

  it.each([
    [{ ...CHICAGO, nmae: 'typo' }, '/nmae', 'is not a field that is known here'],
    [{ name: 'x', currency: 'USD' }, '/timeZone', 'is missing'],
    [{ ...CHICAGO, timeZone: 'Mars/Base' }, '/timeZone', 'IANA'],
    [{ ...CHICAGO, currency: 'usd' }, '/currency', 'ISO 4217'],
    [{ ...CHICAGO, id: 'campaign 1' }, '/id', 'cmp_'],
    [{ ...CHICAGO, maxCallSeconds: 0 }, '/maxCallSeconds', '1'],
    [
      { ...CHICAGO, hours: { timeZone: 'UTC', openings: [{ weekday: 8, from: '09:00', to: '17:00' }] } },
      '/hours/openings/0/weekday',
      '7',
    ],
    [
      { ...CHICAGO, treatments: { paused: { kind: 'message', prompt: { text: '', language: 'en-US' } } } },
      '/treatments/paused/prompt/text',
      '',
    ],
  ])('name the field that is wrong: %j', async (body, pointer, message) => {
    const answer = await api.send('POST', '/campaigns', { body });
    expect(answer.status).toBe(400);
    const { code, errors } = answer.body as { code: string; errors: { pointer: string; message: string }[] };
    expect(code).toBe('invalid_request');
    expect(errors.find((error) => error.pointer === pointer)?.message).toContain(message);
  });

  it('are changed field by field, and each change counts the revision up and is in the audit trail', async () => {
    const { id } = await create();
    const patch = {
      anonymousCallers: 'block',
      duplicates: { definition: 'connected', treatment: 'refuse', days: 7 },
    };
    const answer = await api.send('PATCH', `/campaigns/${id}`, {
      body: patch,
      headers: { 'Callyard-Actor': 'Zoë' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).toBe('"2"');
    expect(answer.body).toMatchObject({ ...CHICAGO, ...patch, revision: 2 });
    const [change, creation] = await auditOf(id);
    expect(creation).toMatchObject({
      action: 'create',
      actor: 'admin',
      before: null,
      after: { revision: 1 },
    });
    expect(change).toMatchObject({
      action: 'update',
      actor: 'admin (Zoë)',
      entity: 'campaign',
      campaignId: id,
      before: { anonymousCallers: 'allow', revision: 1 },
      after: { anonymousCallers: 'block', revision: 2 },
      requestId: answer.headers.get('x-request-id'),
    });
  });

  it('stay as they are, unaudited, when a change comes to nothing', async () => {
    const { id } = await create();
    const answer = await api.send('PATCH', `/campaigns/${id}`, { body: { name: CHICAGO.name } });
    expect(answer.body).toMatchObject({ revision: 1 });
    expect(await auditOf(id)).toHaveLength(1);
  });

  it('refuse an edit made from a stale revision, and say which is current', async () => {
    const { id } = await create();
    const edit = (name: string, ifMatch: string) =>
      api.send('PATCH', `/campaigns/${id}`, { body: { name }, headers: { 'If-Match': ifMatch } });
    expect((await edit('first', '"1"')).status).toBe(200);
    const stale = await edit('second', '"1"');
    expect(stale.status).toBe(412);
    expect(stale.body).toMatchObject({ code: 'stale_revision', detail: expect.stringContaining('"2"') });
    expect((await edit('third', 'W/"2"')).status).toBe(412);
    expect((await edit('third', '"7", "2"')).status).toBe(200);
    expect((await edit('fourth', '*')).status).toBe(200);
    expect((await edit('fifth', '4')).status).toBe(400);
    expect(await api.ok('GET', `/campaigns/${id}`)).toMatchObject({ name: 'fourth', revision: 4 });
  });

  it('let one of many concurrent edits of the same revision through', async () => {
    const { id } = await create();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        api.send('PATCH', `/campaigns/${id}`, {
          body: { name: `name ${i}` },
          headers: { 'If-Match': '"1"' },
        }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
  });

  it('need a published plan to be activated, and say so', async () => {
    const { id } = await create();
    const answer = await api.send('POST', `/campaigns/${id}/activate`);
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: 'not_ready', detail: expect.stringContaining('routing plan') });
    await publishPlan(id);
    expect(await api.ok('POST', `/campaigns/${id}/activate`, undefined, 200)).toMatchObject({
      status: 'active',
      currentPlanVersion: 1,
    });
  });

  it('go from draft to active, paused, active and archived, and nowhere else; doing it twice is doing it once', async () => {
    const { id } = await create();
    await publishPlan(id);
    const act = async (action: string) => {
      const { status, body } = await api.send('POST', `/campaigns/${id}/${action}`);
      return status === 200 ? (body as Campaign).status : status;
    };
    expect(await act('pause')).toBe(409);
    expect(await act('resume')).toBe(409);
    for (const [action, status] of [
      ['activate', 'active'],
      ['pause', 'paused'],
    ] as const) {
      expect(await act(action)).toBe(status);
      expect(await act(action)).toBe(status);
    }
    expect(await act('activate')).toBe(409);
    expect(await act('resume')).toBe('active');
    expect(await act('archive')).toBe('archived');
    expect(await act('archive')).toBe('archived');
    for (const action of ['activate', 'pause', 'resume']) expect(await act(action)).toBe(409);
    expect((await api.send('PATCH', `/campaigns/${id}`, { body: { name: 'new' } })).status).toBe(409);
    expect((await auditOf(id)).map(({ action }) => action)).toEqual([
      'archive',
      'resume',
      'pause',
      'activate',
      'create',
    ]);
  });

  it('can be archived before they ever had a plan', async () => {
    const { id } = await create();
    expect(await api.ok('POST', `/campaigns/${id}/archive`, undefined, 200)).toMatchObject({
      status: 'archived',
    });
  });

  it('keep their currency from the first activation on', async () => {
    const { id } = await create();
    expect(await api.ok('PATCH', `/campaigns/${id}`, { currency: 'EUR' })).toMatchObject({ currency: 'EUR' });
    await publishPlan(id);
    await api.ok('POST', `/campaigns/${id}/activate`, undefined, 200);
    const answer = await api.send('PATCH', `/campaigns/${id}`, { body: { currency: 'USD' } });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ errors: [{ pointer: '/currency' }] });
  });

  it('are listed newest first, each once, whatever the size of a page', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await create({ vertical: 'paging' })).id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: Page<Campaign> = await api.ok('GET', `/campaigns?vertical=paging&limit=2${next}`);
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(ids.toReversed());
    expect((await api.ok<Page<Campaign>>('GET', '/campaigns?vertical=paging&status=active')).data).toEqual(
      [],
    );
  });

  it.each(['limit=0', 'limit=201', 'cursor=bogus', 'status=asleep', 'sort=name'])(
    'refuse the query %s',
    async (query) => {
      const answer = await api.send('GET', `/campaigns?${query}`);
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ errors: [{ pointer: `/${query.split('=')[0]}` }] });
    },
  );

  it.each(['0000-01-01T00:00:00Z', `2026-01-01T00:00:00.${'1'.repeat(500)}Z`])(
    'refuse a cursor at an instant that is none of ours: %s',
    async (at) => {
      const cursorOf = (place: unknown) => Buffer.from(JSON.stringify(place)).toString('base64url');
      for (const path of [
        `/campaigns?cursor=${cursorOf({ at, id: 'cmp_a' })}`,
        `/calls?cursor=${cursorOf([at, 'call_a'])}`,
      ]) {
        const answer = await api.send('GET', path);
        expect(answer.status).toBe(400);
        expect(answer.body).toMatchObject({ errors: [{ pointer: '/cursor' }] });
      }
    },
  );

  it.each([
    ['GET', '/campaigns/cmp_nobody'],
    ['PATCH', '/campaigns/cmp_nobody'],
    ['POST', '/campaigns/cmp_nobody/pause'],
    ['GET', '/campaigns/cmp_nobody/assignments'],
    ['GET', '/campaigns/%00'],
    ['GET', '/assignments/asg_nobody'],
    ['DELETE', '/buyers/buy_nobody'],
    ['GET', '/nothing/at/all'],
  ])('are not found where there are none: %s %s', async (method, path) => {
    const answer = await api.send(method, path, method === 'PATCH' ? { body: {} } : {});
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ code: 'not_found' });
  });

  it('keep their revision when only their buyers and assignments change', async () => {
    const { id, revision } = await create();
    const buyer = await api.ok<{ id: string }>('POST', '/buyers', { name: 'A', timeZone: 'UTC' });
    await api.ok('POST', `/campaigns/${id}/assignments`, {
      buyerId: buyer.id,
      dialing: { destinations: [{ kind: 'tel', number: '+14155550201' }] },
      price: { amountMicros: '1000000', due: { on: 'connection' } },
    });
    expect(await api.ok('GET', `/campaigns/${id}`)).toMatchObject({ revision });
  });
});
