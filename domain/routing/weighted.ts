import { drawKey, type Draw } from './draw';
import type { Entrant } from './entrant';
import { byId, sortByKey } from './order';

/** The chance to be first is weight / sum of weights; the others follow in the same draw without replacement. */
export function weighted<E extends Entrant>(entrants: readonly E[], draw: Draw): E[] {
  return sortByKey(entrants, ({ id, weight }) => drawKey(draw(id), weight), byId);
}
