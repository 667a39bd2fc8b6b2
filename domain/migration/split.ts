import type { CallId, MigrationId } from '../ids';
import { seededRandom } from '../routing/draw';
import type { Side } from './call-side';

/** Shares are counted in hundredths of a percent: this many are all callers. */
export const WHOLE = 10_000;

/**
 * Which side a caller is on: a hash of the migration and the caller, held against the share. The same caller always has
 * the same point, so that raising the share only moves callers from the control to the challenger, and lowering it moves
 * them back. Callers without a number are told apart by their calls.
 *
 * The hash is that of routing's draws (cyrb128), which a workflow, the API and a browser compute alike; other migrations
 * order the same callers anew.
 * @param shareBasisPoints 0 to {@link WHOLE}
 */
export function sideOf(
  migrationId: MigrationId,
  who: { readonly caller: string | null; readonly callId: CallId },
  shareBasisPoints: number,
): Side {
  return pointOf(migrationId, who) < shareBasisPoints ? 'challenger' : 'control';
}

/** A caller's place among all: a whole number from 0 to {@link WHOLE} - 1. */
export function pointOf(
  migrationId: MigrationId,
  { caller, callId }: { readonly caller: string | null; readonly callId: CallId },
): number {
  const who = caller === null ? `call/${callId}` : `caller/${caller}`;
  return Math.floor(seededRandom(`${migrationId}/${who}`)() * WHOLE);
}
