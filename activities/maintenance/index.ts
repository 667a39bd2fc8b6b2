import { bookRent } from '../../db/queries/ledger';
import type { Pool } from 'pg';
import { createRollUp, type RolledUp } from './rollUp';
import { createSweep, type SweepDependencies } from './sweep';

/** How a workflow came to run no more. */
export type WorkflowGone =
  | 'terminated'
  | 'failed'
  | 'timed_out'
  | 'completed'
  | 'canceled'
  /** Temporal knows no such workflow. */
  | 'missing';

/** Why a hold was freed: how its workflow ended, or that there was none to end. */
export type FreedBecause =
  | WorkflowGone
  /** The call had ended on record. */
  | 'call_over'
  /** The hold was tied to no workflow, and its lease ran out. */
  | 'lease_elapsed';

/** One hold that was given back because nobody was left to do it. */
export interface FreedHold {
  readonly reservationId: string;
  readonly callId: string;
  readonly reason: FreedBecause;
  /** Whole seconds it was held. */
  readonly heldSeconds: number;
}

/** What one look at all holds found. */
export interface Swept {
  /** Holds whose lease had run out. */
  readonly lapsed: number;
  /** Of those, held by workflows that live. */
  readonly renewed: number;
  /** How many were freed, and the first of them. */
  readonly freed: number;
  readonly examples: readonly FreedHold[];
  /** Calls that were open on record and have been closed: those that held something, and those that did not. */
  readonly closed: number;
  /** Calls whose holds could not be freed, and are tried again by the next look. Why stands in the worker's log. */
  readonly stuck: readonly string[];
  /** Live calls of which the carrier says that they are over: their workflows have been told. */
  readonly toldOver: number;
}

export interface MaintenanceActivities {
  /**
   * Looks after every hold whose lease has run out, and every call that is open on record: renews it, or frees and
   * closes it. Books what numbers cost a month, once each. Repeating it changes nothing.
   */
  sweep(): Promise<Swept>;
  /** Rolls up for reports what has changed. Repeating it changes nothing. */
  rollUpReports(): Promise<RolledUp>;
}

/** The activities of `workflows/maintenance`. */
export function createMaintenanceActivities(
  dependencies: SweepDependencies & {
    /** For statements over many rows. */
    readonly reports: Pool;
  },
): MaintenanceActivities {
  const sweep = createSweep(dependencies);
  return {
    async sweep() {
      // With every sweep: it costs a look at the numbers that have a rent.
      await bookRent(dependencies.db, new Date().toISOString());
      return sweep();
    },
    rollUpReports: createRollUp(dependencies.reports),
  };
}
