import type { DialSettings } from '../campaign/dialing';
import type { DuplicateRule } from '../campaign/duplicates';
import type { BuyerPrice } from '../campaign/price';
import type { Condition } from '../condition';
import type { Hours } from '../hours';
import type { AssignmentId, BuyerId, CampaignId } from '../ids';
import type { RoutingPlan } from './plan';

/** A buyer's place in a campaign, as routing needs it. */
export interface RoutableAssignment {
  readonly id: AssignmentId;
  readonly buyerId: BuyerId;
  readonly buyerName: string;
  /** 1 is first. */
  readonly priority: number;
  /** Above 0. */
  readonly weight: number;
  /** The assignment itself, or its buyer everywhere. */
  readonly paused: boolean;
  /** `null`: always open. Both have to be open. */
  readonly hours: Hours | null;
  readonly buyerHours: Hours | null;
  /** Calls it takes; `null`: all. */
  readonly filter: Condition | null;
  readonly price: BuyerPrice;
  /** Chance that a connected call converts, 0 to 1, as the operator estimates it. */
  readonly conversionEstimate: number;
}

/** An assignment with what a dial needs beyond routing. */
export interface DialableAssignment extends RoutableAssignment {
  readonly dialing: DialSettings;
}

/** What routing knows of a campaign at one moment. */
export interface CampaignSnapshot<T extends RoutableAssignment = RoutableAssignment> {
  readonly campaignId: CampaignId;
  /** IANA zone of the campaign's own clock. */
  readonly timeZone: string;
  /** Local calendar days, `YYYY-MM-DD`. */
  readonly holidays: readonly string[];
  readonly duplicates: DuplicateRule | null;
  readonly planVersion: number;
  readonly plan: RoutingPlan;
  readonly assignments: readonly T[];
}
