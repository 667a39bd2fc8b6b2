import { createPool, type Queryable } from '../pool';
import { transaction } from '../transaction';
import {
  SAMPLE_BUYERS,
  SAMPLE_CAMPAIGNS,
  SAMPLE_LIMITS,
  SAMPLE_PRICE,
  SAMPLE_PUBLISHER,
  type SampleCampaign,
} from './campaign';

/**
 * Loads the sample campaigns into a database that has none of them. What is there is left alone, edited or not.
 * @returns whether anything was loaded.
 */
export async function loadSampleCampaign(databaseUrl: string): Promise<boolean> {
  const pool = createPool({
    url: databaseUrl,
    size: 1,
    applicationName: 'callyard-sample',
    onIdleError: (error) => console.error(error.message),
  });
  try {
    return await transaction(pool, async (db) => ({ value: await load(db) }));
  } finally {
    await pool.end();
  }
}

async function load(db: Queryable): Promise<boolean> {
  // Two processes that start at once: the second one waits here, then finds everything.
  await run(db, 'LOCK TABLE publishers IN SHARE ROW EXCLUSIVE MODE', []);
  const { rows } = await db.query({
    name: '',
    text: 'SELECT FROM publishers WHERE id = $1::text',
    values: [SAMPLE_PUBLISHER.id],
  });
  if (rows.length > 0) return false;
  await run(db, 'INSERT INTO publishers (id, name, payout) VALUES ($1, $2, $3)', [
    SAMPLE_PUBLISHER.id,
    SAMPLE_PUBLISHER.name,
    JSON.stringify(SAMPLE_PUBLISHER.payout),
  ]);
  for (const buyer of SAMPLE_BUYERS) {
    await run(db, 'INSERT INTO buyers (id, name, time_zone, hours) VALUES ($1, $2, $3, NULL)', [
      buyer.id,
      buyer.name,
      buyer.timeZone,
    ]);
    await insertLimit(db, {
      id: `lim_${buyer.id}_concurrency`,
      scopeKind: 'buyer',
      scopeId: buyer.id,
      window: 'concurrency',
      maximum: SAMPLE_LIMITS.concurrency,
      timeZone: buyer.timeZone,
    });
  }
  for (const campaign of SAMPLE_CAMPAIGNS) await loadCampaign(db, campaign);
  return true;
}

async function loadCampaign(db: Queryable, campaign: SampleCampaign): Promise<void> {
  const timeZone = 'America/Los_Angeles';
  await run(
    db,
    `INSERT INTO campaigns (id, name, vertical, time_zone, currency, status, treatments, anonymous_callers,
                            max_call_seconds, report_answer, record_calls)
     VALUES ($1, $2, 'insurance', $3, 'USD', 'draft', $4, 'allow', 14400, false, false)`,
    [campaign.id, campaign.name, timeZone, JSON.stringify(campaign.treatments)],
  );
  await run(db, 'INSERT INTO routing_plans (campaign_id, version, definition) VALUES ($1, 1, $2)', [
    campaign.id,
    JSON.stringify(campaign.plan),
  ]);
  if (campaign.flow !== null) {
    await run(db, 'INSERT INTO ivr_flows (campaign_id, version, definition) VALUES ($1, 1, $2)', [
      campaign.id,
      JSON.stringify(campaign.flow),
    ]);
  }
  await run(db, `UPDATE campaigns SET status = 'active', plan_version = 1, flow_version = $2 WHERE id = $1`, [
    campaign.id,
    campaign.flow === null ? null : 1,
  ]);
  await run(
    db,
    `INSERT INTO numbers (e164, campaign_id, publisher_id, channel, tags) VALUES ($1, $2, $3, 'google_ads', '{}')`,
    [campaign.number, campaign.id, SAMPLE_PUBLISHER.id],
  );
  for (const [index, destination] of campaign.destinations.entries()) {
    const buyer = SAMPLE_BUYERS[index];
    if (buyer === undefined)
      throw new Error(`Sample campaign ${campaign.id} has more destinations than buyers`);
    const dialing = { destinations: [destination], ringTimeoutSeconds: 20 };
    const id = `${campaign.id.replace('cmp', 'asg')}_${buyer.id.slice('buy_'.length)}`;
    await run(
      db,
      `INSERT INTO assignments (id, campaign_id, buyer_id, dialing, priority, weight, price)
       VALUES ($1, $2, $3, $4, $5, 1, $6)`,
      [id, campaign.id, buyer.id, JSON.stringify(dialing), index + 1, JSON.stringify(SAMPLE_PRICE)],
    );
    await insertLimit(db, {
      id: `lim_${id}_day`,
      scopeKind: 'assignment',
      scopeId: id,
      window: 'day',
      maximum: SAMPLE_LIMITS.day,
      timeZone,
    });
  }
}

interface NewLimit {
  readonly id: string;
  readonly scopeKind: 'buyer' | 'assignment';
  readonly scopeId: string;
  readonly window: 'concurrency' | 'day';
  readonly maximum: number;
  readonly timeZone: string;
}

async function insertLimit(db: Queryable, limit: NewLimit): Promise<void> {
  await run(
    db,
    `INSERT INTO limits (id, scope_kind, scope_id, "window", counts, maximum, time_zone)
     VALUES ($1, $2, $3, $4, CASE $4 WHEN 'concurrency' THEN 'attempt' ELSE 'connection' END, $5, $6)`,
    [limit.id, limit.scopeKind, limit.scopeId, limit.window, limit.maximum, limit.timeZone],
  );
}

async function run(db: Queryable, text: string, values: unknown[]): Promise<void> {
  await db.query({ name: '', text, values });
}
