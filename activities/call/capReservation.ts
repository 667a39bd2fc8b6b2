import type { Queryable } from '../../db/pool';
import { openCounters, reserveFirst, type RefusedRow } from '../../db/queries/reservations';
import type { AssignmentId, CallId, ReservationId } from '../../domain/ids';
import type { DialableAssignment } from '../../domain/routing/snapshot';
import type { Candidate } from '../../domain/routing/decide';

/** Losing a race for the last place means somebody else got it, so this many losses in a row are a fault. */
const MOST_RACES = 50;

/**
 * How many candidates are looked at in one statement: few at first, because the first one nearly always has room and
 * a statement over all of a large campaign costs milliseconds; then ever more.
 */
const FIRST_LOOK = 8;
const LOOK_GROWS = 8;

export interface Reserved {
  /** The first candidate with room; its capacity is held. `null`: nobody has room. */
  readonly candidate: Candidate<DialableAssignment> | null;
  /** Limits that had no room, of candidates that come before it. */
  readonly refused: readonly RefusedRow[];
}

/**
 * Holds capacity for the first of `candidates` that has room under all of its limits. Runs inside the caller's
 * transaction, so that the hold and the attempt it is for become durable together.
 */
export async function reserveCapacity(
  db: Queryable,
  reservation: { readonly id: ReservationId; readonly callId: CallId },
  candidates: readonly Candidate<DialableAssignment>[],
): Promise<Reserved> {
  const refused: RefusedRow[] = [];
  for (let from = 0, size = FIRST_LOOK; from < candidates.length; from += size, size *= LOOK_GROWS) {
    const look = await reserveAmong(db, reservation, candidates.slice(from, from + size));
    refused.push(...look.refused);
    if (look.candidate !== null) return { candidate: look.candidate, refused };
  }
  return { candidate: null, refused };
}

async function reserveAmong(
  db: Queryable,
  reservation: { readonly id: ReservationId; readonly callId: CallId },
  candidates: readonly Candidate<DialableAssignment>[],
): Promise<Reserved> {
  const assignmentIds = candidates.map(({ assignment }): AssignmentId => assignment.id);
  for (let race = 0; race < MOST_RACES; race++) {
    const row = await reserveFirst(db, { ...reservation, assignmentIds });
    if (row.granted || row.assignment_id === null) {
      const candidate = candidates.find(({ assignment }) => assignment.id === row.assignment_id) ?? null;
      return { candidate, refused: row.refused };
    }
    if (row.uncounted) await openCounters(db, [row.assignment_id]);
  }
  throw new Error(`No decision for reservation ${reservation.id} after ${MOST_RACES} lost races`);
}
