import type { DueRule } from '../call/attribution';
import type { Condition } from '../condition';
import type { MicrosText } from '../money';

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
  readonly due: DueRule;
}
