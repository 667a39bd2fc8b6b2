import { randomUUID } from 'node:crypto';
import { DateTime } from 'luxon';
import type { Page } from '../../contract/page';
import type { Report } from '../../contract/resources/report';
import type { SavedReport } from '../../contract/resources/saved-report';
import { startApi, type ApiServer } from './api-server';
import { insertCalls } from './report-fixture';

const ZONE = 'Pacific/Auckland';

describe('saved reports', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
    await api.ok('POST', '/campaigns', { id: 'cmp_a', name: 'A', timeZone: 'UTC', currency: 'USD' });
    await api.ok('POST', '/buyers', { id: 'buy_a', name: 'Ann', timeZone: 'UTC' });
    await insertCalls(
      api,
      Array.from({ length: 70 }, (_, index) => ({
        id: `call_${index}`,
        campaign: 'cmp_a',
        buyer: 'buy_a',
        at: DateTime.utc()
          .minus({ hours: 23 * index, minutes: 1 })
          .toISO(),
        ...(index % 2 === 0 ? { came: 'connected' as const } : {}),
      })),
    );
  });
  afterAll(() => api.stop());

  const make = (body: object): Promise<SavedReport> => api.ok('POST', '/saved-reports', body);

  it('are made, read, changed and given up, each edit with its revision and in the audit trail', async () => {
    const body = { id: 'rep_all', name: ' All ', query: { by: 'buyer' } };
    const key = { 'Idempotency-Key': randomUUID() };
    const made = await api.send('POST', '/saved-reports', { body, headers: key });
    const again = await api.send('POST', '/saved-reports', { body, headers: key });
    expect([made.status, again.status, again.text]).toEqual([201, 201, made.text]);
    expect(made.headers.get('location')).toBe('/api/v1/saved-reports/rep_all');
    expect(made.body).toMatchObject({ name: 'All', range: { lastDays: 30 }, revision: 1 });

    const range = { period: 'last_week' };
    const stale = { body: { range }, headers: { 'If-Match': '"7"' } };
    expect((await api.send('PATCH', '/saved-reports/rep_all', stale)).status).toBe(412);
    const fresh = { body: { range }, headers: { 'If-Match': '"1"' } };
    const changed = await api.send('PATCH', '/saved-reports/rep_all', fresh);
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    expect((await api.send('PATCH', '/saved-reports/rep_all', { body: { range } })).headers.get('etag')).toBe(
      '"2"',
    );
    expect(await api.ok('GET', '/saved-reports/rep_all')).toMatchObject({ query: { by: 'buyer' }, range });
    await api.ok('DELETE', '/saved-reports/rep_all', undefined, 204);
    expect((await api.send('GET', '/saved-reports/rep_all')).status).toBe(404);
    const { data } = await api.ok<Page<{ action: string }>>(
      'GET',
      '/audit?entity=saved_report&entityId=rep_all',
    );
    expect(data.map(({ action }) => action)).toEqual(['delete', 'update', 'create']);
  });

  it('are listed page by page, and each have a name of their own', async () => {
    const first = await make({ name: 'One' });
    const second = await make({ name: 'Two' });
    const newest = await api.ok<Page<SavedReport>>('GET', '/saved-reports?limit=1');
    expect(newest.data.map(({ id }) => id)).toEqual([second.id]);
    const older = await api.ok<Page<SavedReport>>(
      'GET',
      `/saved-reports?limit=1&cursor=${newest.nextCursor}`,
    );
    expect(older.data.map(({ id }) => id)).toEqual([first.id]);
    const taken = await api.send('POST', '/saved-reports', { body: { name: 'One' } });
    expect(taken).toMatchObject({ status: 409, body: { errors: [{ pointer: '/name' }] } });
    const renamed = await api.send('PATCH', `/saved-reports/${second.id}`, { body: { name: 'One' } });
    expect(renamed.status).toBe(409);
  });

  it('are refused when they could not be run, with the field that is wrong', async () => {
    const refused = async (body: object): Promise<unknown> => {
      const { status, body: problem } = await api.send('POST', '/saved-reports', {
        body: { name: 'N', ...body },
      });
      const { errors } = problem as { errors: { pointer: string }[] };
      return [status, ...errors.map(({ pointer }) => pointer)];
    };
    expect(await refused({ query: { by: 'planet' } })).toEqual([400, '/query/by']);
    expect(await refused({ query: { sort: 'up' } })).toEqual([400, '/query/sort']);
    expect(await refused({ query: { from: '2026-03-02' } })).toEqual([400, '/query/from']);
    expect(await refused({ query: { with: 'goal', by: 'buyer' } })).toEqual([400, '/query/with']);
    expect(await refused({ range: { from: '2026-03-02', to: '2026-03-02' } })).toEqual([400, '/range/to']);
    expect(await refused({ range: { period: 'this_year' } })).toEqual([400, '/range/period']);
    for (const from of ['2026-03-01T00:07:00Z', '0000-01-01', '1999-12-31', '2026-02-30'])
      expect([
        from,
        await refused({ range: { from, to: from.length === 10 ? '2026-03-02' : '2026-03-02T00:00:00Z' } }),
      ]).toEqual([from, [400, '/range/from']]);
    const decades = { from: '2000-01-01', to: '2020-01-01' };
    expect(await refused({ range: decades })).toEqual([400, '/range/from']);
  });

  it('run as the same report does over the days they stand for now, in their zone', async () => {
    const query = { by: 'buyer,day', zone: ZONE, compare: 'previous', measures: 'received,connected' };
    const today = DateTime.now().setZone(ZONE).startOf('day');
    const ranges: [object, DateTime, DateTime][] = [
      [{ lastDays: 10 }, today.minus({ days: 9 }), today.plus({ days: 1 })],
      [{ period: 'last_month' }, today.startOf('month').minus({ months: 1 }), today.startOf('month')],
      [{ period: 'this_week' }, today.startOf('week'), today.startOf('week').plus({ weeks: 1 })],
    ];
    for (const [range, from, to] of ranges) {
      const { id } = await make({ name: JSON.stringify(range), query, range });
      const run = await api.ok<Report>('GET', `/saved-reports/${id}/report`);
      const asked = new URLSearchParams({ ...query, from: from.toISODate() ?? '', to: to.toISODate() ?? '' });
      expect(run).toEqual(await api.ok<Report>('GET', `/reports?${asked.toString()}`));
      expect(run.rows.length).toBeGreaterThan(0);
      const csv = await api.send('GET', `/saved-reports/${id}/csv`);
      expect(csv.headers.get('content-disposition')).toBe(`attachment; filename="${id}.csv"`);
      expect(csv.text).toBe((await api.send('GET', `/reports/csv?${asked.toString()}`)).text);
      expect(csv.text.trimEnd().split('\n')).toHaveLength(run.rows.length + 1);
    }
  });

  it('cannot be asked otherwise where they are run', async () => {
    const { id } = await make({ name: 'Fixed', range: { period: 'today' } });
    for (const what of ['report', 'csv']) {
      const answer = await api.send('GET', `/saved-reports/${id}/${what}?by=campaign`);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/by' }] } });
    }
  });

  it('that cannot be run any more are still there to be mended', async () => {
    const { id } = await make({ name: 'Old' });
    await api.db.query(`UPDATE saved_reports SET query = '{"by": "planet"}' WHERE id = $1`, [id]);
    for (const what of ['report', 'csv'])
      expect((await api.send('GET', `/saved-reports/${id}/${what}`)).status).toBe(422);
    expect(await api.ok('PATCH', `/saved-reports/${id}`, { query: {} })).toMatchObject({ query: {} });
    for (const from of ['2026-03-01T00:07:00Z', '0000-01-01T00:00:00Z']) {
      const range = { from, to: '2026-03-02T00:00:00Z' };
      await api.db.query('UPDATE saved_reports SET "range" = $2 WHERE id = $1', [id, range]);
      expect(await api.ok('GET', `/saved-reports/${id}`)).toMatchObject({ range });
      for (const what of ['report', 'csv']) {
        const { status, body } = await api.send('GET', `/saved-reports/${id}/${what}`);
        expect([status, body]).toEqual([
          422,
          expect.objectContaining({
            detail: expect.stringContaining('mend it: The query is not valid: from'),
          }),
        ]);
      }
    }
  });
});
