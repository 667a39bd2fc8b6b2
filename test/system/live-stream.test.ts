import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import type { LiveCounters } from '../../contract/live';
import { eventually } from './eventually';
import { insertCampaign } from './campaign-fixture';
import { insertTestLimit, putFakeClock } from './limit-fixture';
import { linkTo } from './link';
import { Listener, startEdge, type Edge } from './live-fixture';
import { startSystem, type SystemUnderTest } from './system';

describe('the stream of live data', () => {
  let system: SystemUnderTest;
  const edges: Edge[] = [];
  const listeners: Listener[] = [];

  let setClock: (to: string) => Promise<void>;

  beforeAll(async () => {
    system = await startSystem({ worker: false });
    setClock = await putFakeClock(system.db, new Date().toISOString());
  });
  afterEach(async () => {
    for (const listener of listeners.splice(0)) listener.leave();
    for (const edge of edges.splice(0)) await edge.stop();
    await system.db.query('DELETE FROM calls');
  });
  afterAll(() => system.stop());

  async function edgeWith(options: Parameters<typeof startEdge>[1] = {}): Promise<Edge> {
    const edge = await startEdge(system, options);
    edges.push(edge);
    return edge;
  }

  async function listen(
    { url }: Pick<Edge, 'url'>,
    options?: Parameters<typeof Listener.open>[1],
  ): Promise<Listener> {
    const listener = await Listener.open({ url, adminKey: system.adminKey }, options);
    listeners.push(listener);
    return listener;
  }

  const sql = (text: string, values: unknown[] = []) => system.db.query(text, values);

  /** Calls in progress, as if they had just come in. */
  const insertOpen = (prefix: string, n: number, campaign: string | null = null, at = 'now()') =>
    sql(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, dialed, state, received_at)
       SELECT $1 || i, 'twilio', 'AC1', $1 || i, 'w' || i, $3, '+14155550100', 'ivr', ${at}
         FROM generate_series(1, $2::integer) i`,
      [prefix, n, campaign],
    );

  const endAll = () =>
    sql(`UPDATE calls SET state = 'ended', outcome = 'failed', ended_at = now() WHERE ended_at IS NULL`);

  it('looks at the database only while somebody listens', async () => {
    const edge = await edgeWith({ everyMs: 20 });
    expect(edge.live.status()).toEqual({ streams: 0, lookAgeSeconds: null, looks: 0 });
    const listener = await listen(edge);
    await listener.hears('snapshot');
    await eventually(async () => expect(edge.live.status().looks).toBeGreaterThan(3));
    expect(edge.live.status().lookAgeSeconds).toBeLessThan(10);
    listener.leave();
    await eventually(async () =>
      expect(edge.live.status()).toMatchObject({ streams: 0, lookAgeSeconds: null }),
    );
    const { looks } = edge.live.status();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(edge.live.status().looks).toBe(looks);
  });

  it('shares one look among all who listen to a process', async () => {
    const edge = await edgeWith({ everyMs: 100 });
    const many = await Promise.all(Array.from({ length: 20 }, () => listen(edge)));
    for (const listener of many) await listener.hears('snapshot');
    const before = edge.live.status().looks;
    await insertOpen('shared_', 1);
    for (const listener of many) await listener.hears('call', ({ id }) => id === 'shared_1');
    expect(edge.live.status().looks - before).toBeLessThan(20);
    expect(new Set(many.map(({ lastEventId }) => lastEventId)).size).toBe(1);
  });

  it('cuts off a client that takes nothing in, and lets it go on where it was', async () => {
    const edge = await edgeWith({ everyMs: 20, mostWaiting: 100_000 });
    const quick = await listen(edge);
    await quick.hears('snapshot');
    const after = quick.lastEventId;
    const slow = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${edge.url}/api/v1/live`, { headers: { authorization: `Bearer ${system.adminKey}` } }, resolve).on(
        'error',
        reject,
      );
    });
    slow.on('error', () => undefined); // being cut off is what this is about
    slow.pause();
    await insertOpen('slow_', 3_000);
    await eventually(async () => {
      await sql(`UPDATE calls SET state = CASE state WHEN 'ivr' THEN 'dialing' ELSE 'ivr' END`);
      expect(edge.live.status().streams).toBe(1);
    });
    expect(quick.over).toBe(false);
    await endAll();
    const back = await listen(edge, { after });
    await eventually(async () => expect(back.all('call.ended')).toHaveLength(3_000));
    expect(back.all('snapshot')).toEqual([]);
    slow.destroy();
  });

  it('moves the id of a client on while nothing happens', async () => {
    const edge = await edgeWith({ everyMs: 20, heartbeatMs: 50 });
    const listener = await listen(edge);
    await listener.hears('snapshot');
    const { lastEventId } = listener;
    await eventually(async () => expect(listener.lastEventId).not.toBe(lastEventId));
    expect(listener.heard).toHaveLength(1);
  });

  it('takes so many streams, and says so to the next', async () => {
    const edge = await edgeWith({ mostStreams: 1 });
    await listen(edge);
    const refused = await fetch(`${edge.url}/api/v1/live`, {
      headers: { authorization: `Bearer ${system.adminKey}` },
    });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(await refused.json()).toMatchObject({ code: 'unavailable' });
  });

  it('says when the database is away, and goes on when it is back', async () => {
    const { hostname, port } = new URL(system.databaseUrl);
    const link = await linkTo(hostname, Number(port));
    const through = new URL(system.databaseUrl);
    through.hostname = '127.0.0.1';
    through.port = String(link.port);
    const edge = await edgeWith({ everyMs: 20, databaseUrl: through.href });
    const listener = await listen(edge);
    await listener.hears('snapshot');
    await link.cut();
    await listener.hears('trouble', ({ over }) => !over);
    const late = await listen(edge);
    await late.hears('trouble', ({ over }) => !over);
    await insertOpen('away_', 1);
    await endAll();
    await link.mend();
    await listener.hears('trouble', ({ over }) => over);
    await listener.hears('call.ended', ({ id }) => id === 'away_1');
    await late.hears('snapshot');
    expect(listener.all('trouble').map(({ over }) => over)).toEqual([false, true]);
    listener.leave();
    late.leave();
    await edge.stop();
    edges.pop();
    await link.close();
  });

  it('gives everything to a client that was away too long, or whose id is none', async () => {
    const edge = await edgeWith();
    const listener = await listen(edge);
    await listener.hears('snapshot');
    const [at, snapshot, ...filter] = JSON.parse(
      Buffer.from(listener.lastEventId, 'base64url').toString(),
    ) as [string, string, null, null];
    const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    const old = new Date(Date.parse(at) - 16 * 60_000).toISOString();
    for (const after of [
      cursor(old, snapshot, ...filter),
      cursor(at, '9000000000000:9000000000000:', ...filter), // of a server that was restored from a backup since
      cursor(at, '1:2:3;DROP', ...filter),
      cursor(at, '5:7:6,5', ...filter),
      cursor(at, '5:7:9', ...filter),
      cursor(at, '0:7:', ...filter),
      'e30',
      'nonsense',
    ]) {
      const again = await listen(edge, { after });
      await again.hears('snapshot');
      expect(again.all('resumed')).toEqual([]);
    }
  });

  it('ends with its process, and takes nobody new then', async () => {
    const edge = await edgeWith();
    const listener = await listen(edge);
    await listener.hears('snapshot');
    await edge.live.stop();
    await eventually(async () => expect(listener.over).toBe(true));
    await expect(listen(edge)).rejects.toThrow('503');
  });

  it('is as proxies must have it, behind the key, and refuses a query it does not know', async () => {
    const edge = await edgeWith();
    const ask = (query: string, init: RequestInit = {}) =>
      fetch(`${edge.url}/api/v1/live${query}`, {
        headers: { authorization: `Bearer ${system.adminKey}` },
        ...init,
      });
    const leaving = new AbortController();
    const { status, headers } = await ask('', { signal: leaving.signal });
    leaving.abort();
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(headers.get('x-accel-buffering')).toBe('no');
    expect(headers.get('cache-control')).toBe('no-store, no-transform');
    expect((await ask('', { headers: {} })).status).toBe(401);
    expect((await ask('?campaign=cmp_x')).status).toBe(400);
    expect((await ask('?campaignId=nonsense')).status).toBe(400);
    expect((await ask('', { method: 'HEAD' })).status).toBe(200);
    expect((await ask('', { method: 'POST' })).status).toBe(405);
  });

  it('is read by the example of the documentation, which comes back where it was', async () => {
    const page = readFileSync(path.join(__dirname, '..', '..', 'docs', 'live.md'), 'utf8');
    const [, code = ''] = /```js\n([^]*?)```/.exec(page) ?? [];
    const heard: string[] = [];
    const leaving = new AbortController();
    const watch = runInNewContext(`${code}; watchLive`, { fetch, TextDecoder, setTimeout }) as (
      baseUrl: string,
      key: string,
      onEvent: (event: string, data: { id?: string }) => void,
      signal: AbortSignal,
    ) => Promise<void>;
    const edge = await edgeWith({ everyMs: 20 });
    const link = await linkTo('127.0.0.1', Number(new URL(edge.url).port));
    const reading = watch(
      `http://127.0.0.1:${link.port}`,
      system.adminKey,
      (event, { id }) => heard.push(`${event} ${id ?? ''}`.trim()),
      leaving.signal,
    );
    await eventually(async () => expect(heard).toContain('snapshot'));
    await insertOpen('example_', 1);
    await eventually(async () => expect(heard).toContain('call example_1'));
    await link.cut();
    await endAll();
    await link.mend();
    await eventually(async () => expect(heard).toContain('call.ended example_1'));
    expect(heard).toContain('resumed');
    expect(heard.filter((event) => event === 'snapshot')).toHaveLength(1);
    leaving.abort();
    await reading;
    await link.close();
  });

  it('tells of limits that are set, moved, deleted, or begin anew with their window', async () => {
    await setClock('2026-03-02T04:59:00Z');
    const edge = await edgeWith({ everyMs: 20 });
    const listener = await listen(edge);
    await listener.hears('snapshot');
    const told = (id: string) =>
      listener
        .all('limits')
        .flatMap(({ limits }) => limits)
        .filter((limit) => limit.id === id)
        .at(-1);
    for (const id of ['lim_one', 'lim_two'])
      await insertTestLimit(system.db, {
        id,
        scope: `destination:tel:+1415555${id === 'lim_one' ? '7001' : '7002'}`,
        window: 'day',
        counts: 'attempt',
        maximum: 5,
        timeZone: 'America/New_York',
      });
    await eventually(async () => expect(told('lim_two')).toMatchObject({ limit: 5, posted: 0 }));
    await sql(`UPDATE limit_counters SET posted = 1 WHERE limit_id = 'lim_one'`);
    await eventually(async () =>
      expect(told('lim_one')).toMatchObject({ posted: 1, resetsAt: '2026-03-02T05:00:00.000Z' }),
    );
    await setClock('2026-03-02T05:00:00Z');
    await eventually(async () =>
      expect(told('lim_one')).toMatchObject({ posted: 0, resetsAt: '2026-03-03T05:00:00.000Z' }),
    );
    await sql(`UPDATE limits SET maximum = 9 WHERE id = 'lim_one'`);
    await eventually(async () => expect(told('lim_one')).toMatchObject({ limit: 9 }));
    for (const id of ['lim_two', 'lim_one']) {
      await sql(`DELETE FROM limits WHERE id = $1`, [id]);
      await listener.hears('limits', ({ gone }) => gone.includes(id));
    }
  });

  it('counts the day of the campaign, from midnight on its own clock', async () => {
    await insertCampaign(system.db, {
      key: 'east',
      number: '+14155556010',
      buyers: [],
      timeZone: 'America/New_York',
    });
    await insertCampaign(system.db, {
      key: 'west',
      number: '+14155556020',
      buyers: [],
      timeZone: 'America/Los_Angeles',
    });
    // The day on which clocks in New York are put forward, which has 23 hours, and is over at 4 in UTC.
    await setClock('2026-03-09T03:59:59Z');
    const edge = await edgeWith({ everyMs: 20 });
    await insertOpen('first_', 2, 'cmp_east', `'2026-03-08T05:00:00Z'`);
    await insertOpen('before_', 3, 'cmp_east', `'2026-03-08T04:59:59Z'`);
    await insertOpen('there_', 4, 'cmp_west', `'2026-03-08T08:00:00Z'`);
    await endAll();
    const listener = await listen(edge);
    const told = (id: string): Pick<LiveCounters, 'day' | 'received'> | undefined =>
      listener.heard
        .flatMap((event) => {
          if (event.event === 'snapshot') return event.data.counters;
          return event.event === 'counters' ? event.data.campaigns : [];
        })
        .filter(({ campaignId }) => campaignId === id)
        .map(({ day, received }) => ({ day, received }))
        .at(-1);
    await listener.hears('snapshot');
    expect(told('cmp_east')).toEqual({ day: '2026-03-08', received: 2 });
    expect(told('cmp_west')).toEqual({ day: '2026-03-08', received: 4 });
    await insertOpen('second_', 1, 'cmp_east', `'2026-03-09T04:00:00Z'`);
    await setClock('2026-03-09T04:00:00Z');
    await eventually(async () => expect(told('cmp_east')).toEqual({ day: '2026-03-09', received: 1 }));
    expect(told('cmp_west')).toEqual({ day: '2026-03-08', received: 4 });
    await setClock('2026-03-09T07:00:00Z');
    await eventually(async () => expect(told('cmp_west')).toEqual({ day: '2026-03-09', received: 0 }));
  });
});
