import type { Page } from '../../contract/page';
import type { Call } from '../../contract/call';
import type { Dispute, LedgerEntry } from '../../contract/resources/money';
import { bookRent, bookTelephonyCost } from '../../db/queries/ledger';
import { seededRandom } from '../../domain/routing/draw';
import { insertCampaign } from './campaign-fixture';
import { callThatTalked, moneyApi, once, sumsOf, type MoneyApi } from './money-fixture';
import { startSystem, type SystemUnderTest } from './system';

const NUMBER = '+14155559100';

describe('the ledger', () => {
  let system: SystemUnderTest;
  let api: MoneyApi;
  beforeAll(async () => {
    system = await startSystem();
    api = moneyApi(system);
    await insertCampaign(system.db, {
      key: 'books',
      number: NUMBER,
      buyers: [{ name: 'a', bid: '20000000' }],
      payout: '8000000',
      channel: 'google_ads',
      timeZone: 'America/New_York',
    });
  });
  afterAll(() => system.stop());

  const callTaken = (): Promise<Call> => callThatTalked(system, NUMBER, 90);
  const entriesOf = async (callId: string): Promise<readonly LedgerEntry[]> =>
    (await api.ok<Page<LedgerEntry>>('GET', `/ledger?callId=${callId}&limit=200`)).data;

  it('has what fell due as the call ended, at the time and place the call came in', async () => {
    const call = await callTaken();
    const entries = await entriesOf(call.id);
    expect(entries.map(({ kind, side, amountMicros }) => [kind, side, amountMicros])).toEqual([
      ['payout', 'payout', '8000000'],
      ['revenue', 'revenue', '20000000'],
    ]);
    for (const entry of entries)
      expect(entry).toMatchObject({
        campaignId: 'cmp_books',
        buyerId: 'buy_books_a',
        publisherId: 'pub_books',
        number: NUMBER,
        channel: 'google_ads',
        occurredAt: call.receivedAt,
        actor: null,
      });
  });

  it('takes adjustments by hand with who and why, once for each request', async () => {
    const call = await callTaken();
    const adjust = { side: 'revenue', amountMicros: '-5000000', reason: 'wrong number' };
    const headers = once();
    const entry = await api.ok<LedgerEntry>('POST', `/calls/${call.id}/adjustments`, adjust, headers);
    expect(entry).toMatchObject({
      kind: 'adjustment',
      side: 'revenue',
      actor: 'admin',
      reason: 'wrong number',
    });
    expect(await api.ok('POST', `/calls/${call.id}/adjustments`, adjust, headers)).toEqual(entry);
    await api.ok(
      'POST',
      `/calls/${call.id}/adjustments`,
      { ...adjust, side: 'cost', amountMicros: '7' },
      once(),
    );
    expect(await sumsOf(system, call.id)).toEqual({ revenue: '15000000', payout: '8000000', cost: '7' });
    const shown = await api.ok<Call>('GET', `/calls/${call.id}`);
    expect(shown).toMatchObject({ revenueMicros: '15000000', costMicros: '7' });
    expect(shown.timeline.filter(({ step }) => step === 'adjusted')).toHaveLength(2);
    const refusals = await Promise.all([
      api.send('POST', `/calls/${call.id}/adjustments`, { ...adjust, amountMicros: '0' }),
      api.send('POST', `/calls/${call.id}/adjustments`, { ...adjust, reason: ' ' }),
      api.send('POST', `/calls/call_nobody/adjustments`, adjust),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 404]);
  });

  it('takes an entry back once, whoever asks at the same moment', async () => {
    const call = await callTaken();
    const [payout] = await entriesOf(call.id);
    const reverse = () =>
      api.send<LedgerEntry>('POST', `/ledger/${payout?.id ?? ''}/reversal`, { reason: 'fraud' }, once());
    const answers = await Promise.all([reverse(), reverse(), reverse()]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409, 409]);
    expect(await sumsOf(system, call.id)).toEqual({ revenue: '20000000', payout: '0', cost: '0' });
    const reversal = answers.find(({ status }) => status === 201)?.body;
    expect(reversal).toMatchObject({
      kind: 'reversal',
      side: 'payout',
      amountMicros: '-8000000',
      reverses: payout?.id,
    });
    expect((await api.send('POST', `/ledger/${reversal?.id ?? ''}/reversal`, { reason: 'no' })).status).toBe(
      409,
    );
    expect((await api.send('POST', '/ledger/999999/reversal', { reason: 'no' })).status).toBe(404);
  });

  it('cannot be changed or deleted, not even by hand', async () => {
    await expect(system.db.query('UPDATE ledger_entries SET amount_micros = 0')).rejects.toThrow(/immutable/);
    await expect(system.db.query('DELETE FROM ledger_entries')).rejects.toThrow(/immutable/);
  });

  it('takes what a dispute grants off what the buyer owes, and once', async () => {
    const call = await callTaken();
    const open = { callId: call.id, reason: 'not the service' };
    const dispute = await api.ok<Dispute>('POST', '/disputes', open);
    expect(dispute).toMatchObject({ status: 'open', amountMicros: '20000000', buyerId: 'buy_books_a' });
    expect((await api.send('POST', '/disputes', open)).status).toBe(409);
    expect((await sumsOf(system, call.id))['revenue']).toBe('20000000');
    const grant = { grantedMicros: '12000000', payoutMicros: '8000000', reason: 'heard it' };
    const tooMuch = { ...grant, grantedMicros: '20000001' };
    expect((await api.send('POST', `/disputes/${dispute.id}/accept`, tooMuch)).status).toBe(422);
    const decisions = await Promise.all([
      api.send('POST', `/disputes/${dispute.id}/accept`, grant),
      api.send('POST', `/disputes/${dispute.id}/reject`, { reason: 'no' }),
    ]);
    expect(decisions.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409]);
    const accepted = decisions[0]?.status === 200;
    expect(await sumsOf(system, call.id)).toEqual(
      accepted
        ? { revenue: '8000000', payout: '0', cost: '0' }
        : { revenue: '20000000', payout: '8000000', cost: '0' },
    );
    // Decided: what is still owed can be disputed anew, and no more than that.
    const owed = (await sumsOf(system, call.id))['revenue'] ?? '';
    const again = { ...open, amountMicros: (BigInt(owed) + 1n).toString() };
    expect((await api.send('POST', '/disputes', again)).status).toBe(422);
    expect(await api.ok<Dispute>('POST', '/disputes', open)).toMatchObject({ amountMicros: owed });
    const listed = await api.ok<Page<Dispute>>('GET', '/disputes?buyerId=buy_books_a&status=open');
    expect(listed.data).toHaveLength(1);
  });

  it.each([
    [61, 60, '8500', '17000'],
    [61, 1, '8500', '8642'],
    [60, 6, '8500', '8500'],
    [1, 60, '1', '1'],
    [1, 1, '59', '1'],
  ])(
    'books what a call of %i s costs by begun %i s at %s a minute: %s',
    async (seconds, incrementSeconds, perMinuteMicros, cost) => {
      const call = await callTaken();
      await api.ok('PUT', `/numbers/${encodeURIComponent(NUMBER)}/cost`, {
        currency: 'USD',
        perMinuteMicros,
        incrementSeconds,
      });
      // The clock of a test calls nobody for a minute.
      await system.db.query(
        `UPDATE calls SET ended_at = received_at + $2 * interval '1 second' WHERE id = $1`,
        [call.id, seconds],
      );
      await bookTelephonyCost(system.db, call.id);
      await bookTelephonyCost(system.db, call.id);
      expect((await sumsOf(system, call.id))['cost']).toBe(cost);
      await api.ok('DELETE', `/numbers/${encodeURIComponent(NUMBER)}/cost`);
    },
  );

  it('books the rent of a number once a month, from the month it came in', async () => {
    await api.ok('PUT', `/numbers/${encodeURIComponent(NUMBER)}/cost`, {
      currency: 'USD',
      perMinuteMicros: '0',
      perMonthMicros: '1150000',
    });
    await system.db.query(
      `UPDATE numbers SET created_at = '2026-02-17T12:00:00Z', cost_since = '2026-02-18T00:00:00Z' WHERE e164 = $1`,
      [NUMBER],
    );
    for (const at of [
      '2026-02-28T23:59:59Z',
      '2026-03-01T00:00:00Z',
      '2026-03-20T00:00:00Z',
      '2026-05-02T00:00:00Z',
    ])
      await bookRent(system.db, at);
    const { data } = await api.ok<Page<LedgerEntry>>('GET', '/ledger?kind=number_rent');
    expect(
      data.map(({ occurredAt, amountMicros }) => [occurredAt.slice(0, 10), amountMicros]).reverse(),
    ).toEqual([
      ['2026-02-01', '1150000'],
      ['2026-03-01', '1150000'],
      ['2026-05-01', '1150000'],
      ['2026-04-01', '1150000'],
    ]);
  });

  it('takes what advertising cost by day, said again in the place of what was said, on the campaign’s own clock', async () => {
    const day = (of: string, amountMicros: string, channel = 'google_ads') => ({
      campaignId: 'cmp_books',
      channel,
      day: of,
      amountMicros,
      currency: 'USD',
    });
    const book = (...days: readonly object[]) =>
      api.ok<{ booked: number; unchanged: number }>('POST', '/ad-spend', { days });
    expect(
      await book(day('2026-03-08', '100'), day('2026-03-09', '50'), day('2026-03-08', '7', 'facebook')),
    ).toEqual({ booked: 3, unchanged: 0 });
    expect(await book(day('2026-03-08', '130'), day('2026-03-09', '50'))).toEqual({
      booked: 1,
      unchanged: 1,
    });
    expect(await book(day('2026-03-08', '90'))).toEqual({ booked: 1, unchanged: 0 });
    const { data } = await api.ok<Page<LedgerEntry>>('GET', '/ledger?kind=ad_spend&campaignId=cmp_books');
    const of = (when: string, channel: string) =>
      data
        .filter((entry) => entry.occurredAt === when && entry.channel === channel)
        .map(({ amountMicros }) => amountMicros)
        .reverse();
    // Midnight in New York, before and after clocks are put forward.
    expect(of('2026-03-08T05:00:00.000Z', 'google_ads')).toEqual(['100', '30', '-40']);
    expect(of('2026-03-09T04:00:00.000Z', 'google_ads')).toEqual(['50']);
    expect(of('2026-03-08T05:00:00.000Z', 'facebook')).toEqual(['7']);
    const bad = await api.send<{ errors: { pointer: string }[] }>('POST', '/ad-spend', {
      days: [
        day('2026-03-08', '1'),
        { ...day('2026-03-08', '1'), campaignId: 'cmp_nobody' },
        day('2026-03-08', '2'),
      ],
    });
    expect([bad.status, bad.body.errors.map(({ pointer }) => pointer)]).toEqual([
      422,
      ['/days/1/campaignId', '/days/2'],
    ]);
    expect((await api.send('POST', '/ad-spend', { days: [day('2026-02-30', '1')] })).status).toBe(400);
    expect((await api.ok<Page<LedgerEntry>>('GET', '/ledger?kind=ad_spend')).data).toHaveLength(5);
    // Channels that look alike to a pattern are two, and what was taken back can be said again.
    expect(await book(day('2026-03-10', '5', 'a_b'), day('2026-03-10', '6', 'axb'))).toMatchObject({
      booked: 2,
    });
    expect(await book(day('2026-03-10', '5', 'a_b'), day('2026-03-10', '6', 'axb'))).toMatchObject({
      booked: 0,
    });
    const { data: latest } = await api.ok<Page<LedgerEntry>>('GET', '/ledger?kind=ad_spend&limit=1');
    await api.ok('POST', `/ledger/${latest[0]?.id ?? ''}/reversal`, { reason: 'twice in the file' });
    expect(await book(day('2026-03-10', '5', 'a_b'), day('2026-03-10', '6', 'axb'))).toMatchObject({
      booked: 1,
    });
  });

  it('is what all sums are, whatever is booked in whatever order and however often', async () => {
    const random = seededRandom('ledger');
    const calls = await Promise.all(Array.from({ length: 4 }, callTaken));
    const pick = <T>(of: readonly T[]): T | undefined => of[Math.floor(random() * of.length)];
    for (let n = 0; n < 40; n++) {
      const call = pick(calls)?.id ?? '';
      const side = pick(['revenue', 'payout', 'cost'] as const);
      const amountMicros = (BigInt(Math.floor(random() * 2e7)) - 9_999_999n).toString();
      const headers = once();
      const step = random();
      for (let times = random() < 0.3 ? 2 : 1; times > 0; times--) {
        if (step < 0.6)
          await api.ok(
            'POST',
            `/calls/${call}/adjustments`,
            { side, amountMicros: amountMicros === '0' ? '1' : amountMicros, reason: `no ${n}` },
            headers,
          );
        else
          await api.send(
            'POST',
            `/ledger/${pick(await entriesOf(call))?.id ?? ''}/reversal`,
            { reason: `no ${n}` },
            headers,
          );
      }
    }
    for (const { id } of calls) {
      const sums = await sumsOf(system, id);
      const entries = await entriesOf(id);
      for (const side of ['revenue', 'payout', 'cost'] as const) {
        const sum = entries
          .filter((entry) => entry.side === side)
          .reduce((all, entry) => all + BigInt(entry.amountMicros), 0n);
        expect(sum.toString()).toBe(sums[side]);
      }
    }
  });
});
