import { setTimeout } from 'node:timers/promises';
import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { CampaignStatus } from '../../domain/campaign/status';
import type { CampaignId } from '../../domain/ids';
import type { OperationType } from '../../domain/migration/events';
import type { MigrationState } from '../../domain/migration/state';
import type { Logger } from '../../runtime/logger';
import { isLostUpdate, isServerAway } from '../../runtime/temporal-errors';
import { migrationWorkflowId } from '../../workflows/ids';
import { maintenanceTaskQueue } from '../../workflows/maintenance/messages';
import {
  campaignChanged,
  MIGRATION_WORKFLOW,
  migrationState,
  OPERATION_UPDATES,
  REFUSED,
  type OperationInput,
} from '../../workflows/migration/messages';
import { atMost } from '../at-most';
import { DeadlineExceeded } from '../deadline';
import { Problem } from '../problems';
import { createUnderWay } from '../under-way';

/** What came of an operation. */
export type Operated =
  /** It is done, and on record. */
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly why: string }
  /** The migration's workflow has ended, and takes nothing any more. */
  | { readonly kind: 'over' };

/** Talks to the workflows of migrations. */
export interface MigrationGateway {
  /**
   * Sends an operation, and waits until it is done. Repeated under the same id it is done once.
   * @param state what the workflow begins with if it does not run: before the start, or after it was terminated by hand
   * @throws Problem `unavailable`
   */
  operate(state: MigrationState, type: OperationType, operation: OperationInput): Promise<Operated>;
  /** What a running migration has come to, newer than what is on record; `null`: it does not say so in time. */
  look(state: MigrationState): Promise<MigrationState | null>;
  /** Tells a migration how a campaign of its stands now; nobody waits, and nobody is told when it did not arrive. */
  tell(migrationId: string, campaignId: CampaignId, status: CampaignStatus): void;
  /** Resolves when nothing is under way any more: only then may the client close. */
  idle(): Promise<void>;
}

/** In milliseconds. An operation is some statements against the database. */
const PATIENCE_MS = 10_000;
/** Operations under way. */
const MOST_AT_ONCE = 4;
/** How long is waited for what a running migration has come to, before what is on record has to do. Milliseconds. */
const LOOK_MS = 1_000;

/** Pause before a lost update is sent again, in milliseconds; longer each time. */
const RESEND_PAUSE_MS = 50;

export function createMigrationGateway({
  temporal,
  log,
  callQueue,
  patienceMs = PATIENCE_MS,
}: {
  readonly temporal: Client;
  readonly log: Logger;
  /** Migrations are worked on beside the calls on it. */
  readonly callQueue: string;
  /** How long an operation may take, in milliseconds. */
  readonly patienceMs?: number;
}): MigrationGateway {
  const { timely, idle } = createUnderWay(temporal);
  const inTurn = atMost(MOST_AT_ONCE, 'Other migrations are being operated: try again in a moment');
  const taskQueue = maintenanceTaskQueue(callQueue);

  async function send(state: MigrationState, type: OperationType, operation: OperationInput): Promise<void> {
    const startWorkflowOperation = new WithStartWorkflowOperation(MIGRATION_WORKFLOW, {
      workflowId: migrationWorkflowId(state.id),
      taskQueue,
      args: [{ state }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      // One that has come to its end never begins again; one that somebody terminated goes on with what is on record.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    });
    // Rejects along with the update, which is where the error is handled.
    startWorkflowOperation.workflowHandle().catch(() => undefined);
    await temporal.workflow.executeUpdateWithStart(OPERATION_UPDATES[type], {
      updateId: operation.id,
      args: [operation],
      startWorkflowOperation,
    });
  }

  async function attempt(until: number, work: () => Promise<void>): Promise<Operated> {
    for (let nth = 1; ; nth++) {
      try {
        await work();
        return { kind: 'done' };
      } catch (error) {
        if (error instanceof WorkflowUpdateFailedError) return refusal(error);
        if (error instanceof WorkflowExecutionAlreadyStartedError || error instanceof WorkflowNotFoundError)
          return { kind: 'over' };
        if (!isLostUpdate(error) || Date.now() >= until) throw error;
        await setTimeout(RESEND_PAUSE_MS * nth);
      }
    }
  }

  return {
    async operate(state, type, operation) {
      try {
        return await inTurn(() => {
          const until = Date.now() + patienceMs;
          return timely(until, () => attempt(until, () => send(state, type, operation)));
        });
      } catch (error) {
        if (!isAway(error)) throw error;
        log.warn({ err: error, migrationId: state.id, operation: type }, 'a migration does not answer');
        throw new Problem(
          'unavailable',
          'Temporal, or the worker of migrations, does not answer, so that it is not known whether this was done: see that both run, look at the migration, and try again. Under the same Idempotency-Key it is done once',
        );
      }
    },

    async look({ id }) {
      try {
        return await timely(Date.now() + LOOK_MS, () =>
          temporal.workflow.getHandle(migrationWorkflowId(id)).query(migrationState),
        );
      } catch (error) {
        log.debug({ err: error, migrationId: id }, 'what is on record of a migration has to do');
        return null;
      }
    },

    tell(migrationId, campaignId, status) {
      timely(Date.now() + patienceMs, () =>
        temporal.workflow
          .getHandle(migrationWorkflowId(migrationId))
          .signal(campaignChanged, { campaignId, status }),
      ).catch((error: unknown) => {
        // One that has not begun has no workflow; any other sees it at its next look.
        log.debug({ err: error, migrationId }, 'a migration was not told of its campaign');
      });
    },

    idle,
  };
}

function refusal(error: WorkflowUpdateFailedError): Operated {
  const { cause } = error;
  if (cause !== undefined && 'type' in cause && cause.type === REFUSED)
    return { kind: 'refused', why: cause.message };
  throw error;
}

function isAway(error: unknown): boolean {
  return (
    error instanceof DeadlineExceeded ||
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    isServerAway(error)
  );
}
