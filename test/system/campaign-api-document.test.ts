import type { Page } from '../../contract/page';
import type { Call } from '../../contract/call';
import { readEvents } from '../../scripts/callyard/event-stream';
import { sampleConfig } from './config-sample';
import { startApi, type ApiServer } from './api-server';
import { sampleResult } from './backtest-sample';

const CALLS = 3;

describe('the OpenAPI document', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi({ worker: true });
  });
  afterAll(() => api.stop());

  const sql = (text: string, values: unknown[] = []) => api.db.query({ name: '', text, values });

  /** Calls as the call path leaves them, with all that belongs to them. */
  async function insertCalls(campaign: string, buyer: string, assignment: string): Promise<void> {
    await sql(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, caller, dialed, state, outcome,
                          buyer_id, received_at, connected_at, ended_at, duration_seconds, talk_seconds, converted,
                          currency, revenue_micros, payout_micros)
       SELECT 'call_' || i, 'twilio', 'AC1', 'CA' || i, 'call/twilio/AC1/CA' || i, $1, '+14155550123', '+14155550100',
              'ended', 'connected', $2, now() - i * interval '1 minute', now(), now(), 60, 50, true, 'USD', 20000000, 0
         FROM generate_series(1, $3::integer) i`,
      [campaign, buyer, CALLS],
    );
    await sql(
      `INSERT INTO attempts (id, call_id, no, assignment_id, buyer_id, destinations, ring_timeout_seconds, terms, state,
                             dialed_at, connected_at, ended_at, talk_seconds)
       VALUES ('call_1/1', 'call_1', 1, $1, $2, '[{"kind": "tel", "number": "+14155550201"}]', 20, '{}', 'connected',
               now(), now(), now(), 50)`,
      [assignment, buyer],
    );
    await sql(`INSERT INTO reservations (id, call_id, attempt_id, status, resolved_at, lease_until, assignment_id)
               VALUES ('call_1/1', 'call_1', 'call_1/1', 'posted', now(), now(), 'asg_walk')`);
    await sql(`INSERT INTO freed_reservations (reservation_id, call_id, reason, carrier_says, reserved_at)
               VALUES ('call_1/1', 'call_1', 'terminated', 'over', now())`);
    await sql(`INSERT INTO timeline_entries (call_id, key, at, step, decision)
               VALUES ('call_1', 'received', now(), 'received', 'a call')`);
    await sql(
      `INSERT INTO ledger_entries (cause, kind, side, call_id, campaign_id, buyer_id, amount_micros, currency, occurred_at)
       VALUES ('call_1/revenue', 'revenue', 'revenue', 'call_1', $1, $2, 20000000, 'USD', now())`,
      [campaign, buyer],
    );
    await sql(
      `INSERT INTO recordings (call_id, recording_sid, status) VALUES ('call_1', 'RE1', 'completed')`,
    );
  }

  /** Every operation on what a campaign is made of. */
  async function walkResources(): Promise<void> {
    const price = { amountMicros: '20000000', due: { on: 'duration', seconds: 60 } };
    const settings = { name: 'Walk', timeZone: 'America/Chicago', currency: 'USD' };
    const { id: campaign } = await api.ok<{ id: string }>('POST', '/campaigns', settings);
    const { id: buyer } = await api.ok<{ id: string }>('POST', '/buyers', { name: 'A', timeZone: 'UTC' });
    const { id: publisher } = await api.ok<{ id: string }>('POST', '/publishers', { name: 'P' });
    const { id: assignment } = await api.ok<{ id: string }>('POST', `/campaigns/${campaign}/assignments`, {
      buyerId: buyer,
      dialing: { destinations: [{ kind: 'sip', uri: 'sip:agent@example.org' }] },
      price: { ...price, rates: [{ when: { kind: 'first_call' }, amountMicros: '30000000' }] },
      filter: { kind: 'not', condition: { kind: 'holiday' } },
    });
    const { id: entry } = await api.ok<{ id: string }>('POST', '/blocked-callers', {
      pattern: '+14155550111',
    });
    await api.ok('POST', '/numbers', {
      number: '+14155550100',
      campaignId: campaign,
      publisherId: publisher,
    });
    await insertCalls(campaign, buyer, assignment);

    const { id: limit } = await api.ok<{ id: string }>('POST', '/limits', {
      scope: { kind: 'buyer', id: buyer },
      window: 'day',
      limit: 100,
    });
    await sql(`INSERT INTO reservations (id, call_id, attempt_id, status, lease_until, scopes, currency, spend_micros)
               VALUES ('call_2/1', 'call_2', 'call_2/1', 'pending', now(), ARRAY['destination:tel:+14155550201'],
                       'USD', 7)`);
    const { id: spend } = await api.ok<{ id: string }>('POST', '/limits', {
      scope: { kind: 'destination', id: 'tel:+14155550201' },
      window: 'total',
      counts: 'spend',
      currency: 'USD',
      limit: '1000000',
    });
    await api.ok('GET', `/limits/${spend}/reservations`);

    const pool = await walkDniPools(campaign);
    for (const [path, change] of [
      [`/dni-pools/${pool}`, { graceSeconds: 600 }],
      [`/limits/${limit}`, { limit: 50 }],
      [`/campaigns/${campaign}`, { hours: { timeZone: 'UTC', openings: [] } }],
      [
        `/buyers/${buyer}`,
        { hours: { timeZone: 'UTC', openings: [{ weekday: 1, from: '09:00', to: '24:00' }] } },
      ],
      [`/publishers/${publisher}`, { payout: price }],
      [`/assignments/${assignment}`, { priority: 2 }],
      [`/blocked-callers/${entry}`, { reason: 'abuse' }],
      ['/numbers/%2B14155550100', { failSafe: { kind: 'reject', reason: 'busy' } }],
    ] as const) {
      await api.ok('PATCH', path, change);
      await api.ok('GET', path);
    }
    await sql(`INSERT INTO routing_plans (campaign_id, version, definition) VALUES ($1, 1, '{}')`, [
      campaign,
    ]);
    await sql('UPDATE campaigns SET plan_version = 1 WHERE id = $1', [campaign]);
    for (const action of ['activate', 'pause', 'resume', 'archive'])
      await api.ok('POST', `/campaigns/${campaign}/${action}`, undefined, 200);
    for (const path of [
      '/campaigns',
      '/numbers',
      '/publishers',
      '/buyers',
      `/campaigns/${campaign}/assignments`,
      '/blocked-callers',
      '/limits',
      '/limits/freed',
      '/limits/verification',
      '/dni-pools',
      '/audit',
      '/calls',
      '/calls/call_1',
      '/openapi.json',
    ])
      await api.ok('GET', path);
    for (const path of [
      `/dni-pools/${pool}`,
      `/limits/${limit}`,
      `/assignments/${assignment}`,
      `/blocked-callers/${entry}`,
      '/numbers/%2B14155550100',
    ])
      await api.ok('DELETE', path, undefined, 204);
    const spare = await api.ok<{ id: string }>('POST', '/publishers', { name: 'S' });
    await api.ok('DELETE', `/publishers/${spare.id}`, undefined, 204);
    const idle = await api.ok<{ id: string }>('POST', '/buyers', { name: 'I', timeZone: 'UTC' });
    await api.ok('DELETE', `/buyers/${idle.id}`, undefined, 204);
  }

  /** What a pool of numbers has beside what every resource has. @returns its id */
  async function walkDniPools(campaignId: string): Promise<string> {
    const { id } = await api.ok<{ id: string }>('POST', '/dni-pools', { campaignId, name: 'Home' });
    await api.ok('POST', '/numbers', { number: '+14155550190', campaignId });
    await api.ok('POST', `/dni-pools/${id}/numbers`, { numbers: ['+14155550190'] }, 200);
    await api.ok('POST', `/dni-pools/${id}/leases`, {}, 200);
    await api.ok('GET', `/dni-pools/${id}/numbers`);
    await api.ok('GET', `/dni-pools/${id}/status`);
    await api.ok('DELETE', `/dni-pools/${id}/numbers/%2B14155550190`);
    return id;
  }

  /** Every operation on drafts and versions, on a campaign as one document, and on hypothetical calls. */
  async function walkVersions(): Promise<void> {
    const path = '/campaigns/cmp_walk';
    await api.ok('PUT', `${path}/config`, sampleConfig('cmp_walk'));
    await api.ok('GET', `${path}/config`);
    for (const kind of ['plan', 'flow']) {
      const { definition } = await api.ok<{ definition: object }>('GET', `${path}/${kind}`);
      await api.ok('PUT', `${path}/${kind}/draft`, definition, 201);
      await api.ok('PUT', `${path}/${kind}/draft`, definition);
      await api.ok('GET', `${path}/${kind}/draft`);
      const stale = { body: {}, headers: { 'If-Match': '"99"' } };
      expect((await api.send('POST', `${path}/${kind}/publish`, stale)).status).toBe(412);
      expect((await api.send('PUT', `${path}/${kind}/draft`, { ...stale, body: definition })).status).toBe(
        412,
      );
      await api.ok('POST', `${path}/${kind}/publish`, { note: 'again' });
      await api.ok('GET', `${path}/${kind}/versions`);
      await api.ok('GET', `${path}/${kind}/versions/1`);
      await api.ok('GET', `${path}/${kind}/diff?from=1&to=2`);
      await api.ok('POST', `${path}/${kind}/revert`, { version: 1 });
      await api.ok('PUT', `${path}/${kind}/draft`, definition, 201);
      await api.ok('DELETE', `${path}/${kind}/draft`, undefined, 204);
    }
    await api.ok('PUT', `${path}/shadow`, { version: 1 });
    await api.ok('GET', `${path}/shadow`);
    await api.ok('GET', `${path}/shadow/differences`);
    await api.ok('DELETE', `${path}/shadow`, undefined, 204);
    const operations = [{ kind: 'add_node', id: 'spare', node: { kind: 'route' } }];
    await api.ok('POST', `${path}/flow/draft/operations`, { operations }, 200);
    await api.ok('POST', `${path}/flow/validate`, {}, 200);
    await api.ok('POST', `${path}/simulate`, { from: '+13125550142', seed: 'walk' }, 200);
    await api.ok('DELETE', `${path}/flow`, undefined, 204);
  }

  /** Every operation on migrations: between two versions, and between two buyers who never begin. */
  async function walkMigrations(): Promise<void> {
    const kind = { kind: 'plan', campaignId: 'cmp_walk', challengerVersion: 1 };
    const steps = [10, 50, 100].map((sharePercent) => ({
      sharePercent,
      minimumSeconds: 3600,
      minimumCalls: 1,
      approval: sharePercent === 50,
    }));
    const make = (name: string) => api.ok<{ id: string }>('POST', '/migrations', { name, kind, steps });
    const { id } = await make('Walk');
    await api.ok('GET', '/migrations?campaignId=cmp_walk&status=scheduled');
    const act = (action: string, body: object = {}) =>
      api.ok('POST', `/migrations/${id}/${action}`, body, 200);
    for (const action of ['start', 'pause', 'resume']) await act(action, { reason: 'a walk' });
    await act('share', { sharePercent: 12.5 });
    await act('advance');
    await api.ok('GET', `/migrations/${id}`);
    await act('abort');
    // What only a look at the guardrails leads to, as if it had been there.
    const second = await make('Waits');
    await sql(
      `UPDATE migrations SET status = 'awaiting_approval', started_at = now(),
              state = state || '{"phase": {"name": "awaiting_approval"}, "shareBasisPoints": 1000,
                                 "comparison": {"no": 1, "since": "2026-01-01T00:00:00.000Z", "idleMilliseconds": 0}}'
        WHERE id = $1`,
      [second.id],
    );
    await api.ok('POST', `/migrations/${second.id}/approve`, {}, 200);
    await api.ok('POST', `/migrations/${second.id}/roll-back`, {}, 200);
  }

  /** Every operation on backtests; the one that is cancelled has no workflow, so that it cannot end before. */
  async function walkBacktests(): Promise<void> {
    const { id } = await api.ok<{ id: string }>('POST', '/campaigns/cmp_walk/backtests', { version: 1 });
    await api.ok('GET', '/backtests?campaignId=cmp_walk');
    await api.ok('GET', `/backtests/${id}`);
    await sql(`INSERT INTO backtests (id, campaign_id, version, period_from, period_to, runs, seed)
               VALUES ('bkt_orphan', 'cmp_walk', 1, now() - interval '1 day', now(), 1, 's')`);
    await api.ok('POST', '/backtests/bkt_orphan/cancel', undefined, 202);
    await sql(
      `INSERT INTO backtests (id, campaign_id, version, period_from, period_to, runs, seed, status, ended_at, result)
       VALUES ('bkt_done', 'cmp_walk', 1, now() - interval '1 day', now(), 1, 's', 'completed', now(), $1)`,
      [JSON.stringify(sampleResult())],
    );
    await api.ok('GET', '/backtests/bkt_done/differences');
  }

  /** Every operation on endpoints and deliveries. */
  async function walkWebhooks(): Promise<void> {
    const { id } = await api.ok<{ id: string }>('POST', '/webhook-endpoints', { url: 'https://a.example/' });
    const path = `/webhook-endpoints/${id}`;
    await api.ok('GET', '/webhook-endpoints');
    await api.ok('GET', path);
    await api.ok('POST', `${path}/rotate-secret`, undefined, 200);
    for (const eventType of ['call.paid', 'limit.reached', 'migration.breached', 'test.ping'])
      await api.ok('POST', `${path}/preview`, { eventType }, 200);
    await api.ok('POST', `${path}/preview`, { callId: 'call_1' }, 200);
    const delivery = await api.ok<{ id: string }>('POST', `${path}/test`);
    await api.ok('POST', `/webhook-deliveries/${delivery.id}/redeliver`, undefined, 202);
    await api.ok('GET', `/webhook-deliveries?endpointId=${id}`);
    await api.ok('GET', `/webhook-deliveries/${delivery.id}`);
    await api.ok('PATCH', path, { enabled: false });
    await api.ok('DELETE', path, undefined, 204);
  }

  /** Every operation on money, of the calls that are there. */
  async function walkMoney(): Promise<void> {
    const { data } = await api.ok<{ data: { id: string }[] }>('GET', '/ledger?callId=call_1');
    await api.ok('POST', `/ledger/${data[0]?.id ?? ''}/reversal`, { reason: 'walked' });
    await api.ok(
      'POST',
      '/calls/call_2/adjustments',
      { side: 'cost', amountMicros: '-1', reason: 'walked' },
      201,
    );
    const dispute = async (callId: string): Promise<string> =>
      (await api.ok<{ id: string }>('POST', '/disputes', { callId, reason: 'walked' })).id;
    await api.ok('POST', `/disputes/${await dispute('call_2')}/accept`, { reason: 'walked' }, 200);
    await api.ok('POST', `/disputes/${await dispute('call_3')}/reject`, { reason: 'walked' }, 200);
    await api.ok('GET', '/disputes');
    const { data: calls } = await api.ok<Page<Call>>('GET', '/calls');
    const { campaignId, buyerId } = calls[0] ?? {};
    const { number } = await api.ok<{ number: string }>('POST', '/numbers', { number: '+14155550177' });
    const cost = `/numbers/${encodeURIComponent(number)}/cost`;
    await api.ok('PUT', cost, { currency: 'USD', perMinuteMicros: '8500' });
    await api.ok('GET', cost);
    await api.ok('DELETE', cost, undefined, 204);
    const day = { campaignId, channel: 'print', day: '2026-03-02', amountMicros: '5', currency: 'USD' };
    await api.ok('POST', '/ad-spend', { days: [day] }, 200);
    await api.ok('POST', `/buyers/${buyerId ?? ''}/postback-secret`, undefined, 200);
    await api.ok('DELETE', `/buyers/${buyerId ?? ''}/postback-secret`, undefined, 204);
  }

  /** Every operation on reports and goals, of the calls that are there. */
  async function walkReports(): Promise<void> {
    await api.ok('PUT', '/campaigns/cmp_walk/goal', { period: 'month', calls: 100 }, 201);
    const goal = { period: 'week', calls: 100, costPerCallMicros: '5000000', conversionRate: 0.25 };
    await api.ok('PUT', '/campaigns/cmp_walk/goal', goal);
    await api.ok('GET', '/campaigns/cmp_walk/goal');
    await api.ok('GET', '/campaigns/cmp_walk/goal/progress');
    await api.ok('GET', '/reports?by=campaign,week&with=goal&compare=previous');
    await api.ok('GET', '/reports?by=campaign,buyer&with=capFill&top=1');
    await api.ok('GET', '/reports/csv?by=campaign,outcome');
    await api.ok('GET', '/reports/verification');
    const body = { name: 'Walk', query: { by: 'buyer' }, range: { period: 'this_month' } };
    const { id } = await api.ok<{ id: string }>('POST', '/saved-reports', body);
    await api.ok('GET', '/saved-reports');
    await api.ok('GET', `/saved-reports/${id}`);
    await api.ok('PATCH', `/saved-reports/${id}`, { range: { lastDays: 7 } });
    await api.ok('GET', `/saved-reports/${id}/report`);
    await api.ok('GET', `/saved-reports/${id}/csv`);
    await api.ok('DELETE', `/saved-reports/${id}`, undefined, 204);
    await api.ok('DELETE', '/campaigns/cmp_walk/goal', undefined, 204);
  }

  /** The first event of the stream, as it is parsed. */
  async function walkLive(): Promise<void> {
    const leaving = new AbortController();
    const response = await fetch(`${api.baseUrl}/api/v1/live?campaignId=cmp_walk`, {
      headers: { authorization: `Bearer ${api.adminKey}` },
      signal: leaving.signal,
    });
    if (response.body === null) throw new Error('The stream has no body');
    for await (const { event, data } of readEvents(response.body)) {
      if (event === '') continue;
      api.check.response('GET', '/live', 200, response.headers, { event, data: JSON.parse(data) as unknown });
      break;
    }
    leaving.abort();
  }

  it('describes what every operation really answers', async () => {
    await walkResources();
    await walkVersions();
    await walkMigrations();
    await walkBacktests();
    await walkWebhooks();
    await walkMoney();
    await walkReports();
    await walkLive();
    const shown = new Set(
      [...api.check.seen].filter((seen) => / 2\d\d$/.test(seen)).map((seen) => seen.split(' ')[0]),
    );
    expect(api.check.operationIds.filter((id) => !shown.has(id))).toEqual([]);
  });

  it('would notice an answer that is not as described', () => {
    const headers = new Headers({ 'content-type': 'application/json; charset=utf-8' });
    const page = { data: [{ id: 'cmp_x' }], nextCursor: null };
    expect(() => api.check.response('GET', '/campaigns', 200, headers, page)).toThrow(/required property/);
    expect(() => api.check.response('GET', '/campaigns', 418, headers, page)).toThrow(/does not declare/);
    expect(() => api.check.response('GET', '/campaigns', 200, new Headers(), undefined)).toThrow(/has type/);
  });

  it('pages through calls with the same cursors as every list', async () => {
    const first = await api.ok<Page<Call>>('GET', `/calls?limit=${CALLS - 1}`);
    const second = await api.ok<Page<Call>>('GET', `/calls?limit=2&cursor=${first.nextCursor}`);
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(['call_1', 'call_2', 'call_3']);
    expect(second.nextCursor).toBeNull();
  });

  it('needs no key, and is the only thing that does not', async () => {
    const open = await fetch(`${api.baseUrl}/api/v1/openapi.json`);
    expect([open.status, open.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    const { paths } = (await open.json()) as { paths: Record<string, Record<string, unknown>> };
    for (const [path, methods] of Object.entries(paths))
      for (const method of Object.keys(methods)) {
        if (path === '/openapi.json') continue;
        const answer = await fetch(`${api.baseUrl}/api/v1${path.replace(/\{\w+\}/g, 'x')}`, {
          method: method.toUpperCase(),
        });
        expect([method, path, answer.status]).toEqual([method, path, 401]);
      }
  });

  it('is shown to people by a page that takes everything from this server', async () => {
    const page = await fetch(`${api.baseUrl}/api/docs`);
    expect(page.headers.get('content-type')).toContain('text/html');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe|https?:/);
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]* src=)/);
    const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link);
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) {
      const url = new URL(asset, page.url);
      expect(url.origin).toBe(api.baseUrl);
      expect([asset, (await fetch(url)).status]).toEqual([asset, 200]);
    }
    const start = await (await fetch(`${api.baseUrl}/api/docs/start.js`)).text();
    const [, document = ''] = /url: '([^']+)'/.exec(start) ?? [];
    expect((await fetch(new URL(document, page.url))).status).toBe(200);
  });
});
