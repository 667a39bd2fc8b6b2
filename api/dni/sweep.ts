import type { Pool } from 'pg';
import { deleteOldDniSessions } from '../../db/queries/dni/leases';
import { foldExhaustions } from '../../db/queries/dni/status';
import type { Logger } from '../../runtime/logger';

/** How long visitors are remembered after they were last seen, in days. Calls keep what they know of theirs. */
export const KEPT_DAYS = 90;

const EVERY_MS = 60 * 60_000;
/** Rows a statement: few enough to be done well within its time. */
const AT_MOST = 500;

export interface DniSweep {
  start(): void;
  stop(): Promise<void>;
}

/**
 * Forgets web visitors whom nobody has seen for 90 days, with their leases, and in which quarter of an hour a pool was
 * empty: every hour in every API process, skipping what another process forgets at the same moment.
 */
export function createDniSweep({
  db,
  log,
  everyMs = EVERY_MS,
}: {
  readonly db: Pool;
  readonly log: Logger;
  /** Milliseconds between rounds; default an hour. */
  readonly everyMs?: number;
}): DniSweep {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let round = Promise.resolve();
  const sweep = async (): Promise<void> => {
    try {
      await foldExhaustions(db, KEPT_DAYS);
      while (!stopped && (await deleteOldDniSessions(db, KEPT_DAYS, AT_MOST)) === AT_MOST);
    } catch (error) {
      log.warn({ err: error }, 'old web visitors are not forgotten: trying again later');
    }
  };
  return {
    start() {
      timer = setInterval(() => {
        round = round.then(sweep);
      }, everyMs);
      timer.unref();
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      await round;
    },
  };
}
