import type { PriceDue, PriceRule, Share } from '../call/attribution';
import type { Condition } from '../condition';
import { isTrue, type ConditionContext } from '../condition-truth';
import { formatMicros, microsFromText, type Micros, type MicrosText } from '../money';

/** Pays `amountMicros` for calls of which `when` is true. */
export interface Rate {
  readonly when: Condition;
  readonly amountMicros: MicrosText;
}

/**
 * What a buyer pays for a converted call, and so what an assignment bids. The first rate whose condition is true
 * decides, else `amountMicros`; `null` there: no bid for such a call.
 */
export interface BuyerPrice {
  readonly amountMicros: MicrosText | null;
  readonly rates: readonly Rate[];
  readonly due: PriceDue;
  /** Of the value in the postback, with the amounts as maximum; absent: amounts are fixed. */
  readonly share?: Share;
}

/** Money as routing compares it and people read it. */
export interface Amount {
  readonly amount: Micros;
  /** The amount as a double, for sorting: two different amounts may share one, but never stand in the wrong order. */
  readonly rough: number;
  /** For people, for example `12.50`. */
  readonly text: string;
}

/** A price as it holds for one call. */
export interface Bid extends Amount {
  readonly rule: PriceRule;
}

/** @throws RangeError when the text is no whole number of micros. */
export function readAmount(micros: MicrosText): Amount {
  const amount = microsFromText(micros);
  return { amount, rough: Number(amount), text: formatMicros(amount) };
}

/** A price with its amounts read. */
export interface ReadPrice {
  readonly rates: readonly { readonly when: Condition; readonly bid: Bid }[];
  readonly otherwise: Bid | null;
}

/** @throws RangeError when an amount is no whole number of micros. */
export function readPrice({ amountMicros, rates, due, share }: BuyerPrice): ReadPrice {
  const bidOf = (micros: MicrosText): Bid => ({
    rule: ruleFor(micros, { due, share }),
    ...readAmount(micros),
  });
  return {
    rates: rates.map(({ when, amountMicros: micros }) => ({ when, bid: bidOf(micros) })),
    otherwise: amountMicros === null ? null : bidOf(amountMicros),
  };
}

/** What a buyer pays for this call; `null`: they don't bid for such calls. */
export function priceFor(price: BuyerPrice, context: ConditionContext): PriceRule | null {
  const amountMicros =
    price.rates.find(({ when }) => isTrue(when, context))?.amountMicros ?? price.amountMicros;
  return amountMicros === null ? null : ruleFor(amountMicros, price);
}

function ruleFor(
  amountMicros: MicrosText,
  { due, share }: { readonly due: PriceDue; readonly share?: Share | undefined },
): PriceRule {
  return share === undefined ? { amountMicros, due } : { amountMicros, due, share };
}
