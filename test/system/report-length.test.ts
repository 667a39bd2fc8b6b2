import type { Queryable, Statement } from '../../db/pool';
import { reportQuerySchema } from '../../contract/resources/report';
import { readAsked } from '../../api/reports/query';
import { runReport } from '../../api/reports/run';
import { startApi, type ApiServer } from './api-server';

const QUERY = { by: 'tag:session', measures: 'received', from: '2026-03-02', to: '2026-03-03' };

describe('a report of more lines than one answer takes', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
    await api.ok('POST', '/campaigns', { id: 'cmp_a', name: 'A', currency: 'USD', timeZone: 'UTC' });
    await api.db.query(
      `INSERT INTO calls (id, carrier, account_sid, sid, workflow_id, campaign_id, caller, dialed, state, outcome,
                          received_at, ended_at, duration_seconds, qualifications)
       SELECT 'call_' || n, 'twilio', 'AC1', 'CA' || n, 'w' || n, 'cmp_a', '+14155550123', '+14155550100', 'ended',
              'exhausted', '2026-03-02T10:00:00Z', '2026-03-02T10:01:00Z', 60, jsonb_build_object('session', n::text)
         FROM generate_series(1, 10200) AS s (n)`,
    );
  });
  afterAll(() => api.stop());

  it('is refused, and says what to do', async () => {
    const { status, body } = await api.send('GET', `/reports?${new URLSearchParams(QUERY).toString()}`);
    expect([status, body]).toEqual([
      422,
      expect.objectContaining({ detail: expect.stringContaining('more than 10,000 lines') }),
    ]);
  });

  it('is not fetched: one line too many tells', async () => {
    let fetched = 0;
    const counting: Queryable = {
      async query<Row extends object>(statement: Statement) {
        const answer = await api.db.query<Row & Record<string, unknown>>(statement);
        fetched = Math.max(fetched, answer.rows.length);
        return answer;
      },
    };
    const asked = readAsked(reportQuerySchema.parse(QUERY), Date.now());
    await expect(runReport(counting, asked)).rejects.toMatchObject({ code: 'unprocessable' });
    expect(fetched).toBe(10_001);
  });

  it('is an answer again with the top of it', async () => {
    const query = new URLSearchParams({ ...QUERY, top: '5' });
    expect(await api.ok('GET', `/reports?${query.toString()}`)).toMatchObject({
      rows: Array.from({ length: 5 }, () => ({ values: { received: 1 } })),
      rest: [{ values: { received: 10_195 } }],
      totals: [{ values: { received: 10_200 } }],
    });
  });
});
