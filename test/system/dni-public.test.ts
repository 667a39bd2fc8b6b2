import express from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Pool } from 'pg';
import { createDniApp } from '../../api/dni/public';
import { createDniSweep } from '../../api/dni/sweep';
import { createErrorHandler } from '../../api/problems';
import { requestIds } from '../../api/request-id';
import { createPool } from '../../db/pool';
import { listPoolMetrics } from '../../db/queries/dni/status';
import { createLogger } from '../../runtime/logger';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import { insertPool, newVisitor, numbersFrom } from './dni-fixture';
import { eventually } from './eventually';

const SITE = 'https://www.example.com';

describe('what web pages ask', () => {
  let database: TestDatabase;
  let db: Pool;
  let server: Server;
  let base: string;
  let pool: string;
  const numbers = numbersFrom('+14155556101', 3);
  const log = createLogger({ process: 'test', level: 'silent' });

  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 5, applicationName: 'test', onIdleError: () => undefined });
    pool = await insertPool(db, { key: 'site', numbers, origins: [SITE] }, '+14155556100');
    const http = express();
    http.use(requestIds());
    http.use('/dni', createDniApp({ db, proxyHops: 1, perMinute: 20 }));
    http.use(createErrorHandler(log));
    server = await new Promise((resolve) => {
      const listening = http.listen(0, '127.0.0.1', () => resolve(listening));
    });
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dni/v1`;
  });
  afterAll(async () => {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    await db.end();
    await database.drop();
  });

  let visitors = 0;
  /** From an address of its own, as a proxy tells it, unless the headers say another. */
  function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${base}/${path}`, {
      method: 'POST',
      headers: {
        origin: SITE,
        'content-type': 'text/plain;charset=UTF-8',
        'x-forwarded-for': `192.0.2.${(visitors += 1)}`,
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  it('is answered with a number, for the site alone, and kept by nobody on the way', async () => {
    const session = newVisitor();
    const response = await post(`${pool}/lease`, { session, landingPage: `${SITE}/` });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      kind: 'leased',
      number: numbers[0],
      session,
      heartbeatSeconds: 450,
    });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': SITE,
      'cache-control': 'no-store',
      vary: 'Origin',
    });
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    const again = await post(`${pool}/lease`, { session }, { 'content-type': 'application/json' });
    expect(await again.json()).toMatchObject({ number: numbers[0] });
    const beat = await post(`${pool}/heartbeat`, { session });
    expect(await beat.json()).toEqual({ live: true });
    expect(await (await post(`${pool}/heartbeat`, { session: newVisitor() })).json()).toEqual({
      live: false,
    });
    expect((await post(`${pool}/tags`, { session, tags: { plan: 'gold' } })).status).toBe(204);
    expect((await post(`${pool}/tags`, { session: newVisitor(), tags: {} })).status).toBe(422);
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`t${n}`, '']));
    expect((await post(`${pool}/tags`, { session, tags: many })).status).toBe(422);
  });

  it('may be asked first by browsers that want to', async () => {
    const preflight = (path: string, origin: string) =>
      fetch(`${base}/${path}`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'x-forwarded-for': '198.51.100.7' },
      });
    const response = await preflight(`${pool}/lease`, SITE);
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': SITE,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'Content-Type',
      'access-control-max-age': '3600',
    });
    expect((await preflight(`${pool}/lease`, 'https://evil.example')).status).toBe(403);
    expect((await preflight('dni_nobody/lease', SITE)).status).toBe(404);
  });

  it.each([
    ['an unknown pool', 'dni_nobody/lease', {}, {}, 404, 'not_found'],
    ['no pool', 'x/lease', {}, {}, 404, 'not_found'],
    ['another site', 'POOL/lease', {}, { origin: 'https://evil.example' }, 403, 'origin_not_allowed'],
    [
      'another site’s heartbeat',
      'POOL/heartbeat',
      { session: `ses_${'0'.repeat(32)}` },
      { origin: 'null' },
      403,
      'origin_not_allowed',
    ],
    ['no JSON', 'POOL/lease', '<html>', {}, 400, 'invalid_request'],
    ['a body that is none', 'POOL/lease', 'x', { 'content-type': 'text/html' }, 400, 'invalid_request'],
    ['a session that is none', 'POOL/lease', { session: 'mine' }, {}, 400, 'invalid_request'],
    ['what it does not know', 'POOL/lease', { email: 'jane@example.com' }, {}, 400, 'invalid_request'],
    ['what cannot be stored', 'POOL/lease', { utm: { utm_source: 'a\u0000' } }, {}, 400, 'invalid_request'],
    ['too much', 'POOL/lease', { referrer: 'x'.repeat(9_000) }, {}, 413, 'too_large'],
  ])('is refused: %s', async (_what, path, body, headers, status, code) => {
    const response = await post(path.replace('POOL', pool), body, headers);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
  });

  it('leaves no trace of a browser that says no, whatever the page sends', async () => {
    const session = newVisitor();
    const response = await post(`${pool}/lease`, { session, clickIds: { gclid: 'x' } }, { 'sec-gpc': '1' });
    expect(await response.json()).toEqual({
      kind: 'none',
      number: null,
      session: null,
      heartbeatSeconds: null,
    });
    expect((await db.query('SELECT 1 FROM dni_sessions WHERE id = $1', [session])).rows).toEqual([]);
  });

  it('is too much when it comes from one address all the time', async () => {
    const flood = { 'x-forwarded-for': '203.0.113.9, 198.51.100.1' };
    const answers = await Promise.all(
      Array.from({ length: 45 }, () => post(`${pool}/heartbeat`, { session: newVisitor() }, flood)),
    );
    const refused = answers.filter(({ status }) => status === 429);
    // The minute may have turned meanwhile.
    expect(refused.length).toBeGreaterThanOrEqual(5);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await post(`${pool}/heartbeat`, { session: newVisitor() })).status).toBe(200);
  });

  it('begins with a script that is kept, asked for again cheaply, and served small', async () => {
    const get = (headers: Record<string, string>) => fetch(`${base}/callyard.js`, { headers });
    const plain = await get({ 'accept-encoding': 'identity' });
    expect(Object.fromEntries(plain.headers)).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=3600, stale-while-revalidate=86400',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      vary: 'Accept-Encoding',
    });
    const code = await plain.text();
    const zipped = await get({ 'accept-encoding': 'gzip' });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.text()).toBe(code);
    const etag = plain.headers.get('etag') ?? '';
    // As browsers ask; without it, fetch asks to be told in full.
    const known = { 'if-none-match': etag, 'cache-control': 'max-age=0' };
    const again = await get({ 'accept-encoding': 'identity', ...known });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await get({ 'accept-encoding': 'gzip', ...known })).status).toBe(200);
  });

  it('is forgotten after 90 days', async () => {
    const session = newVisitor();
    await post(`${pool}/lease`, { session });
    await db.query(`UPDATE dni_sessions SET last_seen_at = now() - interval '91 days' WHERE id = $1`, [
      session,
    ]);
    await db.query(
      `UPDATE dni_leases SET leased_at = leased_at - interval '91 days', live_until = live_until - interval '91 days',
                             attributes_until = attributes_until - interval '91 days' WHERE session_id = $1`,
      [session],
    );
    await db.query(
      `INSERT INTO dni_exhaustions (pool_id, quarter, slot, n)
       SELECT $1, now() - days * interval '1 day', slot, 2 FROM unnest(ARRAY[91, 92, 1]) days, unnest(ARRAY[1, 2]) slot`,
      [pool],
    );
    const sweep = createDniSweep({ db, log, everyMs: 20 });
    sweep.start();
    await eventually(async () => {
      const { rows } = await db.query('SELECT 1 FROM dni_sessions WHERE id = $1', [session]);
      if (rows.length > 0) throw new Error('it is still there');
    });
    await sweep.stop();
    // How often the pool was empty is not forgotten, only when.
    const { rows } = await db.query(
      `SELECT n::integer, quarter = '-infinity' AS folded FROM dni_exhaustions WHERE pool_id = $1 ORDER BY quarter, slot`,
      [pool],
    );
    expect(rows).toEqual([
      { n: 8, folded: true },
      { n: 2, folded: false },
      { n: 2, folded: false },
    ]);
    expect(await listPoolMetrics(db)).toMatchObject([{ pool, exhausted: 12 }]);
  });
});
