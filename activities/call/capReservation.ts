import type { Queryable } from '../../db/pool';
import { openCounters, reserveFirst, type RefusedRow } from '../../db/queries/reservations';
import type { AssignmentId, CallId, ReservationId } from '../../domain/ids';
import type { Assignment } from './setup';

/** Losing a race for the last place means somebody else got it, so this many losses in a row are a fault. */
const MOST_RACES = 50;

export interface Reserved {
  /** The first candidate with room; its capacity is held. `null`: nobody has room. */
  readonly assignment: Assignment | null;
  /** Limits that had no room, of candidates that come before it. */
  readonly refused: readonly RefusedRow[];
}

/**
 * Holds capacity for the first of `ordered` that has room under all of its limits. Runs inside the caller's
 * transaction, so that the hold and the attempt it is for become durable together.
 */
export async function reserveCapacity(
  db: Queryable,
  reservation: { readonly id: ReservationId; readonly callId: CallId },
  ordered: readonly Assignment[],
): Promise<Reserved> {
  if (ordered.length === 0) return { assignment: null, refused: [] };
  const assignmentIds = ordered.map((assignment): AssignmentId => assignment.id);
  for (let race = 0; race < MOST_RACES; race++) {
    const row = await reserveFirst(db, { ...reservation, assignmentIds });
    if (row.granted || row.assignment_id === null) {
      const assignment = ordered.find((candidate) => candidate.id === row.assignment_id) ?? null;
      return { assignment, refused: row.refused };
    }
    if (row.uncounted) await openCounters(db, [row.assignment_id]);
  }
  throw new Error(`No decision for reservation ${reservation.id} after ${MOST_RACES} lost races`);
}
