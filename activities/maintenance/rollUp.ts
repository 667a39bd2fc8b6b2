import type { Pool } from 'pg';
import { gatherChanges, rollUpHours } from '../../db/queries/reports/roll-up';

/** What was done for reports. */
export interface RolledUp {
  /** Changes since the last time. */
  readonly changes: number;
  /** Hours of campaigns rolled up. */
  readonly hours: number;
}

/** Hours of campaigns rolled up by one statement. */
const AT_ONCE = 100;

/** Nobody waits for it: what is not rolled up is read from calls and ledger. In milliseconds. */
const LONG_ENOUGH_MS = 8_000;

/**
 * Rolls up what has changed, until nothing is left or it has been long enough. Two at a time, or one that died, do no
 * harm: each hour is rolled up in one statement, and stays marked until it has been, or while it was marked again after
 * that statement had begun.
 */
export function createRollUp(db: Pool): () => Promise<RolledUp> {
  return async () => {
    const began = performance.now();
    const changes = await gatherChanges(db);
    let hours = 0;
    do {
      const rolled = await rollUpHours(db, AT_ONCE, new Date().toISOString());
      hours += rolled;
      if (rolled < AT_ONCE) break;
    } while (performance.now() - began < LONG_ENOUGH_MS);
    return { changes, hours };
  };
}
