import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CampaignStatus } from '../../domain/campaign/status';
import type { CampaignId } from '../../domain/ids';
import type { MigrationOperation, OperationType } from '../../domain/migration/events';
import type { MigrationState } from '../../domain/migration/state';
import type { MigrationStatus } from '../../domain/migration/status';

/** The workflow type. */
export const MIGRATION_WORKFLOW = 'migration';

/** Input of the workflow, and of each of its runs: what it has come to so far. */
export interface MigrationInput {
  readonly state: MigrationState;
  /** Events after which a run hands over to the next; default: when the server says that its history is long. */
  readonly handOverAt?: number;
}

/** Result of the workflow, for whoever opens it in the Temporal UI. */
export interface MigrationResult {
  readonly outcome: 'completed' | 'rolled_back' | 'aborted';
  readonly at: string;
}

/** How an operation travels: its id is that of the Update, its type the Update's name. */
export type OperationInput = Omit<MigrationOperation, 'type'> & { readonly shareBasisPoints?: number };

/** What operators can do, each an Update of its own name so that the Temporal UI tells them apart. */
export const OPERATION_UPDATES = {
  start: defineUpdate<MigrationStatus, [OperationInput]>('start'),
  pause: defineUpdate<MigrationStatus, [OperationInput]>('pause'),
  resume: defineUpdate<MigrationStatus, [OperationInput]>('resume'),
  advance: defineUpdate<MigrationStatus, [OperationInput]>('advance'),
  set_share: defineUpdate<MigrationStatus, [OperationInput]>('setShare'),
  approve: defineUpdate<MigrationStatus, [OperationInput]>('approve'),
  roll_back: defineUpdate<MigrationStatus, [OperationInput]>('rollBack'),
  abort: defineUpdate<MigrationStatus, [OperationInput]>('abort'),
} satisfies Record<OperationType, unknown>;

/** A campaign of the migration was paused, resumed or archived. */
export const campaignChanged =
  defineSignal<[{ readonly campaignId: CampaignId; readonly status: CampaignStatus }]>('campaignChanged');

export const migrationStatus = defineQuery<MigrationStatus>('status');
export const migrationState = defineQuery<MigrationState>('state');

/** Type of the failure an operation is refused with that cannot be done now. */
export const REFUSED = 'OperationRefused';
