import type { Queryable } from '../../pool';
import { scopesOfCampaign } from '../limits/limits';

/** Scopes, as `<kind>:<id>`, whose limits can stop a call of this campaign. */
export async function listScopesOfCampaign(db: Queryable, campaignId: string): Promise<string[]> {
  const { rows } = await db.query<{ scope: string }>({
    name: 'list_scopes_of_campaign',
    text: `SELECT scope FROM (${scopesOfCampaign('$1::text')}) AS own (scope)`,
    values: [campaignId],
  });
  return rows.map(({ scope }) => scope);
}

/** Scopes, as `<kind>:<id>`, that are this buyer: itself, and its places in campaigns. */
export async function listScopesOfBuyer(db: Queryable, buyerId: string): Promise<string[]> {
  const { rows } = await db.query<{ scope: string }>({
    name: 'list_scopes_of_buyer',
    text: `
      SELECT 'buyer:' || $1::text AS scope
      UNION ALL SELECT 'assignment:' || id FROM assignments WHERE buyer_id = $1::text AND removed_at IS NULL`,
    values: [buyerId],
  });
  return rows.map(({ scope }) => scope);
}
