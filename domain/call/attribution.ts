import { unreachable } from '../exhaustive';
import { microsFromText, type Currency, type Micros, type MicrosText } from '../money';

/** When an amount falls due. Durations count from connection, in seconds. */
export type DueRule = { readonly on: 'connection' } | { readonly on: 'duration'; readonly seconds: number };

/** What a buyer pays, or a publisher gets, for one converted call. */
export interface PriceRule {
  readonly amountMicros: MicrosText;
  readonly due: DueRule;
}

/** The money terms of one attempt, pinned when the buyer was chosen: later edits do not reach it. */
export interface Terms {
  readonly currency: Currency;
  readonly price: PriceRule;
  /** `null`: the number has no publisher, or nothing is paid to them. */
  readonly payout: PriceRule | null;
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

export const NOTHING_DUE: Attribution = {
  converted: false,
  revenue: 0n as Micros,
  paid: false,
  payout: 0n as Micros,
};

/**
 * Who owes whom what for a call. Each side has its own rule; the call is converted when the buyer's falls due.
 * A talk of unknown length never meets a duration rule: nobody is charged for seconds nobody has seen.
 */
export function attribute(call: ConnectedCall): Attribution {
  const converted = isDue(call.terms.price.due, call.talkSeconds);
  const payout = call.terms.payout;
  const paid = payout !== null && isDue(payout.due, call.talkSeconds);
  return {
    converted,
    revenue: converted ? microsFromText(call.terms.price.amountMicros) : (0n as Micros),
    paid,
    payout: paid ? microsFromText(payout.amountMicros) : (0n as Micros),
  };
}

function isDue(rule: DueRule, talkSeconds: number | null): boolean {
  switch (rule.on) {
    case 'connection':
      return true;
    case 'duration':
      return talkSeconds !== null && talkSeconds >= rule.seconds;
    default:
      return unreachable(rule);
  }
}
