import type { LiveCall, LiveCounters } from '../../contract/live';
import type { Limit } from '../../contract/resources/limit';

/** What a client wants to see; `null`: all. */
export interface LiveFilter {
  readonly campaignId: string | null;
  readonly buyerId: string | null;
}

/** The same for filters that want the same. */
export function keyOf({ campaignId, buyerId }: LiveFilter): string {
  return `${campaignId ?? ''}/${buyerId ?? ''}`;
}

/** Whether a call in progress, or one that has ended, is wanted. */
export function wantsCall(
  { campaignId, buyerId }: LiveFilter,
  call: Pick<LiveCall, 'campaignId' | 'buyerId'> | null,
): boolean {
  return (
    call !== null &&
    (campaignId === null || call.campaignId === campaignId) &&
    (buyerId === null || call.buyerId === buyerId)
  );
}

/** What is wanted of a campaign's counters; `null`: nothing. Of one buyer: the campaign with this buyer alone. */
export function narrowCounters(
  { campaignId, buyerId }: LiveFilter,
  counters: LiveCounters | null,
): LiveCounters | null {
  if (counters === null || (campaignId !== null && counters.campaignId !== campaignId)) return null;
  if (buyerId === null) return counters;
  const buyers = counters.buyers.filter((buyer) => buyer.buyerId === buyerId);
  return buyers.length === 0 ? null : { ...counters, buyers };
}

/** @param scopes as `<kind>:<id>`; `null`: all */
export function wantsLimit(scopes: ReadonlySet<string> | null, { scope }: Pick<Limit, 'scope'>): boolean {
  return scopes === null || scopes.has(`${scope.kind}:${scope.id}`);
}
