import { canGoOn, readCursor, writeCursor } from '../../api/live/cursor';
import { narrowCounters, wantsCall } from '../../api/live/filter';
import { mayBeNewTo, readSnapshot, shortened } from '../../api/live/snapshot';

const ALL = { campaignId: null, buyerId: null };
const at = '2026-03-02T10:00:00.000Z';

describe('what a client has seen', () => {
  it('is what the id of an event says, for the same filter alone', () => {
    const cursor = { at, snapshot: '10:20:12,15' };
    const id = writeCursor(cursor, ALL);
    expect(id).toMatch(/^[\w-]+$/);
    expect(readCursor(id, ALL)).toEqual(cursor);
    expect(readCursor(id, { ...ALL, campaignId: 'cmp_a' })).toBeNull();
    expect(readCursor(id, { ...ALL, buyerId: 'buy_a' })).toBeNull();
    expect(readCursor(undefined, ALL)).toBeNull();
  });

  it.each(['', '10:20', '20:10:', '10:20:9', '10:20:20', '10:20:15,12', '0:20:', 'a:b:', '10:20:12,'])(
    'is no snapshot: "%s"',
    (text) => {
      expect(readSnapshot(text)).toBeNull();
    },
  );

  it('is shortened to what was over for certain when very many transactions were under way', () => {
    const many = Array.from({ length: 200 }, (_, i) => 1000 + i).join(',');
    expect(shortened(`1000:1300:${many}`)).toBe('1000:1000:');
    expect(shortened('10:20:12,15')).toBe('10:20:12,15');
  });

  it('may lack rows of transactions that were not over, also past the turn of 32 bits', () => {
    const round = 2n ** 32n;
    const seen = readSnapshot(`${5n * round - 10n}:${5n * round + 10n}:`);
    if (seen === null) throw new Error('it is one');
    expect(mayBeNewTo(seen, round - 11n)).toBe(false);
    expect(mayBeNewTo(seen, round - 10n)).toBe(true);
    expect(mayBeNewTo(seen, 3n)).toBe(true);
  });

  it('can be gone on from for 15 minutes, and at the same server', () => {
    const now = { at: '2026-03-02T10:14:59.000Z', snapshot: '30:30:' };
    expect(canGoOn({ at, snapshot: '10:20:' }, now)).toBe(true);
    expect(canGoOn({ at, snapshot: '10:31:' }, now)).toBe(false);
    expect(canGoOn({ at: '2026-03-02T09:59:58.000Z', snapshot: '10:20:' }, now)).toBe(false);
    expect(canGoOn({ at: '2026-03-02T10:17:00.000Z', snapshot: '10:20:' }, now)).toBe(false);
  });
});

describe('what a client wants to see', () => {
  it('is all, of a campaign, of a buyer, or of a buyer in a campaign', () => {
    const call = { campaignId: 'cmp_a', buyerId: 'buy_a' };
    expect(wantsCall(ALL, call)).toBe(true);
    expect(wantsCall({ campaignId: 'cmp_a', buyerId: 'buy_a' }, call)).toBe(true);
    expect(wantsCall({ campaignId: 'cmp_a', buyerId: 'buy_b' }, call)).toBe(false);
    expect(wantsCall({ campaignId: 'cmp_b', buyerId: null }, call)).toBe(false);
    expect(wantsCall(ALL, null)).toBe(false);
  });

  it('is of counters the buyer alone, beside the campaign', () => {
    const counts = {
      routed: 1,
      connected: 1,
      converted: 1,
      inProgress: 0,
      revenueMicros: '1',
      payoutMicros: '0',
      costMicros: '0',
    };
    const counters = {
      campaignId: 'cmp_a',
      campaignName: 'A',
      timeZone: 'UTC',
      day: '2026-03-02',
      currency: 'USD',
      received: 2,
      ...counts,
      buyers: ['buy_a', 'buy_b'].map((buyerId) => ({ buyerId, buyerName: buyerId, ...counts })),
    };
    expect(
      narrowCounters({ ...ALL, buyerId: 'buy_b' }, counters)?.buyers.map(({ buyerId }) => buyerId),
    ).toEqual(['buy_b']);
    expect(narrowCounters({ ...ALL, buyerId: 'buy_c' }, counters)).toBeNull();
    expect(narrowCounters({ ...ALL, campaignId: 'cmp_b' }, counters)).toBeNull();
  });
});
