import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import type { Report, ReportVerification } from '../../contract/resources/report';
import { gatherChanges, rollUpHours } from '../../db/queries/reports/roll-up';
import { PLACE_COLUMNS } from '../../db/queries/reports/columns';
import { verifyReports } from '../../db/queries/reports/verify';
import { CYCLES, DIMENSIONS, isCycle, isPeriod, PERIODS, type Column } from '../../domain/report/dimensions';
import { MEASURES, measureOf, measureRule, type Measure, type Sums } from '../../domain/report/measures';
import { formatMicros, type Micros } from '../../domain/money';
import { SeededRandom } from '../../scripts/simulate/random';
import { startApi, type ApiServer } from './api-server';
import { addedUp, ReportModel, valueIn } from './reports-model';

const SEED = Number(process.env['REPORTS_MODEL_SEED'] ?? Date.now() % 1_000_000);

/** Zones of every kind: whole hours, halves and quarters; clocks that change by an hour, half of one, at midnight. */
const ZONES = [
  'UTC',
  'America/New_York',
  'America/Havana',
  'America/St_Johns',
  'Europe/Berlin',
  'Africa/Cairo',
  'Asia/Beirut',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
  'America/Santiago',
];

/** Errors planted in what was rolled up: where they are told of, the table, and what is set in one of its rows. */
const PLANTED: readonly (readonly [place: string, table: string, set: string])[] = [
  ['cells', 'report_cells', 'revenue_micros = revenue_micros + 1'],
  ['buyer', 'report_hours_buyer', 'revenue_micros = revenue_micros + 1'],
  [
    'cells',
    'report_cells',
    `quarter = report_hour(quarter) + (extract(minute FROM quarter)::integer + 15) % 60 * interval '1 minute'`,
  ],
  ['cells', 'report_cells', `currency = 'XXX'`],
  ...PLACE_COLUMNS.filter((column) => !['quarter', 'campaign_id', 'currency'].includes(column)).flatMap(
    (column): [string, string, string][] => {
      const other = { plan_version: '77', tags: `tags || '{"intent": "z"}'` }[column] ?? `'other'`;
      return [
        ['cells', 'report_cells', `${column} = ${other}`],
        ['cells', 'report_cells', `${column} = NULL`],
      ];
    },
  ),
  ...['campaign', 'buyer', 'publisher', 'channel', 'outcome'].map((cut): [string, string, string] => [
    cut,
    `report_hours_${cut}`,
    `key = 'other'`,
  ]),
];

interface Asked {
  readonly by: readonly Column[];
  readonly zone: string;
  readonly from: string;
  readonly days: number;
  readonly filter: Readonly<Record<string, string>>;
}

const columnArb = fc
  .tuple(
    fc.subarray([...DIMENSIONS, ...CYCLES, 'tag:intent', "tag:o'dd"] as Column[], { maxLength: 2 }),
    fc.option(fc.constantFrom(...PERIODS)),
  )
  .map(([columns, period]): Column[] => (period === null ? columns : [...columns, period]));

const askedArb: fc.Arbitrary<Asked> = fc.record({
  by: columnArb,
  zone: fc.constantFrom(...ZONES),
  from: fc.constantFrom(
    '2025-12-30',
    '2026-02-20',
    '2026-03-07',
    '2026-03-29',
    '2026-10-03',
    '2026-10-31',
    '2026-11-01',
  ),
  days: fc.constantFrom(1, 2, 5, 40, 330),
  filter: fc.constantFrom<Record<string, string>>(
    {},
    {},
    { campaign: 'cmp_a' },
    { campaign: 'cmp_c,(none)' },
    { buyer: 'buy_a,buy_b' },
    { outcome: 'connected', publisher: 'pub_a,(none)' },
    { number: '+14155550101' },
    { state: 'US-CA' },
    { tag: 'intent:a,(none)' },
  ),
});

describe(`reports (seed ${SEED})`, () => {
  let api: ApiServer;
  let model: ReportModel;
  beforeAll(async () => {
    api = await startApi();
    model = new ReportModel(api.db, new SeededRandom(SEED));
    await model.insertGround();
    await model.addCalls(400);
    await model.addEntries(900);
  });
  afterAll(() => api.stop());

  const address = ({ by, zone, from, days, filter }: Asked, more: Record<string, string> = {}): string => {
    const to = addDays(from, days);
    return new URLSearchParams({ by: by.join(','), zone, from, to, ...filter, ...more }).toString();
  };
  const report = (asked: Asked, more?: Record<string, string>): Promise<Report> =>
    api.ok<Report>('GET', `/reports?${address(asked, more)}`);

  /** Sums by key and currency, as the list says. */
  const expected = (asked: Asked, by = asked.by, from = asked.from): ReadonlyMap<string, Sums> =>
    addedUp(model.facts(), (fact) => {
      const day = DateTime.fromMillis(fact.at, { zone: asked.zone }).toISODate() ?? '';
      if (day < from || day >= addDays(from, asked.days)) return null;
      for (const [name, text] of Object.entries(asked.filter)) {
        const [column, list] =
          name === 'tag' ? (['tag:intent', text.slice('intent:'.length)] as const) : [name, text];
        const value = valueIn(column as Column, fact, asked.zone) ?? '(none)';
        if (!list.split(',').includes(value)) return null;
      }
      return JSON.stringify([...by.map((column) => valueIn(column, fact, asked.zone)), fact.currency]);
    });

  async function agrees(asked: Asked): Promise<void> {
    const shown = await report(asked);
    expect(figuresByKey(shown.rows, asked.by)).toEqual(figuresOf(expected(asked)));
    expect(figuresByKey(shown.totals, [])).toEqual(figuresOf(expected(asked, [])));
  }

  const check = (runs: number): Promise<void> =>
    fc.assert(fc.asyncProperty(askedArb, agrees), { numRuns: runs, seed: SEED, endOnFailure: true });

  const exact = async (): Promise<void> =>
    expect((await verifyReports(api.db, '2020-01-01T00:00:00Z', '2030-01-01T00:00:00Z')).differences).toEqual(
      [],
    );

  it('agree with the list while nothing has been rolled up', async () => {
    await check(40);
  });

  it('agree while some hours are rolled up and others are not', async () => {
    await gatherChanges(api.db);
    expect(await rollUpHours(api.db, 150, '2030-01-01T00:00:00Z')).toBe(150);
    await check(40);
    await exact();
  });

  it('agree after late money, late conversions, late calls, whatever was rolled up before', async () => {
    await model.addEntries(200);
    await model.convert(30);
    await model.addCalls(40);
    await check(40);
    await exact();
    await gatherChanges(api.db);
    await rollUpHours(api.db, 60, '2030-01-01T00:00:00Z');
    await model.addEntries(50);
    await model.convert(5);
    await check(40);
    await exact();
  });

  it('agree when all is rolled up, but for hours in which a call goes on', async () => {
    await gatherChanges(api.db);
    await rollUpHours(api.db, 10_000, '2030-01-01T00:00:00Z');
    await check(60);
    await exact();
    const { rows } = await api.db.query<{ open: bigint }>(
      `SELECT count(*) AS open FROM report_stale_hours t
        WHERE NOT EXISTS (SELECT FROM calls c WHERE c.ended_at IS NULL AND report_hour(c.received_at) = t.hour
                             AND coalesce(c.campaign_id, '') = t.campaign_id)`,
    );
    expect(rows[0]?.open).toBe(0n);
    // Again changes nothing.
    expect(await rollUpHours(api.db, 10_000, '2030-01-01T00:00:00Z')).toBe(0);
  });

  it('are the same as CSV, to the micro, with names beside ids and nothing a spreadsheet would run', async () => {
    await fc.assert(
      fc.asyncProperty(askedArb, async (asked) => {
        const [json, csv] = await Promise.all([report(asked), fetchCsv(api, address(asked))]);
        expect(csv.map((row) => lineOfCsv(row, asked.by))).toEqual(
          json.rows.map(({ keys, currency, values }) => [
            ...asked.by.map((column) => keys[column] ?? ''),
            currency ?? '',
            ...MEASURES.map((measure) => inCsv(measure, values[measure] ?? null)),
          ]),
        );
        for (const row of csv)
          for (const cell of Object.values(row))
            expect(/^[=+@]/.test(cell) && !/^\+\d+$/.test(cell) ? cell : null).toBeNull();
      }),
      { numRuns: 30, seed: SEED, endOnFailure: true },
    );
  });

  it('compare with the period before, place by place', async () => {
    for (const zone of ['America/Havana', 'Asia/Kathmandu']) {
      const asked: Asked = { by: ['campaign', 'day'], zone, from: '2026-11-01', days: 2, filter: {} };
      const shown = await report(asked, { compare: 'previous' });
      expect(shown.previous).toEqual({ from: '2026-10-30', to: '2026-11-01' });
      const before = expected(asked, asked.by, '2026-10-30');
      for (const { keys, currency, previous } of shown.rows) {
        const key = JSON.stringify([keys['campaign'], addDays(keys['day'] ?? '', -2), currency]);
        expect(previous).toEqual(figures(before.get(key)));
      }
      expect(
        figuresByKey(
          shown.totals.map((line) => ({ ...line, values: line.previous ?? {} })),
          [],
        ),
      ).toEqual(withNothing(figuresOf(expected(asked, [], '2026-10-30')), shown.totals));
    }
    const months = await report(
      { by: [], zone: 'UTC', from: '2026-03-01', days: 31, filter: {} },
      { compare: 'previous' },
    );
    expect(months.previous).toEqual({ from: '2026-02-01', to: '2026-03-01' });
  });

  it('show the top by a measure in order, and the rest added up', async () => {
    await fc.assert(
      fc.asyncProperty(
        askedArb.filter(({ by }) => by.some((column) => !isPeriod(column))),
        fc.constantFrom<Measure>('received', 'profit', 'conversionRate', 'cac'),
        async (asked, orderBy) => {
          const [all, top] = await Promise.all([
            report(asked, { orderBy }),
            report(asked, { orderBy, top: '2' }),
          ]);
          const lasting = asked.by.filter((column) => !isPeriod(column));
          const whoOf = ({ keys, currency }: Report['rows'][number]): string =>
            JSON.stringify([...lasting.map((column) => keys[column]), currency]);
          for (const currency of new Set(all.rows.map((row) => row.currency))) {
            const named = new Set(top.rows.filter((row) => row.currency === currency).map(whoOf));
            expect(named.size).toBe(
              Math.min(2, new Set(all.rows.filter((row) => row.currency === currency).map(whoOf)).size),
            );
          }
          expect(top.totals).toEqual(all.totals);
          const received = (lines: readonly { values: Report['rows'][number]['values'] }[]): number =>
            lines.reduce((sum, { values }) => sum + Number(values.received ?? 0), 0);
          expect(received(top.rows) + received(top.rest)).toBe(received(all.rows));
          // Parts of a calendar are in its order.
          if (!asked.by.some((column) => isPeriod(column) || isCycle(column))) inOrder(all.rows, orderBy);
        },
      ),
      { numRuns: 25, seed: SEED, endOnFailure: true },
    );
  });

  it('have the days of every time zone there is, on nights on which clocks change', async () => {
    const { rows } = await api.db.query<{ name: string }>('SELECT name FROM pg_timezone_names');
    const known = new Set(rows.map(({ name }) => name));
    const zones = Intl.supportedValuesOf('timeZone').filter((zone) => known.has(zone));
    expect(zones.length).toBeGreaterThan(350);
    const calls = model.facts().filter(({ sums }) => sums.received > 0n);
    for (const zone of zones) {
      for (const from of ['2026-03-05', '2026-10-02']) {
        const shown = await report(
          { by: ['day'], zone, from, days: 34, filter: {} },
          { measures: 'received' },
        );
        const days = addedUp(calls, (fact) => {
          const day = valueIn('day', fact, zone) ?? '';
          return day < from || day >= addDays(from, 34) ? null : JSON.stringify([day, fact.currency]);
        });
        const found = shown.rows.filter(({ values }) => values.received !== 0);
        expect([
          zone,
          Object.fromEntries(
            found.map(({ keys, currency, values }) => [
              JSON.stringify([keys['day'], currency]),
              values.received,
            ]),
          ),
        ]).toEqual([zone, Object.fromEntries([...days].map(([key, sums]) => [key, Number(sums.received)]))]);
      }
    }
  });

  it('name what is wrong with what was asked', async () => {
    for (const [query, pointer] of [
      ['by=colour', '/by'],
      ['by=day,hour', '/by'],
      ['by=campaign,campaign', '/by'],
      ['measures=luck', '/measures'],
      ['from=2026-02-30', '/from'],
      ['from=2026-03-01&to=2026-03-01', '/to'],
      ['from=2026-03-01T00:00:00Z&to=2026-03-02', '/to'],
      ['from=2026-03-01T00:07:00Z', '/from'],
      ['from=2001-01-01&to=2026-01-01', '/from'],
      ['zone=Mars/Olympus', '/zone'],
      ['tag=intent', '/tag'],
      ['top=0', '/top'],
      ['buyer=%00', '/buyer'],
      ['luck=1', '/luck'],
    ] as const) {
      const answer = await api.send('GET', `/reports?${query}`);
      expect([query, answer.status, pointersOf(answer.body)]).toEqual([query, 400, [pointer]]);
    }
  });

  it('are found out by verification when a figure is wrong, wherever it stands', async () => {
    for (const [place, table, set] of PLANTED) {
      const at = table === 'report_cells' ? 'report_hour(h.quarter)' : 'h.hour';
      const column = set.slice(0, set.indexOf(' '));
      const { rowCount } = await api.db.query(
        `UPDATE ${table} SET ${set}
          WHERE ctid = (SELECT ctid FROM ${table} h
                         WHERE received > 0 AND ${column === 'key' ? 'true' : `${column} IS NOT NULL`}
                           AND NOT EXISTS (SELECT FROM report_stale_hours t
                                            WHERE t.hour = ${at} AND t.campaign_id = h.campaign_id)
                         ORDER BY 1 LIMIT 1)`,
      );
      expect([set, rowCount]).toEqual([set, 1]);
      await differsIn(set, place);
    }
  });

  it.each([
    ['cells', 'report_cells', 'quarter', '2015-01-01T00:00:00Z'],
    ['campaign', 'report_hours', 'hour', '2030-01-01T00:00:00Z'],
  ])(
    'are found out by verification where there were no calls at all: in %s',
    async (place, table, column, at) => {
      await api.db.query(
        `INSERT INTO ${table} SELECT (jsonb_populate_record(h, jsonb_build_object('${column}', $1::text))).*
           FROM ${table} h WHERE received > 0 ${table === 'report_hours' ? `AND cut = '${place}'` : ''} LIMIT 1`,
        [at],
      );
      await differsIn(at, place);
    },
  );

  /** That verification tells of one table alone, and of nothing when everything has been rolled up anew. */
  async function differsIn(what: string, place: string): Promise<void> {
    const { differences } = await api.ok<ReportVerification>('GET', '/reports/verification');
    expect([what, ...new Set(differences.map(({ rolledUpIn }) => rolledUpIn))]).toEqual([what, place]);
    if (what.startsWith('revenue_micros'))
      expect(differences).toEqual([expect.objectContaining({ sum: 'revenue_micros' })]);
    await api.db.query(
      `INSERT INTO report_stale_hours SELECT hour, campaign_id FROM report_hours
        UNION SELECT report_hour(quarter), campaign_id FROM report_cells ON CONFLICT DO NOTHING`,
    );
    await rollUpHours(api.db, 10_000, '2031-01-01T00:00:00Z');
    await exact();
    const after = await api.ok<ReportVerification>('GET', '/reports/verification');
    expect(after.differences).toEqual([]);
  }
});

function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}

type Figures = Report['rows'][number]['values'];

function figures(sums: Sums | undefined): Figures {
  const nothing = Object.fromEntries(Object.keys(sums ?? {}).map((sum) => [sum, 0n]));
  const of = sums ?? (nothing as Sums);
  return Object.fromEntries(
    MEASURES.map((measure) => {
      const value = sums === undefined ? emptyOf(measure) : measureOf(measure, of);
      if (value === null) return [measure, null];
      return [measure, measureRule(measure).unit === 'micros' ? value.toString() : Number(value)];
    }),
  );
}

/** Of nothing: sums are 0, and what is divided by them is `null`. */
function emptyOf(measure: Measure): bigint | null {
  return measureRule(measure).per === null ? 0n : null;
}

function figuresOf(groups: ReadonlyMap<string, Sums>): Record<string, Figures> {
  return Object.fromEntries([...groups].map(([key, sums]) => [key, figures(sums)]));
}

function figuresByKey(
  lines: readonly {
    readonly keys?: Record<string, string | null>;
    readonly currency: string | null;
    readonly values: Figures;
  }[],
  by: readonly Column[],
): Record<string, Figures> {
  return Object.fromEntries(
    lines.map(({ keys = {}, currency, values }) => [
      JSON.stringify([...by.map((column) => keys[column] ?? null), currency]),
      values,
    ]),
  );
}

/** The currencies of another period, which has nothing in them. */
function withNothing(
  found: Record<string, Figures>,
  totals: readonly { readonly currency: string | null }[],
): Record<string, Figures> {
  const all = Object.fromEntries(
    totals.map(({ currency }) => [JSON.stringify([currency]), figures(undefined)]),
  );
  return { ...all, ...found };
}

function inOrder(rows: Report['rows'], measure: Measure): void {
  const last = new Map<string | null, number>();
  for (const { currency, values } of rows) {
    const value = values[measure];
    const now = value === null || value === undefined ? -Infinity : Number(value);
    expect(now).toBeLessThanOrEqual(last.get(currency) ?? Infinity);
    last.set(currency, now);
  }
}

async function fetchCsv(api: ApiServer, query: string): Promise<Record<string, string>[]> {
  const response = await fetch(`${api.baseUrl}/api/v1/reports/csv?${query}`, {
    headers: { authorization: `Bearer ${api.adminKey}` },
  });
  expect(response.headers.get('content-type')).toContain('text/csv');
  return parse(await response.text(), { columns: true });
}

function lineOfCsv(row: Record<string, string>, by: readonly Column[]): string[] {
  const plain = (text: string): string => text.replace(/^'(?=[=+\-@])/, '');
  return [
    ...by.map((column) => plain(row[column] ?? '')),
    row['currency'] ?? '',
    ...MEASURES.map((measure) => row[measure] ?? ''),
  ];
}

function inCsv(measure: Measure, value: number | string | null): string {
  if (value === null) return '';
  return measureRule(measure).unit === 'micros' ? formatMicros(BigInt(value) as Micros) : String(value);
}

function pointersOf(body: unknown): string[] {
  return ((body as { errors?: { pointer: string }[] }).errors ?? []).map(({ pointer }) => pointer);
}
