import type { Queryable } from '../../db/pool';
import { listVersions } from '../../db/queries/versions';
import { loadPlan } from '../../db/queries/setup';
import type { CampaignId } from '../../domain/ids';
import { Problem } from '../problems';

/**
 * @param advice behind what is wrong; empty: none
 * @throws Problem `unprocessable` when no version of the plan with this number is published
 */
export async function requirePublishedPlan(
  db: Queryable,
  campaignId: CampaignId,
  version: number,
  advice = '',
): Promise<void> {
  if ((await loadPlan(db, campaignId, version)) !== null) return;
  const [latest] = await listVersions(db, 'plan', { campaignId, below: null, limit: 1 });
  const more = advice === '' ? '' : `. ${advice}`;
  const message = `is not published; ${thereAre(latest?.version ?? 0)}${more}`;
  throw new Problem('unprocessable', `version ${version} ${message}`, [{ pointer: '/version', message }]);
}

/** Numbers have no gap. */
function thereAre(latest: number): string {
  if (latest === 0) return 'there is none yet';
  return latest === 1 ? 'there is only 1' : `there are 1 to ${latest}`;
}
