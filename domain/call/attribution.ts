import { unreachable } from '../exhaustive';
import { microsFromText, type Currency, type Micros, type MicrosText } from '../money';

/** On connection, or after so much talk: from connection, or from the key that accepts the call where one is asked for. */
export type TalkDue = { readonly on: 'connection' } | { readonly on: 'duration'; readonly seconds: number };

/** When a buyer's amount falls due. */
export type PriceDue =
  | TalkDue
  /**
   * When the buyer says so, within so many seconds of the end of the call. A value of 0 converts only where the rule
   * says so.
   */
  | { readonly on: 'postback'; readonly windowSeconds: number; readonly zeroConverts: boolean };

/** When a publisher's amount falls due; `conversion`: when the buyer's does. */
export type PayoutDue = TalkDue | { readonly on: 'conversion' };

/** A part of another amount, with the rule's `amountMicros` as its maximum. */
export interface Share {
  /** Hundredths of a percent. */
  readonly basisPoints: number;
  /** `null`: none. Never above the maximum. */
  readonly minimumMicros: MicrosText | null;
}

interface Rule {
  /** The amount; of a share, the most it can come to, which is what limits hold. */
  readonly amountMicros: MicrosText;
  /** Absent: the amount is fixed. */
  readonly share?: Share;
}

/** What a buyer pays for one converted call. A share is of the value in the postback. */
export interface PriceRule extends Rule {
  readonly due: PriceDue;
}

/** What a publisher gets for one call. A share is of the revenue, and is booked no sooner than that. */
export interface PayoutRule extends Rule {
  readonly due: PayoutDue;
}

/** The money terms of one attempt, pinned when the buyer was chosen: later edits do not reach it. */
export interface Terms {
  readonly currency: Currency;
  readonly price: PriceRule;
  /** `null`: the number has no publisher, or nothing is paid to them. */
  readonly payout: PayoutRule | null;
  /** Absent: the campaign pays publishers for each call of a caller. */
  readonly payOnce?: PayOnce;
}

/** A rule by which a publisher is paid once for a caller, to be looked at again when the payout falls due. */
export interface PayOnce {
  /** Between two calls, at most: so many times 24 hours. */
  readonly days: number;
  /** Whether it is a rule about callers that have converted. */
  readonly whenConverted: boolean;
}

/** A connected attempt as attribution sees it. */
export interface ConnectedCall {
  readonly terms: Terms;
  /** Seconds from the buyer's answer to the end; `null` when nobody reported it. */
  readonly talkSeconds: number | null;
}

export interface Attribution {
  /** The buyer's amount fell due. */
  readonly converted: boolean;
  readonly revenue: Micros;
  /** The publisher's amount fell due. */
  readonly paid: boolean;
  readonly payout: Micros;
}

const NOTHING = 0n as Micros;

export const NOTHING_DUE: Attribution = {
  converted: false,
  revenue: NOTHING,
  paid: false,
  payout: NOTHING,
};

/**
 * Who owes whom what for a call as it ends. Each side has its own rule; the call is converted when the buyer's falls due.
 * A talk of unknown length never meets a duration rule: nobody is charged for seconds nobody has seen. What waits for a
 * postback is not due yet, and neither is a share of it.
 */
export function attribute({ terms, talkSeconds }: ConnectedCall): Attribution {
  const { price, payout } = terms;
  const converted = isDue(price.due, talkSeconds, false);
  const revenue = converted ? amountOf(price, null) : NOTHING;
  const paid =
    payout !== null && isDue(payout.due, talkSeconds, converted) && !payoutWaits({ terms, talkSeconds });
  return { converted, revenue, paid, payout: paid ? amountOf(payout, revenue) : NOTHING };
}

/**
 * What a postback makes due on top of what fell due as the call ended.
 * @param value in the terms' currency, micros; `null`: the buyer named none, which is not a value of 0
 * @returns `null`: the buyer's amount does not fall due by it
 */
export function attributePostback(call: ConnectedCall, value: Micros | null): Attribution | null {
  const { price, payout } = call.terms;
  if (price.due.on !== 'postback' || (value === 0n && !price.due.zeroConverts)) return null;
  const revenue = amountOf(price, value);
  const paid = payout !== null && payoutWaits(call);
  return { converted: true, revenue, paid, payout: paid ? amountOf(payout, revenue) : NOTHING };
}

/**
 * Whether the publisher gets something with a postback, if one comes: what is due by conversion, and a share of revenue
 * that only a postback brings, where the call has met the publisher's own rule.
 */
export function payoutWaits({ terms: { price, payout }, talkSeconds }: ConnectedCall): boolean {
  if (payout === null || price.due.on !== 'postback') return false;
  if (payout.due.on === 'conversion') return true;
  return payout.share !== undefined && isDue(payout.due, talkSeconds, false);
}

/** What falls due where the publisher was paid for the caller before, and is paid once. */
export function withoutPayout(due: Attribution): Attribution {
  return { ...due, paid: false, payout: NOTHING };
}

/** Seconds after the end of a call in which a postback may still come; `null`: its price does not wait for one. */
export function postbackWindow({ price: { due } }: Pick<Terms, 'price'>): number | null {
  return due.on === 'postback' ? due.windowSeconds : null;
}

function isDue(rule: PriceDue | PayoutDue, talkSeconds: number | null, converted: boolean): boolean {
  switch (rule.on) {
    case 'connection':
      return true;
    case 'duration':
      return talkSeconds !== null && talkSeconds >= rule.seconds;
    case 'postback':
      return false;
    case 'conversion':
      return converted;
    default:
      return unreachable(rule);
  }
}

const WHOLE = 10_000n;

/**
 * A fixed amount, or a share of `base`, rounded down to whole micros, no less than its minimum and no more than its
 * maximum. @param base `null`: there is nothing to have a share of
 */
function amountOf({ amountMicros, share }: Rule, base: Micros | null): Micros {
  const maximum = microsFromText(amountMicros);
  if (share === undefined) return maximum;
  const part = ((base ?? 0n) * BigInt(share.basisPoints)) / WHOLE;
  const minimum = share.minimumMicros === null ? 0n : microsFromText(share.minimumMicros);
  const raised = part < minimum ? minimum : part;
  return (raised > maximum ? maximum : raised) as Micros;
}
