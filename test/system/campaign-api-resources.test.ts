import type { Page } from '../../contract/page';
import type { Assignment } from '../../contract/resources/assignment';
import type { AuditEntry } from '../../contract/resources/audit';
import type { BlockedCaller } from '../../contract/resources/blocked-caller';
import type { Buyer } from '../../contract/resources/buyer';
import type { Campaign } from '../../contract/resources/campaign';
import type { Publisher } from '../../contract/resources/publisher';
import { startApi, type ApiServer } from './api-server';

const DIALING = { destinations: [{ kind: 'tel', number: '+14155550201' }] };
const PRICE = { amountMicros: '20000000', due: { on: 'duration', seconds: 60 } };
const CAMPAIGN = { name: 'Roofing', timeZone: 'America/Chicago', currency: 'USD' };

describe('publishers, buyers, assignments and blocked callers over HTTP', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  const sql = (text: string, values: unknown[]) => api.db.query({ name: '', text, values });
  const newCampaign = () => api.ok<Campaign>('POST', '/campaigns', CAMPAIGN);
  const newBuyer = (more: object = {}) =>
    api.ok<Buyer>('POST', '/buyers', { name: 'Alpha', timeZone: 'America/Chicago', ...more });
  const assign = (campaign: string, buyerId: string, more: object = {}) =>
    api.ok<Assignment>('POST', `/campaigns/${campaign}/assignments`, {
      buyerId,
      dialing: DIALING,
      price: PRICE,
      ...more,
    });

  it.each([
    ['/publishers', { name: 'Partner' }, { payout: PRICE }],
    ['/buyers', { name: 'Alpha', timeZone: 'UTC' }, { status: 'paused' }],
  ])('%s are made, read, changed, listed and deleted', async (path, body, patch) => {
    const made = await api.ok<{ id: string }>('POST', path, body);
    expect(made).toMatchObject({ ...body, revision: 1 });
    expect(await api.ok('GET', `${path}/${made.id}`)).toEqual(made);
    const changed = await api.send('PATCH', `${path}/${made.id}`, {
      body: patch,
      headers: { 'If-Match': '"1"' },
    });
    expect(changed.body).toMatchObject({ ...body, ...patch, revision: 2 });
    const stale = await api.send('PATCH', `${path}/${made.id}`, {
      body: { name: 'x' },
      headers: { 'If-Match': '"1"' },
    });
    expect(stale.status).toBe(412);
    expect((await api.ok<Page<unknown>>('GET', `${path}?limit=1`)).data).toEqual([changed.body]);
    expect((await api.send('DELETE', `${path}/${made.id}`)).status).toBe(204);
    expect((await api.send('GET', `${path}/${made.id}`)).status).toBe(404);
    const trail = await api.ok<Page<AuditEntry>>('GET', `/audit?entityId=${made.id}`);
    expect(trail.data.map(({ action }) => action)).toEqual(['delete', 'update', 'create']);
  });

  it('a publisher is kept while a number or a call refers to them, and the answer says which', async () => {
    const { id } = await api.ok<Publisher>('POST', '/publishers', { name: 'Partner', payout: PRICE });
    await api.ok('POST', '/numbers', { number: '+14155550190', publisherId: id });
    const refused = await api.send('DELETE', `/publishers/${id}`);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'conflict', detail: expect.stringContaining('+14155550190') });
    expect(refused.body).toMatchObject({ detail: expect.stringContaining('Give those numbers up') });
    expect((await api.send('DELETE', '/numbers/%2B14155550190')).status).toBe(204);
    await sql(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, dialed, state, received_at, publisher_id)
       VALUES ('call_1', 'twilio', 'AC1', 'CA1', 'w', '+14155550190', 'routing', now(), $1)`,
      [id],
    );
    const again = await api.send('DELETE', `/publishers/${id}`);
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ detail: expect.stringContaining('calls') });
  });

  it('a buyer is kept while an assignment refers to them, removed or not', async () => {
    const [campaign, buyer] = [await newCampaign(), await newBuyer()];
    const { id } = await assign(campaign.id, buyer.id);
    const refused = await api.send('DELETE', `/buyers/${buyer.id}`);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ detail: expect.stringContaining(`assignments ${id}. Pause`) });
    expect((await api.send('DELETE', `/assignments/${id}`)).status).toBe(204);
    const again = await api.send('DELETE', `/buyers/${buyer.id}`);
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({
      detail: `Buyer ${buyer.id} cannot be deleted: it is referred to by removed assignments, which are kept: ${id}. Pause the buyer instead`,
    });
    expect((await api.send('PATCH', `/buyers/${buyer.id}`, { body: { status: 'paused' } })).status).toBe(200);
  });

  it('a buyer who is deleted takes their limits along', async () => {
    const { id } = await newBuyer();
    await sql(
      `INSERT INTO limits (id, scope_kind, scope_id, "window", counts, maximum, time_zone)
       VALUES ($1 || '_limit', 'buyer', $1, 'concurrency', 'attempt', 3, 'UTC')`,
      [id],
    );
    expect((await api.send('DELETE', `/buyers/${id}`)).status).toBe(204);
    const { rows } = await sql('SELECT FROM limits WHERE scope_id = $1', [id]);
    expect(rows).toEqual([]);
  });

  it('buyers are listed by status', async () => {
    const { id } = await newBuyer({ status: 'paused' });
    const paused = await api.ok<Page<Buyer>>('GET', '/buyers?status=paused');
    expect(paused.data.map((buyer) => buyer.id)).toContain(id);
    const active = await api.ok<Page<Buyer>>('GET', '/buyers?status=active');
    expect(active.data.map((buyer) => buyer.id)).not.toContain(id);
  });

  it('an assignment gets defaults for what is left out, and keeps what is said', async () => {
    const [campaign, buyer] = [await newCampaign(), await newBuyer()];
    const plain = await assign(campaign.id, buyer.id);
    expect(plain).toMatchObject({
      campaignId: campaign.id,
      buyerId: buyer.id,
      priority: 1,
      weight: 1,
      paused: false,
      hours: null,
      filter: null,
      conversionEstimate: 1,
      removedAt: null,
      dialing: { ...DIALING, ringTimeoutSeconds: 20, whisper: null, callerId: { kind: 'caller' } },
    });
    const filter = {
      kind: 'all',
      conditions: [
        { kind: 'geography', field: 'state', in: ['TX'] },
        { kind: 'not', condition: { kind: 'first_call' } },
      ],
    };
    const full = { priority: 3, weight: 0.5, filter, conversionEstimate: 0.25 };
    const made = await assign(campaign.id, buyer.id, full);
    expect(made).toMatchObject(full);
    expect(await api.ok('PATCH', `/assignments/${made.id}`, { paused: true })).toMatchObject({
      ...full,
      paused: true,
      revision: 2,
    });
  });

  it('an assignment stored before its dialling had all its fields is shown with their defaults', async () => {
    const [campaign, buyer] = [await newCampaign(), await newBuyer()];
    const { id } = await assign(campaign.id, buyer.id);
    await sql('UPDATE assignments SET dialing = $2 WHERE id = $1', [
      id,
      JSON.stringify({ ...DIALING, ringTimeoutSeconds: 25 }),
    ]);
    expect(await api.ok('GET', `/assignments/${id}`)).toMatchObject({
      dialing: { ...DIALING, ringTimeoutSeconds: 25, acceptance: null, record: 'campaign' },
    });
  });

  it('an assignment names the buyer that does not exist, and needs its campaign', async () => {
    const { id } = await newCampaign();
    const body = { buyerId: 'buy_nobody', dialing: DIALING, price: PRICE };
    const answer = await api.send('POST', `/campaigns/${id}/assignments`, { body });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'unprocessable', errors: [{ pointer: '/buyerId' }] });
    expect((await api.send('POST', '/campaigns/cmp_nobody/assignments', { body })).status).toBe(404);
    await api.ok('POST', `/campaigns/${id}/archive`, undefined, 200);
    expect((await api.send('POST', `/campaigns/${id}/assignments`, { body })).status).toBe(409);
  });

  it('a removed assignment is out of the list, and kept', async () => {
    const [campaign, buyer] = [await newCampaign(), await newBuyer()];
    const kept = await assign(campaign.id, buyer.id);
    const removed = await assign(campaign.id, buyer.id);
    expect((await api.send('DELETE', `/assignments/${removed.id}`)).status).toBe(204);
    expect((await api.send('DELETE', `/assignments/${removed.id}`)).status).toBe(204);
    const shown = await api.ok<Assignment>('GET', `/assignments/${removed.id}`);
    expect(shown.removedAt).not.toBeNull();
    expect(shown.revision).toBe(2);
    expect((await api.send('PATCH', `/assignments/${removed.id}`, { body: { paused: true } })).status).toBe(
      409,
    );
    const list = async (query: string) =>
      (await api.ok<Page<Assignment>>('GET', `/campaigns/${campaign.id}/assignments${query}`)).data.map(
        ({ id }) => id,
      );
    expect(await list('')).toEqual([kept.id]);
    expect(await list('?removed=true')).toEqual([removed.id, kept.id]);
    expect(await list('?buyerId=buy_other')).toEqual([]);
  });

  it('an assignment that the current plan names is not removed', async () => {
    const [campaign, buyer] = [await newCampaign(), await newBuyer()];
    const { id } = await assign(campaign.id, buyer.id);
    const plan = (named: string) => ({
      rules: [
        { name: 'Texas', strategy: { kind: 'waterfall' }, candidates: [{ assignmentId: named }] },
        { name: 'everyone', strategy: { kind: 'waterfall' }, candidates: null },
      ],
    });
    for (const [version, named] of [
      [1, id],
      [2, 'asg_other'],
    ] as const)
      await sql('INSERT INTO routing_plans (campaign_id, version, definition) VALUES ($1, $2, $3)', [
        campaign.id,
        version,
        JSON.stringify(plan(named)),
      ]);
    await sql('UPDATE campaigns SET plan_version = 1 WHERE id = $1', [campaign.id]);
    const refused = await api.send('DELETE', `/assignments/${id}`);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ detail: expect.stringContaining('Texas') });
    await sql('UPDATE campaigns SET plan_version = 2 WHERE id = $1', [campaign.id]);
    expect((await api.send('DELETE', `/assignments/${id}`)).status).toBe(204);
  });

  it('many edits of the buyers and assignments of one campaign at once all go through', async () => {
    const campaign = await newCampaign();
    const buyers = await Promise.all(Array.from({ length: 5 }, () => newBuyer()));
    const assignments = await Promise.all(buyers.map(({ id }) => assign(campaign.id, id)));
    const answers = await Promise.all([
      ...buyers.map(({ id }) => api.send('PATCH', `/buyers/${id}`, { body: { status: 'paused' } })),
      ...assignments.map(({ id }) => api.send('PATCH', `/assignments/${id}`, { body: { weight: 2 } })),
      ...buyers.map(({ id }) =>
        api.send('POST', `/campaigns/${campaign.id}/assignments`, {
          body: { buyerId: id, dialing: DIALING, price: PRICE },
        }),
      ),
      api.send('PATCH', `/campaigns/${campaign.id}`, { body: { name: 'busy' } }),
    ]);
    expect(answers.map(({ status }) => status).filter((status) => status >= 400)).toEqual([]);
  });

  it('callers are blocked by number and prefix, in one campaign or all', async () => {
    const { id: campaignId } = await newCampaign();
    const number = await api.ok<BlockedCaller>('POST', '/blocked-callers', {
      pattern: '(415) 555-0199',
      defaultCountry: 'US',
      reason: 'abuse',
    });
    expect(number).toMatchObject({ kind: 'number', pattern: '+14155550199', campaignId: null });
    const prefix = { kind: 'prefix', pattern: '+1 (900)', campaignId, reason: 'premium' };
    const made = await api.ok<BlockedCaller>('POST', '/blocked-callers', prefix);
    expect(made).toMatchObject({ kind: 'prefix', pattern: '+1900', campaignId });
    const twice = await api.send('POST', '/blocked-callers', { body: prefix });
    expect(twice.status).toBe(409);
    expect(
      (await api.send('POST', '/blocked-callers', { body: { ...prefix, campaignId: null } })).status,
    ).toBe(201);
    const of = await api.ok<Page<BlockedCaller>>('GET', `/blocked-callers?campaignId=${campaignId}`);
    expect(of.data).toEqual([made]);
    expect(await api.ok('PATCH', `/blocked-callers/${made.id}`, { reason: 'costly' })).toMatchObject({
      reason: 'costly',
      revision: 2,
    });
    expect((await api.send('DELETE', `/blocked-callers/${made.id}`)).status).toBe(204);
    expect((await api.send('GET', `/blocked-callers/${made.id}`)).status).toBe(404);
    expect((await api.ok<BlockedCaller>('GET', `/blocked-callers/${number.id}`)).reason).toBe('abuse');
  });

  it.each([
    [{ pattern: '555' }, 400, '/pattern'],
    [{ kind: 'prefix', pattern: '900' }, 400, '/pattern'],
    [{ kind: 'prefix', pattern: '+1900555000012345' }, 400, '/pattern'],
    [{ pattern: '+14155550198', campaignId: 'cmp_nobody' }, 422, '/campaignId'],
  ])('a caller cannot be blocked by %j', async (body, status, pointer) => {
    const answer = await api.send('POST', '/blocked-callers', { body });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ errors: [{ pointer }] });
  });

  it('the audit trail is read by entity and campaign, page by page', async () => {
    const { id } = await newCampaign();
    for (let i = 0; i < 3; i++) await api.ok('PATCH', `/campaigns/${id}`, { name: `name ${i}` });
    await assign(id, (await newBuyer()).id);
    const seen: AuditEntry[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: Page<AuditEntry> = await api.ok('GET', `/audit?campaignId=${id}&limit=2${next}`);
      seen.push(...page.data);
      cursor = page.nextCursor;
    }
    expect(seen.map(({ entity, action }) => `${entity} ${action}`)).toEqual([
      'assignment create',
      'campaign update',
      'campaign update',
      'campaign update',
      'campaign create',
    ]);
    const only = await api.ok<Page<AuditEntry>>('GET', `/audit?campaignId=${id}&entity=assignment`);
    expect(only.data).toEqual([seen[0]]);
  });
});
