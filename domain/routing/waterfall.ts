import type { Draw } from './draw';
import type { Entrant } from './entrant';
import { weighted } from './weighted';

/** Priority ascending, 1 first; equal priorities by weight, drawn without replacement. */
export function waterfall<E extends Entrant>(entrants: readonly E[], draw: Draw): E[] {
  const byPriority = new Map<number, E[]>();
  for (const entrant of entrants) {
    const equals = byPriority.get(entrant.priority);
    if (equals === undefined) byPriority.set(entrant.priority, [entrant]);
    else equals.push(entrant);
  }
  return [...byPriority.keys()]
    .sort((a, b) => a - b)
    .flatMap((priority) => weighted(byPriority.get(priority) ?? [], draw));
}
