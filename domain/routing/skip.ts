import type { AssignmentId } from '../ids';

/** Why an assignment did not get a call. Exactly one is kept for each that was not chosen: the first that applies. */
export const SKIP_REASONS = [
  /** Dialled before in this call. */
  'already_tried',
  /** In no rule that matched. */
  'no_rule',
  /** The assignment or its buyer is paused. */
  'paused',
  /** Outside the hours of the assignment or of its buyer. */
  'closed',
  /** A migration gives calls of this side to the other one of its two buyers. */
  'other_side',
  /** Its filter does not take such calls. */
  'filtered',
  /** Pays nothing for such calls. */
  'no_bid',
  /** Its buyer had this caller before, and the campaign wants another one. */
  'duplicate',
  /** Under the reserve price of each auction it was in. */
  'below_reserve',
  /** The plan's dials are used up. */
  'attempts_used_up',
  /** A limit had no room; found when capacity is reserved. */
  'limit_reached',
  /** Comes after the one that was chosen; found when capacity is reserved. */
  'not_needed',
] as const;

export type SkipReason = (typeof SKIP_REASONS)[number];

export interface Skipped {
  readonly assignmentId: AssignmentId;
  readonly reason: SkipReason;
  /** What refused, for example the limit; free text for people. */
  readonly detail?: string;
}
