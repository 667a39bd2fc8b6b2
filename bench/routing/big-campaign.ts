import type { Pool } from 'pg';
import type { CampaignSnapshot } from '../../domain/routing/snapshot';
import type { SeededRandom } from '../../scripts/simulate/random';
import { campaignOf } from './campaign';

/** A campaign in the database, and the number that reaches it. */
export interface BigCampaign {
  readonly assignments: number;
  readonly number: string;
}

/** Puts a campaign like that of the decisions section into the database, with two limits for each assignment. */
export async function insertBigCampaign(
  db: Pool,
  { assignments, number }: BigCampaign,
  random: SeededRandom,
): Promise<void> {
  const campaign = `cmp_bench_${assignments}`;
  const prefix = `n${assignments}_`;
  const snapshot = campaignOf(assignments, { kind: 'weighted' }, random);
  await db.query(
    `INSERT INTO campaigns (id, name, vertical, time_zone, currency, status, treatments, anonymous_callers,
                            max_call_seconds, report_answer, record_calls, holidays, duplicates)
     SELECT $1, $1, 'bench', $2, 'USD', 'draft', treatments, 'allow', 3600, false, false, '[]', $3
       FROM campaigns WHERE id = 'cmp_sample_direct'`,
    [campaign, snapshot.timeZone, JSON.stringify(snapshot.duplicates)],
  );
  await insertAssignments(db, campaign, prefix, snapshot);
  const plan = JSON.stringify(snapshot.plan)
    .replaceAll('"asg_', `"${prefix}asg_`)
    .replaceAll('"buy_', `"${prefix}buy_`);
  await db.query('INSERT INTO routing_plans (campaign_id, version, definition) VALUES ($1, 1, $2)', [
    campaign,
    plan,
  ]);
  await db.query(`UPDATE campaigns SET status = 'active', plan_version = 1 WHERE id = $1`, [campaign]);
  await db.query(
    `INSERT INTO numbers (e164, campaign_id, channel, tags)
     VALUES ($1, $2, 'google_ads', '{"product": "auto", "age": "40"}')`,
    [number, campaign],
  );
}

async function insertAssignments(
  db: Pool,
  campaign: string,
  prefix: string,
  snapshot: CampaignSnapshot,
): Promise<void> {
  const rows = snapshot.assignments.map((assignment) => ({
    id: `${prefix}${assignment.id}`,
    buyer_id: `${prefix}${assignment.buyerId}`,
    name: assignment.buyerName,
    time_zone: assignment.buyerHours?.timeZone ?? 'UTC',
    hours: assignment.buyerHours,
    priority: assignment.priority,
    weight: assignment.weight,
    filter: assignment.filter,
    price: assignment.price,
    conversion_estimate: assignment.conversionEstimate,
  }));
  const json = JSON.stringify(rows);
  await db.query(
    `INSERT INTO buyers (id, name, time_zone, hours)
     SELECT DISTINCT ON (buyer_id) buyer_id, name, time_zone, hours
       FROM jsonb_to_recordset($1) AS r (buyer_id text, name text, time_zone text, hours jsonb)`,
    [json],
  );
  await db.query(
    `INSERT INTO assignments (id, campaign_id, buyer_id, dialing, priority, weight, filter, price, conversion_estimate)
     SELECT id, $2, buyer_id,
            '{"destinations": [{"kind": "tel", "number": "+14155550211"}], "ringTimeoutSeconds": 20}',
            priority, weight, nullif(filter, 'null'), price, conversion_estimate
       FROM jsonb_to_recordset($1) AS r (id text, buyer_id text, priority integer, weight double precision,
                                         filter jsonb, price jsonb, conversion_estimate double precision)`,
    [json, campaign],
  );
  await db.query(
    `INSERT INTO limits (id, scope_kind, scope_id, "window", counts, maximum, time_zone)
     SELECT 'lim_' || a.id || '_' || w, 'assignment', a.id, w,
            CASE w WHEN 'concurrency' THEN 'attempt' ELSE 'connection' END, 1000000, 'America/New_York'
       FROM assignments a, unnest(ARRAY['concurrency', 'day']) AS w
      WHERE a.campaign_id = $1`,
    [campaign],
  );
}
