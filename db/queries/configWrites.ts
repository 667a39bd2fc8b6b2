import type { CampaignSettings } from '../../contract/resources/campaign';
import type { Queryable } from '../pool';
import { SETTINGS, SETTING_VALUES, settingValues } from './campaigns';

/*
 * Writes of a campaign's document: whole sets, one statement a table, so that an assignment's trigger counts the
 * campaign up once. JSON's null becomes SQL's. Each write is an edit by a person: it counts the row's revision up.
 */

type CampaignWrite = CampaignSettings & { readonly id: string };

/**
 * A new campaign: a draft, until {@link updateConfigCampaign} says otherwise.
 * @returns whether it was made; not when the id is taken
 */
export async function insertConfigCampaign(db: Queryable, campaign: CampaignWrite): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'insert_config_campaign',
    text: `
      INSERT INTO campaigns (id, status, ${SETTINGS}) VALUES ($1::text, 'draft', ${SETTING_VALUES})
      ON CONFLICT (id) DO NOTHING`,
    values: [campaign.id, ...settingValues(campaign)],
  });
  return rowCount === 1;
}

export async function updateConfigCampaign(
  db: Queryable,
  campaign: CampaignWrite & { readonly status: string },
): Promise<void> {
  await db.query({
    name: 'update_config_campaign',
    text: `
      UPDATE campaigns
         SET (${SETTINGS}, status, revision, updated_at) = ROW (${SETTING_VALUES}, $17::text, revision + 1, now())
       WHERE id = $1::text`,
    values: [campaign.id, ...settingValues(campaign), campaign.status],
  });
}

export async function upsertConfigPublishers(
  db: Queryable,
  publishers: readonly { readonly id: string; readonly name: string; readonly payout: unknown }[],
): Promise<void> {
  await db.query({
    name: 'upsert_config_publishers',
    text: `
      INSERT INTO publishers AS p (id, name, payout)
      SELECT r.id, r.name, nullif(r.payout, 'null')
        FROM jsonb_to_recordset($1::jsonb) AS r (id text, name text, payout jsonb)
      ON CONFLICT (id) DO UPDATE
        SET name = EXCLUDED.name, payout = EXCLUDED.payout, revision = p.revision + 1, updated_at = now()`,
    values: [JSON.stringify(publishers)],
  });
}

export async function upsertConfigBuyers(
  db: Queryable,
  buyers: readonly {
    readonly id: string;
    readonly name: string;
    readonly status: string;
    readonly timeZone: string;
    readonly hours: unknown;
  }[],
): Promise<void> {
  await db.query({
    name: 'upsert_config_buyers',
    text: `
      INSERT INTO buyers AS b (id, name, status, time_zone, hours)
      SELECT r.id, r.name, r.status, r."timeZone", nullif(r.hours, 'null')
        FROM jsonb_to_recordset($1::jsonb) AS r (id text, name text, status text, "timeZone" text, hours jsonb)
      ON CONFLICT (id) DO UPDATE
        SET name = EXCLUDED.name, status = EXCLUDED.status, time_zone = EXCLUDED.time_zone, hours = EXCLUDED.hours,
            revision = b.revision + 1, updated_at = now()`,
    values: [JSON.stringify(buyers)],
  });
}

/**
 * Writes a campaign's assignments; a removed one is there again.
 * @returns how many were written: fewer than given when an id is another campaign's
 */
export async function upsertConfigAssignments(
  db: Queryable,
  campaign: string,
  assignments: readonly {
    readonly id: string;
    readonly buyerId: string;
    readonly priority: number;
    readonly weight: number;
    readonly paused: boolean;
    readonly dialing: unknown;
    readonly hours: unknown;
    readonly filter: unknown;
    readonly price: unknown;
    readonly conversionEstimate: number;
  }[],
): Promise<number> {
  const { rowCount } = await db.query({
    name: 'upsert_config_assignments',
    text: `
      INSERT INTO assignments AS a (id, campaign_id, buyer_id, priority, weight, paused, dialing, hours, filter,
                                    price, conversion_estimate)
      SELECT r.id, $1::text, r."buyerId", r.priority, r.weight, r.paused, r.dialing, nullif(r.hours, 'null'),
             nullif(r.filter, 'null'), r.price, r."conversionEstimate"
        FROM jsonb_to_recordset($2::jsonb) AS r (
               id text, "buyerId" text, priority integer, weight double precision, paused boolean, dialing jsonb,
               hours jsonb, filter jsonb, price jsonb, "conversionEstimate" double precision)
      ON CONFLICT (id) DO UPDATE
        SET buyer_id = EXCLUDED.buyer_id, priority = EXCLUDED.priority, weight = EXCLUDED.weight,
            paused = EXCLUDED.paused, dialing = EXCLUDED.dialing, hours = EXCLUDED.hours, filter = EXCLUDED.filter,
            price = EXCLUDED.price, conversion_estimate = EXCLUDED.conversion_estimate, removed_at = NULL,
            revision = a.revision + 1, updated_at = now()
        WHERE a.campaign_id = EXCLUDED.campaign_id`,
    values: [campaign, JSON.stringify(assignments)],
  });
  return rowCount ?? 0;
}

export async function removeConfigAssignments(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query({
    name: 'remove_config_assignments',
    text: `
      UPDATE assignments SET removed_at = now(), revision = revision + 1, updated_at = now()
       WHERE id = ANY ($1::text[]) AND removed_at IS NULL`,
    values: [[...ids]],
  });
}

/**
 * Writes a campaign's numbers, and takes them from whoever has them, unless that campaign is active.
 * @returns how many were written: fewer than given when one became an active campaign's meanwhile
 */
export async function upsertConfigNumbers(
  db: Queryable,
  campaign: string,
  numbers: readonly {
    readonly number: string;
    readonly publisherId: string | null;
    readonly channel: string;
    readonly tags: unknown;
    readonly failSafe: unknown;
  }[],
): Promise<number> {
  const { rowCount } = await db.query({
    name: 'upsert_config_numbers',
    text: `
      INSERT INTO numbers AS n (e164, campaign_id, publisher_id, channel, tags, fail_safe)
      SELECT r.number, $1::text, r."publisherId", r.channel, r.tags, nullif(r."failSafe", 'null')
        FROM jsonb_to_recordset($2::jsonb) AS r (
               number text, "publisherId" text, channel text, tags jsonb, "failSafe" jsonb)
      ON CONFLICT (e164) DO UPDATE
        SET campaign_id = EXCLUDED.campaign_id, publisher_id = EXCLUDED.publisher_id, channel = EXCLUDED.channel,
            tags = EXCLUDED.tags, fail_safe = EXCLUDED.fail_safe, revision = n.revision + 1, updated_at = now()
        WHERE n.campaign_id IS NULL OR n.campaign_id = EXCLUDED.campaign_id
           OR NOT EXISTS (SELECT FROM campaigns c WHERE c.id = n.campaign_id AND c.status = 'active')`,
    values: [campaign, JSON.stringify(numbers)],
  });
  return rowCount ?? 0;
}

export async function releaseConfigNumbers(
  db: Queryable,
  campaign: string,
  numbers: readonly string[],
): Promise<void> {
  await db.query({
    name: 'release_config_numbers',
    text: `
      UPDATE numbers SET campaign_id = NULL, revision = revision + 1, updated_at = now()
       WHERE campaign_id = $1::text AND e164 = ANY ($2::text[])`,
    values: [campaign, [...numbers]],
  });
}

/**
 * Writes limits: new ones with the zone of what they are on, of those that are there the maximum; what is counted stays.
 * Behind all they are on.
 * @param limits `limit` in units, of a spend limit in micros
 */
export async function upsertConfigLimits(
  db: Queryable,
  limits: readonly {
    readonly id: string;
    readonly scope: { readonly kind: string; readonly id: string };
    readonly window: string;
    readonly counts: string;
    readonly limit: number | string;
    readonly currency?: string | undefined;
    readonly timeZone?: string | undefined;
  }[],
): Promise<void> {
  await db.query({
    name: 'upsert_config_limits',
    text: `
      INSERT INTO limits AS l (id, scope_kind, scope_id, "window", counts, maximum, currency, time_zone)
      SELECT r.id, r.scope->>'kind', r.scope->>'id', r."window", r.counts, r."limit", r.currency,
             coalesce(b.time_zone, c.time_zone, r."timeZone", 'UTC')
        FROM jsonb_to_recordset($1::jsonb) AS r (
               id text, scope jsonb, "window" text, counts text, "limit" bigint, currency text, "timeZone" text)
        LEFT JOIN buyers b ON r.scope->>'kind' = 'buyer' AND b.id = r.scope->>'id'
        LEFT JOIN assignments a ON r.scope->>'kind' = 'assignment' AND a.id = r.scope->>'id'
        LEFT JOIN campaigns c ON c.id = CASE r.scope->>'kind' WHEN 'campaign' THEN r.scope->>'id' ELSE a.campaign_id END
       ORDER BY r.id
      ON CONFLICT (id) DO UPDATE
        SET maximum = EXCLUDED.maximum, currency = EXCLUDED.currency, revision = l.revision + 1, updated_at = now()`,
    values: [JSON.stringify(limits)],
  });
}

/** Deletes limits with what they counted. */
export async function deleteConfigLimits(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query({
    name: 'delete_config_limits',
    text: 'DELETE FROM limits WHERE id = ANY ($1::text[])',
    values: [[...ids]],
  });
}
