import type { ReportVerification } from '../../contract/resources/report';
import { gatherChanges, rollUpHours } from '../../db/queries/reports/roll-up';
import { startApi, type ApiServer } from './api-server';
import { eventually } from './eventually';
import { bookEntries, insertCalls } from './report-fixture';

const AT = '2026-03-02T10:00:00Z';

describe('the currency of a draft', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
    for (const id of ['cmp_calls', 'cmp_spend', 'cmp_late', 'cmp_new'])
      await api.ok('POST', '/campaigns', { id, name: id, currency: 'USD', timeZone: 'UTC' });
  });
  afterAll(() => api.stop());

  const patch = (id: string) => api.send('PATCH', `/campaigns/${id}`, { body: { currency: 'EUR' } });
  const apply = (id: string, dryRun: boolean) => {
    const campaign = { id, name: id, currency: 'EUR', timeZone: 'UTC' };
    return api.send('PUT', `/campaigns/${id}/config?dryRun=${dryRun}`, { body: { campaign, plan: null } });
  };
  const refused = (status: number, pointer: string) => ({
    status,
    body: { errors: [{ pointer, message: expect.stringContaining('has calls or entries of the ledger') }] },
  });

  it('stays once it has a call, also by its document', async () => {
    await insertCalls(api, [{ id: 'paused', campaign: 'cmp_calls', at: AT }]);
    expect(await patch('cmp_calls')).toMatchObject(refused(409, '/currency'));
    for (const dryRun of [true, false])
      expect(await apply('cmp_calls', dryRun)).toMatchObject(refused(422, '/campaign/currency'));
    await gatherChanges(api.db);
    await rollUpHours(api.db, 100, '2200-01-01T00:00:00Z');
    const { differences } = await api.ok<ReportVerification>('GET', '/reports/verification');
    expect(differences).toEqual([]);
  });

  it('stays once something is booked on it', async () => {
    await bookEntries(api, [{ cause: 'ads', kind: 'ad_spend', campaign: 'cmp_spend', micros: 1, at: AT }]);
    expect(await patch('cmp_spend')).toMatchObject(refused(409, '/currency'));
  });

  it('stays for a call on its way in', async () => {
    const call = await api.db.connect();
    try {
      await call.query('BEGIN');
      await insertCalls({ db: call }, [{ id: 'late', campaign: 'cmp_late', at: AT }]);
      const answer = patch('cmp_late');
      await eventually(async () => {
        const { rows } = await api.db.query<{ waiting: number }>(
          `SELECT count(*)::integer AS waiting FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        expect(rows).toEqual([{ waiting: 1 }]);
      });
      await call.query('COMMIT');
      expect(await answer).toMatchObject(refused(409, '/currency'));
    } finally {
      call.release();
    }
  });

  it('changes before that, by either way', async () => {
    expect(await patch('cmp_new')).toMatchObject({ status: 200, body: { currency: 'EUR' } });
    await api.ok('PATCH', '/campaigns/cmp_new', { currency: 'GBP' });
    expect((await apply('cmp_new', false)).status).toBe(200);
    expect(await api.ok('GET', '/campaigns/cmp_new')).toMatchObject({ currency: 'EUR' });
  });
});
