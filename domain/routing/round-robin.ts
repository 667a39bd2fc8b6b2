import type { AssignmentId } from '../ids';
import type { Entrant } from './entrant';
import { byId, byPriority, sortByKey } from './order';

/** When each assignment was last dialled under a rule: a counter from 1 that only goes up. Absent: never. */
export type RuleTurns = ReadonlyMap<AssignmentId, bigint>;

/**
 * Who waits longest comes first: never dialled under this rule, then least recently. Equal ones by priority, then id.
 * Whoever dials writes the new turn in the transaction that read the old ones, which makes turns exact for concurrent
 * calls. Turns compare as doubles: exact for the first nine thousand million million dials.
 */
export function roundRobin<E extends Entrant>(entrants: readonly E[], turns: RuleTurns): E[] {
  return sortByKey(
    entrants,
    ({ id }) => Number(turns.get(id) ?? NEVER),
    (a, b) => byPriority(a, b) || byId(a, b),
  );
}

/** Before every turn. */
const NEVER = 0n;
