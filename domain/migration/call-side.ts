import type { AssignmentId, CampaignId, MigrationId } from '../ids';
import type { Side } from './split';

/** What a migration moves calls from and to. All are of the control's campaign but the challenger of the last. */
export type Shift =
  | { readonly kind: 'buyer'; readonly control: AssignmentId; readonly challenger: AssignmentId }
  | { readonly kind: 'plan'; readonly control: number; readonly challenger: number }
  | { readonly kind: 'campaign'; readonly control: CampaignId; readonly challenger: CampaignId };

/** A migration that divides a campaign's callers now. */
export interface Split {
  readonly migrationId: MigrationId;
  /** How many of 10,000 callers go to the challenger. */
  readonly shareBasisPoints: number;
  /** Counts the times during which the share stayed the same, from 1. */
  readonly comparison: number;
  readonly shift: Shift;
}

/** A call's place in a migration, pinned when it came in. */
export interface CallSide {
  readonly migrationId: MigrationId;
  readonly shift: Shift;
  readonly side: Side;
  /** The time it is compared in: calls of one share with each other. */
  readonly comparison: number;
  /** The challenger had no room: the caller goes to the control after all, and is counted apart. */
  readonly overflow: boolean;
}

/** Whether the call goes the challenger's way: it is on that side, and was not sent back for want of room. */
export function goesToChallenger(side: CallSide | null | undefined): boolean {
  return side !== null && side !== undefined && side.side === 'challenger' && !side.overflow;
}
