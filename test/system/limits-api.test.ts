import type { Limit, HeldReservation, Verification } from '../../contract/resources/limit';
import type { Page } from '../../contract/page';
import { connect } from '../../scripts/callyard/client';
import { listLimits, showHeld, verifyLimits } from '../../scripts/callyard/limits';
import type { Surroundings } from '../../scripts/callyard/commands';
import { insertCampaign } from './campaign-fixture';
import { placeCall, skipReasons } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const NUMBER = '+14155559400';
const OTHER = '+14155559410';

describe('limits through the API', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
    await insertCampaign(system.db, {
      key: 'caps',
      number: NUMBER,
      buyers: [{ name: 'a' }, { name: 'b', priority: 2 }],
      payout: '3000000',
    });
    await insertCampaign(system.db, { key: 'euro', number: OTHER, buyers: [{ name: 'c' }] });
  });
  afterAll(() => system.stop());

  async function send<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const response = await fetch(`${system.baseUrl}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${system.adminKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T };
  }
  const set = async (limit: object): Promise<Limit> => {
    const { status, body } = await send<Limit>('POST', '/limits', limit);
    if (status !== 201) throw new Error(JSON.stringify(body));
    return body;
  };
  const get = async (id: string): Promise<Limit> => (await send<Limit>('GET', `/limits/${id}`)).body;
  const remove = (id: string): Promise<unknown> => send('DELETE', `/limits/${id}`);
  const buyerA = { kind: 'buyer', id: 'buy_caps_a' };

  it('count what happened before they were set, in the window that runs', async () => {
    await placeCall(system, { to: NUMBER });
    await placeCall(system, { to: NUMBER });
    const day = await set({ scope: buyerA, window: 'day', limit: 100 });
    expect(day).toMatchObject({ counts: 'connection', limit: 100, posted: 2, pending: 0, currency: null });
    expect(day.scope.name).toBe('a');
    expect(Date.parse(day.resetsAt ?? '')).toBeGreaterThan(Date.now());
    const { body: buyer } = await send<{ timeZone: string }>('GET', '/buyers/buy_caps_a');
    expect(day.timeZone).toBe(buyer.timeZone);
    await remove(day.id);
  });

  it('refuse the next call when they are full, and say so in its timeline', async () => {
    const limit = await set({ scope: buyerA, window: 'hour', counts: 'attempt', limit: 3 });
    const left = Number(limit.limit) - Number(limit.posted);
    for (let n = 0; n < left; n++) {
      expect((await placeCall(system, { to: NUMBER })).call.attempts[0]?.buyerName).toBe('a');
    }
    const { call } = await placeCall(system, { to: NUMBER });
    expect(call.attempts[0]?.buyerName).toBe('b');
    expect(skipReasons(call)).toMatchObject({ a: 'limit_reached' });
    expect(JSON.stringify(call.timeline)).toContain('"window":"hour"');
    const { body } = await send<Page<Limit>>('GET', '/limits?full=true&campaignId=cmp_caps');
    expect(body.data.map(({ id }) => id)).toContain(limit.id);
    await remove(limit.id);
  });

  it('go below what is used without ending anything, and refuse until there is room', async () => {
    const limit = await set({ scope: buyerA, window: 'total', counts: 'attempt', limit: 1000 });
    const { status, body } = await send<Limit>('PATCH', `/limits/${limit.id}`, { limit: 1 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ limit: 1, posted: limit.posted, revision: 2 });
    expect((await placeCall(system, { to: NUMBER })).call.attempts[0]?.buyerName).toBe('b');
    await send('PATCH', `/limits/${limit.id}`, { limit: Number(limit.posted) + 1 });
    expect((await placeCall(system, { to: NUMBER })).call.attempts[0]?.buyerName).toBe('a');
    await remove(limit.id);
  });

  it('see a call in progress, and what holds it', async () => {
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid, { To: NUMBER });
    const limit = await set({ scope: { kind: 'campaign', id: 'cmp_caps' }, window: 'concurrency', limit: 1 });
    expect(limit).toMatchObject({ counts: 'attempt', posted: 0, pending: 1, resetsAt: null });
    const held = await send<Page<HeldReservation>>('GET', `/limits/${limit.id}/reservations`);
    expect(held.body.data).toMatchObject([{ callState: 'dialing', amount: 1, assignmentId: 'asg_caps_a' }]);
    expect((await placeCall(system, { to: NUMBER })).call.outcome).toBe('no_candidate');
    await system.carrier.post('dial?attempt=1', sid, {
      To: NUMBER,
      DialCallStatus: 'completed',
      DialCallDuration: '9',
    });
    await system.carrier.post('status', sid, { To: NUMBER, CallStatus: 'completed' });
    await system.endedCall(sid);
    expect(await get(limit.id)).toMatchObject({ pending: 0 });
    expect((await placeCall(system, { to: NUMBER })).call.outcome).toBe('connected');
    await remove(limit.id);
  });

  it('gives back what a dial held before the next one rings', async () => {
    const before = await get('lim_asg_caps_a');
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid, { To: NUMBER });
    expect(await get('lim_asg_caps_a')).toMatchObject({ pending: Number(before.pending) + 1 });
    const next = await system.carrier.post('dial?attempt=1', sid, {
      To: NUMBER,
      DialCallStatus: 'no-answer',
    });
    expect(next.verbs[0]?.name).toBe('Dial');
    expect(await get('lim_asg_caps_a')).toMatchObject({ pending: before.pending });
    expect(await get('lim_asg_caps_b')).toMatchObject({ pending: 1 });
    await system.carrier.post('dial?attempt=2', sid, { To: NUMBER, DialCallStatus: 'busy' });
    await system.carrier.post('status', sid, { To: NUMBER, CallStatus: 'completed' });
    await system.endedCall(sid);
  });

  it('count money in micros: what the buyer owes, and on a publisher what the publisher gets', async () => {
    const spend = await set({
      scope: buyerA,
      window: 'day',
      counts: 'spend',
      currency: 'USD',
      limit: '999000000',
    });
    const publisher = await set({
      scope: { kind: 'publisher', id: 'pub_caps' },
      window: 'day',
      counts: 'spend',
      currency: 'USD',
      timeZone: 'Asia/Kathmandu',
      limit: '999000000',
    });
    const { call } = await placeCall(system, {
      to: NUMBER,
      buyers: { default: { kind: 'answer', talkSeconds: 120 } },
    });
    const owed = call.ledger.find(({ kind }) => kind === 'revenue')?.amountMicros ?? '0';
    const paid = call.ledger.find(({ kind }) => kind === 'payout')?.amountMicros ?? '0';
    const rise = async (before: Limit): Promise<bigint> =>
      BigInt((await get(before.id)).posted) - BigInt(before.posted);
    expect(await rise(spend)).toBe(BigInt(owed));
    expect(await rise(publisher)).toBe(BigInt(paid));
    expect([owed, paid].every((micros) => BigInt(micros) > 0n)).toBe(true);
    await remove(spend.id);
    await remove(publisher.id);
  });

  it('refuse money they cannot count: another currency than theirs', async () => {
    await system.db.query(`UPDATE campaigns SET currency = 'EUR' WHERE id = 'cmp_euro'`);
    const limit = await set({
      scope: { kind: 'buyer', id: 'buy_euro_c' },
      window: 'day',
      counts: 'spend',
      currency: 'USD',
      limit: '999000000',
    });
    const { call } = await placeCall(system, { to: OTHER });
    expect(call.outcome).toBe('no_candidate');
    expect(JSON.stringify(call.timeline)).toContain('another currency');
    await remove(limit.id);
  });

  it('move with the zone of their buyer, and count the window of the new one', async () => {
    const limit = await set({ scope: buyerA, window: 'day', limit: 1000 });
    const { status } = await send('PATCH', '/buyers/buy_caps_a', { timeZone: 'Pacific/Auckland' });
    expect(status).toBe(200);
    const moved = await get(limit.id);
    expect(moved.timeZone).toBe('Pacific/Auckland');
    // All calls of this test are minutes old: in either zone they are of today, unless a midnight has just passed.
    const { rows } = await system.db.query<{ n: string }>(
      `SELECT count(*)::text AS n FROM reservations
        WHERE connected AND 'buyer:buy_caps_a' = ANY (scopes)
          AND reserved_at >= date_trunc('day', now(), 'Pacific/Auckland')`,
    );
    expect(moved.posted).toBe(Number(rows[0]?.n));
    await remove(limit.id);
  });

  it.each([
    [{ scope: { kind: 'buyer', id: 'buy_nobody' }, window: 'day', limit: 1 }, 422, '/scope/id'],
    [{ scope: { kind: 'buyer', id: 'nobody' }, window: 'day', limit: 1 }, 400, '/scope/id'],
    [
      { scope: { kind: 'buyer', id: 'buy_caps_a' }, window: 'day', limit: 1, timeZone: 'UTC' },
      400,
      '/timeZone',
    ],
    [{ scope: { kind: 'publisher', id: 'pub_caps' }, window: 'day', limit: 1 }, 400, '/timeZone'],
    [{ scope: { kind: 'buyer', id: 'buy_caps_a' }, window: 'day', counts: 'spend', limit: 1 }, 400, '/limit'],
    [
      { scope: { kind: 'buyer', id: 'buy_caps_a' }, window: 'day', counts: 'spend', limit: '1' },
      422,
      '/currency',
    ],
    [
      {
        scope: { kind: 'campaign', id: 'cmp_caps' },
        window: 'day',
        counts: 'spend',
        limit: '1',
        currency: 'EUR',
      },
      422,
      '/currency',
    ],
    [
      { scope: { kind: 'buyer', id: 'buy_caps_a' }, window: 'concurrency', counts: 'connection', limit: 1 },
      400,
      '/counts',
    ],
    [{ scope: { kind: 'buyer', id: 'buy_caps_a' }, window: 'day', limit: -1 }, 400, '/limit'],
    [{ scope: { kind: 'buyer', id: 'buy_caps_a' }, window: 'day', limit: 1.5 }, 400, '/limit'],
    [{ scope: { kind: 'assignment', id: 'asg_caps_a' }, window: 'concurrency', limit: 1 }, 409, '/scope'],
  ])('are refused with the field that is wrong: %j', async (limit, status, pointer) => {
    const answer = await send<{ errors: { pointer: string }[] }>('POST', '/limits', limit);
    expect(answer.status).toBe(status);
    expect(answer.body.errors.map((error) => error.pointer)).toContain(pointer);
  });

  it.each(['/limits?scopeId=%00', `/limits?cursor=${Buffer.from('"a\\u0000"').toString('base64url')}`])(
    'are not looked for by what cannot be stored: %s',
    async (path) => {
      expect((await send('GET', path)).status).toBe(400);
    },
  );

  it('are proven: every counter is what the reservations say, and a wrong one is found', async () => {
    expect((await send<Verification>('GET', '/limits/verification')).body.differences).toEqual([]);
    await system.db.query(
      `UPDATE limit_counters SET pending = pending + 1 WHERE limit_id = 'lim_asg_caps_a'`,
    );
    const { body } = await send<Verification>('GET', '/limits/verification');
    expect(body.differences).toMatchObject([
      { limitId: 'lim_asg_caps_a', pending: '1', recountedPending: '0' },
    ]);
    const told: string[] = [];
    const surroundings: Surroundings = {
      say: (line) => void told.push(line),
      complain: (line) => void told.push(line),
      read: () => Promise.reject(new Error('no file is read')),
      write: () => Promise.reject(new Error('no file is written')),
      colours: false,
      ask: null,
    };
    const client = await connect(system.baseUrl, { ...process.env, CALLYARD_ADMIN_KEY: system.adminKey });
    expect(await verifyLimits(client, surroundings)).toBe(1);
    expect(told.join('\n')).toContain('lim_asg_caps_a');
    await system.db.query(
      `UPDATE limit_counters SET pending = pending - 1 WHERE limit_id = 'lim_asg_caps_a'`,
    );
    expect(await verifyLimits(client, surroundings)).toBe(0);
    expect(told.at(-1)).toMatch(/^\d+ counters agree with the reservations\.$/);
    expect(await listLimits(client, { campaign: 'cmp_caps' }, surroundings)).toBe(0);
    expect(told.at(-1)).toContain('lim_asg_caps_a');
    expect(Math.max(...(told.at(-1) ?? '').split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await showHeld(client, 'lim_asg_caps_a', surroundings)).toBe(0);
  });
});
