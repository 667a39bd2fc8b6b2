import type { Queryable } from '../../pool';

/** What a visitor asks with. */
export interface LeaseRequest {
  readonly pool: string;
  readonly session: string;
  /** Origin of the page that asks; `null`: a server of ours does, and may. */
  readonly origin: string | null;
  /** `landingPage`, `referrer`, `utm`, `clickIds`, `tags`; what is left out stays as it is. */
  readonly facts: object;
  /** What static numbers go by: `utm_source`, …, `referrer_host`. */
  readonly sources: object;
  /** Whether anything of the visitor may be kept. */
  readonly keep: boolean;
}

export interface LeaseRow {
  /** `none`: no static number fits, and nothing may be kept. */
  readonly verdict: 'leased' | 'static' | 'overflow' | 'none' | 'no_pool' | 'not_allowed';
  readonly number: string | null;
  /** How long the lease lives from now; `null`: there is none. */
  readonly seconds: number | null;
  readonly until: string | null;
}

/**
 * Gives a visitor their number: the one they have, or the one that has been free for longest. One round trip, and the
 * database alone decides, so that no two visitors have one number, however many processes ask. Asked twice with the same
 * session, the answer is the same number.
 */
export async function leaseDniNumber(db: Queryable, request: LeaseRequest): Promise<LeaseRow> {
  const { pool, session, origin, facts, sources, keep } = request;
  const { rows } = await db.query<LeaseRow & Record<string, unknown>>({
    name: 'lease_dni_number',
    text: `
      SELECT verdict, number, seconds, until
        FROM dni_lease($1::text, $2::text, $3::text, $4::jsonb, $5::jsonb, $6::boolean)`,
    values: [pool, session, origin, JSON.stringify(facts), JSON.stringify(sources), keep],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('dni_lease gave no row');
  return row;
}

export interface VisitorAnswer {
  readonly pool: boolean;
  readonly allowed: boolean;
  readonly done: boolean;
}

const NO_POOL: VisitorAnswer = { pool: false, allowed: false, done: false };

/** A sign of life: a lease that lives is extended. @returns `done` false: it does not live, or never was */
export async function extendDniLease(
  db: Queryable,
  pool: string,
  session: string,
  origin: string,
): Promise<VisitorAnswer> {
  const { rows } = await db.query<{ allowed: boolean; done: boolean }>({
    name: 'extend_dni_lease',
    text: `
      WITH pool AS (
        SELECT id, dni_origin_allowed(allowed_origins, $3::text) AS allowed, grace_seconds,
               clock_timestamp() AS at, clock_timestamp() + make_interval(secs => lease_seconds) AS until
          FROM dni_pools WHERE id = $1::text
      ), held AS (
        UPDATE dni_numbers n SET live_until = greatest(n.live_until, pool.until)
          FROM pool
         WHERE n.pool_id = pool.id AND n.session_id = $2::text AND n.live_until > pool.at AND pool.allowed
        RETURNING n.e164, n.live_until
      ), extended AS (
        UPDATE dni_leases l
           SET live_until = held.live_until,
               attributes_until = greatest(l.attributes_until,
                                           held.live_until + make_interval(secs => pool.grace_seconds))
          FROM held, pool WHERE l.e164 = held.e164 AND l.ended_at IS NULL
        RETURNING 1
      )
      SELECT allowed, EXISTS (SELECT 1 FROM extended) AS done FROM pool`,
    values: [pool, session, origin],
  });
  return rows[0] === undefined ? NO_POOL : { pool: true, ...rows[0] };
}

/** Adds tags to a visitor's. @returns `done` false: the visitor is not known, or would have too many */
export async function addSessionTags(
  db: Queryable,
  visitor: { readonly pool: string; readonly session: string; readonly origin: string },
  tags: Readonly<Record<string, string>>,
  most: number,
): Promise<VisitorAnswer> {
  const { rows } = await db.query<{ allowed: boolean; done: boolean }>({
    name: 'add_dni_session_tags',
    text: `
      WITH pool AS (
        SELECT id, dni_origin_allowed(allowed_origins, $3::text) AS allowed FROM dni_pools WHERE id = $1::text
      ), tagged AS (
        UPDATE dni_sessions s SET tags = s.tags || $4::jsonb, last_seen_at = clock_timestamp()
          FROM pool
         WHERE s.pool_id = pool.id AND s.id = $2::text AND pool.allowed
           AND (SELECT count(*) FROM jsonb_object_keys(s.tags || $4::jsonb)) <= $5::integer
        RETURNING 1
      )
      SELECT allowed, EXISTS (SELECT 1 FROM tagged) AS done FROM pool`,
    values: [visitor.pool, visitor.session, visitor.origin, JSON.stringify(tags), most],
  });
  return rows[0] === undefined ? NO_POOL : { pool: true, ...rows[0] };
}

/** Whether pages of an origin may use a pool; `null`: there is no such pool. */
export async function isOriginAllowed(db: Queryable, pool: string, origin: string): Promise<boolean | null> {
  const { rows } = await db.query<{ allowed: boolean }>({
    name: 'is_dni_origin_allowed',
    text: `SELECT dni_origin_allowed(allowed_origins, $2::text) AS allowed FROM dni_pools WHERE id = $1::text`,
    values: [pool, origin],
  });
  return rows[0]?.allowed ?? null;
}

/**
 * Forgets visitors who were last seen before so many days, with their leases; calls keep what they know of theirs.
 * Those whom another process forgets at the same moment are skipped.
 * @returns how many, `most` at most
 */
export async function deleteOldDniSessions(db: Queryable, days: number, most: number): Promise<number> {
  const { rowCount } = await db.query({
    name: 'delete_old_dni_sessions',
    text: `
      DELETE FROM dni_sessions s
       USING (SELECT o.pool_id, o.id FROM dni_sessions o
               WHERE o.last_seen_at < now() - make_interval(days => $1::integer)
                 AND NOT EXISTS (SELECT 1 FROM dni_leases l WHERE l.pool_id = o.pool_id AND l.session_id = o.id
                                    AND l.attributes_until > now() - make_interval(days => $1::integer))
               ORDER BY o.last_seen_at LIMIT $2::integer FOR UPDATE SKIP LOCKED) old
       WHERE s.pool_id = old.pool_id AND s.id = old.id`,
    values: [days, most],
  });
  return rowCount ?? 0;
}
