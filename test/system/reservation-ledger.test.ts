import type { Pool } from 'pg';
import { OverReserved, UnknownReservation, type ReservationLedger } from '../../db/limits/reservation-ledger';
import { ONLY_DIALLED, type Happened } from '../../domain/limits/happened';
import { createPool } from '../../db/pool';
import type { ReservationId } from '../../domain/ids';
import type { CountedEvent, LimitWindow, Scope } from '../../domain/limits/limit';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import { eventually } from './eventually';
import { candidateOn, countersOf, insertTestLimit, putFakeClock, requestFor } from './limit-fixture';
import { createTestLedger } from './test-ledger';

const CONNECTED: Happened = {
  dialled: true,
  connected: true,
  converted: false,
  spent: 0n,
  paid: false,
  payout: 0n,
};

describe('the reservation ledger', () => {
  let database: TestDatabase;
  let db: Pool;
  let ledger: ReservationLedger;
  let other: ReservationLedger;
  let setClock: (to: string) => Promise<void>;
  let named = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 5, applicationName: 'test', onIdleError: () => undefined });
    ledger = createTestLedger(database.url);
    other = createTestLedger(database.url);
    setClock = await putFakeClock(db, '2026-03-02T12:00:00Z');
  });
  beforeEach(() => setClock('2026-03-02T12:00:00Z'));
  afterAll(async () => {
    await Promise.all([ledger.close(), other.close()]);
    await db.end();
    await database.drop();
  });

  const next = (): string => `${(named += 1)}`;
  const granted = async (id: string, ...scopes: Scope[]): Promise<boolean> =>
    (await ledger.reserve(requestFor(id, [candidateOn(scopes)]))).kind === 'granted';
  const post = (id: string, happened: Partial<Happened> = {}): Promise<boolean> =>
    ledger.post(id as ReservationId, { ...CONNECTED, ...happened });
  const giveBack = (id: string, dialled = true): Promise<boolean> =>
    ledger.void(id as ReservationId, { dialled });

  /** A limit of its own, on a scope of its own. */
  async function limit(
    window: LimitWindow,
    counts: CountedEvent,
    maximum: number,
    more: { kind?: 'buyer' | 'publisher'; timeZone?: string; currency?: string } = {},
  ): Promise<{ id: string; scope: Scope }> {
    const n = next();
    const scope: Scope = `${more.kind ?? 'buyer'}:s${n}`;
    await insertTestLimit(db, { id: `lim_${n}`, scope, window, counts, maximum, ...more });
    return { id: `lim_${n}`, scope };
  }

  it('grants the first candidate with room, and names each limit that stood in the way of those before', async () => {
    const one = await limit('day', 'connection', 0);
    const two = await limit('concurrency', 'attempt', 1);
    const answer = await ledger.reserve(
      requestFor(next(), [candidateOn([one.scope]), candidateOn([two.scope])]),
    );
    expect(answer).toMatchObject({
      kind: 'granted',
      assignmentId: two.scope,
      refusals: [
        { assignmentId: one.scope, limitId: one.id, window: 'day', counts: 'connection', reason: 'full' },
      ],
    });
  });

  it('looks through any number of candidates, and keeps all refusals of those who had no room', async () => {
    const full = await limit('total', 'attempt', 0);
    const free = await limit('total', 'attempt', 1);
    const many = Array.from({ length: 100 }, () => candidateOn([full.scope]));
    const answer = await ledger.reserve(requestFor(next(), [...many, candidateOn([free.scope])]));
    expect(answer).toMatchObject({ kind: 'granted', assignmentId: free.scope });
    expect(answer.refusals).toHaveLength(100);
  });

  it('takes all limits of an attempt together, or none', async () => {
    const [one, two] = [await limit('day', 'connection', 5), await limit('day', 'connection', 0)];
    expect(await granted(next(), one.scope, two.scope)).toBe(false);
    expect(await countersOf(db, one.id)).toEqual([{ posted: 0, pending: 0 }]);
    await db.query('UPDATE limits SET maximum = 1 WHERE id = $1', [two.id]);
    expect(await granted(next(), one.scope, two.scope)).toBe(true);
    expect(await countersOf(db, one.id)).toEqual([{ posted: 0, pending: 1 }]);
    expect(await granted(next(), one.scope, two.scope)).toBe(false);
    expect(await countersOf(db, one.id)).toEqual([{ posted: 0, pending: 1 }]);
  });

  it.each<[CountedEvent, Partial<Happened>, number]>([
    ['attempt', {}, 1],
    ['connection', {}, 1],
    ['conversion', {}, 0],
    ['conversion', { converted: true }, 1],
  ])('counts a %s when it happened: %j', async (counts, happened, posted) => {
    const { id, scope } = await limit('day', counts, 1);
    const reservation = next();
    expect(await granted(reservation, scope)).toBe(true);
    expect(await granted(next(), scope)).toBe(false);
    await post(reservation, happened);
    expect(await countersOf(db, id)).toEqual([{ posted, pending: 0 }]);
    expect(await granted(next(), scope)).toBe(posted === 0);
  });

  it('counts an attempt that did not connect, gives back the connection, and all of what was never dialled', async () => {
    const [attempts, connections] = [await limit('day', 'attempt', 2), await limit('day', 'connection', 2)];
    const [dialled, never] = [next(), next()];
    await granted(dialled, attempts.scope, connections.scope);
    await granted(never, attempts.scope, connections.scope);
    await giveBack(dialled);
    await giveBack(never, false);
    expect(await countersOf(db, attempts.id)).toEqual([{ posted: 1, pending: 0 }]);
    expect(await countersOf(db, connections.id)).toEqual([{ posted: 0, pending: 0 }]);
  });

  it('holds the most an attempt can cost, posts what it did, and gives back the rest', async () => {
    const { id, scope } = await limit('day', 'spend', 100);
    const buy = (reservation: string, spend: bigint) =>
      ledger.reserve(requestFor(reservation, [candidateOn([scope], { spend })]));
    const [one, two] = [next(), next()];
    expect((await buy(one, 60n)).kind).toBe('granted');
    expect((await buy(two, 41n)).kind).toBe('refused');
    expect((await buy(next(), 40n)).kind).toBe('granted');
    await expect(post(one, { spent: 61n })).rejects.toThrow(OverReserved);
    await post(one, { spent: 25n });
    expect(await countersOf(db, id)).toEqual([{ posted: 25, pending: 40 }]);
    expect((await buy(next(), 35n)).kind).toBe('granted');
    expect((await buy(next(), 1n)).kind).toBe('refused');
    // What costs nothing always fits.
    expect((await buy(next(), 0n)).kind).toBe('granted');
  });

  it("counts the publisher's money and conversions on a publisher, the buyer's elsewhere", async () => {
    const scopes = await Promise.all([
      limit('day', 'spend', 100, { kind: 'publisher' }),
      limit('day', 'spend', 100),
      limit('day', 'conversion', 9, { kind: 'publisher' }),
    ]);
    const [publisher, buyer, paid] = scopes;
    const id = next();
    const all = scopes.map(({ scope }) => scope);
    await ledger.reserve(requestFor(id, [candidateOn(all, { spend: 50n, payout: 20n })]));
    expect(await countersOf(db, publisher.id)).toEqual([{ posted: 0, pending: 20 }]);
    await post(id, { converted: false, spent: 0n, paid: true, payout: 20n });
    expect(await countersOf(db, publisher.id)).toEqual([{ posted: 20, pending: 0 }]);
    expect(await countersOf(db, buyer.id)).toEqual([{ posted: 0, pending: 0 }]);
    expect(await countersOf(db, paid.id)).toEqual([{ posted: 1, pending: 0 }]);
  });

  it('refuses money in another currency than the limit counts', async () => {
    const { scope } = await limit('day', 'spend', 100, { currency: 'USD' });
    const answer = await ledger.reserve(
      requestFor(next(), [candidateOn([scope], { spend: 1n, currency: 'EUR' })]),
    );
    expect(answer).toMatchObject({ kind: 'refused', refusals: [{ reason: 'currency' }] });
  });

  it('gives concurrency back whatever happened', async () => {
    const { id, scope } = await limit('concurrency', 'attempt', 1);
    const [one, two] = [next(), next()];
    await granted(one, scope);
    expect(await granted(next(), scope)).toBe(false);
    await post(one);
    expect(await granted(two, scope)).toBe(true);
    await giveBack(two);
    expect(await countersOf(db, id)).toEqual([{ posted: 0, pending: 0 }]);
  });

  it('gives the same answer to the same id, granted or refused, whatever has changed since', async () => {
    const { id, scope } = await limit('total', 'connection', 1);
    const [one, two] = [next(), next()];
    expect(await granted(one, scope)).toBe(true);
    expect(await granted(two, scope)).toBe(false);
    await db.query('UPDATE limits SET maximum = 9 WHERE id = $1', [id]);
    const again = await Promise.all(
      [ledger, other, ledger, other].flatMap((each) =>
        [one, two].map((reservation) => each.reserve(requestFor(reservation, [candidateOn([scope])]))),
      ),
    );
    expect(again.map(({ kind }) => kind)).toEqual([
      'granted',
      'refused',
      'granted',
      'refused',
      'granted',
      'refused',
      'granted',
      'refused',
    ]);
    expect(await countersOf(db, id)).toEqual([{ posted: 0, pending: 1 }]);
    await giveBack(one);
    expect(await ledger.reserve(requestFor(one, [candidateOn([scope])]))).toMatchObject({
      kind: 'granted',
      held: false,
    });
    expect(await countersOf(db, id)).toEqual([{ posted: 0, pending: 0 }]);
  });

  it('reserves a new id once when two processes and one batch ask for it at the same time', async () => {
    const { id, scope } = await limit('total', 'connection', 100);
    for (let round = 0; round < 20; round++) {
      const reservation = next();
      const asked = requestFor(reservation, [candidateOn([scope])]);
      await Promise.all([ledger, other, ledger, other, ledger].map((each) => each.reserve(asked)));
    }
    expect(await countersOf(db, id)).toEqual([{ posted: 0, pending: 20 }]);
  });

  it('gives the last place to one of four processes that ask for it in the same moment', async () => {
    const processes = [ledger, other, createTestLedger(database.url), createTestLedger(database.url)];
    for (let round = 0; round < 60; round++) {
      const { scope } = await limit('total', 'connection', 1);
      const answers = await Promise.all(
        processes.map((each) => each.reserve(requestFor(next(), [candidateOn([scope])]))),
      );
      expect(answers.filter(({ kind }) => kind === 'granted')).toHaveLength(1);
    }
    await Promise.all(processes.slice(2).map((each) => each.close()));
  });

  it('resolves each id once, whoever comes later and however often', async () => {
    const { id, scope } = await limit('total', 'connection', 10);
    const reservation = next();
    await granted(reservation, scope);
    const outcomes = await Promise.all([
      post(reservation),
      giveBack(reservation),
      other.post(reservation as ReservationId, CONNECTED),
      ledger.expire(reservation as ReservationId, ONLY_DIALLED),
      post(reservation),
    ]);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    const [counter] = await countersOf(db, id);
    expect(counter?.pending).toBe(0);
    expect(counter?.posted).toBeLessThanOrEqual(1);
    await expect(post('never heard of')).rejects.toThrow(UnknownReservation);
  });

  it('gives out the last places of a batch in the order of asking, and refuses only who finds it full', async () => {
    const { scope } = await limit('total', 'connection', 3);
    const ids = Array.from({ length: 20 }, next);
    const kinds = await Promise.all(ids.map((id) => granted(id, scope)));
    expect(kinds).toEqual([true, true, true, ...(Array(17).fill(false) as boolean[])]);
  });

  it('does not refuse one for what another of its batch could not take either', async () => {
    // The first wants both and finds the second limit full: what it wanted of the first is free for the other.
    const [shared, closed] = [await limit('total', 'connection', 1), await limit('total', 'connection', 0)];
    const [both, one] = [next(), next()];
    expect(
      await Promise.all([granted(both, shared.scope, closed.scope), granted(one, shared.scope)]),
    ).toEqual([false, true]);
    // And where a race decides it: three of two places each, crosswise.
    const [left, right] = [await limit('total', 'connection', 1), await limit('total', 'connection', 2)];
    const answers = await Promise.all([
      granted(next(), left.scope, right.scope),
      granted(next(), left.scope, right.scope),
      granted(next(), right.scope),
    ]);
    expect(answers).toEqual([true, false, true]);
  });

  it('fails alone when it is poison: a NUL in its id, money beyond all bounds', async () => {
    const { id, scope } = await limit('total', 'spend', 1_000_000);
    const asked = ['1', '2', 'nul\u0000', '3', '4'].map((name) =>
      ledger.reserve(requestFor(`poison ${name}`, [candidateOn([scope], { spend: 1n })])),
    );
    const huge = ledger.reserve(requestFor('huge', [candidateOn([scope], { spend: 2n ** 70n })]));
    const ended = await Promise.allSettled([...asked, huge]);
    expect(ended.map(({ status }) => status[0])).toEqual(['f', 'f', 'r', 'f', 'f', 'r']);
    expect(await countersOf(db, id)).toEqual([{ posted: 0, pending: 4 }]);
  });

  it('never waits in a circle: many attempts over the same limits in every order, from two processes', async () => {
    const limits = await Promise.all(Array.from({ length: 6 }, () => limit('concurrency', 'attempt', 3)));
    const scopes = limits.map(({ scope }) => scope);
    const rounds = Array.from({ length: 200 }, async (_, n) => {
      const id = next();
      const order = scopes.toSorted(
        (one, two) => (((one + n).length * n * 7 + one.charCodeAt(7)) % 5) - (two.charCodeAt(7) % 5),
      );
      const from = n % 2 === 0 ? ledger : other;
      const answer = await from.reserve(requestFor(id, [candidateOn(order.slice(0, 1 + (n % 6)))]));
      if (answer.kind === 'granted') await from.post(id as ReservationId, CONNECTED);
    });
    await Promise.all(rounds);
    for (const { id } of limits) expect(await countersOf(db, id)).toEqual([{ posted: 0, pending: 0 }]);
  });

  describe('and its windows', () => {
    /** How many of 1 place a window can be reserved when the clock shows these instants, one after the other. */
    async function windowsAt(
      window: LimitWindow,
      timeZone: string,
      instants: readonly string[],
    ): Promise<string> {
      const { scope } = await limit(window, 'connection', 1, { timeZone });
      const marks: string[] = [];
      for (const at of instants) {
        await setClock(at);
        marks.push((await granted(next(), scope)) ? 'new' : 'same');
      }
      return marks.join(' ');
    }

    it.each<[string, LimitWindow, string, string[], string]>([
      [
        'a day begins at midnight in the zone of the limit',
        'day',
        'America/Los_Angeles',
        ['2026-01-10T07:59:59Z', '2026-01-10T08:00:00Z', '2026-01-11T07:59:59Z', '2026-01-11T08:00:00Z'],
        'new new same new',
      ],
      [
        'a day in spring has 23 hours',
        'day',
        'America/New_York',
        ['2026-03-08T05:00:00Z', '2026-03-09T03:59:59Z', '2026-03-09T04:00:00Z'],
        'new same new',
      ],
      [
        'a day in autumn has 25 hours',
        'day',
        'America/New_York',
        ['2026-11-01T04:00:00Z', '2026-11-02T04:59:59Z', '2026-11-02T05:00:00Z'],
        'new same new',
      ],
      [
        'the hour that comes twice is two windows',
        'hour',
        'America/New_York',
        ['2026-11-01T05:30:00Z', '2026-11-01T05:59:59Z', '2026-11-01T06:30:00Z', '2026-11-01T07:00:00Z'],
        'new same new new',
      ],
      [
        'an hour begins at the half in India',
        'hour',
        'Asia/Kolkata',
        ['2026-05-05T10:29:59Z', '2026-05-05T10:30:00Z', '2026-05-05T11:29:59Z'],
        'new new same',
      ],
      [
        'a month begins on the first in the zone of the limit',
        'month',
        'Pacific/Auckland',
        ['2026-05-31T11:59:59Z', '2026-05-31T12:00:00Z', '2026-06-30T11:59:59Z', '2026-06-30T12:00:00Z'],
        'new new same new',
      ],
      [
        'a total has one window for ever',
        'total',
        'UTC',
        ['2026-01-01T00:00:00Z', '2036-01-01T00:00:00Z'],
        'new same',
      ],
    ])('%s', async (_, window, timeZone, instants, marks) => {
      expect(await windowsAt(window, timeZone, instants)).toBe(marks);
    });

    it.each<[string, LimitWindow, string, string[], string[], string]>([
      [
        'a day whose midnight comes twice begins with the first',
        'day',
        'America/Havana',
        ['2026-11-01T03:59:59Z'],
        ['2026-11-01T04:10:00Z', '2026-11-01T05:10:00Z'],
        '2026-11-02T05:00:00.000Z',
      ],
      [
        'and so does a month',
        'month',
        'America/Havana',
        ['2026-11-01T03:59:59Z'],
        ['2026-11-01T04:10:00Z', '2026-11-01T05:10:00Z'],
        '2026-12-01T05:00:00.000Z',
      ],
      [
        'a day in the Azores',
        'day',
        'Atlantic/Azores',
        ['2026-10-24T23:59:59Z'],
        ['2026-10-25T00:10:00Z', '2026-10-25T01:10:00Z'],
        '2026-10-26T01:00:00.000Z',
      ],
      [
        'half an hour that comes twice is counted apart',
        'hour',
        'Australia/Lord_Howe',
        ['2026-04-04T14:10:00Z', '2026-04-04T14:40:00Z'],
        ['2026-04-04T15:10:00Z'],
        '2026-04-04T15:30:00.000Z',
      ],
    ])(
      'take over what lies in them, and nothing else, when the limit is new: %s',
      async (_, window, timeZone, outside, inside, ends) => {
        const scope: Scope = `buyer:s${next()}`;
        for (const at of [...outside, ...inside]) {
          await setClock(at);
          expect(await granted(next(), scope)).toBe(true);
        }
        // As long as the clock has not left the last instant, the window is that one's.
        const id = `lim_${next()}`;
        await insertTestLimit(db, { id, scope, window, timeZone, counts: 'connection', maximum: 9 });
        expect(await countersOf(db, id)).toEqual([{ posted: 0, pending: inside.length }]);
        await setClock(inside[0] ?? '');
        await db.query(`SELECT limit_adopt($1)`, [id]);
        expect(await countersOf(db, id)).toEqual([{ posted: 0, pending: inside.length }]);
        const { rows } = await db.query<{ starts: Date; ends: Date }>(
          `SELECT limit_window_start($1, $2, limit_clock()) AS starts, limit_window_end($1, $2, limit_clock()) AS ends`,
          [window, timeZone],
        );
        expect(new Date(rows[0]?.ends ?? 0).toISOString()).toBe(ends);
        expect(Date.parse(inside[0] ?? '')).toBeGreaterThanOrEqual(
          new Date(rows[0]?.starts ?? NaN).getTime(),
        );
      },
    );

    it('end when the next one begins, though that midnight comes twice', async () => {
      const { rows } = await db.query<{ ends: Date; begins: Date }>(
        `SELECT limit_window_end('day', 'America/Havana', '2026-10-31T12:00:00Z') AS ends,
                limit_window_start('day', 'America/Havana', '2026-11-01T12:00:00Z') AS begins`,
      );
      expect(new Date(rows[0]?.ends ?? 0).toISOString()).toBe('2026-11-01T04:00:00.000Z');
      expect(rows[0]?.begins).toEqual(rows[0]?.ends);
    });

    it('are those of the instant at which it was asked, however long it waits for its turn', async () => {
      const { id, scope } = await limit('day', 'connection', 5);
      await setClock('2026-04-05T23:59:59Z');
      const [first, waiting] = [next(), next()];
      await granted(first, scope);
      const holder = await db.connect();
      await holder.query('BEGIN');
      await holder.query('SELECT FROM limit_counters WHERE limit_id = $1 FOR UPDATE', [id]);
      const asked = granted(waiting, scope);
      await eventually(async () => {
        const { rows } = await db.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        expect(rows).not.toHaveLength(0);
      });
      await setClock('2026-04-06T00:00:01Z');
      await holder.query('COMMIT');
      holder.release();
      expect(await asked).toBe(true);
      // A look at it again, as after a change of zone, leaves it where it was counted.
      await db.query(`SELECT limit_adopt($1)`, [id]);
      const used = (await countersOf(db, id)).filter(({ posted, pending }) => posted + pending > 0);
      expect(used).toEqual([{ posted: 0, pending: 2 }]);
      await Promise.all([first, waiting].map((each) => giveBack(each)));
    });

    it('count an attempt in the window in which it was reserved, whenever it ends', async () => {
      await setClock('2026-04-01T23:59:59Z');
      const { id, scope } = await limit('day', 'connection', 1);
      const reservation = next();
      await granted(reservation, scope);
      await setClock('2026-04-02T00:00:01Z');
      await post(reservation);
      expect(await granted(next(), scope)).toBe(true);
      expect(await countersOf(db, id)).toEqual([
        { posted: 1, pending: 0 },
        { posted: 0, pending: 1 },
      ]);
    });
  });

  it('counts for a new limit what was going on, and what had happened in its window', async () => {
    const scope: Scope = `buyer:s${next()}`;
    const [before, done, open] = [next(), next(), next()];
    await setClock('2026-06-01T23:00:00Z');
    await granted(before, scope);
    await post(before);
    await setClock('2026-06-02T10:00:00Z');
    await granted(done, scope);
    await post(done);
    await granted(open, scope);
    await insertTestLimit(db, { id: 'lim_new_day', scope, window: 'day', counts: 'connection', maximum: 2 });
    await insertTestLimit(db, {
      id: 'lim_new_at_once',
      scope,
      window: 'concurrency',
      counts: 'attempt',
      maximum: 9,
    });
    expect(await countersOf(db, 'lim_new_day')).toEqual([{ posted: 1, pending: 1 }]);
    expect(await countersOf(db, 'lim_new_at_once')).toEqual([{ posted: 0, pending: 1 }]);
    expect(await granted(next(), scope)).toBe(false);
    await giveBack(open);
    expect(await granted(next(), scope)).toBe(true);
    await db.query('DELETE FROM limits WHERE scope = $1', [scope]);
    const { rows } = await db.query(`SELECT FROM reservation_holds WHERE limit_id LIKE 'lim_new%'`);
    expect(rows).toEqual([]);
  });
});
