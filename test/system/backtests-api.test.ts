import { randomUUID } from 'node:crypto';
import type { Page } from '../../contract/page';
import type { Backtest, BacktestDifference, BacktestHead } from '../../contract/resources/backtest';
import { backtestWorkflowId } from '../../workflows/ids';
import { startApi, type ApiServer } from './api-server';
import { sampleResult } from './backtest-sample';
import { sampleConfig } from './config-sample';

interface Refusal {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

const DAY_MS = 86_400_000;

describe('backtests over HTTP', () => {
  let api: ApiServer;
  let campaigns = 0;
  // Without a worker: what is asked of Temporal stays as it was asked.
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  /** A campaign whose calls get version 1 of its plan; version 2 is published, version 3 a draft. */
  async function campaign(): Promise<string> {
    campaigns += 1;
    const id = `cmp_past${campaigns}`;
    await api.ok('PUT', `/campaigns/${id}/config`, sampleConfig(id));
    const { definition } = await api.ok<{ definition: object }>('GET', `/campaigns/${id}/plan`);
    await api.ok('PUT', `/campaigns/${id}/plan/draft`, { ...definition, maxAttempts: 2 }, 201);
    await api.ok('POST', `/campaigns/${id}/plan/publish`, { activate: false });
    await api.ok('PUT', `/campaigns/${id}/plan/draft`, { ...definition, maxAttempts: 1 }, 201);
    return id;
  }
  const make = (campaignId: string, more: object = {}) =>
    api.ok<Backtest>('POST', `/campaigns/${campaignId}/backtests`, { version: 2, ...more });
  async function refused(path: string, body: object | undefined, status: number): Promise<Refusal> {
    const answer = await api.send('POST', path, { body });
    expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
    return answer.body as Refusal;
  }
  const workflowOf = (id: string) => api.temporal.workflow.getHandle(backtestWorkflowId(id));
  const rowsOf = async (campaignId: string): Promise<unknown[]> =>
    (await api.db.query('SELECT id FROM backtests WHERE campaign_id = $1', [campaignId])).rows;

  it('is put on record with its workflow, and shown where its answer says', async () => {
    const campaignId = await campaign();
    const period = { from: '2026-03-02T00:00:00.123456Z', to: '2026-03-09T00:00:00Z' };
    const asked = { version: 2, ...period, runs: 5, seed: 'again' };
    const answer = await api.send('POST', `/campaigns/${campaignId}/backtests`, { body: asked });
    const made = answer.body as Backtest;
    expect(made).toEqual({
      id: expect.stringMatching(/^bkt_[0-9a-f]{20}$/) as string,
      campaignId,
      version: 2,
      from: '2026-03-02T00:00:00.123Z',
      to: '2026-03-09T00:00:00.000Z',
      runs: 5,
      seed: 'again',
      status: 'waiting',
      progress: { calls: 0, of: null },
      createdAt: expect.any(String) as string,
      startedAt: null,
      endedAt: null,
      failure: null,
      result: null,
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `/api/v1/backtests/${made.id}`]);
    expect(await api.ok('GET', `/backtests/${made.id}`)).toEqual(made);

    const workflow = await workflowOf(made.id).describe();
    expect(workflow).toMatchObject({
      type: 'backtest',
      taskQueue: expect.stringMatching(/-maintenance$/) as string,
      status: { name: 'RUNNING' },
    });
    expect(await workflow.staticSummary()).toBe(`plan version 2 of ${campaignId} over past calls`);
    expect(await workflow.staticDetails()).toContain(`GET /api/v1/backtests/${made.id}`);
    const { events } = await workflowOf(made.id).fetchHistory();
    const [argument] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    expect(JSON.parse(Buffer.from(argument?.data ?? []).toString())).toEqual({ backtestId: made.id });

    const { data } = await api.ok<Page<object>>('GET', `/audit?entity=backtest&entityId=${made.id}`);
    const { result: _none, ...head } = made;
    expect(data).toMatchObject([{ action: 'create', actor: 'admin', campaignId, before: null, after: head }]);
  });

  it('is over the seven days until now, a hundred times and with a seed of its own, where nothing is said', async () => {
    const campaignId = await campaign();
    const before = Date.now();
    const [one, other] = [await make(campaignId), await make(campaignId)];
    expect(Date.parse(one.to)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(one.to)).toBeLessThanOrEqual(Date.now());
    expect(Date.parse(one.to) - Date.parse(one.from)).toBe(7 * DAY_MS);
    expect(one.runs).toBe(100);
    expect(one.seed).not.toBe(other.seed);
    const early = await make(campaignId, { to: '2026-03-09T00:00:00Z' });
    expect(early.from).toBe('2026-03-02T00:00:00.000Z');
    // Calls since ever.
    const all = await make(campaignId, { from: '0001-01-01T00:00:00Z', to: '2026-03-09T00:00:00Z' });
    expect(all.from).toBe('1970-01-01T00:00:00.000Z');
  });

  it('names by field what cannot be looked at', async () => {
    const campaignId = await campaign();
    const path = `/campaigns/${campaignId}/backtests`;
    const tomorrow = new Date(Date.now() + DAY_MS).toISOString();
    const cases: readonly (readonly [object, number, string])[] = [
      [{ version: 3 }, 422, '/version'],
      [{ version: 2, to: tomorrow }, 422, '/to'],
      [{ version: 2, to: '9999-12-31T23:59:59Z' }, 422, '/to'],
      [{ version: 2, from: tomorrow }, 422, '/from'],
      [{ version: 2, from: '2026-03-02T00:00:00Z', to: '2026-03-02T00:00:00Z' }, 422, '/from'],
      [{ version: 2, from: '2026-03-02T00:00:00.0001Z', to: '2026-03-02T00:00:00.0002Z' }, 422, '/from'],
      [{ version: 2, to: '0001-01-02T00:00:00Z' }, 422, '/from'],
      [{ version: 2, from: 'yesterday' }, 400, '/from'],
      [{ version: 2, runs: 0 }, 400, '/runs'],
      [{ version: 2, runs: 201 }, 400, '/runs'],
      [{ version: 2, seed: '' }, 400, '/seed'],
      [{}, 400, '/version'],
      [{ version: 2, days: 7 }, 400, '/days'],
    ];
    for (const [body, status, pointer] of cases) {
      const { errors } = await refused(path, body, status);
      expect([body, errors?.map((error) => error.pointer)]).toEqual([body, [pointer]]);
    }
    const why = async (body: object, status: number) => (await refused(path, body, status)).detail;
    expect(await why({ version: 3 }, 422)).toBe(
      'version 3 is not published; there are 1 to 2. Publish a draft with "activate": false, so that calls do not get it',
    );
    expect(await why({ version: 2, from: '2026-03-03T00:00:00Z', to: '2026-03-02T00:00:00Z' }, 422)).toBe(
      'from must be before the end of the period, which is 2026-03-02T00:00:00.000Z',
    );
    expect(await why({ version: 2, from: 'yesterday' }, 400)).toContain(
      'from must be an instant, for example 2026-03-02T00:00:00Z',
    );
    expect(await why({ version: 2, seed: '' }, 400)).toContain('seed must be 1 to 64 characters');
    expect((await refused('/campaigns/cmp_nobody/backtests', { version: 1 }, 404)).detail).toBe(
      'There is no campaign cmp_nobody',
    );
    expect(await rowsOf(campaignId)).toEqual([]);
  });

  it('looks at the past of archived campaigns too', async () => {
    const campaignId = await campaign();
    await api.ok('POST', `/campaigns/${campaignId}/archive`, undefined, 200);
    expect((await make(campaignId)).status).toBe('waiting');
  });

  it('is made once for one Idempotency-Key, and another request is refused under it', async () => {
    const campaignId = await campaign();
    const headers = { 'Idempotency-Key': randomUUID() };
    const send = (body: object) => api.send('POST', `/campaigns/${campaignId}/backtests`, { body, headers });
    const answers = await Promise.all([send({ version: 2 }), send({ version: 2 })]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[0]?.text).toBe(answers[1]?.text);
    expect(await rowsOf(campaignId)).toHaveLength(1);
    expect((await send({ version: 1 })).status).toBe(422);
  });

  it('lists backtests newest first, by campaign, page by page', async () => {
    const campaignId = await campaign();
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await make(campaignId)).id);
    await make(await campaign());
    const first = await api.ok<Page<BacktestHead>>('GET', `/backtests?campaignId=${campaignId}&limit=2`);
    const second = await api.ok<Page<BacktestHead>>(
      'GET',
      `/backtests?campaignId=${campaignId}&limit=2&cursor=${first.nextCursor}`,
    );
    expect([first.data, second.data].map((data) => data.map(({ id }) => id))).toEqual([
      [ids[2], ids[1]],
      [ids[0]],
    ]);
    expect(second.nextCursor).toBeNull();
    const all = await api.ok<Page<BacktestHead>>('GET', '/backtests?limit=200');
    expect(new Set(all.data.map((each) => each.campaignId)).size).toBeGreaterThan(1);
    expect(all.data[0]).not.toHaveProperty('result');
    expect((await api.send('GET', '/backtests?cursor=x')).status).toBe(400);
  });

  it('shows what it came to, and the calls that would have gone elsewhere, page by page', async () => {
    const { id } = await make(await campaign());
    await api.db.query(
      `UPDATE backtests SET status = 'completed', result = $2, calls_done = 4702, calls_total = 4702,
              started_at = now(), ended_at = now()
        WHERE id = $1`,
      [id, JSON.stringify(sampleResult())],
    );
    await api.db.query(
      `INSERT INTO backtest_differences (backtest_id, seq, call_id, decided_at, currency, observed_assignment_id,
                                         observed_buyer, observed_price_micros, observed_outcome, observed_revenue,
                                         modelled_assignment_id, modelled_buyer, modelled_price_micros, modelled_runs,
                                         expected_revenue)
       SELECT $1, i, 'call_' || i, now(), 'USD', CASE WHEN i > 1 THEN 'asg_a' END, CASE WHEN i > 1 THEN 'A' END,
              CASE WHEN i > 1 THEN 25000000 END, 'exhausted', 0, 'asg_b', 'B', 30000000, 18, 12345678
         FROM generate_series(1, 11) i`,
      [id],
    );
    const shown = await api.ok<Backtest>('GET', `/backtests/${id}`);
    expect(shown).toMatchObject({ status: 'completed', progress: { calls: 4702, of: 4702 } });
    expect(shown.result).toEqual(sampleResult());

    const seen: BacktestDifference[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: Page<BacktestDifference> = await api.ok(
        'GET',
        `/backtests/${id}/differences?limit=4${query}`,
      );
      expect(page.data.length).toBe(page.nextCursor === null ? 3 : 4);
      seen.push(...page.data);
      cursor = page.nextCursor;
    }
    // By number, so that 2 comes before 11.
    expect(seen.map(({ callId }) => callId)).toEqual(Array.from({ length: 11 }, (_, i) => `call_${i + 1}`));
    expect(seen[0]).toEqual({
      callId: 'call_1',
      at: expect.any(String) as string,
      currency: 'USD',
      observed: null,
      outcome: 'exhausted',
      revenueMicros: '0',
      modelled: { assignmentId: 'asg_b', buyerName: 'B', priceMicros: '30000000' },
      modelledRuns: 18,
      expectedRevenueMicros: '12345678',
    });
    expect(seen[1]?.observed).toEqual({ assignmentId: 'asg_a', buyerName: 'A', priceMicros: '25000000' });
    expect((await refused(`/backtests/${id}/cancel`, undefined, 409)).detail).toContain(
      'is completed already',
    );
  });

  it('has no differences before it is completed, or without a result', async () => {
    const { id } = await make(await campaign());
    const why = async (): Promise<Partial<Refusal>> => {
      const { status, body } = await api.send('GET', `/backtests/${id}/differences`);
      expect(status).toBe(409);
      return body as Refusal;
    };
    expect(await why()).toMatchObject({
      code: 'not_ready',
      detail: `Backtest ${id} is waiting: wait until it is completed`,
    });
    await api.db.query(`UPDATE backtests SET status = 'cancelled', ended_at = now() WHERE id = $1`, [id]);
    expect(await why()).toMatchObject({
      code: 'not_ready',
      detail: `Backtest ${id} was cancelled: it has no differences`,
    });
    await api.db.query(`UPDATE backtests SET status = 'failed', failure = 'No room' WHERE id = $1`, [id]);
    expect(await why()).toMatchObject({
      code: 'not_ready',
      detail: `Backtest ${id} failed: it has no differences. No room`,
    });
  });

  it('asks the workflow to end, however often, and says who did', async () => {
    const { id, campaignId } = await make(await campaign());
    const first = await api.ok<BacktestHead>('POST', `/backtests/${id}/cancel`, undefined, 202);
    expect(first).toMatchObject({ id, status: 'waiting', endedAt: null });
    const { events } = await workflowOf(id).fetchHistory();
    expect(events?.some((each) => each.workflowExecutionCancelRequestedEventAttributes)).toBe(true);
    await api.ok('POST', `/backtests/${id}/cancel`, undefined, 202);
    const { data } = await api.ok<Page<{ action: string; campaignId: string }>>(
      'GET',
      `/audit?entity=backtest&entityId=${id}`,
    );
    expect(data.map((entry) => [entry.action, entry.campaignId])).toEqual([
      ['cancel', campaignId],
      ['cancel', campaignId],
      ['create', campaignId],
    ]);
  });

  it('ends one of which the workflow was terminated', async () => {
    const { id } = await make(await campaign());
    await workflowOf(id).terminate('by mistake');
    expect(await api.ok('POST', `/backtests/${id}/cancel`, undefined, 202)).toMatchObject({
      status: 'cancelled',
      endedAt: expect.any(String) as string,
    });
    expect((await refused(`/backtests/${id}/cancel`, undefined, 409)).detail).toContain(
      'is cancelled already',
    );
  });

  it('are cancelled many at once, though only few are started at once', async () => {
    const campaignId = await campaign();
    const ids: string[] = [];
    for (let i = 0; i < 8; i++) ids.push((await make(campaignId)).id);
    const answers = await Promise.all(ids.map((id) => api.send('POST', `/backtests/${id}/cancel`)));
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 202));
  });

  it('is not found where it is not', async () => {
    for (const path of ['/backtests/bkt_nobody', '/backtests/bkt_nobody/differences', '/backtests/other'])
      expect([path, (await api.send('GET', path)).status]).toEqual([path, 404]);
    await refused('/backtests/bkt_nobody/cancel', undefined, 404);
  });

  it('is not made while Temporal is away, and can be asked for again under the same key', async () => {
    const alone = await startApi({ temporalAddress: '127.0.0.1:9', patienceMs: 500 });
    try {
      await alone.ok('PUT', '/campaigns/cmp_alone/config', sampleConfig('cmp_alone'));
      const request = { body: { version: 1 }, headers: { 'Idempotency-Key': randomUUID() } };
      const send = () => alone.send('POST', '/campaigns/cmp_alone/backtests', request);
      for (let i = 0; i < 2; i++) {
        const { status, body } = await send();
        expect([status, (body as Refusal).detail]).toEqual([
          503,
          expect.stringContaining('was not made: try again') as string,
        ]);
      }
      const busy = await Promise.all(
        Array.from({ length: 6 }, () =>
          alone.send('POST', '/campaigns/cmp_alone/backtests', { body: { version: 1 } }),
        ),
      );
      // No more than four keep a connection to the database waiting.
      expect(busy.filter(({ text }) => text.includes('Other backtests')).length).toBe(2);
      expect(await alone.ok('GET', '/backtests')).toEqual({ data: [], nextCursor: null });
    } finally {
      await alone.stop();
    }
  });
});
