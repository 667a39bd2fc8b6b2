import type { Queryable } from '../pool';

/**
 * Why a caller may not call a campaign: the reason of the closest entry of the block list; `null`: they may.
 * @param prefixes the number and every shorter beginning of it
 */
export async function findBlockReason(
  db: Queryable,
  campaign: string,
  caller: string,
  prefixes: readonly string[],
): Promise<string | null> {
  const { rows } = await db.query<{ reason: string }>({
    name: 'find_block_reason',
    text: `
      SELECT reason FROM blocked_callers
       WHERE pattern = ANY ($3::text[]) AND (kind = 'prefix' OR pattern = $2::text)
         AND (campaign_id IS NULL OR campaign_id = $1::text)
       ORDER BY length(pattern) DESC LIMIT 1`,
    values: [campaign, caller, [...prefixes]],
  });
  return rows[0]?.reason ?? null;
}
