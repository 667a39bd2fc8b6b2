/** How an endpoint does. `failing` is for people: it is told of everything all the same. */
export type EndpointHealth = 'healthy' | 'failing' | 'disabled';

export const ENDPOINT_HEALTH = [
  'healthy',
  'failing',
  'disabled',
] as const satisfies readonly EndpointHealth[];

/** Without an answer that takes something for so long, an endpoint counts as failing. */
const FAILING_AFTER_DAYS = 5;
/** Or after so many deliveries that were given up, with none taken in between. */
const FAILING_AFTER_DEAD = 10;

/** @param now milliseconds since the epoch */
export function healthOf(
  endpoint: {
    readonly enabled: boolean;
    /** Since when every attempt has failed, ISO 8601; `null`: the last one did not. */
    readonly failingSince: string | null;
    readonly deadInARow: number;
  },
  now: number,
): EndpointHealth {
  const { enabled, failingSince, deadInARow } = endpoint;
  if (!enabled) return 'disabled';
  if (deadInARow >= FAILING_AFTER_DEAD) return 'failing';
  const since = failingSince === null ? now : Date.parse(failingSince);
  return now - since >= FAILING_AFTER_DAYS * 86_400_000 ? 'failing' : 'healthy';
}
