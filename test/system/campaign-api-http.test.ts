import type { Campaign } from '../../contract/resources/campaign';
import type { Publisher } from '../../contract/resources/publisher';
import { createKeySweep } from '../../api/http/key-sweep';
import { createLogger } from '../../runtime/logger';
import { startApi, type ApiServer } from './api-server';
import { eventually } from './eventually';

const CAMPAIGN = { name: 'Roofing', timeZone: 'America/Chicago', currency: 'USD' };

describe('writing over HTTP', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  const count = async (table: 'publishers' | 'idempotent_requests' | 'audit_entries'): Promise<number> => {
    const { rows } = await api.db.query<{ count: number }>({
      name: '',
      text: `SELECT count(*)::integer AS count FROM ${table}`,
      values: [],
    });
    return rows[0]?.count ?? 0;
  };
  const post = (path: string, key: string, body?: unknown) =>
    api.send('POST', path, { ...(body === undefined ? {} : { body }), headers: { 'Idempotency-Key': key } });

  it('says which methods an address takes, instead of saying that nothing is there', async () => {
    const answer = await fetch(`${api.baseUrl}/api/v1/campaigns/cmp_x`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${api.adminKey}` },
    });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, PATCH');
    expect(await answer.json()).toMatchObject({ code: 'method_not_allowed' });
  });

  describe('with an Idempotency-Key', () => {
    it('does the same thing once, and gives the same answer to the byte', async () => {
      const before = await count('publishers');
      const first = await post('/publishers', 'once', { name: 'Partner' });
      const second = await post('/publishers', 'once', { name: 'Partner' });
      expect(first.status).toBe(201);
      expect(first.headers.get('idempotency-replayed')).toBeNull();
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect([second.status, second.text]).toEqual([first.status, first.text]);
      for (const name of ['etag', 'location', 'content-type'])
        expect(second.headers.get(name)).toBe(first.headers.get(name));
      expect(await count('publishers')).toBe(before + 1);
    });

    it('does it once when ten requests come at the same moment', async () => {
      const [publishers, audited] = [await count('publishers'), await count('audit_entries')];
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => post('/publishers', 'ten', { name: 'Partner' })),
      );
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      expect(answers[0]?.status).toBe(201);
      expect(answers.filter(({ headers }) => headers.has('idempotency-replayed'))).toHaveLength(9);
      expect(await count('publishers')).toBe(publishers + 1);
      expect(await count('audit_entries')).toBe(audited + 1);
    });

    it('refuses the key with another body, or on another path', async () => {
      await post('/publishers', 'mine', { name: 'Partner' });
      for (const [path, body] of [
        ['/publishers', { name: 'Other' }],
        ['/campaigns', CAMPAIGN],
      ] as const) {
        const answer = await post(path, 'mine', body);
        expect(answer.status).toBe(422);
        expect(answer.body).toMatchObject({ code: 'idempotency_mismatch' });
      }
    });

    it('gives a refusal again too, though it would go through by now', async () => {
      const { id } = await api.ok<Campaign>('POST', '/campaigns', CAMPAIGN);
      const first = await post(`/campaigns/${id}/activate`, 'too early');
      expect(first.status).toBe(409);
      await api.db.query({
        name: '',
        text: `INSERT INTO routing_plans (campaign_id, version, definition) VALUES ($1, 1, '{}')`,
        values: [id],
      });
      await api.db.query({
        name: '',
        text: 'UPDATE campaigns SET plan_version = 1 WHERE id = $1',
        values: [id],
      });
      const second = await post(`/campaigns/${id}/activate`, 'too early');
      expect([second.status, second.text]).toEqual([409, first.text]);
      expect((await post(`/campaigns/${id}/activate`, 'in time')).status).toBe(200);
    });

    it('keeps nothing of a request whose body is not valid, so that the key can be used with the right one', async () => {
      expect((await post('/publishers', 'corrected', { name: '' })).status).toBe(400);
      expect((await post('/publishers', 'corrected', { name: 'Partner' })).status).toBe(201);
    });

    it('undoes the work of a request that is refused, and keeps the refusal', async () => {
      const number = { number: '+14155550150' };
      await api.ok('POST', '/numbers', number);
      const audited = await count('audit_entries');
      const answers = [await post('/numbers', 'taken', number), await post('/numbers', 'taken', number)];
      expect(answers.map(({ status }) => status)).toEqual([409, 409]);
      expect(answers[1]?.text).toBe(answers[0]?.text);
      expect(await count('audit_entries')).toBe(audited);
    });

    it('is free again after a day', async () => {
      const first = await post('/publishers', 'old', { name: 'Partner' });
      await api.db.query({
        name: '',
        text: `UPDATE idempotent_requests SET created_at = now() - interval '25 hours' WHERE key = 'old'`,
        values: [],
      });
      const second = await post('/publishers', 'old', { name: 'Another' });
      expect(second.status).toBe(201);
      expect((second.body as Publisher).id).not.toBe((first.body as Publisher).id);
      expect((await post('/publishers', 'old', { name: 'Another' })).text).toBe(second.text);
    });

    it('is forgotten after a day, and no other with it', async () => {
      await post('/publishers', 'to forget', { name: 'Partner' });
      await post('/publishers', 'to keep', { name: 'Partner' });
      await api.db.query({
        name: '',
        text: `UPDATE idempotent_requests SET created_at = now() - interval '25 hours' WHERE key = 'to forget'`,
        values: [],
      });
      const log = createLogger({ process: 'test', level: 'silent' });
      const sweep = createKeySweep({ db: api.db, log, everyMs: 10 });
      sweep.start();
      try {
        await eventually(async () => {
          const { rows } = await api.db.query({
            name: '',
            text: `SELECT key FROM idempotent_requests WHERE key IN ('to forget', 'to keep')`,
            values: [],
          });
          expect(rows).toEqual([{ key: 'to keep' }]);
        });
      } finally {
        await sweep.stop();
      }
    });

    it('leaves nothing of a request whose connection broke before it was committed', async () => {
      const publishers = await count('publishers');
      const blocker = await api.db.connect();
      try {
        await blocker.query('BEGIN');
        await blocker.query('LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE');
        const cut = post('/publishers', 'cut off', { name: 'Partner' });
        await eventually(async () => {
          const { rows } = await blocker.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          );
          expect(rows).toHaveLength(1);
        });
        expect((await cut).status).toBe(503);
        await blocker.query('ROLLBACK');
      } finally {
        blocker.release();
      }
      expect(await count('publishers')).toBe(publishers);
      const again = await post('/publishers', 'cut off', { name: 'Partner' });
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, null]);
      expect(await count('publishers')).toBe(publishers + 1);
    });

    it.each(['', 'x'.repeat(256), 'näh'])('refuses the key %j', async (key) => {
      const answer = await post('/publishers', key, { name: 'Partner' });
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ errors: [{ pointer: '/Idempotency-Key' }] });
    });
  });

  describe('what is no body', () => {
    const send = (body: string, type = 'application/json') =>
      api.send('POST', '/publishers', { body, headers: { 'content-type': type } });

    it.each([
      ['{"name": ', 'not JSON'],
      ['[]', 'object'],
      ['null', 'object'],
      ['{"name": "a\\u0000b"}', 'name has a NUL'],
      ['{"name": "\\ud800"}', 'half a character'],
      ['{"payout": {"due": [1, "\\ud800"]}}', 'payout/due/1 has'],
      ['{"payout": {"a\\u0000b": 1}}', 'payout has a NUL character, or half a character, in the name'],
    ])('answers 400 to %s', async (body, detail) => {
      const answer = await send(body);
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ code: 'invalid_request', detail: expect.stringContaining(detail) });
    });

    it('answers 400 to none at all', async () => {
      const answer = await api.send('POST', '/publishers');
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ detail: 'A JSON body is needed' });
    });

    it('answers 400 to one that is nested without end', async () => {
      const depth = 20_000;
      const answer = await send(`{"name": ${'['.repeat(depth)}${']'.repeat(depth)}}`);
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ detail: expect.stringContaining('nested') });
    });

    it('answers 415 to another type', async () => {
      expect((await send('name=Partner', 'application/x-www-form-urlencoded')).status).toBe(415);
    });

    it('answers 413 to more than a megabyte', async () => {
      const answer = await send(JSON.stringify({ name: 'x'.repeat(1_000_001) }));
      expect(answer.status).toBe(413);
      expect(answer.body).toMatchObject({ code: 'too_large' });
    });
  });

  it.each(['x'.repeat(81), 'tab\there', ' '])('refuses the actor %j', async (actor) => {
    const answer = await api.send('POST', '/publishers', {
      body: { name: 'Partner' },
      headers: { 'Callyard-Actor': actor },
    });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ errors: [{ pointer: '/Callyard-Actor' }] });
  });

  it('names every request, in its answer and its problems', async () => {
    const answer = await api.send('GET', '/publishers/pub_nobody');
    expect(answer.body).toMatchObject({ requestId: answer.headers.get('x-request-id') });
  });

  it('tries again what PostgreSQL gave up for another transaction', async () => {
    const { id } = await api.ok<Campaign>('POST', '/campaigns', CAMPAIGN);
    // Fails twice, as a deadlock does, and then no more: a sequence is not rolled back.
    await api.db.query({ name: '', text: 'CREATE SEQUENCE failures', values: [] });
    await api.db.query({
      name: '',
      text: `CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
               IF nextval('failures') <= 2 THEN RAISE EXCEPTION 'given up' USING ERRCODE = 'deadlock_detected'; END IF;
               RETURN NEW;
             END $$`,
      values: [],
    });
    await api.db.query({
      name: '',
      text: `CREATE TRIGGER fail_twice BEFORE UPDATE ON campaigns FOR EACH ROW EXECUTE FUNCTION fail_twice()`,
      values: [],
    });
    expect(await api.ok('PATCH', `/campaigns/${id}`, { name: 'New' })).toMatchObject({
      name: 'New',
      revision: 2,
    });
    await api.db.query({ name: '', text: 'DROP TRIGGER fail_twice ON campaigns', values: [] });
  });

  it.each(['query_canceled', 'lock_not_available', 'serialization_failure', 'deadlock_detected'])(
    'says that the database is busy, not away, when other changes stand in the way for too long: %s',
    async (condition) => {
      const { id } = await api.ok<Campaign>('POST', '/campaigns', CAMPAIGN);
      await api.db.query({
        name: '',
        text: `CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$
               BEGIN RAISE EXCEPTION 'given up' USING ERRCODE = '${condition}'; END $$`,
        values: [],
      });
      await api.db.query({
        name: '',
        text: 'CREATE TRIGGER give_up BEFORE UPDATE ON campaigns FOR EACH ROW EXECUTE FUNCTION give_up()',
        values: [],
      });
      try {
        const answer = await api.send('PATCH', `/campaigns/${id}`, { body: { name: 'New' } });
        expect(answer.status).toBe(503);
        expect(answer.body).toMatchObject({
          code: 'unavailable',
          detail: 'The database is busy with other changes: try again in a moment',
        });
      } finally {
        await api.db.query({ name: '', text: 'DROP FUNCTION give_up CASCADE', values: [] });
      }
      expect(await api.ok('PATCH', `/campaigns/${id}`, { name: 'New' })).toMatchObject({ revision: 2 });
    },
  );
});
