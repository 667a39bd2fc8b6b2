import type { Queryable } from '../../db/pool';
import {
  listScopesOfBuyers,
  listScopesOfCampaigns,
  type ScopesById,
} from '../../db/queries/live/limitScopes';
import { keyOf, type LiveFilter } from './filter';

/** Scopes, as `<kind>:<id>`, whose limits a filter wants; `null`: all. */
export type Scopes = ReadonlySet<string> | null;

const NONE: ReadonlySet<string> = new Set();

/**
 * Which limits each of these filters wants, by {@link keyOf}. It is read at each look, in the look's own snapshot, for it
 * changes with a campaign's buyers, numbers and pools: so a limit is told when it comes in or leaves, and not only when it
 * changes itself. One statement for all campaigns and one for all buyers; none where nobody narrows.
 */
export async function scopesNow(
  db: Queryable,
  filters: readonly LiveFilter[],
): Promise<ReadonlyMap<string, Scopes>> {
  const campaigns = [...new Set(filters.flatMap(({ campaignId }) => campaignId ?? []))];
  const buyers = [...new Set(filters.flatMap(({ buyerId }) => buyerId ?? []))];
  const [ofCampaigns, ofBuyers] = await Promise.all([
    campaigns.length === 0 ? new Map() : listScopesOfCampaigns(db, campaigns),
    buyers.length === 0 ? new Map() : listScopesOfBuyers(db, buyers),
  ]);
  return new Map(filters.map((filter) => [keyOf(filter), scopesOf(filter, ofCampaigns, ofBuyers)]));
}

function scopesOf(
  { campaignId, buyerId }: LiveFilter,
  ofCampaigns: ScopesById,
  ofBuyers: ScopesById,
): Scopes {
  const ofCampaign = campaignId === null ? null : (ofCampaigns.get(campaignId) ?? NONE);
  const ofBuyer = buyerId === null ? null : (ofBuyers.get(buyerId) ?? NONE);
  if (ofCampaign === null || ofBuyer === null) return ofCampaign ?? ofBuyer;
  return new Set([...ofCampaign].filter((scope) => ofBuyer.has(scope)));
}
