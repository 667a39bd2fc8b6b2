import type { Page } from '../../contract/page';
import type { AuditEntry } from '../../contract/resources/audit';
import type { DniLease, DniNumber, DniPool, DniPoolStatus } from '../../contract/resources/dni-pool';
import { startApi, type ApiServer } from './api-server';
import { newVisitor } from './dni-fixture';

describe('DNI pools through the API', () => {
  let api: ApiServer;
  let made = 0;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  const fresh = (): string => `+1415555${String((made += 1)).padStart(4, '0')}`;
  async function campaign(): Promise<string> {
    const settings = { name: 'Web', timeZone: 'America/New_York', currency: 'USD' };
    return (await api.ok<{ id: string }>('POST', '/campaigns', settings)).id;
  }
  async function numbersOf(campaignId: string, count: number): Promise<string[]> {
    const numbers = Array.from({ length: count }, fresh);
    for (const number of numbers) await api.ok('POST', '/numbers', { number, campaignId });
    return numbers;
  }
  async function pool(more: object = {}): Promise<{ pool: DniPool; campaignId: string; at: string }> {
    const campaignId = await campaign();
    const made = await api.ok<DniPool>('POST', '/dni-pools', { campaignId, name: 'Home', ...more });
    return { pool: made, campaignId, at: `/dni-pools/${made.id}` };
  }

  it('are made with sensible settings, read, edited by revision, and given up', async () => {
    const { pool: made, campaignId, at } = await pool();
    expect(made).toMatchObject({
      campaignId,
      leaseSeconds: 1800,
      graceSeconds: 7200,
      overflowNumber: null,
      allowedOrigins: [],
      staticNumbers: [],
      numbers: 0,
      revision: 1,
    });
    const patch = { leaseSeconds: 600, allowedOrigins: ['https://*.example.com'] };
    const stale = await api.send('PATCH', at, { body: patch, headers: { 'If-Match': '"7"' } });
    expect(stale.status).toBe(412);
    const edited = await api.send('PATCH', at, { body: patch, headers: { 'If-Match': '"1"' } });
    expect([edited.status, edited.headers.get('etag')]).toEqual([200, '"2"']);
    expect(await api.ok<DniPool>('PATCH', at, patch)).toMatchObject({ revision: 2, ...patch });
    const listed = await api.ok<Page<DniPool>>('GET', `/dni-pools?campaignId=${campaignId}`);
    expect(listed.data.map(({ id }) => id)).toEqual([made.id]);
    const trail = await api.ok<Page<AuditEntry>>('GET', `/audit?entity=dni_pool&entityId=${made.id}`);
    expect(trail.data.map(({ action }) => action)).toEqual(['update', 'create']);
    expect((await api.send('DELETE', at)).status).toBe(204);
    expect((await api.send('GET', at)).status).toBe(404);
  });

  it.each([
    [{ campaignId: 'cmp_nobody' }, 422, '/campaignId'],
    [{ publisherId: 'pub_nobody' }, 422, '/publisherId'],
    [{ leaseSeconds: 5 }, 400, '/leaseSeconds'],
    [{ allowedOrigins: ['https://example.com/path'] }, 400, '/allowedOrigins/0'],
    [{ overflowNumber: '4155550100' }, 400, '/overflowNumber'],
    [
      { staticNumbers: [{ source: 'utm_source', equals: 'google', number: '+14155559999' }] },
      422,
      '/staticNumbers/0/number',
    ],
  ])('are refused with the field that is wrong: %j', async (settings, status, pointer) => {
    const body = { campaignId: await campaign(), name: 'Home', ...settings };
    const answer = await api.send('POST', '/dni-pools', { body });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ errors: [{ pointer }] });
  });

  it('are made once for one Idempotency-Key', async () => {
    const body = { campaignId: await campaign(), name: 'Once' };
    const headers = { 'Idempotency-Key': 'dni-once' };
    const [one, two] = [
      await api.send('POST', '/dni-pools', { body, headers }),
      await api.send('POST', '/dni-pools', { body, headers }),
    ];
    expect(two.text).toBe(one.text);
  });

  it('have numbers of their campaign, each in one pool at most', async () => {
    const { campaignId, at } = await pool();
    const numbers = await numbersOf(campaignId, 3);
    expect(await api.ok('POST', `${at}/numbers`, { numbers }, 200)).toMatchObject({
      numbers: 3,
      revision: 2,
    });
    expect(await api.ok('POST', `${at}/numbers`, { numbers }, 200)).toMatchObject({
      numbers: 3,
      revision: 2,
    });
    const listed = await api.ok<Page<DniNumber>>('GET', `${at}/numbers`);
    expect(listed.data).toEqual(
      numbers.map((number) => ({ number, state: 'free', sessionId: null, liveUntil: null })),
    );
    const other = await api.ok<DniPool>('POST', '/dni-pools', { campaignId, name: 'Other' });
    const refused = await api.send('POST', `/dni-pools/${other.id}/numbers`, { body: { numbers } });
    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({ detail: expect.stringContaining(`is in pool ${at.slice(11)}`) });
    const stranger = await numbersOf(await campaign(), 1);
    const strange = await api.send('POST', `${at}/numbers`, { body: { numbers: stranger } });
    expect(strange.body).toMatchObject({ code: 'unprocessable', errors: [{ pointer: '/numbers/0' }] });
    const first = encodeURIComponent(numbers[0] ?? '');
    expect(await api.ok('DELETE', `${at}/numbers/${first}`)).toMatchObject({ numbers: 2, revision: 3 });
    expect((await api.send('DELETE', `${at}/numbers/${first}`)).status).toBe(404);
    await api.ok('POST', `/dni-pools/${other.id}/numbers`, { numbers: [numbers[0]] }, 200);
  });

  it('keep their numbers in the campaign', async () => {
    const { campaignId, at } = await pool();
    const [number = ''] = await numbersOf(campaignId, 1);
    await api.ok('POST', `${at}/numbers`, { numbers: [number] }, 200);
    const path = `/numbers/${encodeURIComponent(number)}`;
    const moved = await api.send('PATCH', path, { body: { campaignId: await campaign() } });
    expect(moved.status).toBe(422);
    expect(moved.body).toMatchObject({ detail: expect.stringContaining('in a DNI pool') });
    expect((await api.send('DELETE', path)).status).toBe(409);
    await api.ok('DELETE', `${at}/numbers/${encodeURIComponent(number)}`);
    expect((await api.send('DELETE', path)).status).toBe(204);
  });

  it('have no number that stands for a source and is leased', async () => {
    const { campaignId, at } = await pool();
    const [number = '', leased = ''] = await numbersOf(campaignId, 2);
    const rule = { source: 'utm_source', equals: 'google' };
    await api.ok('POST', `${at}/numbers`, { numbers: [leased] }, 200);
    const refused = await api.send('PATCH', at, { body: { staticNumbers: [{ ...rule, number: leased }] } });
    expect(refused.status).toBe(422);
    await api.ok('PATCH', at, { staticNumbers: [{ ...rule, number }] });
    const both = await api.send('POST', `${at}/numbers`, { body: { numbers: [number] } });
    expect(both.body).toMatchObject({ detail: expect.stringContaining('stands for a source') });
    const lease = await api.ok<DniLease>('POST', `${at}/leases`, { utm: { utm_source: 'Google' } }, 200);
    expect(lease).toEqual({ kind: 'static', number, session: null, liveUntil: null });
  });

  it('give a server that renders pages the number of its visitor', async () => {
    const { campaignId, at } = await pool({ overflowNumber: '+14155558888' });
    const [number] = await numbersOf(campaignId, 1);
    await api.ok('POST', `${at}/numbers`, { numbers: [number] }, 200);
    const facts = {
      landingPage: 'https://www.example.com/quotes/jane@example.com?email=jane@example.com#form',
      referrer: 'https://www.google.com/search?q=roof',
      utm: { utm_source: 'google' },
      clickIds: { gclid: 'abc' },
    };
    const first = await api.ok<DniLease>('POST', `${at}/leases`, facts, 200);
    expect(first).toMatchObject({ kind: 'leased', number });
    expect(first.session).toMatch(/^ses_[0-9a-f]{32}$/);
    const again = await api.ok<DniLease>('POST', `${at}/leases`, { session: first.session }, 200);
    expect([again.number, again.session]).toEqual([number, first.session]);
    const other = await api.ok<DniLease>('POST', `${at}/leases`, { session: newVisitor() }, 200);
    expect(other).toMatchObject({ kind: 'overflow', number: '+14155558888', liveUntil: null });
    const { rows } = await api.db.query('SELECT * FROM dni_sessions WHERE id = $1', [first.session]);
    expect(rows).toMatchObject([
      {
        landing_page: 'https://www.example.com/quotes/-',
        referrer: 'https://www.google.com/search',
        utm: { utm_source: 'google' },
        click_ids: { gclid: 'abc' },
      },
    ]);
    const status = await api.ok<DniPoolStatus>('GET', `${at}/status`);
    expect(status).toMatchObject({ numbers: 1, leased: 1, grace: 0, free: 0, exhaustedToday: 1 });
    expect(status.advice).toEqual({
      numbers: null,
      reason: expect.stringMatching(/^Not enough data: 1 lease/),
    });
    const listed = await api.ok<Page<DniNumber>>('GET', `${at}/numbers`);
    expect(listed.data).toMatchObject([{ state: 'leased', sessionId: first.session }]);
    expect((await api.send('POST', '/dni-pools/dni_nobody/leases', { body: {} })).status).toBe(404);
    expect((await api.send('GET', '/dni-pools/dni_nobody/status')).status).toBe(404);
    expect((await api.send('GET', '/dni-pools/dni_nobody/numbers')).status).toBe(404);
  });

  it('go with the numbers when a migration moves these to another campaign', async () => {
    const { switchNumbers } = await import('../../db/queries/migrationSwitch');
    const { pool: moving, campaignId, at } = await pool();
    const numbers = await numbersOf(campaignId, 2);
    await api.ok('POST', `${at}/numbers`, { numbers }, 200);
    const challenger = await campaign();
    expect(await switchNumbers(api.db, campaignId, challenger)).toBe(2);
    expect(await api.ok<DniPool>('GET', at)).toMatchObject({
      id: moving.id,
      campaignId: challenger,
      numbers: 2,
    });
  });
});
