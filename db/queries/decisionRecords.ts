import type { RecordedFacts } from '../../domain/backtest/record';
import type { Queryable } from '../pool';

/*
 * What choices of a buyer rested on. Campaigns and assignments are kept once for each content, under their digest, and
 * never change.
 */

/** Something recorded, under the digest of its content. */
export interface Recorded {
  readonly digest: string;
  /** JSON text. */
  readonly body: string;
}

/**
 * Keeps a campaign and those of its assignments that are new. What is there already stays as it is: it is the same.
 * Everybody writes assignments first, in the order of their digests, then the campaign: no two writers wait for each
 * other.
 */
export async function insertRecordedCampaign(
  db: Queryable,
  campaign: Recorded,
  assignments: readonly Recorded[],
): Promise<void> {
  await db.query({
    name: 'insert_recorded_campaign',
    text: `
      WITH kept AS (
        INSERT INTO decision_assignments (digest, body)
        SELECT digest, body::jsonb FROM unnest($3::text[], $4::text[]) AS a (digest, body) ORDER BY digest
            ON CONFLICT (digest) DO NOTHING
        RETURNING digest
      )
      INSERT INTO decision_campaigns (digest, body)
      SELECT $1::text, $2::jsonb FROM (SELECT count(*) FROM kept) AS first
          ON CONFLICT (digest) DO NOTHING`,
    values: [
      campaign.digest,
      campaign.body,
      assignments.map(({ digest }) => digest),
      assignments.map(({ body }) => body),
    ],
  });
}

/** Whether a campaign is recorded, and so all assignments its body names: they were written in one statement. */
export async function isCampaignRecorded(db: Queryable, digest: string): Promise<boolean> {
  const { rows } = await db.query({
    name: 'is_campaign_recorded',
    text: 'SELECT FROM decision_campaigns WHERE digest = $1::text',
    values: [digest],
  });
  return rows.length > 0;
}

/** The first choice in a call. */
export interface DecisionRecord {
  readonly callId: string;
  /** Whose plan chose. */
  readonly campaignId: string;
  readonly campaignDigest: string;
  /** ISO 8601 instant. */
  readonly decidedAt: string;
  readonly facts: RecordedFacts;
}

/** A call has one record: that of a repetition is left out. */
export async function insertDecisionRecord(db: Queryable, record: DecisionRecord): Promise<void> {
  await db.query({
    name: 'insert_decision_record',
    text: `
      INSERT INTO decision_records (call_id, campaign_id, campaign_digest, decided_at, facts)
      VALUES ($1::text, $2::text, $3::text, $4::timestamptz, $5::jsonb)
          ON CONFLICT (call_id) DO NOTHING`,
    values: [
      record.callId,
      record.campaignId,
      record.campaignDigest,
      record.decidedAt,
      JSON.stringify(record.facts),
    ],
  });
}

/** A campaign as it was recorded; `activities/backtest` gives the JSON its types. */
export interface RecordedCampaignRow {
  readonly body: unknown;
  /** In the order in which the body names them; `null` in the place of one that is not there. */
  readonly assignments: readonly unknown[];
}

/** @returns `null`: nothing is recorded under this digest */
export async function loadRecordedCampaign(
  db: Queryable,
  digest: string,
): Promise<RecordedCampaignRow | null> {
  const { rows } = await db.query<RecordedCampaignRow & Record<string, unknown>>({
    name: 'load_recorded_campaign',
    text: `
      SELECT c.body,
             (SELECT coalesce(jsonb_agg(a.body ORDER BY named.place), '[]')
                FROM jsonb_array_elements_text(c.body->'assignments') WITH ORDINALITY AS named (digest, place)
                LEFT JOIN decision_assignments a ON a.digest = named.digest) AS assignments
        FROM decision_campaigns c
       WHERE c.digest = $1::text`,
    values: [digest],
  });
  return rows[0] ?? null;
}
