import type { SearchAttributePair } from '@temporalio/common';
import type { CallState } from '../../domain/call/state';
import { buyerKey, campaignKey, migrationSideKey, outcomeKey, stateKey } from '../search-attributes';

/** Tracks what has been told to Temporal's visibility store, so that only changes are sent: each costs an event. */
export function createCallSearchAttributes(): { changed(state: CallState): SearchAttributePair[] } {
  const told = new Map<string, string>();
  return {
    changed(state) {
      const { phase, policy } = state;
      const pairs: [SearchAttributePair, string | null][] = [
        [{ key: campaignKey, value: policy?.campaignId ?? '' }, policy?.campaignId ?? null],
        [{ key: stateKey, value: phase.name }, isVisible(phase.name) ? phase.name : null],
        ...sideOf(policy),
        ...(phase.name === 'dialing'
          ? ([[{ key: buyerKey, value: phase.attempt.buyerId }, phase.attempt.buyerId]] as [
              SearchAttributePair,
              string,
            ][])
          : []),
        ...(phase.name === 'ended'
          ? ([[{ key: outcomeKey, value: phase.outcome }, phase.outcome]] as [SearchAttributePair, string][])
          : []),
      ];
      return pairs.flatMap(([pair, value]) => {
        if (value === null || told.get(pair.key.name) === value) return [];
        told.set(pair.key.name, value);
        return [pair];
      });
    },
  };
}

/** `<migration>/<side>`: for ever, also when the challenger had no room. */
function sideOf(policy: CallState['policy']): [SearchAttributePair, string][] {
  const { migration } = policy ?? {};
  if (migration === undefined) return [];
  const value = `${migration.migrationId}/${migration.side}`;
  return [[{ key: migrationSideKey, value }, value]];
}

/** Phases that last; in the others an activity is at work and the next one follows at once. */
function isVisible(phase: CallState['phase']['name']): boolean {
  return phase === 'ivr' || phase === 'dialing' || phase === 'fallback' || phase === 'ended';
}
