import { findMigrationOf } from '../../db/queries/migrations';
import type { Queryable } from '../../db/pool';
import { Problem } from '../problems';

/**
 * A plan that is given to all calls while a migration moves them from one version to another would reach nobody: both
 * sides have theirs pinned, and the end of the migration puts one of the two in its place. Lock the campaign first.
 * @throws Problem `conflict`
 */
export async function requirePlanAtRest(db: Queryable, campaignId: string): Promise<void> {
  const migration = await findMigrationOf(db, campaignId);
  if (migration?.kind !== 'plan') return;
  throw new Problem(
    'conflict',
    `The migration "${migration.name}" (${migration.id}) is between two versions of the routing plan of ${campaignId}, and its end would undo this: wait for it, or abort it with POST /migrations/${migration.id}/abort`,
  );
}
