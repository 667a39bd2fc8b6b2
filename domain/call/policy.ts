import type { AssignmentId, AttemptId, BuyerId, CampaignId, E164, PublisherId } from '../ids';
import type { Destination } from '../instructions';
import type { CallSide } from '../migration/call-side';
import type { OpenTreatment } from '../treatment';
import type { Currency } from '../money';
import type { PayoutRule, Terms } from './attribution';
import type { TreatedOutcome } from './outcome';

/** A campaign's rules as they stood when the call came in. The call keeps them to its end. */
export interface CallPolicy {
  readonly campaignId: CampaignId;
  readonly publisherId: PublisherId | null;
  readonly currency: Currency;
  /** Where the number is shown, for example `google_ads`; empty in calls of the first release. */
  readonly channel: string;
  /** What the number's publisher gets; `null`: nothing. */
  readonly payout: PayoutRule | null;
  readonly planVersion: number;
  /** `null`: the campaign has no IVR flow. */
  readonly flowVersion: number | null;
  readonly maxAttempts: number;
  /** The longest a call may live, from the first webhook, in seconds. */
  readonly maxCallSeconds: number;
  /** How long a callback that belongs before the caller's hang-up may come after it, in seconds. */
  readonly callbackGraceSeconds: number;
  readonly reportAnswer: boolean;
  /** A buyer who hangs up after less talk has not taken the call, in seconds; `null`: whoever answers has. */
  readonly recoverUnderSeconds: number | null;
  /** The call's side of a migration; absent: its campaign had none. */
  readonly migration?: CallSide;
}

/** A candidate whose capacity is held and who is to be dialled. */
export interface PlacedAttempt {
  readonly no: number;
  readonly id: AttemptId;
  readonly assignmentId: AssignmentId;
  readonly buyerId: BuyerId;
  readonly buyerName: string;
  /** Rung at once. */
  readonly destinations: readonly Destination[];
  readonly ringTimeoutSeconds: number;
  /** What the buyer sees; `null`: the caller's number, as the carrier passes it. */
  readonly callerId: E164 | null;
  /** Whether whoever answers hears something first. */
  readonly announce: boolean;
  /** Whether whoever answers has to accept the call; talk counts from then. */
  readonly screened: boolean;
  readonly record: boolean;
  readonly terms: Terms;
}

/** What routing came to: somebody to dial, or nobody. */
export type Placement =
  | { readonly kind: 'dial'; readonly attempt: PlacedAttempt }
  | {
      readonly kind: 'fallback';
      readonly outcome: TreatedOutcome;
      readonly treatment: OpenTreatment;
    };
