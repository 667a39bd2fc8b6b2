import type { CampaignId } from '../ids';
import type { BothFigures } from './statistics/figures';

/**
 * What an operator can do.
 * - `pause`: the share stays in force and calls keep their sides, but nothing advances. Guardrails are watched: a pause
 *   protects nobody from a bad challenger.
 * - `resume`: goes on. After a breach it goes on in a new comparison: the person has judged those figures.
 * - `advance`: to the next step now, whatever time, calls, approval or hour are still missing; from the last step on it
 *   completes.
 * - `set_share`: any share from none to all, as a new comparison. The steps go on above it.
 * - `approve`: the next step may begin.
 * - `roll_back`: the challenger was found wanting. All calls go to control, at once.
 * - `abort`: the migration is no longer wanted, for whatever other reason. Calls go to control as well; reports tell
 *   the two apart. Before it has begun there is nothing to roll back, only to abort.
 */
export const OPERATIONS = [
  'start',
  'pause',
  'resume',
  'advance',
  'set_share',
  'approve',
  'roll_back',
  'abort',
] as const;
export type OperationType = (typeof OPERATIONS)[number];

interface OperationBase {
  /** The id of the Update it travels as: doing it twice is doing it once. */
  readonly id: string;
  readonly by: string;
  readonly reason: string | null;
}

export type MigrationOperation = OperationBase &
  (
    | { readonly type: Exclude<OperationType, 'set_share'> }
    | { readonly type: 'set_share'; readonly shareBasisPoints: number }
  );

/** Everything that moves a migration. `at`: ISO 8601 instants. */
export type MigrationEvent =
  | { readonly type: 'operated'; readonly at: string; readonly operation: MigrationOperation }
  | { readonly type: 'time_passed'; readonly at: string }
  /** The answer to `evaluate`. One that belongs to a comparison that is over says nothing about this one. */
  | {
      readonly type: 'evaluated';
      readonly at: string;
      readonly comparison: number;
      readonly figures: BothFigures;
    }
  | { readonly type: 'campaign_paused'; readonly at: string; readonly campaignId: CampaignId }
  | { readonly type: 'campaign_resumed'; readonly at: string; readonly campaignId: CampaignId }
  | { readonly type: 'campaign_archived'; readonly at: string; readonly campaignId: CampaignId }
  /** The answers to `complete`. `reason`: why nothing was switched, for example a plan version that is gone. */
  | { readonly type: 'switched'; readonly at: string }
  | { readonly type: 'switch_refused'; readonly at: string; readonly reason: string }
  /** The answer to `roll_back`. */
  | { readonly type: 'rolled_back'; readonly at: string };
