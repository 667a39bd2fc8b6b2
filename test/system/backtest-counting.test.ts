import type { Pool } from 'pg';
import { createPool } from '../../db/pool';
import { loadCarried, loadWindowStarts, type CarriedInto } from '../../db/queries/backtest/limits';
import { candidateColumns, takenSql } from '../../db/queries/limits/taken';
import { LimitRules, type LimitSeries } from '../../domain/backtest/limit-rules';
import { postedOf, takenOf, type Counting } from '../../domain/limits/count';
import type { Happened } from '../../domain/limits/happened';
import { COUNTED_EVENTS, LIMIT_WINDOWS, SCOPE_KINDS, type Scope } from '../../domain/limits/limit';
import { seededRandom } from '../../domain/routing/draw';
import { createTestDatabase, type TestDatabase } from '../environment/database';

const BOOLEANS = [false, true];
const ZONES = [
  'America/New_York',
  // Put back by half an hour.
  'Australia/Lord_Howe',
  // Put back across midnight.
  'America/Havana',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'America/St_Johns',
];

/** Nights on which clocks are put on or back, in one of the zones or another. */
const NIGHTS = ['2026-03-08', '2026-04-05', '2026-10-04', '2026-11-01', '2020-10-31', '2021-04-03'];

const everyCounting: readonly Counting[] = SCOPE_KINDS.flatMap((scopeKind) =>
  LIMIT_WINDOWS.flatMap((window) =>
    COUNTED_EVENTS.flatMap((counts) =>
      (counts === 'spend' ? ['USD', 'EUR'] : [null]).map((currency) => ({
        scopeKind,
        window,
        counts,
        currency,
      })),
    ),
  ),
);

const everyHappened: readonly Happened[] = BOOLEANS.flatMap((dialled) =>
  BOOLEANS.flatMap((connected) =>
    BOOLEANS.flatMap((converted) =>
      BOOLEANS.flatMap((paid) =>
        [0n, 7_000_000n].flatMap((spent) =>
          [0n, 9_007_199_254_740_993n].map((payout) => ({
            dialled,
            connected,
            converted,
            spent,
            paid,
            payout,
          })),
        ),
      ),
    ),
  ),
);

describe('what a backtest counts without the database', () => {
  let database: TestDatabase;
  let db: Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 2, applicationName: 'test', onIdleError: () => undefined });
  });
  afterAll(async () => {
    await db.end();
    await database.drop();
  });

  it('is what the database posts, of everything that can come of an attempt', async () => {
    const cases = everyCounting.flatMap((limit) => everyHappened.map((happened) => ({ limit, happened })));
    const { rows } = await db.query<{ amount: bigint }>(
      `SELECT limit_posted_amount(c.w, c.counts, c.kind, c.dialled, c.connected, c.converted, c.spent, c.paid, c.payout)
                AS amount
         FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::bool[], $6::bool[], $7::int8[], $8::bool[],
                     $9::int8[]) WITH ORDINALITY
                AS c (w, counts, kind, dialled, connected, converted, spent, paid, payout, no)
        ORDER BY c.no`,
      [
        cases.map(({ limit }) => limit.window),
        cases.map(({ limit }) => limit.counts),
        cases.map(({ limit }) => limit.scopeKind),
        cases.map(({ happened }) => happened.dialled),
        cases.map(({ happened }) => happened.connected),
        cases.map(({ happened }) => happened.converted),
        cases.map(({ happened }) => happened.spent),
        cases.map(({ happened }) => happened.paid),
        cases.map(({ happened }) => happened.payout),
      ],
    );
    expect(cases.map(({ limit, happened }) => postedOf(limit, happened))).toEqual(
      rows.map(({ amount }) => amount),
    );
    expect(rows).toHaveLength(everyCounting.length * 64);
  });

  it('is what the database takes, of every attempt that asks', async () => {
    const asking = ['USD', 'EUR'].flatMap((currency) =>
      [0n, 5_000_000n].flatMap((spend) =>
        [0n, 3n].map((payout) => ({ assignmentId: 'asg', scopes: [], spend, payout, currency })),
      ),
    );
    const { rows } = await db.query<{ amount: bigint; misfit: boolean }>(
      `SELECT w.amount::bigint AS amount, w.misfit
         FROM unnest($5::text[], $6::text[], $7::text[], $8::text[]) WITH ORDINALITY
                AS l (scope_kind, "window", counts, currency, no)
        CROSS JOIN generate_series(1, cardinality($1::text[])) AS s (at)
        CROSS JOIN LATERAL (SELECT ${takenSql(1)}) AS w
        ORDER BY l.no, s.at`,
      [
        ...candidateColumns(asking),
        everyCounting.map(({ scopeKind }) => scopeKind),
        everyCounting.map(({ window }) => window),
        everyCounting.map(({ counts }) => counts),
        everyCounting.map(({ currency }) => currency),
      ],
    );
    const taken = everyCounting.flatMap((limit) => asking.map((each) => takenOf(limit, each)));
    expect(taken).toEqual(rows.map(({ amount, misfit }) => (misfit ? 'misfit' : amount)));
    expect(rows.filter(({ misfit }) => misfit).length).toBeGreaterThan(0);
  });

  it.each(ZONES)('lies in the window that the database counts it in: %s', async (zone) => {
    for (const night of NIGHTS) {
      const from = new Date(Date.parse(`${night}T00:00:00Z`) - 86_400_000).toISOString();
      const to = new Date(Date.parse(from) + 4 * 86_400_000).toISOString();
      const random = seededRandom(`${zone}/${night}`);
      // From a day before to a day after; whole quarters of an hour, to the millisecond, among them.
      const instants = Array.from({ length: 600 }, (_, n) => {
        const at = Date.parse(from) - 86_400_000 + Math.floor(random() * 6 * 86_400_000);
        return n % 3 === 0 ? Math.floor(at / 900_000) * 900_000 - (n % 2) : at;
      }).filter((at) => at >= Date.parse(from) - 86_400_000);
      for (const window of ['hour', 'day', 'month'] as const) {
        const starts = await loadWindowStarts(db, window, zone, { from, to });
        const series = { window, starts } as unknown as LimitSeries;
        const rules = new LimitRules([]);
        const { rows } = await db.query<{ start: string }>(
          `SELECT limit_window_start($1, $2, to_timestamp(a.at / 1000.0)) AS start
             FROM unnest($3::float8[]) WITH ORDINALITY AS a (at, no) ORDER BY a.no`,
          [window, zone, instants],
        );
        // The same windows under other names: each of the one is one of the other.
        const pairs = new Set(
          instants.map((at, n) => `${rules.windowAt(series, at)} ${rows[n]?.start ?? ''}`),
        );
        const windows = new Set(rows.map(({ start }) => start));
        const numbers = new Set([...pairs].map((pair) => pair.split(' ')[0]));
        expect([night, window, pairs.size, numbers.size]).toEqual([
          night,
          window,
          windows.size,
          windows.size,
        ]);
        if (window === 'hour') expect(windows.size).toBeGreaterThan(130);
      }
    }
  });

  describe('of reservations before a period', () => {
    /** From a quarter of an hour after clocks were put back in each of these zones. */
    const MOMENTS: readonly (readonly [string, string])[] = [
      ['America/New_York', '2026-11-01T06:15:00.000Z'],
      ['Australia/Lord_Howe', '2026-04-04T15:10:00.000Z'],
      ['America/Havana', '2026-11-01T05:15:00.000Z'],
      ['Asia/Kathmandu', '2026-06-15T18:20:00.000Z'],
      ['America/St_Johns', '2026-03-08T05:40:00.000Z'],
    ];
    const SCOPES: readonly Scope[] = [
      'campaign:c',
      'publisher:p',
      'buyer:b',
      'assignment:a',
      'destination:tel:+1',
    ];

    interface Reservation extends Happened {
      readonly id: string;
      readonly at: number;
      /** `null`: still open. */
      readonly over: number | null;
      readonly status: string;
      readonly scopes: readonly Scope[];
      readonly currency: string | null;
    }

    function reservationsAround(zone: string, from: number): Reservation[] {
      const random = seededRandom(zone);
      const is = (probability: number): boolean => random() < probability;
      return Array.from({ length: 500 }, (_, n) => {
        // Half of them in the hours before, the others in the two months.
        const at = from + 600_000 - Math.floor(random() * (n % 2 === 0 ? 3 * 3_600_000 : 60 * 86_400_000));
        const status = ['pending', 'refused', 'posted', 'posted', 'voided', 'expired'][n % 6] ?? '';
        const connected = status === 'posted';
        return {
          id: `${zone}/${n}`,
          at: n % 50 === 0 ? from : at,
          over: status === 'pending' ? null : n % 40 === 2 ? from : at + Math.floor(random() * 1_200_000),
          status,
          scopes: SCOPES.filter(() => is(0.6)),
          currency: is(0.8) ? 'USD' : is(0.5) ? 'EUR' : null,
          dialled: status !== 'refused' && is(0.9),
          connected,
          converted: connected && is(0.6),
          spent: connected && is(0.6) ? BigInt(Math.floor(random() * 1e9)) : 0n,
          paid: connected && is(0.5),
          payout: connected && is(0.5) ? BigInt(Math.floor(random() * 1e8)) : 0n,
        };
      });
    }

    async function insert(reservations: readonly Reservation[]): Promise<void> {
      await db.query('DELETE FROM reservations');
      await db.query(
        `INSERT INTO reservations (id, call_id, attempt_id, status, reserved_at, resolved_at, lease_until, scopes,
                                   currency, spend_micros, payout_micros, dialled, connected, converted, spent_micros,
                                   paid, paid_micros)
         SELECT id, id, id, status, to_timestamp(at / 1000.0), to_timestamp(over / 1000.0), now(),
                string_to_array(scopes, ' '), currency, 1e12::bigint, 1e12::bigint, dialled, connected, converted,
                spent, paid, payout
           FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[], $5::text[], $6::text[], $7::bool[],
                       $8::bool[], $9::bool[], $10::int8[], $11::bool[], $12::int8[])
                  AS r (id, status, at, over, scopes, currency, dialled, connected, converted, spent, paid, payout)`,
        [
          reservations.map(({ id }) => id),
          reservations.map(({ status }) => status),
          reservations.map(({ at }) => at),
          reservations.map(({ over }) => over),
          reservations.map(({ scopes }) => scopes.join(' ')),
          reservations.map(({ currency }) => currency),
          reservations.map(({ dialled }) => dialled),
          reservations.map(({ connected }) => connected),
          reservations.map(({ converted }) => converted),
          reservations.map(({ spent }) => spent),
          reservations.map(({ paid }) => paid),
          reservations.map(({ payout }) => payout),
        ],
      );
    }

    it.each(MOMENTS)('is what was posted in the window of its beginning: %s, %s', async (zone, from) => {
      const reservations = reservationsAround(zone, Date.parse(from));
      await insert(reservations);
      const limits = everyCounting.flatMap((limit): (CarriedInto & Counting)[] => {
        const scope = SCOPES.find((each) => each.startsWith(`${limit.scopeKind}:`)) ?? 'campaign:c';
        return [{ ...limit, scope, timeZone: zone }];
      });
      const { rows } = await db.query<{ id: string; w: string; same: boolean }>(
        `SELECT r.id, w.w, limit_window_start(w.w, $1, r.reserved_at) = limit_window_start(w.w, $1, $2) AS same
           FROM reservations r CROSS JOIN unnest($3::text[]) AS w (w)`,
        [zone, from, LIMIT_WINDOWS],
      );
      const inWindow = new Set(rows.filter(({ same }) => same).map(({ id, w }) => `${w} ${id}`));
      const expected = limits.map((limit) =>
        reservations
          .filter(({ at, over }) => at < Date.parse(from) && over !== null && over <= Date.parse(from))
          .filter(({ status, scopes }) => status !== 'refused' && scopes.includes(limit.scope as Scope))
          .filter(({ currency }) => limit.currency === null || currency === limit.currency)
          .filter(({ id }) => inWindow.has(`${limit.window} ${id}`))
          .reduce((sum, each) => sum + postedOf(limit, each), 0n),
      );
      const carried = await loadCarried(db, limits, from);
      const named = (amounts: readonly bigint[]): string[] =>
        limits.map(({ scope, window, counts, currency }, n) =>
          [scope, window, counts, currency, amounts[n]].join(' '),
        );
      expect(named(carried)).toEqual(named(expected));
      expect(expected.filter((amount) => amount > 0n).length).toBeGreaterThan(limits.length / 2);
    });
  });
});
