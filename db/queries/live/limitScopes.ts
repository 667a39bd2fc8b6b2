import type { Queryable } from '../../pool';
import { scopesOfCampaign } from '../limits/limits';

/** Scopes, as `<kind>:<id>`, of each id that was asked about. */
export type ScopesById = ReadonlyMap<string, ReadonlySet<string>>;

interface ScopeOfRow {
  readonly id: string;
  readonly scope: string;
}

/** Scopes whose limits can stop a call, of each of these campaigns. */
export async function listScopesOfCampaigns(db: Queryable, ids: readonly string[]): Promise<ScopesById> {
  const { rows } = await db.query<ScopeOfRow & Record<string, unknown>>({
    name: 'list_scopes_of_campaigns',
    text: `
      SELECT DISTINCT asked.id, own.scope
        FROM unnest($1::text[]) AS asked (id) CROSS JOIN LATERAL (${scopesOfCampaign('asked.id')}) AS own (scope)`,
    values: [[...ids]],
  });
  return byId(rows);
}

/** Scopes that are the buyer, of each of these: itself, and its places in campaigns. */
export async function listScopesOfBuyers(db: Queryable, ids: readonly string[]): Promise<ScopesById> {
  const { rows } = await db.query<ScopeOfRow & Record<string, unknown>>({
    name: 'list_scopes_of_buyers',
    text: `
      SELECT id, 'buyer:' || id AS scope FROM unnest($1::text[]) AS asked (id)
      UNION ALL
      SELECT buyer_id, 'assignment:' || id FROM assignments
       WHERE buyer_id = ANY ($1::text[]) AND removed_at IS NULL`,
    values: [[...ids]],
  });
  return byId(rows);
}

function byId(rows: readonly ScopeOfRow[]): ScopesById {
  const scopes = new Map<string, Set<string>>();
  for (const { id, scope } of rows) {
    const own = scopes.get(id);
    if (own === undefined) scopes.set(id, new Set([scope]));
    else own.add(scope);
  }
  return scopes;
}
