import { readCounters } from './counters';
import { linkTo, linkToDatabase, type Link } from './link';
import { environment, eventually, startSystem, type SystemUnderTest } from './system';
import type { Answer } from './carrier';

describe('when a server does not answer', () => {
  let temporal: Link;
  let database: Link;
  let system: SystemUnderTest;
  beforeAll(async () => {
    const [host = '', port] = environment('CALLYARD_TEST_TEMPORAL_ADDRESS').split(':');
    temporal = await linkTo(host, Number(port));
    const linked = await linkToDatabase(environment('CALLYARD_TEST_DATABASE_URL'));
    database = linked.link;
    system = await startSystem({
      temporalAddress: `127.0.0.1:${temporal.port}`,
      apiDatabaseUrl: linked.through,
      workerDatabaseUrl: linked.through,
      webhookDeadlineMs: 1_500,
    });
    // The first call connects everything.
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid);
    await system.carrier.post('dial?attempt=1', sid, {
      DialCallStatus: 'completed',
      CallStatus: 'completed',
    });
    await system.endedCall(sid);
  });
  afterEach(async () => {
    expect(await eventually(() => readCounters(system.db))).toEqual({ pending: 0, drift: [] });
  });
  afterAll(async () => {
    await system.stop();
    await temporal.close();
    await database.close();
  });

  async function withinTwoSeconds(post: Promise<Answer>): Promise<Answer> {
    const started = Date.now();
    const answer = await post;
    expect(Date.now() - started).toBeLessThan(2_000);
    expect(answer.status).toBe(200);
    return answer;
  }

  async function away(links: readonly Link[], act: () => Promise<void>): Promise<void> {
    for (const link of links) await link.cut();
    try {
      await act();
    } finally {
      for (const link of links) await link.mend();
    }
  }

  it.each([
    ['Temporal', () => [temporal]],
    ['PostgreSQL', () => [database]],
    ['either', () => [temporal, database]],
  ] as const)(
    'a caller hears the fail-safe within 2 s without %s, and the call is on record afterwards',
    async (_, links) => {
      const sid = system.carrier.newSid();
      await away(links(), async () => {
        const answer = await withinTwoSeconds(system.carrier.post('voice', sid));
        expect(answer.verbs.map(({ name }) => name)).toEqual(['Say', 'Hangup']);
      });
      const call = await system.endedCall(sid);
      expect(call).toMatchObject({ outcome: 'failed', ledger: [] });
      expect(call.outcomeReason).toContain('fail-safe');
      expect(call.timeline.map(({ step }) => step)).toContain('fail_safe');
      expect(call.reservations.every(({ status }) => status === 'voided')).toBe(true);
    },
  );

  it('a number’s own fail-safe route is served, from memory', async () => {
    await system.db.query(
      `UPDATE numbers SET fail_safe = '{"kind": "forward", "ringTimeoutSeconds": 25,
         "destination": {"kind": "tel", "number": "+14155550288"}}' WHERE e164 = '+14155550101'`,
    );
    // The API refreshes its routes every round.
    await new Promise((resolve) => setTimeout(resolve, 600));
    const sid = system.carrier.newSid();
    await away([temporal, database], async () => {
      const answer = await withinTwoSeconds(system.carrier.post('voice', sid));
      expect(answer.verbs[0]).toMatchObject({ name: 'Dial', attributes: { timeout: '25' } });
      expect(answer.verbs[0]?.children[0]?.text).toBe('+14155550288');
      const after = await withinTwoSeconds(
        system.carrier.post(answer.verbs[0]?.attributes['action'] ?? '', sid, {
          DialCallStatus: 'completed',
        }),
      );
      expect(after.verbs.map(({ name }) => name)).toEqual(['Hangup']);
    });
    expect(await system.endedCall(sid)).toMatchObject({ outcome: 'failed' });
    await system.db.query(`UPDATE numbers SET fail_safe = NULL`);
    await new Promise((resolve) => setTimeout(resolve, 600));
  });

  it('the result of a talk that ends meanwhile is not lost: it is attributed afterwards', async () => {
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid);
    await away([temporal, database], async () => {
      const fields = { DialCallStatus: 'completed', DialCallDuration: '45', CallStatus: 'in-progress' };
      const answer = await withinTwoSeconds(system.carrier.post('dial?attempt=1', sid, fields));
      expect(answer.verbs.map(({ name }) => name)).toEqual(['Hangup']);
    });
    const call = await system.endedCall(sid);
    expect(call).toMatchObject({ outcome: 'connected', talkSeconds: 45, converted: true });
    expect(call.ledger).toHaveLength(2);
  });

  it('a caller whose buyer was busy meanwhile hears the fail-safe; nothing stays reserved', async () => {
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid);
    await away([temporal], async () => {
      const answer = await withinTwoSeconds(
        system.carrier.post('dial?attempt=1', sid, { DialCallStatus: 'busy', CallStatus: 'in-progress' }),
      );
      expect(answer.verbs.map(({ name }) => name)).toEqual(['Say', 'Hangup']);
    });
    const call = await system.endedCall(sid);
    expect(call).toMatchObject({ outcome: 'failed', ledger: [] });
    expect(call.attempts.map(({ state }) => state)).toEqual(['busy']);
  });

  it('a webhook repeated meanwhile that was answered before changes nothing: the call and its money go on', async () => {
    const sid = system.carrier.newSid();
    const TO = { To: '+14155550101' };
    await system.carrier.post('voice', sid, TO);
    await system.carrier.post('dial?attempt=1', sid, {
      ...TO,
      DialCallStatus: 'busy',
      CallStatus: 'in-progress',
    });
    await away([temporal], async () => {
      await withinTwoSeconds(system.carrier.post('voice', sid, TO));
      await withinTwoSeconds(
        system.carrier.post('dial?attempt=1', sid, {
          ...TO,
          DialCallStatus: 'busy',
          CallStatus: 'in-progress',
        }),
      );
    });
    await eventually(async () => {
      const { rows } = await system.db.query('SELECT FROM fail_safe_answers WHERE told_at IS NULL');
      expect(rows).toHaveLength(0);
    });
    const fields = { ...TO, DialCallStatus: 'completed', DialCallDuration: '300', CallStatus: 'in-progress' };
    await system.carrier.post('dial?attempt=2', sid, fields);
    expect(await system.endedCall(sid)).toMatchObject({
      outcome: 'connected',
      talkSeconds: 300,
      converted: true,
    });
  });

  it('status callbacks are taken without an error', async () => {
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid);
    await away([temporal, database], async () => {
      const started = Date.now();
      const { status } = await system.carrier.post('status', sid, { CallStatus: 'completed' });
      expect(status).toBe(204);
      expect(Date.now() - started).toBeLessThan(2_000);
    });
    await system.carrier.post('status', sid, { CallStatus: 'completed' });
    expect(await system.endedCall(sid)).toMatchObject({ outcome: 'abandoned_ringing' });
  });

  it('reading calls without PostgreSQL is a 503 that says so, not a 500', async () => {
    await away([database], async () => {
      const response = await system.get('/api/v1/calls');
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: 'unavailable' });
    });
  });

  it('/readyz says which, /healthz stays well', async () => {
    await away([temporal, database], async () => {
      const response = await fetch(`${system.baseUrl}/readyz`);
      expect(response.status).toBe(503);
      const body = (await response.json()) as { database: string; temporal: string };
      expect(body.database).not.toBe('ok');
      expect(body.temporal).not.toBe('ok');
      expect((await fetch(`${system.baseUrl}/healthz`)).status).toBe(200);
    });
    await eventually(async () => {
      expect((await fetch(`${system.baseUrl}/readyz`)).status).toBe(200);
    });
  });
});
