import { Webhook } from 'standardwebhooks';
import { findCounterDifferences } from '../../db/queries/limits/verify';
import { countersOf, insertTestLimit, sweepUntied } from './limit-fixture';
import {
  AFTER_POSTBACK,
  callThatTalked,
  paidCampaigns,
  report as reportTo,
  sumsOf,
  type Paid,
  type Reported,
} from './money-fixture';
import { eventually, startSystem, type SystemUnderTest } from './system';

const FIXED = { amountMicros: '25000000', due: AFTER_POSTBACK };
const ON_CONNECTION = { amountMicros: '4000000', due: { on: 'connection' } };
const ON_CONVERSION = { amountMicros: '4000000', due: { on: 'conversion' } };

describe('money that waits for a postback', () => {
  let system: SystemUnderTest;
  let campaign: ReturnType<typeof paidCampaigns>;
  beforeAll(async () => {
    system = await startSystem();
    campaign = paidCampaigns(system);
  });
  afterAll(() => system.stop());

  const report = (paid: Pick<Paid, 'buyer' | 'secret'>, fields: Record<string, string>) =>
    reportTo(system, paid, fields);

  /** Reports with a body, in the second way. */
  async function post(
    { buyer, secret }: Paid,
    body: string,
    type = 'application/json',
    method = 'POST',
  ): Promise<Reported> {
    const response = await fetch(`${system.baseUrl}/postbacks/${buyer}/${secret}`, {
      method,
      headers: { 'content-type': type },
      body,
    });
    return { status: response.status, body: (await response.json()) as object };
  }

  describe('under limits of a publisher', () => {
    async function limited(payout: object) {
      const paid = await campaign(FIXED, payout);
      const scope = `publisher:pub_${paid.key}` as const;
      const id = (counts: string) => `lim_pub_${paid.key}_${counts}`;
      const add = async (counts: 'spend' | 'conversion', maximum: number, name: string = counts) => {
        await insertTestLimit(system.db, { id: id(name), scope, window: 'day', counts, maximum });
        // As maintenance leaves it once all that was under way is counted.
        await system.db.query('UPDATE limits SET adopts_until = NULL WHERE id = $1', [id(name)]);
      };
      return { paid, add, counted: (name: string) => countersOf(system.db, id(name)) };
    }

    it.each([
      ['the end of the call', ON_CONNECTION],
      ['a talk of that length', { ...ON_CONNECTION, due: { on: 'duration', seconds: 30 } }],
    ])('counts a payout that falls due with %s, and refuses what is over', async (_, payout) => {
      const { paid, add, counted } = await limited(payout);
      await add('spend', 8_000_000);
      await add('conversion', 2);
      const calls = [];
      for (let n = 0; n < 5; n++) calls.push(await callThatTalked(system, paid.number, 30));
      expect(calls.map(({ outcome }) => outcome)).toEqual([
        'connected',
        'connected',
        'no_candidate',
        'no_candidate',
        'no_candidate',
      ]);
      expect(await counted('spend')).toEqual([{ posted: 8_000_000, pending: 0 }]);
      expect(await counted('conversion')).toEqual([{ posted: 2, pending: 0 }]);
      await report(paid, { call: calls[0]?.id ?? '' });
      expect(await counted('spend')).toEqual([{ posted: 8_000_000, pending: 0 }]);
    });

    it('counts it once under a limit that is set while the buyer may still report', async () => {
      const { paid, add, counted } = await limited(ON_CONNECTION);
      const call = await callThatTalked(system, paid.number, 30);
      await add('spend', 8_000_000);
      await add('conversion', 2);
      expect(await counted('spend')).toEqual([{ posted: 4_000_000, pending: 0 }]);
      expect(await counted('conversion')).toEqual([{ posted: 1, pending: 0 }]);
      await report(paid, { call: call.id });
      expect(await counted('conversion')).toEqual([{ posted: 1, pending: 0 }]);
    });

    it('holds what is paid by conversion until the buyer has reported', async () => {
      const { paid, add, counted } = await limited(ON_CONVERSION);
      await add('spend', 8_000_000);
      const call = await callThatTalked(system, paid.number, 30);
      await add('conversion', 2);
      expect(await counted('spend')).toEqual([{ posted: 0, pending: 4_000_000 }]);
      expect(await counted('conversion')).toEqual([{ posted: 0, pending: 1 }]);
      await report(paid, { call: call.id });
      expect(await counted('spend')).toEqual([{ posted: 4_000_000, pending: 0 }]);
      expect(await counted('conversion')).toEqual([{ posted: 1, pending: 0 }]);
    });

    it('is found by the proof of all counters where a hold is missing', async () => {
      const { paid, add } = await limited(ON_CONNECTION);
      await add('spend', 8_000_000);
      await callThatTalked(system, paid.number, 30);
      expect(await findCounterDifferences(system.db)).toEqual([]);
      const { rows } = await system.db.query<{ reservation_id: string }>(
        `UPDATE reservation_holds SET reservation_id = reservation_id || '/lost'
          WHERE limit_id = $1 RETURNING reservation_id`,
        [`lim_pub_${paid.key}_spend`],
      );
      await system.db.query(`UPDATE limit_counters SET posted = 0 WHERE limit_id = $1`, [
        `lim_pub_${paid.key}_spend`,
      ]);
      expect(rows).toHaveLength(1);
      expect(await findCounterDifferences(system.db)).toMatchObject([
        { limit_id: `lim_pub_${paid.key}_spend`, posted: 0n, recounted_posted: 4_000_000n },
      ]);
      await system.db.query('DELETE FROM limits WHERE id = $1', [`lim_pub_${paid.key}_spend`]);
    });
  });

  it('is held for a little longer than it may come, so that one at the last moment is counted', async () => {
    const paid = await campaign(FIXED);
    const call = await callThatTalked(system, paid.number, 30);
    const pass = (seconds: number) =>
      system.db.query(
        `UPDATE reservations SET lease_until = lease_until - $2 * interval '1 second' WHERE call_id = $1 AND deferred`,
        [call.id, seconds],
      );
    const held = async () =>
      (
        await system.db.query<{ status: string }>(
          'SELECT status FROM reservations WHERE call_id = $1 AND deferred',
          [call.id],
        )
      ).rows[0]?.status;
    await pass(3_610);
    await sweepUntied(system.db);
    expect(await held()).toBe('pending');
    await pass(60);
    await sweepUntied(system.db);
    expect(await held()).toBe('expired');
  });

  describe('of a publisher who is paid once for a caller', () => {
    const ONCE = { definition: 'any_call', treatment: 'pay_once', days: 30 } as const;

    it.each([
      ['in their order', [0, 1]],
      ['the other way round', [1, 0]],
    ])('is paid for one of two calls that both convert later, %s', async (_, order) => {
      const paid = await campaign(FIXED, ON_CONVERSION, ONCE);
      const from = `+1628555${1000 + Math.floor(Math.random() * 8_999)}`;
      const calls = [];
      for (let n = 0; n < 2; n++) calls.push(await callThatTalked(system, paid.number, 30, from));
      for (const n of order)
        expect((await report(paid, { call: calls[n]?.id ?? '' })).body.outcome).toBe('converted');
      const sums = await Promise.all(calls.map(({ id }) => sumsOf(system, id)));
      expect(sums.map(({ revenue }) => revenue)).toEqual(['25000000', '25000000']);
      const [first, second] = order;
      expect(sums[first ?? 0]?.['payout']).toBe('4000000');
      expect(sums[second ?? 0]?.['payout']).toBe('0');
    });

    it('is paid for one of two that convert at the same moment, and for another caller as well', async () => {
      const paid = await campaign(FIXED, ON_CONVERSION, ONCE);
      const calls = [];
      for (const from of ['+16285550001', '+16285550001', '+16285550001', '+16285550002'])
        calls.push(await callThatTalked(system, paid.number, 30, from));
      await Promise.all(calls.map(({ id }) => report(paid, { call: id })));
      const payouts = await Promise.all(calls.map(async ({ id }) => (await sumsOf(system, id))['payout']));
      expect(payouts.slice(0, 3).filter((payout) => payout === '4000000')).toHaveLength(1);
      expect(payouts.slice(0, 3).filter((payout) => payout === '0')).toHaveLength(2);
      expect(payouts[3]).toBe('4000000');
    });

    it('is not paid at the end of a call when a postback of an earlier one has paid them meanwhile', async () => {
      const paid = await campaign(FIXED, ON_CONVERSION, ONCE);
      const from = '+16285550003';
      const earlier = await callThatTalked(system, paid.number, 30, from);
      await system.db.query(`UPDATE assignments SET price = $1 WHERE campaign_id = $2`, [
        JSON.stringify({ rates: [], amountMicros: '25000000', due: { on: 'connection' } }),
        `cmp_${paid.key}`,
      ]);
      const sid = system.carrier.newSid();
      await system.carrier.post('voice', sid, { To: paid.number, From: from });
      await report(paid, { call: earlier.id });
      await system.carrier.post('dial?attempt=1', sid, {
        To: paid.number,
        CallStatus: 'completed',
        DialCallStatus: 'completed',
        DialCallDuration: '9',
      });
      const later = await system.endedCall(sid);
      expect((await sumsOf(system, earlier.id))['payout']).toBe('4000000');
      expect(await sumsOf(system, later.id)).toMatchObject({ revenue: '25000000', payout: '0' });
    });
  });

  it.each([
    [{ on: 'connection' }, 5, '6250000'],
    [{ on: 'duration', seconds: 30 }, 30, '6250000'],
    [{ on: 'duration', seconds: 30 }, 29, '0'],
  ])(
    'brings a publisher their share of it, where the call met the rule %j by a talk of %i s',
    async (due, seconds, payout) => {
      const share = { basisPoints: 2_500, minimumMicros: null };
      const paid = await campaign(FIXED, { amountMicros: '9000000', due, share });
      const limit = `lim_share_${paid.key}`;
      await insertTestLimit(system.db, {
        id: limit,
        scope: `publisher:pub_${paid.key}`,
        window: 'day',
        counts: 'spend',
        maximum: 100_000_000,
      });
      const call = await callThatTalked(system, paid.number, seconds);
      expect((await sumsOf(system, call.id))['payout']).toBe('0');
      expect(await countersOf(system.db, limit)).toEqual([
        { posted: 0, pending: payout === '0' ? 0 : 9_000_000 },
      ]);
      await report(paid, { call: call.id });
      expect(await sumsOf(system, call.id)).toMatchObject({ revenue: '25000000', payout });
      expect(await countersOf(system.db, limit)).toEqual([{ posted: Number(payout), pending: 0 }]);
    },
  );

  describe('as a postback', () => {
    it('of one event that is sent for two calls at once converts one of them', async () => {
      const paid = await campaign(FIXED);
      const first = await callThatTalked(system, paid.number, 30);
      const second = await callThatTalked(system, paid.number, 30);
      const other = await system.db.connect();
      try {
        await other.query('BEGIN');
        await other.query(
          `INSERT INTO postbacks (buyer_id, event_id, call_id, currency, outcome)
           VALUES ($1, 'evt', $2, 'USD', 'converted')`,
          [paid.buyer, first.id],
        );
        const answer = report(paid, { call: second.id, id: 'evt' });
        await eventually(async () => {
          const { rows } = await system.db.query(
            `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO postbacks%'`,
          );
          expect(rows).toHaveLength(1);
        });
        await other.query('COMMIT');
        expect((await answer).status).toBe(409);
      } finally {
        other.release();
      }
      expect((await sumsOf(system, second.id))['revenue']).toBe('0');
    });

    it('that comes while the call is being ended waits for its end, and converts', async () => {
      const paid = await campaign(FIXED);
      const sid = system.carrier.newSid();
      const to = { To: paid.number };
      await system.carrier.post('voice', sid, to);
      const id = (await system.callBySid(sid))?.id ?? '';
      const waiting = async (text: string): Promise<void> => {
        await eventually(async () => {
          const { rows } = await system.db.query(
            `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1`,
            [`%${text}%`],
          );
          expect(rows.length).toBeGreaterThan(0);
        });
      };
      const other = await system.db.connect();
      try {
        await other.query('BEGIN');
        await other.query('SELECT FROM reservations WHERE call_id = $1 FOR UPDATE', [id]);
        const ended = system.carrier.post('dial?attempt=1', sid, {
          ...to,
          CallStatus: 'completed',
          DialCallStatus: 'completed',
          DialCallDuration: '30',
        });
        await waiting('reservations');
        const answer = report(paid, { call: id });
        await waiting('FROM calls WHERE id = $1::text FOR NO KEY UPDATE');
        await other.query('COMMIT');
        expect(await answer).toMatchObject({ status: 200, body: { outcome: 'converted' } });
        await ended;
      } finally {
        other.release();
      }
    });

    it('is named by the id in its body, before the one that is signed', async () => {
      const paid = await campaign(FIXED);
      const calls = [
        await callThatTalked(system, paid.number, 30),
        await callThatTalked(system, paid.number, 30),
      ];
      const send = async (webhookId: string, fields: object) => {
        const body = JSON.stringify(fields);
        const at = new Date();
        const response = await fetch(`${system.baseUrl}/postbacks/${paid.buyer}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'webhook-id': webhookId,
            'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
            'webhook-signature': new Webhook(paid.secret).sign(webhookId, at, body),
          },
          body,
        });
        return { status: response.status, body: (await response.json()) as object };
      };
      const call = calls[0]?.id ?? '';
      expect(await send('msg_1', { call, id: 'own' })).toMatchObject({ body: { repeated: false } });
      expect(await send('msg_2', { call, id: 'own' })).toMatchObject({ body: { repeated: true } });
      expect(await send('msg_3', { call: calls[1]?.id, id: 'own' })).toMatchObject({ status: 409 });
      expect(await send('msg_4', { call: calls[1]?.id, id: 'x'.repeat(201) })).toMatchObject({ status: 400 });
      expect(await send('msg_5', { call: calls[1]?.id, id: null })).toMatchObject({
        body: { repeated: false },
      });
      expect(await send('msg_5', { call: calls[1]?.id })).toMatchObject({ body: { repeated: true } });
    });

    it('without an id can say a value after one that was worth nothing', async () => {
      const paid = await campaign(FIXED);
      const { id: call } = await callThatTalked(system, paid.number, 30);
      const answers = [];
      for (const value of ['0', '0', '30', '30', '0'])
        answers.push((await report(paid, { call, value })).body);
      expect(answers.map(({ outcome, repeated }) => [outcome, repeated])).toEqual([
        ['worth_nothing', false],
        ['worth_nothing', true],
        ['converted', false],
        ['converted', true],
        ['converted', true],
      ]);
      expect((await sumsOf(system, call))['revenue']).toBe('25000000');
      const { rows } = await system.db.query(`SELECT outcome FROM postbacks WHERE call_id = $1`, [call]);
      expect(rows).toEqual([{ outcome: 'converted' }]);
      const { rows: told } = await system.db.query(
        `SELECT decision FROM timeline_entries WHERE call_id = $1 AND step = 'postback' ORDER BY seq`,
        [call],
      );
      expect(told).toEqual([
        { decision: 'a postback changed nothing: worth_nothing' },
        { decision: 'converted by a postback' },
      ]);
    });

    it('is not taken from who only looks, and a field counts once', async () => {
      const paid = await campaign(FIXED);
      const { id: call } = await callThatTalked(system, paid.number, 30);
      const address = `${system.baseUrl}/postbacks/${paid.buyer}/${paid.secret}`;
      const head = await fetch(`${address}?call=${call}`, { method: 'HEAD' });
      expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET, POST']);
      const FORM = 'application/x-www-form-urlencoded';
      expect((await post(paid, `call=${call}&value=1&value=2`, FORM)).status).toBe(400);
      expect((await sumsOf(system, call))['revenue']).toBe('0');
      expect(
        (await post(paid, JSON.stringify({ call, value: null, currency: null, id: null }))).body.outcome,
      ).toBe('converted');
    });

    it('keeps the secret to itself, however it is addressed', async () => {
      const paid = await campaign(FIXED);
      const told = async (path: string, method = 'GET') => {
        const response = await fetch(`${system.baseUrl}/postbacks/${path}`, { method });
        return [response.status, await response.text()] as const;
      };
      for (const [path, method, status] of [
        [`${paid.buyer}/${paid.secret}`, 'DELETE', 405],
        [`${paid.buyer}/${paid.secret}`, 'PUT', 405],
        [`${paid.buyer}/${paid.secret}/more`, 'GET', 404],
        [paid.secret, 'GET', 405],
        [`${paid.buyer}/${paid.secret}%zz`, 'GET', 400],
      ] as const) {
        const [was, body] = await told(path, method);
        expect([method, was]).toEqual([method, status]);
        expect(body).not.toContain(paid.secret);
      }
      const [status, body] = await told(`${paid.buyer}/other?call=1`);
      expect(status).toBe(401);
      expect(body).not.toContain('API key');
      expect(await post(paid, '{"call": "call_x", "id": "\\ud800"}')).toMatchObject({ status: 400 });
      expect((await told('a%00b/secret?call=1'))[0]).toBe(401);
      expect((await told('a%00b', 'POST'))[0]).toBe(401);
      expect((await told(`${paid.buyer}/a%00b?call=1`))[0]).toBe(401);
    });

    it('of a stranger tells them nothing of a call that goes on', async () => {
      const paid = await campaign(FIXED);
      const stranger = await campaign(FIXED);
      const sid = system.carrier.newSid();
      await system.carrier.post('voice', sid, { To: paid.number });
      const call = (await system.callBySid(sid))?.id ?? '';
      expect((await report(stranger, { call })).status).toBe(404);
      expect((await report(paid, { call })).status).toBe(409);
      await system.carrier.post('dial?attempt=1', sid, {
        To: paid.number,
        CallStatus: 'completed',
        DialCallStatus: 'no-answer',
      });
      await system.endedCall(sid);
    });
  });
});
