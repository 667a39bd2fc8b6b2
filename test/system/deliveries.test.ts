import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { Courier, type CourierOptions } from '../../activities/delivery/courier';
import { rotateSecret } from '../../db/queries/events/endpoints';
import { beginSeries } from '../../db/queries/events/deliveries';
import { recordEventFor } from '../../db/queries/events/record';
import { createPool } from '../../db/pool';
import { createOutward } from '../../runtime/outward';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import { insertEndpoint, newSecret } from './endpoint-fixture';
import { eventually } from './eventually';
import { startReceiver, type Behaviour, type Receiver } from './receiver';

interface Endpoint {
  readonly id: string;
  readonly secret: string;
  readonly receiver: Receiver;
}

interface DeliveryOnRecord {
  readonly status: string;
  readonly attempts: number;
  readonly log: readonly {
    no: number;
    status_code: number | null;
    error: string | null;
    excerpt: string | null;
  }[];
}

describe('delivery', () => {
  let database: TestDatabase;
  let db: Pool;
  const receivers: Receiver[] = [];
  let couriers: { stop(): Promise<void> }[] = [];
  let made = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 20, applicationName: 'test', onIdleError: () => undefined });
  });
  afterEach(async () => {
    for (const courier of couriers) await courier.stop();
    couriers = [];
    await db.query('UPDATE webhook_endpoints SET enabled = false, failing_since = NULL, dead_in_a_row = 0');
  });
  afterAll(async () => {
    for (const receiver of receivers) await receiver.close();
    await db.end();
    await database.drop();
  });

  async function endpoint(...answers: Behaviour[]): Promise<Endpoint> {
    const receiver = await startReceiver();
    receivers.push(receiver);
    if (answers.length > 0) receiver.behave(...answers);
    made += 1;
    const id = `whk_${made}`;
    const secret = newSecret();
    await insertEndpoint(db, { id, url: receiver.url, secret });
    return { id, secret, receiver };
  }

  /** Something happens of which this endpoint is to be told. */
  async function happen(to: Endpoint, times = 1): Promise<void> {
    for (let n = 0; n < times; n++)
      await recordEventFor(db, to.id, {
        type: 'test.ping',
        key: randomUUID(),
        campaignId: null,
        at: new Date().toISOString(),
        data: { message: 'Ünïcode ✓' },
      });
  }

  function courier(options: Partial<CourierOptions> & { readonly patienceMs?: number } = {}): Courier {
    const { patienceMs = 10_000, ...rest } = options;
    const own = new Courier({
      db,
      send: createOutward({ allowPrivate: true, patienceMs }),
      onUnrecorded: (_id, error) => {
        throw error;
      },
      waits: [0.2, 0.4, 0.8],
      ...rest,
    });
    const working = (async () => {
      while (!own.stopped) await own.rest((await own.look()) > 0);
    })();
    couriers.push({
      async stop() {
        own.stop();
        await working;
        await own.quiet();
      },
    });
    return own;
  }

  async function deliveriesOf({ id }: Endpoint): Promise<DeliveryOnRecord[]> {
    const { rows } = await db.query<DeliveryOnRecord>(
      `SELECT d.status, d.attempts,
              coalesce((SELECT jsonb_agg(jsonb_build_object('no', a.no, 'status_code', a.status_code, 'error', a.error,
                                                            'excerpt', a.excerpt) ORDER BY a.no)
                          FROM webhook_attempts a WHERE a.delivery_id = d.id), '[]') AS log
         FROM webhook_deliveries d WHERE d.endpoint_id = $1 ORDER BY d.seq`,
      [id],
    );
    return rows;
  }
  const settled = (to: Endpoint, status: string, n = 1) =>
    eventually(async () => {
      const all = await deliveriesOf(to);
      expect(all.map((each) => each.status)).toEqual(Array.from({ length: n }, () => status));
      return all;
    });
  const endpointRow = async ({ id }: Endpoint) =>
    (await db.query('SELECT * FROM webhook_endpoints WHERE id = $1', [id])).rows[0] as Record<
      string,
      unknown
    >;

  it('comes within a second, signed as the library of the standard verifies it', async () => {
    const to = await endpoint();
    courier();
    await new Promise((resolve) => setTimeout(resolve, 600));
    const began = Date.now();
    await happen(to);
    const [delivery] = await settled(to, 'delivered');
    expect(delivery).toMatchObject({
      attempts: 1,
      log: [{ status_code: 200, error: null, excerpt: 'it is 200' }],
    });
    const [event] = to.receiver.verified(to.secret);
    const [request] = to.receiver.received;
    expect((request?.at ?? Infinity) - began).toBeLessThan(1_000);
    expect(event).toMatchObject({ type: 'test.ping', data: { message: 'Ünïcode ✓' } });
    expect(request).toMatchObject({ method: 'POST', path: '/hook' });
    expect(request?.headers).toMatchObject({ 'webhook-id': event?.id, 'content-type': 'application/json' });
    expect(() => to.receiver.verified(newSecret())).toThrow('No matching signature');
  });

  it('is verified by the secret before and the new one, for the time both count', async () => {
    const to = await endpoint();
    courier();
    const after = newSecret();
    await rotateSecret(db, to.id, after, 24);
    await happen(to);
    await settled(to, 'delivered');
    expect(to.receiver.verified(after)).toEqual(to.receiver.verified(to.secret));
    await db.query(`UPDATE webhook_endpoints SET previous_secret_until = now() WHERE id = $1`, [to.id]);
    await happen(to);
    await settled(to, 'delivered', 2);
    expect(to.receiver.received[1]?.headers['webhook-signature']).toMatch(/^v1,\S+$/);
  });

  it('is tried again after failures, under the same webhook-id, each time after a longer wait', async () => {
    const to = await endpoint(500, 302, 503, 200);
    courier();
    await happen(to);
    const [delivery] = await settled(to, 'delivered');
    expect(delivery?.log.map(({ error }) => error)).toEqual([
      'answered 500',
      'answered 302',
      'answered 503',
      null,
    ]);
    const { received } = to.receiver;
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(to.receiver.verified(to.secret)).toHaveLength(4);
    const waits = received.slice(1).map(({ at }, index) => at - (received[index]?.at ?? 0));
    expect(waits[0]).toBeGreaterThanOrEqual(190);
    expect(waits[1]).toBeGreaterThanOrEqual(390);
    expect(waits[2]).toBeGreaterThanOrEqual(790);
    expect(await endpointRow(to)).toMatchObject({ failing_since: null, dead_in_a_row: 0 });
  });

  it('is given up in the end, and can be sent anew, under the same webhook-id', async () => {
    const to = await endpoint(500);
    courier({ waits: [0.05, 0.05] });
    await happen(to);
    const [dead] = await settled(to, 'dead');
    expect(dead?.attempts).toBe(3);
    expect(await endpointRow(to)).toMatchObject({
      failing_since: expect.any(String) as string,
      dead_in_a_row: 1,
    });
    to.receiver.behave(200);
    const { rows } = await db.query<{ id: string }>(
      'SELECT id FROM webhook_deliveries WHERE endpoint_id = $1',
      [to.id],
    );
    await beginSeries(db, rows[0]?.id ?? '');
    const [sent] = await settled(to, 'delivered');
    expect(sent?.attempts).toBe(4);
    expect(new Set(to.receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(await endpointRow(to)).toMatchObject({ failing_since: null, dead_in_a_row: 0 });
  });

  it('ends with an endpoint that says it is gone', async () => {
    const to = await endpoint(410);
    courier();
    await happen(to);
    await settled(to, 'dead');
    expect(await endpointRow(to)).toMatchObject({ enabled: false, disabled_because: 'gone', revision: 2 });
    // What was on its way waits until somebody switches it on again.
    await happen(to);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await deliveriesOf(to)).map(({ status }) => status)).toEqual(['dead', 'waiting']);
    const { rows } = await db.query(`SELECT actor, action FROM audit_entries WHERE entity_id = $1`, [to.id]);
    expect(rows).toEqual([{ actor: 'delivery', action: 'disable' }]);
  });

  it('to one endpoint waits for no other that is slow, hangs, or is not there', async () => {
    const slow = await endpoint({ status: 200, afterMs: 1_000 });
    const hangs = await endpoint('hang');
    const absent = await endpoint();
    await absent.receiver.close();
    const quick = await endpoint();
    courier({ patienceMs: 3_000, waits: [60] });
    for (const to of [slow, hangs, absent]) await happen(to, 60);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const began = Date.now();
    await happen(quick, 20);
    await settled(quick, 'delivered', 20);
    expect(Date.now() - began).toBeLessThan(2_500);
    expect(slow.receiver.received.length).toBeLessThan(60);
    // To one that does not answer, few are under way at once.
    expect(hangs.receiver.received.length).toBeLessThanOrEqual(16);
    const [, tried] = await deliveriesOf(absent);
    expect(tried?.log[0]?.error).toMatch(/ECONNREFUSED/);
  });

  it('by two processes at once is done once each', async () => {
    const to = await endpoint();
    await happen(to, 150);
    courier();
    courier();
    courier();
    const all = await settled(to, 'delivered', 150);
    expect(all.every(({ attempts }) => attempts === 1)).toBe(true);
    const ids = to.receiver.received.map(({ headers }) => headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).toEqual([150, 150]);
  });

  it('whose worker goes away in the middle is done by another: at least once, under the same webhook-id', async () => {
    const to = await endpoint('hang', 200);
    const first = courier({ leaseSeconds: 1 });
    await happen(to);
    await eventually(() => {
      expect(to.receiver.received).toHaveLength(1);
      return Promise.resolve();
    });
    first.stop();
    courier({ leaseSeconds: 1 });
    const [delivery] = await settled(to, 'delivered');
    expect(delivery?.log).toMatchObject([
      { no: 1, status_code: null, error: null },
      { no: 2, status_code: 200, error: null },
    ]);
    const ids = to.receiver.received.map(({ headers }) => headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
  });

  it('reads no more of an answer than is kept, and needs its body not to end', async () => {
    const { createServer } = await import('node:http');
    const server = createServer((_req, res) => {
      res.writeHead(200);
      const more = setInterval(() => res.write('\0'.repeat(1_000)), 5);
      res.once('close', () => clearInterval(more));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const to = await endpoint();
    await db.query('UPDATE webhook_endpoints SET url = $2 WHERE id = $1', [
      to.id,
      `http://127.0.0.1:${port}`,
    ]);
    courier({ patienceMs: 5_000 });
    await happen(to);
    const [delivery] = await settled(to, 'delivered');
    expect(delivery?.log[0]?.excerpt).toBe('\ufffd'.repeat(4_096));
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  });

  it('goes nowhere within a private network unless that is allowed', async () => {
    const to = await endpoint();
    courier({ send: createOutward({ allowPrivate: false }), waits: [] });
    for (const url of [to.receiver.url, to.receiver.url.replace('http:', 'https:'), 'https://localhost:9/']) {
      await db.query('UPDATE webhook_endpoints SET url = $2 WHERE id = $1', [to.id, url]);
      await happen(to);
      await eventually(async () => {
        const { rows } = await db.query(
          `SELECT FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'waiting'`,
          [to.id],
        );
        expect(rows).toEqual([]);
      });
    }
    const errors = (await deliveriesOf(to)).map(({ log }) => log[0]?.error);
    expect(errors).toEqual([
      expect.stringContaining('must be https'),
      expect.stringContaining('private network'),
      expect.stringContaining('private network'),
    ]);
    expect(to.receiver.received).toEqual([]);
  });
});
