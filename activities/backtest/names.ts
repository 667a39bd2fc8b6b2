import type { PastCampaign } from '../../domain/backtest/past-call';
import type { AssignmentId } from '../../domain/ids';

/** What buyers were called when a call met them, the latest name last. */
export class Names {
  private readonly known = new Map<AssignmentId, string>();
  private readonly seen = new WeakSet<PastCampaign>();

  learn(campaign: PastCampaign): void {
    if (this.seen.has(campaign)) return;
    this.seen.add(campaign);
    for (const { id, buyerName } of campaign.assignments) this.known.set(id, buyerName);
  }

  /** The name of the buyer of an assignment, or the assignment's id where nobody knows it. */
  of(assignment: AssignmentId): string {
    return this.known.get(assignment) ?? assignment;
  }
}
