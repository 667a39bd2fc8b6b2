import type { AssignmentId, BuyerId, CampaignId, PublisherId } from '../../domain/ids';
import type { Destination } from '../../domain/instructions';
import { scopesOf } from '../../domain/limits/limit';
import { microsFromText, type MicrosText } from '../../domain/money';
import type { ReserveCandidate } from '../queries/limits/reserve';

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

/** What each candidate needs room for: the same of a call and of a simulated one. */
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
