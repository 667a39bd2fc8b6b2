import type { Queryable } from '../pool';

/*
 * What a completed migration leaves behind, and one that went back. The caller has locked the campaigns.
 */

/** The challenger's version becomes the campaign's. @returns false when the campaign takes no calls any more */
export async function switchPlan(db: Queryable, campaignId: string, version: number): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'switch_plan',
    text: `
      UPDATE campaigns SET plan_version = $2::integer, revision = revision + 1, updated_at = now()
       WHERE id = $1::text AND status <> 'archived'`,
    values: [campaignId, version],
  });
  return rowCount === 1;
}

/**
 * The challenger takes the control's place in the campaign; the control is paused, and keeps its history.
 * @returns false when one of them is removed
 */
export async function switchAssignments(
  db: Queryable,
  control: string,
  challenger: string,
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'switch_assignments',
    text: `
      UPDATE assignments a
         SET priority = CASE a.id WHEN $2::text THEN c.priority ELSE a.priority END,
             weight = CASE a.id WHEN $2::text THEN c.weight ELSE a.weight END,
             paused = a.id = $1::text,
             revision = a.revision + 1, updated_at = now()
        FROM assignments c, assignments h
       WHERE c.id = $1::text AND h.id = $2::text AND c.removed_at IS NULL AND h.removed_at IS NULL
         AND a.id IN (c.id, h.id)`,
    values: [control, challenger],
  });
  return rowCount === 2;
}

/** All numbers of the control campaign become the challenger's, and its DNI pools with them. @returns how many; 0: nothing had to be moved */
export async function switchNumbers(db: Queryable, control: string, challenger: string): Promise<number> {
  const { rowCount } = await db.query({
    name: 'switch_numbers',
    text: `
      WITH pools AS (
        UPDATE dni_pools SET campaign_id = $2::text, revision = revision + 1, updated_at = now()
         WHERE campaign_id = $1::text
      )
      UPDATE numbers SET campaign_id = $2::text, revision = revision + 1, updated_at = now()
       WHERE campaign_id = $1::text`,
    values: [control, challenger],
  });
  return rowCount ?? 0;
}

/** A challenger that was sent back takes no more calls in the campaign until somebody says so. @returns whether it did before */
export async function pauseAssignment(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'pause_assignment',
    text: `
      UPDATE assignments SET paused = true, revision = revision + 1, updated_at = now()
       WHERE id = $1::text AND NOT paused AND removed_at IS NULL`,
    values: [id],
  });
  return rowCount === 1;
}
