import type { Pool } from 'pg';
import { isUniqueViolation } from '../../db/errors';
import { findStep } from '../../db/queries/calls';
import type { CallId } from '../../domain/ids';

/**
 * Runs a step that writes its answer under (call, step) in its own transaction. When the step was done before, that
 * transaction fails on a key that is taken, and the answer it gave then is given again.
 *
 * A worker can die between our commit and Temporal's hearing of it, and a local activity runs at least once in any
 * case: this makes running it twice the same as running it once.
 */
export async function oncePerCall<Result>(
  db: Pool,
  callId: CallId,
  step: string,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    const before = await findStep(db, callId, step);
    if (before === null) throw error;
    return before as Result;
  }
}
