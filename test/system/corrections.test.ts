import type { Call } from '../../contract/call';
import type { Page } from '../../contract/page';
import type { Dispute, LedgerEntry } from '../../contract/resources/money';
import { insertCampaign } from './campaign-fixture';
import { callThatTalked, moneyApi, once, sumsOf, type MoneyApi } from './money-fixture';
import { startSystem, type SystemUnderTest } from './system';

const NUMBER = '+14155559200';
const REVENUE = '20000000';

describe('what is booked by hand', () => {
  let system: SystemUnderTest;
  let api: MoneyApi;
  beforeAll(async () => {
    system = await startSystem();
    api = moneyApi(system);
    await insertCampaign(system.db, {
      key: 'hand',
      number: NUMBER,
      buyers: [{ name: 'a', bid: REVENUE }],
      payout: '8000000',
    });
  });
  afterAll(() => system.stop());

  const callTaken = (): Promise<Call> => callThatTalked(system, NUMBER, 90);
  const entriesOf = async (callId: string): Promise<readonly LedgerEntry[]> =>
    (await api.ok<Page<LedgerEntry>>('GET', `/ledger?callId=${callId}&limit=200`)).data;
  const adjust = (call: string, side: string, amountMicros: string, headers = once()) =>
    api.send<LedgerEntry & { code: string }>(
      'POST',
      `/calls/${call}/adjustments`,
      { side, amountMicros, reason: 'agreed' },
      headers,
    );
  const dispute = (callId: string) => api.ok<Dispute>('POST', '/disputes', { callId, reason: 'not theirs' });
  const accept = (id: string, body: object = {}) =>
    api.send<{ detail?: string }>('POST', `/disputes/${id}/accept`, { reason: 'heard it', ...body });

  it('is booked once for a request that is sent again after its answer was forgotten', async () => {
    const { id } = await callTaken();
    const headers = once();
    const first = await adjust(id, 'revenue', '-5000000', headers);
    await system.db.query(`UPDATE idempotent_requests SET created_at = now() - interval '25 hours'`);
    const again = await adjust(id, 'revenue', '-5000000', headers);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect((await sumsOf(system, id))['revenue']).toBe('15000000');
    const { rows } = await system.db.query(`SELECT FROM audit_entries WHERE entity_id = $1`, [first.body.id]);
    expect(rows).toHaveLength(1);
  });

  it('is bounded, and what does not fit a sum is refused', async () => {
    const { id } = await callTaken();
    expect((await adjust(id, 'cost', '1000000000000001')).status).toBe(400);
    expect((await adjust(id, 'cost', '-1000000000000001')).status).toBe(400);
    expect((await adjust(id, 'cost', '1000000000000000')).status).toBe(201);
    await system.db.query('UPDATE calls SET cost_micros = 9223372036854775807 WHERE id = $1', [id]);
    const over = await adjust(id, 'cost', '1');
    expect([over.status, over.body.code]).toEqual([422, 'unprocessable']);
    expect((await entriesOf(id)).filter(({ side }) => side === 'cost')).toHaveLength(1);
  });

  it('is found nowhere at an address with a NUL', async () => {
    const answers = await Promise.all([
      api.send('POST', '/calls/a%00b/adjustments', { side: 'cost', amountMicros: '1', reason: 'x' }),
      api.send('GET', '/calls/a%00b'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
  });

  it('takes no more off by a dispute than is still owed as it is decided', async () => {
    const { id } = await callTaken();
    const open = await dispute(id);
    await adjust(id, 'revenue', '-15000000');
    await adjust(id, 'payout', '-7000000');
    const all = await accept(open.id);
    expect([all.status, all.body.detail]).toEqual([422, expect.stringContaining('5.00 that are still owed')]);
    const payout = await accept(open.id, { grantedMicros: '5000000', payoutMicros: '1000001' });
    expect([payout.status, payout.body.detail]).toEqual([422, expect.stringContaining('payoutMicros')]);
    expect(await sumsOf(system, id)).toMatchObject({ revenue: '5000000', payout: '1000000' });
    expect((await accept(open.id, { grantedMicros: '5000000', payoutMicros: '1000000' })).status).toBe(200);
    expect(await sumsOf(system, id)).toMatchObject({ revenue: '0', payout: '0' });
  });

  it('grants a dispute of a call whose publisher has been given a credit', async () => {
    const { id } = await callTaken();
    const open = await dispute(id);
    await adjust(id, 'payout', '-9000000');
    expect((await accept(open.id)).status).toBe(200);
    expect(await sumsOf(system, id)).toMatchObject({ revenue: '0', payout: '-1000000' });
  });

  it('can be the cost of a call that nobody took', async () => {
    const sid = system.carrier.newSid();
    await system.carrier.post('voice', sid, { To: NUMBER });
    await system.carrier.post('status', sid, { To: NUMBER, CallStatus: 'completed' });
    const call = await system.endedCall(sid);
    expect(call.outcome).toBe('abandoned_ringing');
    expect((await adjust(call.id, 'cost', '500000')).body).toMatchObject({ currency: 'USD' });
    expect((await adjust(call.id, 'revenue', '500000')).status).toBe(422);
    expect(await sumsOf(system, call.id)).toMatchObject({ cost: '500000' });
  });

  it('takes nothing back of which less is left, and nothing that a dispute has granted', async () => {
    const { id } = await callTaken();
    const open = await dispute(id);
    await accept(open.id, { grantedMicros: '12000000' });
    const entries = await entriesOf(id);
    const reverse = async (entry: LedgerEntry | undefined) => {
      const { status, body } = await api.send<{ detail: string }>(
        'POST',
        `/ledger/${entry?.id ?? ''}/reversal`,
        { reason: 'no' },
      );
      return [status, body.detail];
    };
    expect(await reverse(entries.find(({ kind }) => kind === 'revenue'))).toEqual([
      422,
      expect.stringContaining('8.00 USD are left'),
    ]);
    expect(await reverse(entries.find(({ kind }) => kind === 'adjustment'))).toEqual([
      409,
      expect.stringContaining('book an adjustment instead'),
    ]);
    const cost = (await adjust(id, 'cost', '9000000')).body;
    await adjust(id, 'cost', '-1');
    expect(await reverse(cost)).toEqual([422, expect.stringContaining('8.999999 USD are left')]);
    expect(await sumsOf(system, id)).toEqual({ revenue: '8000000', payout: '8000000', cost: '8999999' });
  });

  it('leaves no secret of a buyer behind in answers that are kept', async () => {
    const path = '/buyers/buy_hand_a/postback-secret';
    const headers = once();
    const first = await api.ok<{ secret: string }>('POST', path, undefined, headers);
    const second = await api.ok<{ secret: string }>('POST', path, undefined, headers);
    expect(second.secret).not.toBe(first.secret);
    const { rows } = await system.db.query(
      `SELECT FROM idempotent_requests WHERE body::text LIKE '%whsec_%' OR headers::text LIKE '%whsec_%'`,
    );
    expect(rows).toEqual([]);
    const report = async (secret: string) =>
      (await fetch(`${system.baseUrl}/postbacks/buy_hand_a/${secret}?call=call_nobody`)).status;
    expect([await report(first.secret), await report(second.secret)]).toEqual([401, 404]);
    await api.ok('DELETE', path);
    expect(await report(second.secret)).toBe(401);
  });
});
