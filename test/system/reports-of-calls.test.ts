import { parse } from 'csv-parse/sync';
import type { LedgerEntry } from '../../contract/resources/money';
import type { Page } from '../../contract/page';
import type { Report } from '../../contract/resources/report';
import { bookRent } from '../../db/queries/ledger';
import { gatherChanges, rollUpHours } from '../../db/queries/reports/roll-up';
import { formatMicros, type Micros } from '../../domain/money';
import { SeededRandom } from '../../scripts/simulate/random';
import { insertCampaign } from './campaign-fixture';
import { callThatTalked, moneyApi, once, type MoneyApi } from './money-fixture';
import { startSystem, type SystemUnderTest } from './system';

const SEED = Number(process.env['REPORTS_MODEL_SEED'] ?? Date.now() % 1_000_000);
const NUMBER = '+14155559400';
const STEPS = 70;

/** Calls, postbacks, adjustments, reversals, disputes and costs through the API, in any order, some of them twice. */
describe(`reports of calls that were made (seed ${SEED})`, () => {
  let system: SystemUnderTest;
  let api: MoneyApi;
  let postbackPath: string;
  beforeAll(async () => {
    system = await startSystem();
    api = moneyApi(system);
    await insertCampaign(system.db, {
      key: 'sums',
      number: NUMBER,
      buyers: [
        { name: 'a', bid: '20000001' },
        { name: 'b', bid: '7' },
      ],
      payout: '8000000',
      channel: 'google_ads',
      timeZone: 'Asia/Kathmandu',
    });
    await api.ok('PATCH', '/assignments/asg_sums_a', {
      price: { amountMicros: '20000001', due: { on: 'postback', windowSeconds: 3600, zeroConverts: false } },
    });
    await api.ok('PUT', `/numbers/${encodeURIComponent(NUMBER)}/cost`, {
      perMinuteMicros: '123457',
      incrementSeconds: 1,
      perMonthMicros: '1150000',
      currency: 'USD',
    });
    const secret = await api.ok<{ secretPath: string }>('POST', '/buyers/buy_sums_a/postback-secret');
    postbackPath = secret.secretPath;
  });
  afterAll(() => system.stop());

  async function ledger(): Promise<LedgerEntry[]> {
    const entries: LedgerEntry[] = [];
    for (let cursor = ''; ; ) {
      const page = await api.ok<Page<LedgerEntry>>('GET', `/ledger?limit=200${cursor}`);
      entries.push(...page.data);
      if (page.nextCursor === null) return entries;
      cursor = `&cursor=${page.nextCursor}`;
    }
  }

  /** What the ledger says, by what `keyOf` names. */
  function sums(
    entries: readonly LedgerEntry[],
    keyOf: (entry: LedgerEntry) => string,
  ): Record<string, string> {
    const all: Record<string, bigint> = {};
    for (const entry of entries) {
      const key = `${keyOf(entry)} ${entry.side}`;
      all[key] = (all[key] ?? 0n) + BigInt(entry.amountMicros);
    }
    return Object.fromEntries(
      Object.entries(all)
        .filter(([, amount]) => amount !== 0n)
        .map(([key, amount]) => [key, amount.toString()]),
    );
  }

  async function agree(): Promise<void> {
    const entries = await ledger();
    for (const [by, keyOf] of [
      ['campaign', (entry: LedgerEntry) => entry.campaignId],
      ['buyer', (entry: LedgerEntry) => entry.buyerId],
      ['channel', (entry: LedgerEntry) => entry.channel],
      ['number', (entry: LedgerEntry) => entry.number],
    ] as const) {
      const asked = `by=${by}&measures=revenue,payout,cost&${range()}`;
      const report = await api.ok<Report>('GET', `/reports?${asked}`);
      const shown: Record<string, string> = {};
      for (const { keys, values } of report.rows)
        for (const side of ['revenue', 'payout', 'cost'] as const)
          if (values[side] !== '0') shown[`${keys[by] ?? ''} ${side}`] = String(values[side]);
      expect([by, shown]).toEqual([by, sums(entries, (entry) => keyOf(entry) ?? '')]);
      expect(await csvOf(asked)).toEqual(
        report.rows.map(({ values }) =>
          (['revenue', 'payout', 'cost'] as const).map((side) =>
            formatMicros(BigInt(values[side] ?? '0') as Micros),
          ),
        ),
      );
    }
    const { differences } = await api.ok<{ differences: unknown[] }>('GET', '/reports/verification');
    expect(differences).toEqual([]);
  }

  async function csvOf(query: string): Promise<string[][]> {
    const response = await fetch(`${system.baseUrl}/api/v1/reports/csv?${query}`, {
      headers: { authorization: `Bearer ${system.adminKey}` },
    });
    const rows = parse<Record<string, string>>(await response.text(), { columns: true });
    return rows.map(({ revenue = '', payout = '', cost = '' }) => [revenue, payout, cost]);
  }

  it('are the sums of the ledger to the micro, whatever happens in whatever order and however often', async () => {
    const random = new SeededRandom(SEED);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random.next() * of.length)] as T;
    const calls: string[] = [];
    const steps: Record<string, () => Promise<unknown>> = {
      async call() {
        const talked = pick([null, 5, 61, 200]);
        calls.push((await callThatTalked(system, NUMBER, talked)).id);
      },
      async postback() {
        const value = pick(['0', '12.50', '0.000001', '19']);
        const event = pick(['', '&id=one', `&id=${Math.floor(random.next() * 5)}`]);
        await fetch(`${system.baseUrl}${postbackPath}?call=${pick(calls)}&value=${value}${event}`);
      },
      async adjustment() {
        const side = pick(['revenue', 'payout', 'cost'] as const);
        const amountMicros = String(1 + Math.floor(random.next() * 9_999_999));
        const headers = once();
        for (let times = pick([1, 2]); times > 0; times--)
          await api.send(
            'POST',
            `/calls/${pick(calls.slice(0, 1))}/adjustments`,
            { side, amountMicros, reason: 'r' },
            headers,
          );
      },
      async reversal() {
        const entry = pick((await ledger()).filter(({ callId }) => callId !== null));
        if (entry === undefined) return;
        for (let times = 0; times < 2; times++)
          await api.send('POST', `/ledger/${entry.id}/reversal`, { reason: 'r' }, once());
      },
      async dispute() {
        const { body, status } = await api.send<{ id: string }>(
          'POST',
          '/disputes',
          { callId: pick(calls), reason: 'r' },
          once(),
        );
        if (status === 201) await api.send('POST', `/disputes/${body.id}/accept`, { reason: 'r' }, once());
      },
      async spend() {
        const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
        const amountMicros = String(Math.floor(random.next() * 5e7));
        const days = [{ campaignId: 'cmp_sums', channel: 'google_ads', day, amountMicros, currency: 'USD' }];
        for (let times = 0; times < 2; times++) await api.send('POST', '/ad-spend', { days }, once());
      },
      async rent() {
        await bookRent(system.db, new Date().toISOString());
      },
      async rollUp() {
        await gatherChanges(system.db);
        await rollUpHours(system.db, pick([1, 2, 100]), '2200-01-01T00:00:00Z');
      },
    };
    await steps['call']?.();
    for (let step = 0; step < STEPS; step++) {
      await steps[pick(Object.keys(steps))]?.();
      if (step % 10 === 0) await agree();
    }
    await agree();
    const entries = await ledger();
    expect(new Set(entries.map(({ kind }) => kind)).size).toBeGreaterThan(4);
  });

  it('show a call that goes on as received, and a late one where it came in', async () => {
    const today = await api.ok<Report>('GET', '/reports?by=&measures=received');
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid, { To: NUMBER, From: '+14155550142' });
    await gatherChanges(system.db);
    await rollUpHours(system.db, 1_000, '2200-01-01T00:00:00Z');
    const then = await api.ok<Report>('GET', '/reports?by=outcome&measures=received,routed,dials');
    expect(then.rows.find(({ keys }) => keys['outcome'] === null)?.values).toMatchObject({
      received: 1,
      dials: 1,
    });
    const { totals } = await api.ok<Report>('GET', '/reports?by=&measures=received');
    expect(totals[0]?.values.received).toBe(Number(today.totals[0]?.values.received) + 1);
    await system.carrier.post('dial?attempt=1', sid, {
      To: NUMBER,
      CallStatus: 'completed',
      DialCallStatus: 'completed',
      DialCallDuration: '30',
    });
    await system.endedCall(sid);
  });
});

/** From the first of the month before last to the day after tomorrow. */
function range(): string {
  const now = new Date();
  const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 2, 1)).toISOString().slice(0, 10);
  return `from=${from}&to=${new Date(now.getTime() + 2 * 86_400_000).toISOString().slice(0, 10)}`;
}
