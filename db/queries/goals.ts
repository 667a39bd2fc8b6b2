import type { GoalSettings } from '../../contract/resources/goal';
import type { CalendarPeriod } from '../../domain/report/calendar';
import type { Queryable } from '../pool';
import { only } from '../rows';

export interface GoalRow {
  readonly campaign_id: string;
  readonly period: CalendarPeriod;
  readonly calls: number | null;
  readonly cost_per_call_micros: bigint | null;
  readonly conversion_rate: number | null;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

const COLUMNS = `campaign_id, period, calls, cost_per_call_micros, conversion_rate, revision, created_at, updated_at`;

export async function findGoal(db: Queryable, campaign: string): Promise<GoalRow | null> {
  const { rows } = await db.query<GoalRow & Record<string, unknown>>({
    name: 'find_goal',
    text: `SELECT ${COLUMNS} FROM campaign_goals WHERE campaign_id = $1::text`,
    values: [campaign],
  });
  return rows[0] ?? null;
}

/** Sets a campaign's goal, and counts the edit. Whoever writes holds the campaign's row. */
export async function putGoal(db: Queryable, campaign: string, goal: GoalSettings): Promise<GoalRow> {
  const { rows } = await db.query<GoalRow & Record<string, unknown>>({
    name: 'put_goal',
    text: `
      INSERT INTO campaign_goals AS g (campaign_id, period, calls, cost_per_call_micros, conversion_rate)
      VALUES ($1::text, $2::text, $3::integer, $4::bigint, $5::double precision)
          ON CONFLICT (campaign_id) DO UPDATE
         SET period = excluded.period, calls = excluded.calls, cost_per_call_micros = excluded.cost_per_call_micros,
             conversion_rate = excluded.conversion_rate, revision = g.revision + 1, updated_at = now()
      RETURNING ${COLUMNS}`,
    values: [campaign, goal.period, goal.calls, goal.costPerCallMicros, goal.conversionRate],
  });
  return only(rows);
}

export async function deleteGoal(db: Queryable, campaign: string): Promise<void> {
  await db.query({
    name: 'delete_goal',
    text: 'DELETE FROM campaign_goals WHERE campaign_id = $1::text',
    values: [campaign],
  });
}

/** A goal with the currency of its campaign, in which its amounts are. */
export type CurrentGoalRow = GoalRow & { readonly currency: string };

/** The goals of campaigns that have one. */
export async function findGoals(db: Queryable, campaigns: readonly string[]): Promise<CurrentGoalRow[]> {
  const { rows } = await db.query<CurrentGoalRow & Record<string, unknown>>({
    name: 'find_goals',
    text: `
      SELECT g.campaign_id, g.period, g.calls, g.cost_per_call_micros, g.conversion_rate, g.revision, g.created_at,
             g.updated_at, c.currency
        FROM campaign_goals g JOIN campaigns c ON c.id = g.campaign_id
       WHERE g.campaign_id = ANY ($1::text[])`,
    values: [[...campaigns]],
  });
  return rows;
}
