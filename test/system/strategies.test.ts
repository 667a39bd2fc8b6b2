import { createDraw, drawKey } from '../../domain/routing/draw';
import { insertCampaign, type TestCampaign } from './campaign-fixture';
import { dialled, heard, placeCall, skipReasons } from './placing';
import { startSystem, type SystemUnderTest } from './system';

const ANSWERS = { default: { kind: 'answer', talkSeconds: 20 } } as const;
const BUSY = { default: { kind: 'busy' } } as const;

const waterfall: TestCampaign = {
  key: 'waterfall',
  number: '+14155551100',
  buyers: [
    { name: 'second', priority: 2 },
    { name: 'first', priority: 1 },
    { name: 'third', priority: 3 },
  ],
};

const weighted: TestCampaign = {
  key: 'weighted',
  number: '+14155552100',
  buyers: [
    { name: 'a', weight: 6 },
    { name: 'b', weight: 3 },
    { name: 'c', weight: 1 },
  ],
  rules: [{ name: 'split', strategy: { kind: 'weighted' } }],
};

const roundRobin: TestCampaign = {
  key: 'rr',
  number: '+14155553100',
  buyers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
  rules: [{ name: 'in turn', strategy: { kind: 'round_robin' } }],
};

const auction: TestCampaign = {
  key: 'auction',
  number: '+14155554100',
  buyers: [
    { name: 'low', bid: '4000000' },
    { name: 'high', bid: '12000000', conversionEstimate: 0.2 },
    {
      name: 'rated',
      bid: null,
      rates: [
        {
          when: { kind: 'geography', field: 'state', in: ['CA'] },
          amountMicros: '9000000' as never,
        },
      ],
    },
    { name: 'under', bid: '1000000' },
  ],
  rules: [
    {
      name: 'by tag: expected revenue',
      when: { kind: 'tag', tag: 'mode', test: { is: 'one_of', values: ['expected'] } },
      strategy: { kind: 'auction', reserveMicros: null, rankBy: 'expected_revenue' },
      fallback: { kind: 'reject', reason: 'busy' },
    },
    {
      name: 'highest bid',
      strategy: { kind: 'auction', reserveMicros: '2000000' as never, rankBy: 'bid' },
    },
  ],
};

const rules: TestCampaign = {
  key: 'rules',
  number: '+14155555100',
  channel: 'google_ads',
  tags: { product: 'auto' },
  buyers: [
    { name: 'west' },
    { name: 'east' },
    { name: 'auto', filter: { kind: 'tag', tag: 'product', test: { is: 'one_of', values: ['auto'] } } },
    { name: 'home', filter: { kind: 'tag', tag: 'product', test: { is: 'one_of', values: ['home'] } } },
    { name: 'closed', hours: { timeZone: 'Asia/Kolkata', openings: [], holidays: [] } },
  ],
  rules: [
    {
      name: 'California',
      when: {
        kind: 'all',
        conditions: [
          { kind: 'geography', field: 'state', in: ['CA'] },
          { kind: 'source', field: 'channel', in: ['google_ads'] },
          { kind: 'not', condition: { kind: 'holiday', zone: 'campaign' } },
        ],
      },
      strategy: { kind: 'waterfall' },
      candidates: [
        { assignmentId: 'asg_rules_west' as never, priority: 1, weight: null },
        { assignmentId: 'asg_rules_closed' as never, priority: 2, weight: null },
      ],
    },
    {
      name: 'by product',
      when: { kind: 'tag', tag: 'product', test: { is: 'present' } },
      strategy: { kind: 'waterfall' },
      candidates: [
        { assignmentId: 'asg_rules_home' as never, priority: 1, weight: null },
        { assignmentId: 'asg_rules_auto' as never, priority: 2, weight: null },
      ],
      fallback: { kind: 'message', prompt: { text: 'Nobody for this product.', language: 'en-US' } },
    },
    { name: 'never reached', strategy: { kind: 'waterfall' } },
  ],
};

describe('a call is routed', () => {
  let system: SystemUnderTest;
  beforeAll(async () => {
    system = await startSystem();
    for (const campaign of [waterfall, weighted, roundRobin, auction, rules]) {
      await insertCampaign(system.db, campaign);
    }
  });
  afterAll(() => system.stop());

  it('down a waterfall, by priority', async () => {
    const { call } = await placeCall(system, { to: waterfall.number, buyers: BUSY });
    expect(call.outcome).toBe('exhausted');
    expect(dialled(call)).toEqual(['first', 'second', 'third']);
    expect(skipReasons(call)).toEqual({ second: 'not_needed', third: 'not_needed' });
    expect(skipReasons(call, 2)).toEqual({ first: 'already_tried', third: 'not_needed' });
  });

  it('by weight, in the very order that its id and the plan version draw', async () => {
    const calls = await Promise.all(
      Array.from({ length: 6 }, () => placeCall(system, { to: weighted.number, buyers: BUSY })),
    );
    for (const { call } of calls) {
      const draw = createDraw(`${call.id}/plan-1`);
      const drawn = weighted.buyers
        .map(({ name, weight = 1 }) => ({ name, key: drawKey(draw(`asg_weighted_${name}`), weight) }))
        .sort((one, other) => one.key - other.key);
      expect(dialled(call)).toEqual(drawn.map(({ name }) => name));
    }
  });

  it('in turn, exactly: twelve calls at once give each of three buyers four', async () => {
    const calls = await Promise.all(
      Array.from({ length: 12 }, () => placeCall(system, { to: roundRobin.number, buyers: ANSWERS })),
    );
    const shares = new Map<string, number>();
    for (const { call } of calls) {
      const [buyer = 'nobody'] = dialled(call);
      shares.set(buyer, (shares.get(buyer) ?? 0) + 1);
    }
    expect(Object.fromEntries(shares)).toEqual({ a: 4, b: 4, c: 4 });
  });

  it('to the highest bidder over the reserve price, who pays what they bid; the others are the fallbacks', async () => {
    const { call } = await placeCall(system, {
      to: auction.number,
      from: '+14155550123',
      buyers: { default: { kind: 'answer', talkSeconds: 20 }, inDialOrder: [{ kind: 'busy' }] },
    });
    expect(dialled(call)).toEqual(['high', 'rated']);
    expect(call).toMatchObject({ outcome: 'connected', revenueMicros: '9000000' });
    expect(skipReasons(call)).toEqual({ rated: 'not_needed', low: 'not_needed', under: 'below_reserve' });
  });

  it('past a bidder who bids nothing for such a caller', async () => {
    const { call } = await placeCall(system, { to: auction.number, from: '+12125550123', buyers: ANSWERS });
    expect(dialled(call)).toEqual(['high']);
    expect(skipReasons(call)).toMatchObject({ rated: 'no_bid', low: 'not_needed' });
  });

  it('by expected revenue where the plan asks for it', async () => {
    await system.db.query(`UPDATE numbers SET tags = '{"mode": "expected"}' WHERE e164 = $1`, [
      auction.number,
    ]);
    const { call } = await placeCall(system, { to: auction.number, from: '+12125550123', buyers: BUSY });
    // 4.00 × 1, 12.00 × 0.2, 1.00 × 1.
    expect(dialled(call)).toEqual(['low', 'high', 'under']);
    await system.db.query(`UPDATE numbers SET tags = '{}' WHERE e164 = $1`, [auction.number]);
  });

  it('by the rules that match, one behind the other, up to the one with a fallback of its own', async () => {
    const { call, carrier } = await placeCall(system, {
      to: rules.number,
      from: '+14155550123',
      buyers: BUSY,
    });
    expect(dialled(call)).toEqual(['west', 'auto']);
    expect(call).toMatchObject({ outcome: 'exhausted', qualifications: { product: 'auto' } });
    expect(skipReasons(call)).toEqual({
      closed: 'closed',
      home: 'filtered',
      auto: 'not_needed',
      east: 'no_rule',
    });
    expect(heard(carrier)).toEqual(['Nobody for this product.']);
  });

  it('without the rules that do not match', async () => {
    const { call } = await placeCall(system, { to: rules.number, from: '+12125550123', buyers: ANSWERS });
    expect(dialled(call)).toEqual(['auto']);
    expect(call.timeline.find(({ step }) => step === 'routed')?.detail).toMatchObject({
      rules: ['by product'],
      rule: 'by product',
    });
  });

  it('by where the carrier says the caller is, rather than by the area code', async () => {
    const { call } = await placeCall(system, {
      to: rules.number,
      from: '+12125550123',
      callerPlace: { state: 'CA', country: 'US' },
      buyers: ANSWERS,
    });
    expect(dialled(call)).toEqual(['west']);
  });
});
