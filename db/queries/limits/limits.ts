import type { CountedEvent, LimitWindow, ScopeKind } from '../../../domain/limits/limit';
import type { Queryable } from '../../pool';

export interface LimitRow {
  readonly id: string;
  readonly scope_kind: ScopeKind;
  readonly scope_id: string;
  /** `null`: a destination, or something that is gone. */
  readonly scope_name: string | null;
  readonly window: LimitWindow;
  readonly counts: CountedEvent;
  readonly maximum: bigint;
  readonly currency: string | null;
  readonly time_zone: string;
  /** In the window that runs now. */
  readonly posted: bigint;
  readonly pending: bigint;
  readonly resets_at: string | null;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

const SELECT = `
  SELECT l.id, l.scope_kind, l.scope_id,
         coalesce(c.name, p.name, b.name, ab.name) AS scope_name,
         l."window", l.counts, l.maximum, l.currency, l.time_zone,
         coalesce(k.posted, 0) AS posted, coalesce(k.pending, 0) AS pending,
         limit_window_end(l."window", l.time_zone, clock.at) AS resets_at,
         l.revision, l.created_at, l.updated_at
    FROM limits l
   CROSS JOIN (SELECT limit_clock() AS at) AS clock
    LEFT JOIN limit_counters k
      ON k.limit_id = l.id AND k.window_start = limit_window_start(l."window", l.time_zone, clock.at)
    LEFT JOIN campaigns c ON l.scope_kind = 'campaign' AND c.id = l.scope_id
    LEFT JOIN publishers p ON l.scope_kind = 'publisher' AND p.id = l.scope_id
    LEFT JOIN buyers b ON l.scope_kind = 'buyer' AND b.id = l.scope_id
    LEFT JOIN assignments a ON l.scope_kind = 'assignment' AND a.id = l.scope_id
    LEFT JOIN buyers ab ON ab.id = a.buyer_id`;

export async function findLimit(db: Queryable, id: string): Promise<LimitRow | null> {
  const { rows } = await db.query<LimitRow & Record<string, unknown>>({
    name: 'find_limit',
    text: `${SELECT} WHERE l.id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Limits by their ids; those that are gone are left out. */
export async function listLimitsById(db: Queryable, ids: readonly string[]): Promise<LimitRow[]> {
  const { rows } = await db.query<LimitRow & Record<string, unknown>>({
    name: 'list_limits_by_id',
    text: `${SELECT} WHERE l.id = ANY ($1::text[])`,
    values: [[...ids]],
  });
  return rows;
}

/** The limit, locked against other edits until the transaction ends; reservations go on. */
export async function lockLimit(db: Queryable, id: string): Promise<LimitRow | null> {
  const { rows } = await db.query<LimitRow & Record<string, unknown>>({
    name: 'lock_limit',
    text: `${SELECT} WHERE l.id = $1::text FOR NO KEY UPDATE OF l`,
    values: [id],
  });
  return rows[0] ?? null;
}

/**
 * SQL that lists the scopes whose limits can stop a call of a campaign: its own, and those of its assignments, of their
 * buyers and destinations, and of its numbers' publishers. A removed assignment takes no calls that could be stopped.
 */
export function scopesOfCampaign(campaign: '$1::text' | '$5::text' | 'asked.id'): string {
  const assignments = `assignments s WHERE s.campaign_id = ${campaign} AND s.removed_at IS NULL`;
  return `
    SELECT 'campaign:' || ${campaign}
    UNION ALL SELECT 'assignment:' || s.id FROM ${assignments}
    UNION ALL SELECT 'buyer:' || s.buyer_id FROM ${assignments}
    UNION ALL SELECT 'destination:' || coalesce('tel:' || (d->>'number'), d->>'uri')
                FROM (SELECT jsonb_array_elements(s.dialing->'destinations') AS d FROM ${assignments}) AS rung
    UNION ALL SELECT 'publisher:' || n.publisher_id FROM numbers n
               WHERE n.campaign_id = ${campaign} AND n.publisher_id IS NOT NULL
    UNION ALL SELECT 'publisher:' || d.publisher_id FROM dni_pools d
               WHERE d.campaign_id = ${campaign} AND d.publisher_id IS NOT NULL`;
}

export interface LimitFilter {
  readonly scopeKind: string | null;
  readonly scopeId: string | null;
  readonly window: string | null;
  readonly counts: string | null;
  readonly campaignId: string | null;
  readonly full: boolean | null;
  /** The id behind which the page begins. */
  readonly after: string | null;
  readonly limit: number;
}

/** By id. */
export async function listLimits(db: Queryable, filter: LimitFilter): Promise<LimitRow[]> {
  const { rows } = await db.query<LimitRow & Record<string, unknown>>({
    name: 'list_limits',
    text: `
      ${SELECT}
       WHERE ($1::text IS NULL OR l.scope_kind = $1::text)
         AND ($2::text IS NULL OR l.scope_id = $2::text)
         AND ($3::text IS NULL OR l."window" = $3::text)
         AND ($4::text IS NULL OR l.counts = $4::text)
         AND ($5::text IS NULL OR l.scope IN (${scopesOfCampaign('$5::text')}))
         AND ($6::bool IS NULL OR (coalesce(k.posted + k.pending, 0) >= l.maximum) = $6::bool)
         AND ($7::text IS NULL OR l.id > $7::text)
       ORDER BY l.id
       LIMIT $8::integer`,
    values: [
      filter.scopeKind,
      filter.scopeId,
      filter.window,
      filter.counts,
      filter.campaignId,
      filter.full,
      filter.after,
      filter.limit,
    ],
  });
  return rows;
}

/** What a scope is, as far as its limits need to know. */
export interface ScopeRow {
  /** `null`: it has none of its own. */
  readonly time_zone: string | null;
  /** Of the campaign it is, or is in; `null`: it may be in several. */
  readonly currency: string | null;
}

/**
 * What a scope is, locked until the transaction ends: it does not go, or change its zone, before its limit is there.
 * @returns `null` when nothing has this id; destinations are whatever is dialled, and always there
 */
export async function lockScope(db: Queryable, kind: ScopeKind, id: string): Promise<ScopeRow | null> {
  const { rows } = await db.query<ScopeRow & Record<string, unknown>>({
    name: 'lock_scope',
    text: `
      SELECT * FROM (SELECT time_zone, currency FROM campaigns
                      WHERE $1::text = 'campaign' AND id = $2::text FOR SHARE) AS campaign
      UNION ALL
      SELECT * FROM (SELECT NULL, NULL FROM publishers
                      WHERE $1::text = 'publisher' AND id = $2::text FOR SHARE) AS publisher
      UNION ALL
      SELECT * FROM (SELECT time_zone, NULL FROM buyers
                      WHERE $1::text = 'buyer' AND id = $2::text FOR SHARE) AS buyer
      UNION ALL
      SELECT * FROM (SELECT c.time_zone, c.currency FROM assignments a JOIN campaigns c ON c.id = a.campaign_id
                      WHERE $1::text = 'assignment' AND a.id = $2::text AND a.removed_at IS NULL
                        FOR SHARE) AS assignment
      UNION ALL SELECT NULL, NULL WHERE $1::text = 'destination'`,
    values: [kind, id],
  });
  return rows[0] ?? null;
}

export interface NewLimitRow {
  readonly id: string;
  readonly scopeKind: ScopeKind;
  readonly scopeId: string;
  readonly window: LimitWindow;
  readonly counts: CountedEvent;
  readonly maximum: bigint;
  readonly currency: string | null;
  readonly timeZone: string;
}

/**
 * Sets a limit. It counts from the start what it would have counted had it been there: calls in progress, and what
 * happened in the window that runs.
 * @throws when the scope has a limit like it already, or the id is taken
 */
export async function insertLimit(db: Queryable, limit: NewLimitRow): Promise<void> {
  await db.query({
    name: 'insert_limit',
    text: `
      INSERT INTO limits (id, scope_kind, scope_id, "window", counts, maximum, currency, time_zone)
      VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::text, $8::text)`,
    values: [
      limit.id,
      limit.scopeKind,
      limit.scopeId,
      limit.window,
      limit.counts,
      limit.maximum,
      limit.currency,
      limit.timeZone,
    ],
  });
}

/** Moves a limit, never the counts; counts the edit. */
export async function updateLimit(db: Queryable, id: string, maximum: bigint): Promise<void> {
  await db.query({
    name: 'update_limit',
    text: `
      UPDATE limits SET maximum = $2::bigint, revision = revision + 1, updated_at = now() WHERE id = $1::text`,
    values: [id, maximum],
  });
}

/** Takes a limit away, and what it counted with it. */
export async function deleteLimit(db: Queryable, id: string): Promise<void> {
  await db.query({ name: 'delete_limit', text: 'DELETE FROM limits WHERE id = $1::text', values: [id] });
}

/** The id of the limit that a scope has for this window and event. */
export async function findLimitLike(
  db: Queryable,
  like: Pick<NewLimitRow, 'scopeKind' | 'scopeId' | 'window' | 'counts'>,
): Promise<string | null> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find_limit_like',
    text: `
      SELECT id FROM limits
       WHERE scope_kind = $1::text AND scope_id = $2::text AND "window" = $3::text AND counts = $4::text`,
    values: [like.scopeKind, like.scopeId, like.window, like.counts],
  });
  return rows[0]?.id ?? null;
}
