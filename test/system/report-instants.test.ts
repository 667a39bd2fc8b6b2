import type { Report } from '../../contract/resources/report';
import { gatherChanges, rollUpHours } from '../../db/queries/reports/roll-up';
import { startApi, type ApiServer } from './api-server';
import { insertCalls } from './report-fixture';

describe('a report over instants within an hour', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
    await api.ok('POST', '/campaigns', { id: 'cmp_a', name: 'A', currency: 'USD', timeZone: 'UTC' });
    await insertCalls(
      api,
      ['09:14:59.999', '09:15:00', '09:29:59.999', '09:30:00', '10:14:00', '10:15:00'].map(
        (clock, index) => ({
          id: `call_${index}`,
          campaign: 'cmp_a',
          at: `2026-03-02T${clock}Z`,
        }),
      ),
    );
  });
  afterAll(() => api.stop());

  const received = async (from: string, to: string): Promise<unknown> => {
    const query = `by=campaign&measures=received&compare=previous&from=2026-03-02T${from}Z&to=2026-03-02T${to}Z`;
    const { rows } = await api.ok<Report>('GET', `/reports?${query}`);
    return rows.map(({ values, previous }) => [values.received, previous?.received]);
  };

  it.each(['before', 'after'])(
    'counts the calls between them, %s these hours are rolled up',
    async (when) => {
      if (when === 'after') {
        await gatherChanges(api.db);
        await rollUpHours(api.db, 100, '2200-01-01T00:00:00Z');
      }
      expect(await received('09:15:00', '09:30:00')).toEqual([[2, 1]]);
      expect(await received('09:15:00', '10:15:00')).toEqual([[4, 1]]);
      expect(await received('09:00:00', '10:00:00')).toEqual([[4, 0]]);
    },
  );
});
