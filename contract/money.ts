import { z } from 'zod';
import type { PayoutDue, PayoutRule, PriceDue, PriceRule, Share, Terms } from '../domain/call/attribution';
import type { BuyerPrice } from '../domain/campaign/price';
import type { Currency, MicrosText } from '../domain/money';
import { conditionSchema } from './condition';

const connectionSchema = z.strictObject({ on: z.literal('connection') });
const durationSchema = z.strictObject({
  on: z.literal('duration'),
  seconds: z
    .int()
    .min(0)
    .max(86_400)
    .describe('From the buyer’s answer, or from the key that accepts the call.'),
});

/** The longest a buyer may take to say that a call converted, in seconds. */
export const LONGEST_POSTBACK_WINDOW = 90 * 86_400;

/** When a buyer's amount falls due. */
export const dueRuleSchema = z.discriminatedUnion('on', [
  connectionSchema,
  durationSchema,
  z.strictObject({
    on: z.literal('postback'),
    windowSeconds: z
      .int()
      .min(60)
      .max(LONGEST_POSTBACK_WINDOW)
      .default(30 * 86_400)
      .describe(
        'How long after the end of the call the buyer may say so. Limits hold what it can cost until then.',
      ),
    zeroConverts: z.boolean().default(false).describe('Whether a postback of value 0 converts.'),
  }),
]) satisfies z.ZodType<PriceDue>;

/** When a publisher's amount falls due. */
export const payoutDueSchema = z.discriminatedUnion('on', [
  connectionSchema,
  durationSchema,
  z.strictObject({ on: z.literal('conversion').describe('When the buyer’s amount falls due.') }),
]) satisfies z.ZodType<PayoutDue>;

export const microsTextSchema = z
  .string()
  .regex(/^\d{1,18}$/, 'must be whole micros in a string, for example "1500000" for 1.50')
  .transform((text) => text as MicrosText);

/** An amount that may be below zero. */
export const signedMicrosTextSchema = z
  .string()
  .regex(/^-?\d{1,18}$/, 'must be whole micros in a string, for example "-1500000" for -1.50')
  .transform((text) => text as MicrosText);

/** The largest amount that is said at once: a thousand million of a currency's unit. */
const LARGEST_AMOUNT = 10n ** 15n;
const isWithin = (text: string): boolean => BigInt(text) <= LARGEST_AMOUNT && BigInt(text) >= -LARGEST_AMOUNT;
const IS_TOO_MUCH = `must be ${LARGEST_AMOUNT} micros at most`;

/** An amount that somebody sets or books. */
export const amountSchema = microsTextSchema.refine(isWithin, IS_TOO_MUCH);

/** The same, which may be below zero. */
export const signedAmountSchema = signedMicrosTextSchema.refine(isWithin, IS_TOO_MUCH);

export const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, for example USD')
  .transform((text) => text as Currency);

/** A part of another amount. */
export const shareSchema = z.strictObject({
  basisPoints: z.int().min(1).max(1_000_000).describe('Hundredths of a percent: 2500 is 25 %.'),
  minimumMicros: amountSchema.nullable().default(null),
}) satisfies z.ZodType<Share>;

const MAXIMUM = 'The amount; with a `share`, the most it can come to.';

/** A minimum above the maximum would never be paid. */
function minimumFits({ amountMicros, share }: { amountMicros: string | null; share?: Share | undefined }) {
  return (
    share === undefined ||
    share.minimumMicros === null ||
    (amountMicros !== null && BigInt(share.minimumMicros) <= BigInt(amountMicros))
  );
}
const MINIMUM_TOO_HIGH = {
  error: 'is above the maximum, which is amountMicros',
  path: ['share', 'minimumMicros'],
};

/** What a buyer pays for one call. */
export const priceRuleSchema = z.strictObject({
  amountMicros: microsTextSchema.describe(MAXIMUM),
  due: dueRuleSchema,
  share: shareSchema.exactOptional(),
}) satisfies z.ZodType<PriceRule>;

/** What a publisher gets. */
export const payoutRuleSchema = z
  .strictObject({
    amountMicros: amountSchema.describe(MAXIMUM),
    due: payoutDueSchema,
    share: shareSchema.exactOptional().describe('Of the revenue; left out: the amount is fixed.'),
  })
  .refine(minimumFits, MINIMUM_TOO_HIGH) satisfies z.ZodType<PayoutRule>;

/** What a buyer pays: one amount, or a table of rates by tag or geography. */
export const buyerPriceSchema = z
  .strictObject({
    amountMicros: amountSchema.nullable(),
    rates: z
      .array(z.strictObject({ when: conditionSchema, amountMicros: amountSchema }))
      .max(1000)
      .default([]),
    due: dueRuleSchema,
    share: shareSchema
      .exactOptional()
      .describe('Of the value in the postback, with the amounts as maximum; left out: amounts are fixed.'),
  })
  .refine(({ due, share }) => share === undefined || due.on === 'postback', {
    error: 'is of the value in a postback, so due has to be on postback',
    path: ['share'],
  })
  .refine(minimumFits, MINIMUM_TOO_HIGH) satisfies z.ZodType<BuyerPrice>;

export const termsSchema = z.strictObject({
  currency: currencySchema,
  price: priceRuleSchema,
  payout: payoutRuleSchema.nullable(),
  payOnce: z.strictObject({ days: z.int(), whenConverted: z.boolean() }).exactOptional(),
}) satisfies z.ZodType<Terms>;
