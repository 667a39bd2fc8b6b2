import type { CampaignStatus } from '../../domain/campaign/status';
import { Overtaken } from '../errors';
import type { Queryable } from '../pool';

/*
 * The order of locks, so that no two edits wait for each other: campaigns in the order of their ids, then buyers and
 * publishers, numbers, assignments. A buyer is locked behind all campaigns they have a place in, for a change of theirs
 * counts those up (see touch_campaigns); a number that is moved, behind the campaigns it leaves and joins.
 */

/** What a transaction is about to change. */
export interface Subjects {
  readonly campaigns: readonly string[];
  readonly buyers: readonly string[];
  readonly numbers: readonly string[];
}

/** Those campaigns, and those the buyers and numbers belong to now. */
const CAMPAIGNS = `
  SELECT id, status FROM campaigns
   WHERE id = ANY ($1::text[])
      OR id IN (SELECT campaign_id FROM assignments WHERE buyer_id = ANY ($2::text[]))
      OR id IN (SELECT campaign_id FROM numbers WHERE e164 = ANY ($3::text[]))
   ORDER BY id`;

function valuesOf({ campaigns, buyers, numbers }: Subjects): unknown[] {
  return [[...campaigns], [...buyers], [...numbers]];
}

/**
 * Locks every campaign that a change of the subjects concerns, in the one order. Lock the subjects behind it, then see
 * with {@link requireLocked} that they still belong to no other.
 * @returns the status of each, which stays what it is until the transaction ends; ids that are not there are left out
 */
export async function lockCampaignsOf(
  db: Queryable,
  subjects: Subjects,
): Promise<ReadonlyMap<string, CampaignStatus>> {
  const { rows } = await db.query<{ id: string; status: CampaignStatus }>({
    name: 'lock_campaigns_of',
    text: `${CAMPAIGNS} FOR NO KEY UPDATE`,
    values: valuesOf(subjects),
  });
  return new Map(rows.map(({ id, status }) => [id, status]));
}

/**
 * Locking a campaign now that its subjects are locked would turn the order around.
 * @throws Overtaken when a subject came to a campaign that is not locked, before it was locked itself
 */
export async function requireLocked(
  db: Queryable,
  subjects: Subjects,
  locked: ReadonlyMap<string, CampaignStatus>,
): Promise<void> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find_campaigns_of',
    text: CAMPAIGNS,
    values: valuesOf(subjects),
  });
  const missed = rows.find(({ id }) => !locked.has(id));
  if (missed !== undefined)
    throw new Overtaken(`${missed.id} came to be concerned before everything was locked`);
}
