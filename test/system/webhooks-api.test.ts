import type { Page } from '../../contract/page';
import type { WebhookDelivery, WebhookDeliveryHead } from '../../contract/resources/webhook-delivery';
import type { WebhookEndpoint } from '../../contract/resources/webhook-endpoint';
import { startApi, type ApiAnswer, type ApiServer } from './api-server';
import { sampleConfig } from './config-sample';
import { newSecret } from './endpoint-fixture';
import { eventually } from './eventually';
import { startReceiver, type Receiver } from './receiver';

type WithSecret = WebhookEndpoint & { readonly secret: string | null };
interface Refusal {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

describe('webhook endpoints over HTTP', () => {
  let api: ApiServer;
  let receiver: Receiver;
  beforeAll(async () => {
    api = await startApi({ worker: true, allowPrivateWebhooks: true });
    receiver = await startReceiver();
    await api.ok('PUT', '/campaigns/cmp_hooks/config', sampleConfig('cmp_hooks'));
  });
  afterAll(async () => {
    await api.stop();
    await receiver.close();
  });

  const make = (more: object = {}) =>
    api.ok<WithSecret>('POST', '/webhook-endpoints', { url: 'https://a.example/hook', ...more });
  async function refused(answer: Promise<ApiAnswer>, status: number): Promise<Refusal> {
    const { status: given, body } = await answer;
    expect([given, body]).toEqual([status, expect.anything()]);
    return body as Refusal;
  }
  const send = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    api.send(method, path, { ...(body === undefined ? {} : { body }), headers });
  const delivery = (id: string) => api.ok<WebhookDelivery>('GET', `/webhook-deliveries/${id}`);
  const delivered = (id: string, status = 'delivered') =>
    eventually(async () => {
      const now = await delivery(id);
      expect(now.status).toBe(status);
      return now;
    });

  it('are made with a secret that is shown once, and is in no trail', async () => {
    const { secret, ...made } = await make({ campaignIds: ['cmp_hooks'], description: ' CRM ' });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made).toMatchObject({
      id: expect.stringMatching(/^whk_[0-9a-f]{20}$/) as string,
      kind: 'webhook',
      description: 'CRM',
      method: 'POST',
      eventTypes: ['*'],
      enabled: true,
      health: 'healthy',
      revision: 1,
    });
    expect(await api.ok('GET', `/webhook-endpoints/${made.id}`)).toEqual(made);
    const { data } = await api.ok<Page<object>>('GET', '/webhook-endpoints');
    expect(data).toContainEqual(made);
    const trail = await api.ok<Page<object>>('GET', `/audit?entity=webhook_endpoint&entityId=${made.id}`);
    expect(trail.data).toMatchObject([
      { action: 'create', campaignId: 'cmp_hooks', before: null, after: made },
    ]);
    expect(JSON.stringify(trail)).not.toContain('whsec_');
    expect((await make({ kind: 'pixel', url: 'https://a.example/?c={{caller}}' })).secret).toBeNull();
  });

  it('are made once for an Idempotency-Key, and refused by an id that was taken', async () => {
    const body = { id: 'whk_once', url: 'https://a.example/' };
    const key = { 'Idempotency-Key': 'hook-1' };
    const first = await send('POST', '/webhook-endpoints', body, key);
    const second = await send('POST', '/webhook-endpoints', body, key);
    expect([first.status, second.text]).toEqual([201, first.text]);
    const taken = await refused(send('POST', '/webhook-endpoints', body), 409);
    expect(taken.errors).toMatchObject([{ pointer: '/id' }]);
  });

  it('are changed by whoever has seen them as they are', async () => {
    const { id } = await make();
    const path = `/webhook-endpoints/${id}`;
    const changed = await send('PATCH', path, { eventTypes: ['call.ended'] }, { 'If-Match': '"1"' });
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    await refused(send('PATCH', path, { enabled: false }, { 'If-Match': '"1"' }), 412);
    const same = await api.ok<WebhookEndpoint>('PATCH', path, { eventTypes: ['call.ended'] });
    expect(same.revision).toBe(2);
    const wrong = await refused(send('PATCH', path, { url: 'https://a.example/{{caller}}' }), 422);
    expect(wrong.errors).toMatchObject([{ pointer: '/url' }]);
    await api.ok('DELETE', path, undefined, 204);
    await refused(send('GET', path), 404);
    await refused(send('PATCH', path, { enabled: true }), 404);
  });

  it('say what is wrong with them', async () => {
    const tokens = await refused(
      send('POST', '/webhook-endpoints', { kind: 'pixel', url: 'https://a.example/?x={{call.secret}}' }),
      400,
    );
    expect(tokens.errors?.[0]).toMatchObject({ pointer: '/url' });
    expect(tokens.errors?.[0]?.message).toContain('{{call.secret}}');
    const campaign = await refused(
      send('POST', '/webhook-endpoints', { url: 'https://a.example/', campaignIds: ['cmp_no'] }),
      422,
    );
    expect(campaign.detail).toContain('cmp_no');
  });

  it('rotate their secret, and sign with both for a day', async () => {
    const { id, secret } = await make({ url: receiver.url, eventTypes: ['call.paid'] });
    const rotated = await api.ok<WithSecret>(
      'POST',
      `/webhook-endpoints/${id}/rotate-secret`,
      undefined,
      200,
    );
    expect(rotated.secret).not.toBe(secret);
    const hours = (Date.parse(rotated.previousSecretUntil ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeCloseTo(24, 1);
    const { id: sent } = await api.ok<WebhookDelivery>('POST', `/webhook-endpoints/${id}/test`);
    await delivered(sent);
    for (const each of [secret, rotated.secret])
      expect(receiver.verified(each ?? '').at(-1)).toMatchObject({ type: 'test.ping' });
    const pixel = await make({ kind: 'pixel' });
    await refused(send('POST', `/webhook-endpoints/${pixel.id}/rotate-secret`), 409);
  });

  it('are previewed with a made-up call', async () => {
    const { id } = await make({
      kind: 'template',
      url: 'https://a.example/{{call.id}}?c={{caller}}',
      bodyTemplate:
        '{"paid": "{{call.payout}}", "campaign": "{{campaign.name}}", "source": "{{tag:utm_source}}"}',
    });
    const preview = await api.ok('POST', `/webhook-endpoints/${id}/preview`, { eventType: 'call.paid' }, 200);
    expect(preview).toMatchObject({
      method: 'POST',
      url: 'https://a.example/call_sample?c=%2B14155550123',
      headers: { 'content-type': 'application/json' },
      body: '{"paid": "8.00", "campaign": "Home insurance & more", "source": "spring sale"}',
      event: { type: 'call.paid' },
    });
    await refused(send('POST', `/webhook-endpoints/${id}/preview`, { callId: 'call_no' }), 422);
  });

  it('are tested; what fails is on record, and sent again when somebody asks', async () => {
    const failing = await startReceiver();
    failing.behave(410, 200);
    const { id, secret } = await make({ url: failing.url, eventTypes: ['call.paid'] });
    const { id: sent } = await api.ok<WebhookDelivery>('POST', `/webhook-endpoints/${id}/test`);
    const dead = await delivered(sent, 'dead');
    expect(dead).toMatchObject({
      endpointId: id,
      eventType: 'test.ping',
      attempts: 1,
      nextAttemptAt: null,
      log: [{ no: 1, statusCode: 410, error: 'answered 410', excerpt: 'it is 410' }],
    });
    const off = await api.ok<WebhookEndpoint>('GET', `/webhook-endpoints/${id}`);
    expect(off).toMatchObject({ enabled: false, disabledBecause: 'gone', health: 'disabled', deadInARow: 1 });
    const list = (query: string) =>
      api.ok<Page<WebhookDeliveryHead>>('GET', `/webhook-deliveries?endpointId=${id}&${query}`);
    expect((await list('status=dead&eventType=test.ping')).data).toMatchObject([
      { id: sent, lastAttempt: { statusCode: 410 } },
    ]);
    expect((await list('status=delivered')).data).toEqual([]);

    await refused(send('POST', `/webhook-deliveries/${sent}/redeliver`), 409);
    const on = await api.ok<WebhookEndpoint>('PATCH', `/webhook-endpoints/${id}`, { enabled: true });
    expect(on).toMatchObject({ enabled: true, disabledBecause: null, failingSince: null, deadInARow: 0 });
    await api.ok('POST', `/webhook-deliveries/${sent}/redeliver`, undefined, 202);
    expect(await delivered(sent)).toMatchObject({
      attempts: 2,
      log: [{ no: 1 }, { no: 2, statusCode: 200 }],
    });
    expect(new Set(failing.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(failing.verified(secret ?? newSecret())).toHaveLength(2);

    // Whoever asks again under the same key gets the first answer: one event.
    const key = { 'Idempotency-Key': 'ping-1' };
    const [one, two] = [
      await send('POST', `/webhook-endpoints/${id}/test`, undefined, key),
      await send('POST', `/webhook-endpoints/${id}/test`, undefined, key),
    ];
    expect(two?.text).toBe(one?.text);
    const { data, nextCursor } = await list('limit=1');
    expect([data.length, (await list(`limit=1&cursor=${nextCursor}`)).data[0]?.id]).toEqual([1, sent]);
    await failing.close();
  });

  it('get what waits to be sent no more once they are deleted', async () => {
    const { id } = await make({ enabled: false });
    await api.ok('PATCH', `/webhook-endpoints/${id}`, { enabled: true, url: 'https://127.0.0.2:9/' });
    const { id: sent } = await api.ok<WebhookDelivery>('POST', `/webhook-endpoints/${id}/test`);
    await api.ok('DELETE', `/webhook-endpoints/${id}`, undefined, 204);
    await delivered(sent, 'canceled');
    await refused(send('POST', `/webhook-deliveries/${sent}/redeliver`), 409);
    await refused(send('POST', `/webhook-endpoints/${id}/test`), 404);
  });
});

describe('webhook endpoints where private networks are closed', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  it.each([
    'http://a.example/',
    'https://127.0.0.1/',
    'https://localhost:8443/x',
    'https://[::1]/',
    'https://10.1.2.3/',
  ])('lead not to %s', async (url) => {
    const { status, body } = await api.send('POST', '/webhook-endpoints', { body: { url } });
    expect([status, body]).toMatchObject([422, { errors: [{ pointer: '/url' }] }]);
  });
});
