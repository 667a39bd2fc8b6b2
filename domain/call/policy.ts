import type { AssignmentId, AttemptId, BuyerId, CampaignId, PublisherId } from '../ids';
import type { Destination, Prompt } from '../instructions';
import type { OpenTreatment } from '../treatment';
import type { Currency } from '../money';
import type { PriceRule, Terms } from './attribution';
import type { UnroutedOutcome } from './outcome';

/** One menu: what is said, which digits mean what, and what happens to silence. */
export interface Menu {
  readonly prompt: Prompt;
  /** Said before the prompt is repeated after silence or a digit that means nothing. */
  readonly retryPrompt: Prompt;
  readonly options: readonly MenuOption[];
  /** Silence that counts as no answer, in seconds. */
  readonly timeoutSeconds: number;
  /** How often the menu is played at most. */
  readonly tries: number;
  /** After the last try: route the caller anyway, without a qualification, or say goodbye. */
  readonly whenUnanswered: { readonly kind: 'route' } | { readonly kind: 'hang_up'; readonly prompt: Prompt };
}

/** Pressing `digit` puts the qualification `tag` = `value` on the call. */
export interface MenuOption {
  readonly digit: string;
  readonly tag: string;
  readonly value: string;
}

/** A campaign's rules as they stood when the call came in. The call keeps them to its end. */
export interface CallPolicy {
  readonly campaignId: CampaignId;
  readonly publisherId: PublisherId | null;
  readonly currency: Currency;
  /** What the number's publisher gets; `null`: nothing. */
  readonly payout: PriceRule | null;
  readonly planVersion: number;
  /** `null`: the campaign has no IVR flow. */
  readonly flowVersion: number | null;
  readonly maxAttempts: number;
  /** The longest a call may live, from the first webhook, in seconds. */
  readonly maxCallSeconds: number;
  /** How long a callback that belongs before the caller's hang-up may come after it, in seconds. */
  readonly callbackGraceSeconds: number;
  readonly reportAnswer: boolean;
  readonly record: boolean;
}

/** A candidate whose capacity is held and who is to be dialled. */
export interface PlacedAttempt {
  readonly no: number;
  readonly id: AttemptId;
  readonly assignmentId: AssignmentId;
  readonly buyerId: BuyerId;
  readonly buyerName: string;
  readonly destination: Destination;
  readonly ringTimeoutSeconds: number;
  readonly terms: Terms;
}

/** What routing came to: somebody to dial, or nobody. */
export type Placement =
  | { readonly kind: 'dial'; readonly attempt: PlacedAttempt }
  | {
      readonly kind: 'fallback';
      readonly outcome: UnroutedOutcome;
      readonly treatment: OpenTreatment;
    };
