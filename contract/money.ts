import { z } from 'zod';
import type { DueRule, PriceRule, Terms } from '../domain/call/attribution';
import type { BuyerPrice } from '../domain/campaign/price';
import type { Currency, MicrosText } from '../domain/money';
import { conditionSchema } from './condition';

export const dueRuleSchema = z.discriminatedUnion('on', [
  z.strictObject({ on: z.literal('connection') }),
  z.strictObject({ on: z.literal('duration'), seconds: z.int().min(0).max(86_400) }),
]) satisfies z.ZodType<DueRule>;

export const microsTextSchema = z
  .string()
  .regex(/^\d{1,18}$/, 'must be whole micros in a string, for example "1500000" for 1.50')
  .transform((text) => text as MicrosText);

export const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, for example USD')
  .transform((text) => text as Currency);

/** What a publisher gets. */
export const priceRuleSchema = z.strictObject({
  amountMicros: microsTextSchema,
  due: dueRuleSchema,
}) satisfies z.ZodType<PriceRule>;

/** What a buyer pays: one amount, or a table of rates by tag or geography. */
export const buyerPriceSchema = z.strictObject({
  amountMicros: microsTextSchema.nullable(),
  rates: z
    .array(z.strictObject({ when: conditionSchema, amountMicros: microsTextSchema }))
    .max(1000)
    .default([]),
  due: dueRuleSchema,
}) satisfies z.ZodType<BuyerPrice>;

export const termsSchema = z.strictObject({
  currency: currencySchema,
  price: priceRuleSchema,
  payout: priceRuleSchema.nullable(),
}) satisfies z.ZodType<Terms>;
