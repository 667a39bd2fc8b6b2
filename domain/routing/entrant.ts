import type { Bid } from '../campaign/price';
import type { AssignmentId } from '../ids';

/** An assignment that may get the call, as the strategy of one rule sees it. */
export interface Entrant {
  readonly id: AssignmentId;
  /** In this rule; 1 is first. */
  readonly priority: number;
  /** In this rule; above 0. */
  readonly weight: number;
  readonly bid: Bid;
  /** Chance that a connected call converts, 0 to 1. */
  readonly conversionEstimate: number;
}
