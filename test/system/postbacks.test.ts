import { Webhook } from 'standardwebhooks';
import type { Call } from '../../contract/call';
import { countersOf, insertTestLimit, sweepUntied } from './limit-fixture';
import {
  AFTER_POSTBACK,
  callThatTalked,
  moneyApi,
  paidCampaigns,
  report as reportTo,
  sumsOf,
  type MoneyApi,
  type Paid,
} from './money-fixture';
import { startSystem, type SystemUnderTest } from './system';

describe('a postback', () => {
  let system: SystemUnderTest;
  let api: MoneyApi;
  let campaign: ReturnType<typeof paidCampaigns>;

  beforeAll(async () => {
    system = await startSystem();
    api = moneyApi(system);
    campaign = paidCampaigns(system);
  });
  afterAll(() => system.stop());

  const report = (paid: Pick<Paid, 'buyer' | 'secret'>, fields: Record<string, string>) =>
    reportTo(system, paid, fields);

  const FIXED = { amountMicros: '25000000', due: AFTER_POSTBACK };

  it('makes a call convert that did not as it ended, once, with what the publisher gets by it', async () => {
    const paid = await campaign(FIXED, { amountMicros: '4000000', due: { on: 'conversion' } });
    const call = await callThatTalked(system, paid.number, 60);
    expect(call).toMatchObject({ converted: false, revenueMicros: '0', payoutMicros: '0' });
    expect(Date.parse(call.postbackUntil ?? '') - Date.parse(call.endedAt ?? '')).toBe(3_600_000);
    expect(await report(paid, { call: call.id })).toEqual({
      status: 200,
      body: { callId: call.id, outcome: 'converted', repeated: false },
    });
    expect((await report(paid, { call: call.id })).body).toMatchObject({
      outcome: 'converted',
      repeated: true,
    });
    expect((await report(paid, { call: call.id, id: 'other' })).body).toMatchObject({ outcome: 'again' });
    expect(await sumsOf(system, call.id)).toEqual({ revenue: '25000000', payout: '4000000', cost: '0' });
    const after = await api.ok<Call>('GET', `/calls/${call.id}`);
    expect(after).toMatchObject({ converted: true, revenueMicros: '25000000', payoutMicros: '4000000' });
    expect(after.timeline.map(({ step }) => step).filter((step) => step === 'postback')).toHaveLength(2);
  });

  it.each([
    ['of 40.00', '40', '10000000'],
    ['of 6.0000004 cut to whole micros', '6.000001', '1500000'],
    ['never less than the minimum', '1', '500000'],
    ['never more than the maximum', '1000000', '12000000'],
  ])('pays a share: a quarter %s', async (_, value, revenue) => {
    const share = { basisPoints: 2_500, minimumMicros: '500000' };
    const paid = await campaign(
      { amountMicros: '12000000', due: AFTER_POSTBACK, share },
      {
        amountMicros: '99000000',
        due: { on: 'conversion' },
        share: { basisPoints: 5_000, minimumMicros: null },
      },
    );
    const call = await callThatTalked(system, paid.number, 30);
    expect((await report(paid, { call: call.id, value, currency: 'USD' })).body.outcome).toBe('converted');
    const payout = (BigInt(revenue) / 2n).toString();
    expect(await sumsOf(system, call.id)).toEqual({ revenue, payout, cost: '0' });
  });

  it.each([
    [false, 'worth_nothing', '0'],
    [true, 'converted', '25000000'],
  ])('of value 0 converts only where the rule says so: %s', async (zeroConverts, outcome, revenue) => {
    const paid = await campaign({ ...FIXED, due: { ...AFTER_POSTBACK, zeroConverts } });
    const call = await callThatTalked(system, paid.number, 30);
    expect((await report(paid, { call: call.id, value: '0' })).body.outcome).toBe(outcome);
    expect((await sumsOf(system, call.id))['revenue']).toBe(revenue);
  });

  it('changes nothing where the price does not wait for one', async () => {
    const paid = await campaign({ amountMicros: '25000000', due: { on: 'connection' } });
    const call = await callThatTalked(system, paid.number, 30);
    expect(call).toMatchObject({ converted: true, postbackUntil: null });
    expect((await report(paid, { call: call.id, value: '7' })).body.outcome).toBe('not_due');
    expect((await sumsOf(system, call.id))['revenue']).toBe('25000000');
  });

  it('is refused with the reason, and loses nothing', async () => {
    const paid = await campaign({ ...FIXED, share: { basisPoints: 2_500, minimumMicros: null } });
    const other = await campaign(FIXED);
    const call = await callThatTalked(system, paid.number, 30);
    const refused = async (by: Paid, fields: Record<string, string>) => {
      const { status, body } = await report(by, fields);
      return [status, body.detail];
    };
    expect(await refused({ ...paid, secret: 'whsec_other' }, { call: call.id })).toEqual([
      401,
      expect.stringContaining('not signed'),
    ]);
    expect(await refused(other, { call: call.id })).toEqual([
      404,
      expect.stringContaining('no call that was put through'),
    ]);
    expect(await refused(paid, { call: 'call_nobody' })).toEqual([404, expect.anything()]);
    expect(await refused(paid, {})).toEqual([400, expect.stringContaining('call')]);
    expect(await refused(paid, { call: call.id })).toEqual([422, expect.stringContaining('value is needed')]);
    for (const value of ['-1', '1e3', '1.1234567', 'NaN', ''])
      expect(await refused(paid, { call: call.id, value })).toEqual([400, expect.stringContaining('value')]);
    expect(await refused(paid, { call: call.id, value: '1', currency: 'EUR' })).toEqual([
      422,
      expect.stringContaining('USD'),
    ]);
    await system.db.query(`UPDATE calls SET postback_until = now() - interval '1 second' WHERE id = $1`, [
      call.id,
    ]);
    expect(await refused(paid, { call: call.id, value: '1' })).toEqual([
      422,
      expect.stringContaining('too late'),
    ]);
    expect(await sumsOf(system, call.id)).toEqual({ revenue: '0', payout: '0', cost: '0' });
    const missed = await callThatTalked(system, paid.number, null);
    expect(await refused(paid, { call: missed.id, value: '1' })).toEqual([404, expect.anything()]);
  });

  it('waits for the end of the call', async () => {
    const paid = await campaign(FIXED);
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid, { To: paid.number });
    const call = await system.callBySid(sid);
    expect((await report(paid, { call: call?.id ?? '' })).status).toBe(409);
    await system.carrier.post('dial?attempt=1', sid, {
      To: paid.number,
      CallStatus: 'completed',
      DialCallStatus: 'completed',
      DialCallDuration: '9',
    });
    await system.endedCall(sid);
    expect((await report(paid, { call: call?.id ?? '' })).status).toBe(200);
  });

  it('can be signed by Standard Webhooks, and is once for each id that was signed', async () => {
    const paid = await campaign(FIXED);
    const call = await callThatTalked(system, paid.number, 30);
    const body = JSON.stringify({ call: call.id, value: 3 });
    const at = new Date();
    const send = async (id: string, signature: string, sent = body) => {
      const response = await fetch(`${system.baseUrl}/postbacks/${paid.buyer}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': signature,
        },
        body: sent,
      });
      return { status: response.status, body: (await response.json()) as { repeated?: boolean } };
    };
    const signature = new Webhook(paid.secret).sign('evt_1', at, body);
    expect((await send('evt_1', signature, body.replace('3', '4'))).status).toBe(401);
    expect((await send('evt_2', signature)).status).toBe(401);
    expect(await send('evt_1', signature)).toMatchObject({ status: 200, body: { repeated: false } });
    expect(await send('evt_1', signature)).toMatchObject({ status: 200, body: { repeated: true } });
    const text = new Webhook(paid.secret).sign('evt_3', at, 'no json');
    expect((await send('evt_3', text, 'no json')).status).toBe(400);
  });

  it('holds what it may bring against limits until it comes, or its time is over; the rest is given back at once', async () => {
    const paid = await campaign(FIXED);
    const scope = `buyer:${paid.buyer}` as const;
    const limit = (
      id: string,
      window: 'hour' | 'day' | 'concurrency',
      counts: 'conversion' | 'attempt' | 'spend',
      maximum: number,
    ) => insertTestLimit(system.db, { id: `lim_${paid.buyer}_${id}`, scope, window, counts, maximum });
    await limit('conversion', 'day', 'conversion', 2);
    await limit('spend', 'day', 'spend', 50_000_000);
    await limit('at_once', 'concurrency', 'attempt', 1);
    await limit('attempts', 'day', 'attempt', 10);
    const counters = (id: string) => countersOf(system.db, `lim_${paid.buyer}_${id}`);
    const calls = [
      await callThatTalked(system, paid.number, 30),
      await callThatTalked(system, paid.number, 30),
    ];
    expect(await counters('at_once')).toEqual([{ posted: 0, pending: 0 }]);
    expect(await counters('attempts')).toEqual([{ posted: 2, pending: 0 }]);
    expect(await counters('conversion')).toEqual([{ posted: 0, pending: 2 }]);
    expect(await counters('spend')).toEqual([{ posted: 0, pending: 50_000_000 }]);
    // Both may still convert: there is no room for a third.
    const third = await callThatTalked(system, paid.number, null);
    expect(third.outcome).toBe('no_candidate');
    await report(paid, { call: calls[0]?.id ?? '' });
    expect(await counters('conversion')).toEqual([{ posted: 1, pending: 1 }]);
    expect(await counters('spend')).toEqual([{ posted: 25_000_000, pending: 25_000_000 }]);
    // A limit that is set now counts what may still come, and no dial twice.
    await limit('later', 'hour', 'attempt', 10);
    expect(await counters('later')).toEqual([{ posted: 2, pending: 0 }]);
    await insertTestLimit(system.db, {
      id: `lim_${paid.buyer}_month`,
      scope,
      window: 'month',
      counts: 'conversion',
      maximum: 5,
    });
    expect(await counters('month')).toEqual([{ posted: 1, pending: 1 }]);
    await system.db.query(`UPDATE reservations SET lease_until = now() - interval '1 second' WHERE deferred`);
    await sweepUntied(system.db);
    expect(await counters('conversion')).toEqual([{ posted: 1, pending: 0 }]);
    expect(await counters('spend')).toEqual([{ posted: 25_000_000, pending: 0 }]);
    const { rows } = await system.db.query('SELECT FROM freed_reservations');
    expect(rows).toEqual([]);
    expect((await callThatTalked(system, paid.number, 30)).outcome).toBe('connected');
  });

  it('tells who wants to be told that the call converted, and that its publisher is paid, once', async () => {
    await api.ok('POST', '/webhook-endpoints', {
      url: 'http://127.0.0.1:9/told',
      eventTypes: ['call.converted', 'call.paid'],
    });
    const paid = await campaign(FIXED, { amountMicros: '4000000', due: { on: 'conversion' } });
    const call = await callThatTalked(system, paid.number, 30);
    const told = async () => {
      const { rows } = await system.db.query<{ type: string; revenue: string }>(
        `SELECT type, data->'call'->>'revenueMicros' AS revenue FROM events WHERE call_id = $1 ORDER BY type`,
        [call.id],
      );
      return rows;
    };
    expect(await told()).toEqual([]);
    for (const id of ['e1', 'e1', 'e2']) await report(paid, { call: call.id, id });
    expect(await told()).toEqual([
      { type: 'call.converted', revenue: '25000000' },
      { type: 'call.paid', revenue: '25000000' },
    ]);
  });

  it('that comes twice at the same moment is booked once', async () => {
    const paid = await campaign(FIXED);
    const call = await callThatTalked(system, paid.number, 30);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => report(paid, { call: call.id, id: `e${n % 4}` })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(
      answers.filter(({ body }) => body.outcome === 'converted' && body.repeated === false),
    ).toHaveLength(1);
    expect((await sumsOf(system, call.id))['revenue']).toBe('25000000');
  });
});
