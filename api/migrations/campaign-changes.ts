import { findMigrationOf } from '../../db/queries/migrations';
import type { Queryable } from '../../db/pool';
import type { CampaignStatus } from '../../domain/campaign/status';
import type { CampaignId } from '../../domain/ids';
import { Problem } from '../problems';
import type { MigrationGateway } from './gateway';

/**
 * What is to be done once a campaign's new status is kept: its migration, if it has one, is told, so that it stands
 * still, goes on or ends at once. Lost, the news reach it all the same: it reads the status at every look.
 */
export async function tellingMigrationOf(
  db: Queryable,
  migrations: MigrationGateway,
  campaignId: CampaignId,
  status: CampaignStatus,
): Promise<{ readonly afterwards?: () => void }> {
  const migration = await findMigrationOf(db, campaignId);
  return migration === null ? {} : { afterwards: () => migrations.tell(migration.id, campaignId, status) };
}

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

/**
 * Who is a side of a migration cannot leave the campaign: callers who are sent to them would find nobody in their place.
 * Lock the campaign first.
 * @throws Problem `conflict`
 */
export async function requireNoSides(
  db: Queryable,
  campaignId: string,
  leaving: readonly string[],
): Promise<void> {
  if (leaving.length === 0) return;
  const migration = await findMigrationOf(db, campaignId);
  const sides = [migration?.control_assignment_id, migration?.challenger_assignment_id];
  const side = leaving.find((id) => sides.includes(id));
  if (migration === null || side === undefined) return;
  throw new Problem(
    'conflict',
    `${side} cannot be removed: the migration "${migration.name}" (${migration.id}) moves calls from or to it. Wait for its end, or abort it with POST /migrations/${migration.id}/abort`,
  );
}
