import type { Queryable } from '../pool';

/** What advertising cost on a day, as somebody says. Micros. */
export interface AdSpendDay {
  readonly campaignId: string;
  readonly channel: string;
  /** `YYYY-MM-DD` of the campaign's calendar. */
  readonly day: string;
  readonly amount: bigint;
  readonly currency: string;
}

/** What spend of a campaign has to keep to. */
export interface SpendBounds {
  readonly currency: string;
  /** `YYYY-MM-DD`: tomorrow on the campaign's clock, for those who are paid in advance. */
  readonly latest: string;
}

/** Keeps others from booking spend of these campaigns until the transaction ends. @returns by id; unknown ones are left out */
export async function lockCampaignsForSpend(
  db: Queryable,
  campaigns: readonly string[],
): Promise<ReadonlyMap<string, SpendBounds>> {
  const { rows } = await db.query<SpendBounds & { id: string }>({
    name: 'lock_campaigns_for_spend',
    text: `
      SELECT c.id, c.currency, to_char((now() AT TIME ZONE c.time_zone) + interval '1 day', 'YYYY-MM-DD') AS latest,
             pg_advisory_xact_lock(hashtextextended('ad_spend/' || c.id, 0))
        FROM (SELECT id, currency, time_zone FROM campaigns WHERE id = ANY ($1::text[]) ORDER BY id) AS c`,
    values: [[...campaigns]],
  });
  return new Map(rows.map(({ id, currency, latest }) => [id, { currency, latest }]));
}

/**
 * Books what takes each day's spend from what is booked to what it is said to be, at the beginning of that day on the
 * campaign's clock, or where the day's first entry is: its clock may be another one by now. What is the same already is
 * left alone.
 * @returns how many days changed
 */
export async function bookAdSpend(
  db: Queryable,
  days: readonly AdSpendDay[],
  actor: string,
): Promise<number> {
  const { rowCount } = await db.query({
    name: 'book_ad_spend',
    text: `
      WITH said AS (
        SELECT s.*, limit_first_instant(s.day::timestamp, c.time_zone) AS begins,
               'ad_spend:' || s.campaign_id || ':' || s.channel || ':' || s.day || ':' || s.currency AS cause
          FROM unnest($1::text[], $2::text[], $3::date[], $4::int8[], $5::text[])
               AS s (campaign_id, channel, day, amount, currency)
          JOIN campaigns c ON c.id = s.campaign_id
      ), booked AS (
        -- What was taken back by hand is not booked any more.
        SELECT s.cause, coalesce(sum(e.amount_micros + coalesce(r.amount_micros, 0)), 0) AS amount,
               count(e.id) AS entries, min(e.occurred_at) AS first_at
          FROM said s
          LEFT JOIN ledger_entries e
            ON e.campaign_id = s.campaign_id AND e.kind = 'ad_spend' AND starts_with(e.cause, s.cause || ':')
          LEFT JOIN ledger_entries r ON r.reverses = e.id
         GROUP BY s.cause
      )
      INSERT INTO ledger_entries (cause, kind, side, campaign_id, channel, amount_micros, currency, occurred_at, actor)
      SELECT s.cause || ':' || b.entries + 1, 'ad_spend', 'cost', s.campaign_id, s.channel, s.amount - b.amount,
             s.currency, coalesce(b.first_at, s.begins), $6::text
        FROM said s JOIN booked b ON b.cause = s.cause
       WHERE s.amount <> b.amount`,
    values: [
      days.map(({ campaignId }) => campaignId),
      days.map(({ channel }) => channel),
      days.map(({ day }) => day),
      days.map(({ amount }) => amount),
      days.map(({ currency }) => currency),
      actor,
    ],
  });
  return rowCount ?? 0;
}
