import type { Page } from '../../contract/page';
import type { LedgerEntry } from '../../contract/resources/money';
import { bookRent, bookTelephonyCost } from '../../db/queries/ledger';
import { insertCampaign } from './campaign-fixture';
import { callThatTalked, moneyApi, sumsOf, type MoneyApi } from './money-fixture';
import { startSystem, type SystemUnderTest } from './system';

const NUMBER = '+14155559300';
const COST = `/numbers/${encodeURIComponent(NUMBER)}/cost`;

describe('what calls and advertising cost', () => {
  let system: SystemUnderTest;
  let api: MoneyApi;
  beforeAll(async () => {
    system = await startSystem();
    api = moneyApi(system);
    await insertCampaign(system.db, {
      key: 'cost',
      number: NUMBER,
      buyers: [{ name: 'a' }],
      timeZone: 'Asia/Tokyo',
    });
  });
  afterAll(() => system.stop());

  interface Refusal {
    readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  }
  const refusalOf = async (method: string, path: string, body: object) => {
    const answer = await api.send<Refusal>(method, path, body);
    return [answer.status, answer.body.errors?.map(({ pointer }) => pointer)];
  };

  it('is in the currency of the campaign, whichever of the two is changed', async () => {
    const eur = { currency: 'EUR', perMinuteMicros: '8500' };
    expect(await refusalOf('PUT', COST, eur)).toEqual([422, ['/currency']]);
    const campaign = await api.ok<{ id: string }>('POST', '/campaigns', {
      name: 'Europe',
      timeZone: 'Europe/Berlin',
      currency: 'EUR',
      vertical: 'solar',
    });
    const number = '+4930555000';
    const path = `/numbers/${encodeURIComponent(number)}`;
    await api.ok('POST', '/numbers', { number, channel: 'print' });
    // A number of no campaign may cost in any.
    await api.ok('PUT', `${path}/cost`, { ...eur, currency: 'USD' });
    expect(await refusalOf('PATCH', path, { campaignId: campaign.id })).toEqual([422, ['/campaignId']]);
    await api.ok('PUT', `${path}/cost`, eur);
    await api.ok('PATCH', path, { campaignId: campaign.id });
    expect(await refusalOf('PUT', `${path}/cost`, { ...eur, currency: 'USD' })).toEqual([422, ['/currency']]);
    expect(await refusalOf('PATCH', `/campaigns/${campaign.id}`, { currency: 'USD' })).toEqual([
      422,
      ['/currency'],
    ]);
    await api.ok('DELETE', `${path}/cost`);
    await api.ok('PATCH', `/campaigns/${campaign.id}`, { currency: 'USD' });
  });

  it('is added to a call in its campaign’s currency alone', async () => {
    const call = await callThatTalked(system, NUMBER, 30);
    await api.ok('PUT', COST, { currency: 'USD', perMinuteMicros: '60' });
    await system.db.query('ALTER TABLE numbers DISABLE TRIGGER numbers_in_currency_of_campaign');
    await system.db.query(`UPDATE numbers SET cost = cost || '{"currency": "EUR"}' WHERE e164 = $1`, [
      NUMBER,
    ]);
    await system.db.query('ALTER TABLE numbers ENABLE TRIGGER numbers_in_currency_of_campaign');
    await bookTelephonyCost(system.db, call.id);
    const { rows } = await system.db.query(
      `SELECT c.cost_micros, e.currency, e.id FROM calls c JOIN ledger_entries e ON e.call_id = c.id
        WHERE c.id = $1 AND e.side = 'cost'`,
      [call.id],
    );
    expect(rows).toEqual([{ cost_micros: 0n, currency: 'EUR', id: expect.anything() }]);
    await api.ok('DELETE', COST);
    await api.ok('POST', `/ledger/${String(rows[0]?.['id'])}/reversal`, { reason: 'in euros' });
    expect((await sumsOf(system, call.id))['cost']).toBe('0');
  });

  it.each([
    [2.624, 1, '50'],
    [2, 1, '34'],
    [60.001, 60, '2000'],
    [0.2, 60, '1000'],
  ])('is paid for whatever is begun of %d s, by %i s', async (seconds, incrementSeconds, cost) => {
    const call = await callThatTalked(system, NUMBER, 30);
    await api.ok('PUT', COST, { currency: 'USD', perMinuteMicros: '1000', incrementSeconds });
    await system.db.query(
      `UPDATE calls SET ended_at = received_at + $2 * interval '1 second' WHERE id = $1`,
      [call.id, seconds],
    );
    await bookTelephonyCost(system.db, call.id);
    expect((await sumsOf(system, call.id))['cost']).toBe(cost);
    await api.ok('DELETE', COST);
  });

  it('never keeps a call from ending', async () => {
    const dear = { currency: 'USD', perMinuteMicros: '1000000000001' };
    expect(await refusalOf('PUT', COST, dear)).toEqual([400, ['/perMinuteMicros']]);
    expect(
      await refusalOf('PUT', COST, { ...dear, perMinuteMicros: '1', perMonthMicros: '1000000000001' }),
    ).toEqual([400, ['/perMonthMicros']]);
    await api.ok('PUT', COST, { ...dear, perMinuteMicros: '1000000000000' });
    await system.db.query(
      `UPDATE numbers SET cost = cost || '{"perMinuteMicros": "999999999999999999"}' WHERE e164 = $1`,
      [NUMBER],
    );
    const call = await callThatTalked(system, NUMBER, 30);
    expect(call.outcome).toBe('connected');
    await system.db.query(
      `UPDATE calls SET ended_at = received_at + interval '1 day', cost_micros = 0 WHERE id = $1`,
      [call.id],
    );
    await system.db.query('ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_are_append_only');
    await system.db.query(`DELETE FROM ledger_entries WHERE cause = $1`, [`${call.id}:telephony`]);
    await system.db.query('ALTER TABLE ledger_entries ENABLE TRIGGER ledger_entries_are_append_only');
    await bookTelephonyCost(system.db, call.id);
    expect((await sumsOf(system, call.id))['cost']).toBe('10000000000000000');
    await api.ok('DELETE', COST);
  });

  it('is rent from the month in which it was said', async () => {
    await system.db.query(`UPDATE numbers SET created_at = '2020-01-01T00:00:00Z' WHERE e164 = $1`, [NUMBER]);
    await api.ok('PUT', COST, { currency: 'USD', perMinuteMicros: '0', perMonthMicros: '1150000' });
    await bookRent(system.db, new Date().toISOString());
    const months = async () =>
      (await api.ok<Page<LedgerEntry>>('GET', '/ledger?kind=number_rent')).data.map(({ occurredAt }) =>
        occurredAt.slice(0, 7),
      );
    const now = new Date().toISOString().slice(0, 7);
    expect(await months()).toEqual([now]);
    // What stays the same was said then; another rent is said now.
    const since = async (perMonthMicros: string): Promise<string | undefined> => {
      await system.db.query(`UPDATE numbers SET cost_since = '2026-01-15T00:00:00Z' WHERE e164 = $1`, [
        NUMBER,
      ]);
      await api.ok('PUT', COST, { currency: 'USD', perMinuteMicros: '5', perMonthMicros });
      const { rows } = await system.db.query<{ since: string }>(
        `SELECT to_char(cost_since, 'YYYY-MM') AS since FROM numbers WHERE e164 = $1`,
        [NUMBER],
      );
      return rows[0]?.since;
    };
    expect(await since('1150000')).toBe('2026-01');
    expect(await since('2000000')).toBe(now);
    await api.ok('DELETE', COST);
  });

  it('is known and booked before a number is given up', async () => {
    const number = '+14155558177';
    await api.ok('POST', '/numbers', { number, campaignId: 'cmp_cost' });
    await api.ok('PUT', `/numbers/${number}/cost`, {
      currency: 'USD',
      perMinuteMicros: '60000000',
      perMonthMicros: '7000000',
    });
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid, { To: number });
    await api.ok('POST', '/campaigns/cmp_cost/pause');
    const refused = await api.send<{ detail: string }>('DELETE', `/numbers/${number}`);
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('goes on')]);
    await system.carrier.post('status', sid, { To: number, CallStatus: 'completed' });
    const call = await system.endedCall(sid);
    expect((await sumsOf(system, call.id))['cost']).not.toBe('0');
    await api.ok('DELETE', `/numbers/${number}`);
    const { data } = await api.ok<Page<LedgerEntry>>('GET', '/ledger?kind=number_rent&limit=200');
    expect(data.filter((entry) => entry.number === number)).toMatchObject([{ amountMicros: '7000000' }]);
    await api.ok('POST', '/campaigns/cmp_cost/resume');
  });

  const day = (of: string, amountMicros: string, more: object = {}) => ({
    campaignId: 'cmp_cost',
    channel: 'google_ads',
    day: of,
    amountMicros,
    currency: 'USD',
    ...more,
  });
  const book = (...days: readonly object[]) =>
    api.ok<{ booked: number; unchanged: number }>('POST', '/ad-spend', { days });

  it('is spend of days that are, in the campaign’s currency', async () => {
    const tokyo = (ahead: number) =>
      new Date(Date.now() + (9 + ahead * 24) * 3_600_000).toISOString().slice(0, 10);
    for (const [said, status, pointer] of [
      [day('0001-01-01', '1'), 400, '/days/0/day'],
      [day('0000-01-01', '1'), 400, '/days/0/day'],
      [day('1999-12-31', '1'), 400, '/days/0/day'],
      [day(tokyo(2), '1'), 422, '/days/0/day'],
      [day('9999-12-31', '1'), 422, '/days/0/day'],
      [day('2026-01-01', '1', { currency: 'EUR' }), 422, '/days/0/currency'],
      [day('2026-01-01', '1000000000000001'), 400, '/days/0/amountMicros'],
    ] as const)
      expect(await refusalOf('POST', '/ad-spend', { days: [said] })).toEqual([status, [pointer]]);
    expect(await book(day('2000-01-01', '1'), day(tokyo(1), '1'))).toMatchObject({ booked: 2 });
    expect((await api.send('GET', '/ledger')).status).toBe(200);
    await expect(
      system.db.query(
        `INSERT INTO ledger_entries (cause, kind, side, amount_micros, currency, occurred_at)
         VALUES ('old', 'ad_spend', 'cost', 1, 'USD', '0001-01-01 BC')`,
      ),
    ).rejects.toThrow(/occurred_at/);
  });

  it('is spend that is booked where it was, whatever was taken back and whatever the clock is now', async () => {
    const booked = async () =>
      (
        await api.ok<Page<LedgerEntry>>(
          'GET',
          '/ledger?kind=ad_spend&from=2026-05-01T00:00:00Z&to=2026-05-03T00:00:00Z',
        )
      ).data
        .map(({ amountMicros, occurredAt }) => [amountMicros, occurredAt])
        .reverse();
    await book(day('2026-05-02', '50'));
    const { data } = await api.ok<Page<LedgerEntry>>('GET', '/ledger?kind=ad_spend&limit=1');
    await api.ok('POST', `/ledger/${data[0]?.id ?? ''}/reversal`, { reason: 'twice' });
    expect(await book(day('2026-05-02', '50'))).toMatchObject({ booked: 1 });
    await system.db.query(`UPDATE campaigns SET time_zone = 'America/New_York' WHERE id = 'cmp_cost'`);
    expect(await book(day('2026-05-02', '70'))).toMatchObject({ booked: 1 });
    const at = '2026-05-01T15:00:00.000Z';
    expect(await booked()).toEqual([
      ['50', at],
      ['50', at],
      ['20', at],
    ]);
  });
});
