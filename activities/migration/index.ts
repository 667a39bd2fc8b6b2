import type { Pool } from 'pg';
import type { CampaignStatus } from '../../domain/campaign/status';
import type { CampaignId } from '../../domain/ids';
import type { MigrationState, Notice, Retreat } from '../../domain/migration/state';
import type { BothFigures } from '../../domain/migration/statistics/figures';
import { createEvaluate } from './evaluate';
import { createNotify, type Announce } from './notify';
import { createComplete, createRollBack, createWriteState } from './writes';

export interface Evaluated {
  readonly figures: BothFigures;
  /** How its campaigns stand: a change that nobody told of is noticed here. */
  readonly campaigns: readonly { readonly id: CampaignId; readonly status: CampaignStatus }[];
}

/** `switched`: the challenger has all. `refused`: nothing was changed, and why. */
export type Completion =
  | { readonly done: 'switched' }
  | { readonly done: 'refused'; readonly reason: string };

/**
 * The side effects of a migration. Each is one transaction, or one request, that may be run again at any time: a
 * repetition leaves what the first run left.
 */
export interface MigrationActivities {
  /** Makes the state visible, and its share effective for every call from then on, with the audit trail. */
  writeState(state: MigrationState): Promise<void>;
  /** Counts what both sides' calls have come to in a comparison. */
  evaluate(state: MigrationState, comparison: number): Promise<Evaluated>;
  /** Gives the challenger all: plan, assignments or numbers switch, and the split ends, together. */
  complete(state: MigrationState): Promise<Completion>;
  /** Gives the control all, and ends the split. */
  rollBack(state: MigrationState, to: Retreat): Promise<void>;
  /** Tells whoever asked to be told. */
  notify(state: MigrationState, notice: Notice, message: string): Promise<void>;
}

export interface MigrationActivityDependencies {
  readonly db: Pool;
  readonly announce: Announce;
}

/** The activities of `workflows/migration`, bound to a database. */
export function createMigrationActivities({
  db,
  announce,
}: MigrationActivityDependencies): MigrationActivities {
  return {
    writeState: createWriteState(db),
    evaluate: createEvaluate(db),
    complete: createComplete(db),
    rollBack: createRollBack(db),
    notify: createNotify(db, announce),
  };
}
