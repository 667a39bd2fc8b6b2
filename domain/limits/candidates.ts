import type { AssignmentId, BuyerId, CampaignId, PublisherId } from '../ids';
import type { Destination } from '../instructions';
import { microsFromText, type MicrosText } from '../money';
import { scopesOf, type Scope } from './limit';

/** Somebody who may be dialled, and what all limits on them must have room for. */
export interface ReserveCandidate {
  readonly assignmentId: string;
  readonly scopes: readonly Scope[];
  /** The most the attempt can cost the buyer, and earn the publisher, in micros of `currency`. */
  readonly spend: bigint;
  readonly payout: bigint;
  readonly currency: string;
}

/** What is the same for every candidate of a call. */
export interface CallAsking {
  readonly campaignId: CampaignId;
  /** `null`: the number has no publisher. */
  readonly publisherId: PublisherId | null;
  readonly currency: string;
  /** What the publisher gets at most, by the call's terms, in micros. */
  readonly payout: bigint;
}

interface Candidate {
  readonly assignment: {
    readonly id: AssignmentId;
    readonly buyerId: BuyerId;
    readonly dialing: { readonly destinations: readonly Destination[] };
  };
  readonly price: { readonly amountMicros: MicrosText };
}

/** What each candidate needs room for: the same of a call, a simulated one and a backtest. */
export function reserveCandidates(call: CallAsking, candidates: readonly Candidate[]): ReserveCandidate[] {
  const { campaignId, publisherId, currency, payout } = call;
  return candidates.map(({ assignment, price }) => ({
    assignmentId: assignment.id,
    scopes: scopesOf({
      campaignId,
      publisherId,
      buyerId: assignment.buyerId,
      assignmentId: assignment.id,
      destinations: assignment.dialing.destinations,
    }),
    spend: microsFromText(price.amountMicros),
    payout,
    currency,
  }));
}
