import type { Pool } from 'pg';
import { deleteOldKeys } from '../../db/queries/idempotency';
import type { Logger } from '../../runtime/logger';

const EVERY_MS = 10 * 60_000;
/** Rows a statement: few enough to be done well within its time. */
const AT_MOST = 1_000;

export interface KeySweep {
  start(): void;
  stop(): Promise<void>;
}

/**
 * Removes Idempotency-Keys that are older than a day: every ten minutes in every API process, by index, skipping what
 * another process removes at the same moment. A key that is still there after its day counts as free all the same.
 */
export function createKeySweep({
  db,
  log,
  everyMs = EVERY_MS,
}: {
  readonly db: Pool;
  readonly log: Logger;
  /** Milliseconds between rounds; default ten minutes. */
  readonly everyMs?: number;
}): KeySweep {
  let timer: NodeJS.Timeout | undefined;
  let round = Promise.resolve();
  const sweep = async (): Promise<void> => {
    try {
      while ((await deleteOldKeys(db, AT_MOST)) === AT_MOST);
    } catch (error) {
      log.warn({ err: error }, 'old idempotency keys are not removed: trying again later');
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
      clearInterval(timer);
      await round;
    },
  };
}
