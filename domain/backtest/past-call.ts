import type { PayoutRule, PriceRule } from '../call/attribution';
import type { Outcome } from '../call/outcome';
import type { AssignmentId, CampaignId, PublisherId } from '../ids';
import type { BuyerPair } from '../migration/side-view';
import type { Side } from '../migration/split';
import type { Currency, Micros } from '../money';
import type { RoutingPlan } from '../routing/plan';
import type { RoutingFacts } from '../routing/facts';
import type { CampaignSnapshot, DialableAssignment } from '../routing/snapshot';
import type { DialOutcome } from './outcomes';

/** A campaign as a choice met it, without its plan. */
export type PastCampaign = Omit<CampaignSnapshot<DialableAssignment>, 'plan' | 'planVersion'>;

/** A version of a campaign's plan. */
export interface PlanVersion {
  readonly version: number;
  readonly plan: RoutingPlan;
}

/** A dial that was made. */
export interface ObservedDial {
  readonly assignmentId: AssignmentId;
  readonly price: PriceRule;
  readonly outcome: DialOutcome;
  /** From its end to the next asking of limits, in milliseconds; `null`: there was none. */
  readonly goesOnAfterMs: number | null;
}

/** A call that is over, for which a buyer was chosen, or nobody found. */
export interface PastCall {
  /** What the first choice rested on. */
  readonly facts: RoutingFacts;
  readonly campaign: PastCampaign;
  readonly campaignId: CampaignId;
  readonly publisherId: PublisherId | null;
  readonly currency: Currency;
  /** What the number's publisher gets for a call that falls due; `null`: nothing. */
  readonly payout: PayoutRule | null;
  /** Of a call in a migration between two buyers: which of them was a candidate; else `null`. */
  readonly side: { readonly pair: BuyerPair; readonly side: Side } | null;
  /** The version that chose. */
  readonly pinned: PlanVersion;
  /** When limits were asked first, in milliseconds since 1970: a moment after the choice. */
  readonly reservedAt: number;
  readonly observed: {
    readonly outcome: Outcome;
    readonly converted: boolean;
    readonly revenue: Micros;
    readonly payout: Micros;
    /** In order. */
    readonly dials: readonly ObservedDial[];
    /** How long after {@link PastCall.reservedAt} the caller hung up before anybody answered, in milliseconds; `null`: they
     * did not. */
    readonly hungUpAfterMs: number | null;
    /** Limits that stood in somebody's way, each once. */
    readonly refusedBy: readonly string[];
  };
}

/** When the first choice was made, in milliseconds since 1970. */
export function chosenAt(call: PastCall): number {
  return Date.parse(call.facts.at);
}
