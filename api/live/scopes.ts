import type { Pool } from 'pg';
import { listScopesOfBuyer, listScopesOfCampaign } from '../../db/queries/live/limitScopes';
import { keyOf, type LiveFilter } from './filter';

/** Scopes, as `<kind>:<id>`, whose limits a filter wants; `null`: all. */
export type Scopes = ReadonlySet<string> | null;

/** How long what a filter wants is taken for right, in milliseconds: it changes with a campaign's buyers and numbers. */
const KEPT_MS = 5_000;

/** Remembers for a while which limits filters want. */
export function createScopes(db: Pool): (filter: LiveFilter) => Promise<Scopes> {
  const known = new Map<string, { readonly readAt: number; readonly scopes: Scopes }>();
  return async (filter) => {
    const key = keyOf(filter);
    const now = Date.now();
    for (const [old, { readAt }] of known) if (now - readAt > KEPT_MS) known.delete(old);
    const kept = known.get(key);
    if (kept !== undefined) return kept.scopes;
    const scopes = await readScopes(db, filter);
    known.set(key, { readAt: now, scopes });
    return scopes;
  };
}

async function readScopes(db: Pool, { campaignId, buyerId }: LiveFilter): Promise<Scopes> {
  const [ofCampaign, ofBuyer] = await Promise.all([
    campaignId === null ? null : listScopesOfCampaign(db, campaignId),
    buyerId === null ? null : listScopesOfBuyer(db, buyerId),
  ]);
  if (ofCampaign === null) return ofBuyer === null ? null : new Set(ofBuyer);
  if (ofBuyer === null) return new Set(ofCampaign);
  const own = new Set(ofBuyer);
  return new Set(ofCampaign.filter((scope) => own.has(scope)));
}
