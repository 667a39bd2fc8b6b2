import fc from 'fast-check';
import {
  attribute,
  attributePostback,
  type PayoutDue,
  type PriceDue,
  type Share,
  type Terms,
} from '../../domain/call/attribution';
import type { Currency, Micros, MicrosText } from '../../domain/money';

const AFTER = { on: 'postback', windowSeconds: 60, zeroConverts: false } as const;

const micros = fc.bigInt({ min: 0n, max: 10n ** 15n });
const share: fc.Arbitrary<Share> = fc.record({
  basisPoints: fc.integer({ min: 1, max: 1_000_000 }),
  minimumMicros: fc.option(micros.map((amount) => amount.toString() as MicrosText)),
});
const talkDue = fc.oneof(
  fc.constant({ on: 'connection' } as const),
  fc.record({ on: fc.constant('duration' as const), seconds: fc.integer({ min: 0, max: 600 }) }),
);
const priceDue: fc.Arbitrary<PriceDue> = fc.oneof(
  talkDue,
  fc.record({
    on: fc.constant('postback' as const),
    windowSeconds: fc.constant(60),
    zeroConverts: fc.boolean(),
  }),
);
const payoutDue: fc.Arbitrary<PayoutDue> = fc.oneof(talkDue, fc.constant({ on: 'conversion' } as const));
const ruleOf = <D>(due: fc.Arbitrary<D>, withShare: fc.Arbitrary<Share | null>) =>
  fc.tuple(micros, due, withShare).map(([amount, on, part]) => ({
    amountMicros: amount.toString() as MicrosText,
    due: on,
    ...(part === null ? {} : { share: part }),
  }));
const terms: fc.Arbitrary<Terms> = fc.record({
  currency: fc.constant('USD' as Currency),
  price: ruleOf(priceDue, fc.constant(null)),
  payout: fc.option(ruleOf(payoutDue, fc.option(share))),
});

describe('money of a call', () => {
  it('never comes to more than was held for it, on either side, by its end and a postback together', () => {
    fc.assert(
      fc.property(
        terms,
        fc.option(fc.integer({ min: 0, max: 900 })),
        fc.option(micros),
        (agreed, talkSeconds, value) => {
          const end = attribute({ terms: agreed, talkSeconds });
          const late = end.converted
            ? null
            : attributePostback({ terms: agreed, talkSeconds }, value as Micros | null);
          const revenue = end.revenue + (late?.revenue ?? 0n);
          const payout = end.payout + (late?.payout ?? 0n);
          expect(revenue).toBeLessThanOrEqual(BigInt(agreed.price.amountMicros));
          expect(payout).toBeLessThanOrEqual(BigInt(agreed.payout?.amountMicros ?? 0));
          expect(revenue).toBeGreaterThanOrEqual(0n);
          // Who is paid by the end of the call is not paid by the postback as well.
          expect(end.paid && late?.paid === true).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [2_500, null, '10000001', '2500000'],
    [1, null, '9999', '0'],
    [2_500, '500', '1', '500'],
    [1_000_000, null, '1000000000', '12000000'],
  ])(
    'of a share of %i basis points, at least %s, of %s is %s',
    (basisPoints, minimumMicros, value, revenue) => {
      const price = {
        amountMicros: '12000000' as MicrosText,
        due: AFTER,
        share: { basisPoints, minimumMicros: minimumMicros as MicrosText | null },
      };
      const agreed = { currency: 'USD' as Currency, price, payout: null };
      expect(
        attributePostback({ terms: agreed, talkSeconds: 9 }, BigInt(value) as Micros)?.revenue.toString(),
      ).toBe(revenue);
    },
  );

  it('pays a publisher by conversion only when the buyer’s amount falls due', () => {
    const payout = { amountMicros: '5' as MicrosText, due: { on: 'conversion' } } as const;
    const agreed = (seconds: number): Terms => ({
      currency: 'USD' as Currency,
      price: { amountMicros: '9' as MicrosText, due: { on: 'duration', seconds } },
      payout,
    });
    expect(attribute({ terms: agreed(60), talkSeconds: 60 })).toMatchObject({
      converted: true,
      paid: true,
      payout: 5n,
    });
    expect(attribute({ terms: agreed(61), talkSeconds: 60 })).toMatchObject({
      converted: false,
      paid: false,
      payout: 0n,
    });
  });
});
