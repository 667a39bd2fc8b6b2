import { askSaved } from '../../api/reports/saved';
import {
  newSavedReportSchema,
  savedReportSchema,
  type SavedRange,
  type SavedReport,
} from '../../contract/resources/saved-report';
import type { Asked } from '../../api/reports/query';

function saved(range: SavedRange, query: Record<string, string | string[]> = {}): SavedReport {
  const at = '2026-01-01T00:00:00Z';
  return savedReportSchema.parse({
    id: 'rep_x',
    name: 'X',
    query,
    range,
    revision: 1,
    createdAt: at,
    updatedAt: at,
  });
}

const ask = (range: SavedRange, at: string, query?: Record<string, string | string[]>): Asked['query'] =>
  askSaved(saved(range, query), Date.parse(at)).query;

const daysOf = (range: SavedRange, at: string, zone: string): unknown => ask(range, at, { zone }).range;

const days = (from: string, to: string) => ({
  from: { kind: 'day', date: from },
  to: { kind: 'day', date: to },
});

describe('a saved report', () => {
  it('is over days as the clock in its own zone shows them when it is run', () => {
    const turn = '2026-03-01T05:30:00Z'; // still February in Chicago, March in Berlin
    const month: SavedRange = { period: 'this_month' };
    expect(daysOf(month, turn, 'America/Chicago')).toEqual(days('2026-02-01', '2026-03-01'));
    expect(daysOf(month, turn, 'Europe/Berlin')).toEqual(days('2026-03-01', '2026-04-01'));
    expect(daysOf({ period: 'yesterday' }, turn, 'America/Chicago')).toEqual(
      days('2026-02-27', '2026-02-28'),
    );
    expect(daysOf({ lastDays: 7 }, turn, 'UTC')).toEqual(days('2026-02-23', '2026-03-02'));
  });

  it('knows the right day on nights when clocks change', () => {
    // 23:30 on the day that has 23 hours, and 00:30 after it.
    expect(daysOf({ period: 'today' }, '2026-03-09T03:30:00Z', 'America/New_York')).toEqual(
      days('2026-03-08', '2026-03-09'),
    );
    expect(daysOf({ period: 'yesterday' }, '2026-03-09T04:30:00Z', 'America/New_York')).toEqual(
      days('2026-03-08', '2026-03-09'),
    );
    // The second midnight of a day that has two.
    expect(daysOf({ period: 'today' }, '2026-11-01T05:10:00Z', 'America/Havana')).toEqual(
      days('2026-11-01', '2026-11-02'),
    );
  });

  it('compares whole months with whole months', () => {
    const { before } = ask({ period: 'last_month' }, '2026-03-31T12:00:00Z', { compare: 'previous' });
    expect(before).toEqual(days('2026-01-01', '2026-02-01'));
  });

  it('keeps a fixed range, of days or of instants', () => {
    const instants = { from: '2026-03-02T09:15:00Z', to: '2026-03-02T10:00:00Z' };
    expect(ask(instants, '2027-01-01T00:00:00Z').range).toEqual({
      from: { kind: 'instant', at: '2026-03-02T09:15:00.000Z' },
      to: { kind: 'instant', at: '2026-03-02T10:00:00.000Z' },
    });
  });

  it('asks what its query says, and what a report asks by itself where it says nothing', () => {
    const query = ask({ lastDays: 1 }, '2026-03-02T00:00:00Z', {
      by: 'buyer,week',
      top: '5',
      tag: ['intent:quote,service', 'zone:north'],
      buyer: '(none),buy_a',
    });
    expect(query).toMatchObject({
      by: ['buyer', 'week'],
      top: 5,
      filter: {
        dimensions: { buyer: [null, 'buy_a'] },
        tags: { intent: ['quote', 'service'], zone: ['north'] },
      },
    });
    expect(ask({ lastDays: 1 }, '2026-03-02T00:00:00Z').by).toEqual(['campaign']);
  });

  it('that cannot be run any more says so, and how to mend it', () => {
    const old = { ...saved({ lastDays: 1 }), query: { by: 'planet' } };
    expect(() => askSaved(old, 0)).toThrow(/rep_x cannot be run, mend it: .*"planet" is no dimension/);
  });

  it('names the field of a query that is wrong', () => {
    const pointers = (query: unknown): string[] =>
      (newSavedReportSchema.safeParse({ name: 'X', query }).error?.issues ?? []).map(({ path }) =>
        path.join('/'),
      );
    expect(pointers({ by: 'planet', top: '0', from: '2026-03-02' }).toSorted()).toEqual([
      'query/by',
      'query/from',
      'query/top',
    ]);
    expect(pointers({ by: 'buyer' })).toEqual([]);
  });
});
