import type { RoutableAssignment } from './candidates';
import { weightedOrder } from './draw';

/** Priority ascending, 1 first; equal priorities by weight, drawn without replacement. */
export function waterfall<T extends RoutableAssignment>(eligible: readonly T[], seed: string): T[] {
  return weightedOrder(eligible, (a) => a.weight, seed).sort((a, b) => a.priority - b.priority);
}
