/** The workflow type. */
export const MAINTENANCE_WORKFLOW = 'maintenance';

/** Where maintenance of the calls on `callQueue` is worked on: apart from calls, so that neither waits for the other. */
export function maintenanceTaskQueue(callQueue: string): string {
  return `${callQueue}-maintenance`;
}

/** Seconds between two runs that the schedule starts. */
export const MAINTENANCE_EVERY_SECONDS = 60;

/** Result of the workflow, for whoever opens it in the Temporal UI. */
export interface MaintenanceResult {
  readonly sweeps: number;
  /** Holds that were given back because their workflow was gone. */
  readonly freed: number;
  /** Calls that were closed on record because their workflow was gone. */
  readonly closed: number;
  readonly toldOver: number;
}
