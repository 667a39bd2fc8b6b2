import type { CountedEvent, LimitWindow } from '../../../domain/limits/limit';
import type { Queryable } from '../../pool';

/** A limit, and what is used of it in the window that runs now. */
export interface FillRow {
  readonly id: string;
  readonly scope: string;
  readonly window: LimitWindow;
  readonly counts: CountedEvent;
  readonly currency: string | null;
  readonly maximum: bigint;
  /** For good, and held for calls in progress. */
  readonly used: bigint;
}

/** All limits on scopes. @param scopes as `<kind>:<id>` */
export async function findFills(db: Queryable, scopes: readonly string[]): Promise<FillRow[]> {
  const { rows } = await db.query<FillRow & Record<string, unknown>>({
    name: 'find_fills',
    text: `
      SELECT l.id, l.scope, l."window", l.counts, l.currency, l.maximum,
             coalesce(k.posted + k.pending, 0) AS used
        FROM limits l
       CROSS JOIN (SELECT limit_clock() AS at) AS clock
        LEFT JOIN limit_counters k
          ON k.limit_id = l.id AND k.window_start = limit_window_start(l."window", l.time_zone, clock.at)
       WHERE l.scope = ANY ($1::text[])`,
    values: [[...scopes]],
  });
  return rows;
}

/** A buyer's place in a campaign. */
export interface PlaceRow {
  readonly id: string;
  readonly campaign_id: string;
  readonly buyer_id: string;
}

/** The places of buyers in campaigns, each of the former in each of the latter; removed ones take no calls. */
export async function findPlaces(
  db: Queryable,
  campaigns: readonly string[],
  buyers: readonly string[],
): Promise<PlaceRow[]> {
  const { rows } = await db.query<PlaceRow & Record<string, unknown>>({
    name: 'find_places',
    text: `
      SELECT id, campaign_id, buyer_id FROM assignments
       WHERE campaign_id = ANY ($1::text[]) AND buyer_id = ANY ($2::text[]) AND removed_at IS NULL`,
    values: [[...campaigns], [...buyers]],
  });
  return rows;
}
