import type { Queryable } from '../../pool';

/** A number somebody wants in a pool, or to stand for a source. */
export interface WantedNumberRow {
  readonly e164: string;
  readonly campaign_id: string | null;
  /** The pool it is leased from; `null`: none. */
  readonly pool_id: string | null;
  /** A pool in which it stands for a source; `null`: none. */
  readonly static_in: string | null;
}

/** Tracked numbers, locked against moves until the transaction ends, in their own order. One that is not there is left out. */
export async function lockWantedNumbers(
  db: Queryable,
  numbers: readonly string[],
): Promise<WantedNumberRow[]> {
  const { rows } = await db.query<WantedNumberRow & Record<string, unknown>>({
    name: 'lock_wanted_dni_numbers',
    text: `
      SELECT n.e164, n.campaign_id,
             (SELECT d.pool_id FROM dni_numbers d WHERE d.e164 = n.e164) AS pool_id,
             (SELECT p.id FROM dni_pools p
               WHERE p.campaign_id = n.campaign_id
                 AND p.static_numbers @> jsonb_build_array(jsonb_build_object('number', n.e164))
               ORDER BY p.id LIMIT 1) AS static_in
        FROM numbers n WHERE n.e164 = ANY ($1::text[]) ORDER BY n.e164 FOR NO KEY UPDATE OF n`,
    values: [[...numbers]],
  });
  return rows;
}

/** Puts numbers into a pool. @throws when one of them is in a pool: `dni_numbers_pkey` */
export async function insertDniNumbers(
  db: Queryable,
  pool: string,
  numbers: readonly string[],
): Promise<void> {
  await db.query({
    name: 'insert_dni_numbers',
    text: `INSERT INTO dni_numbers (pool_id, e164) SELECT $1::text, unnest($2::text[])`,
    values: [pool, [...numbers]],
  });
}

/** Takes a number out of a pool; its lease is to be ended next. @returns whether it was in the pool */
export async function deleteDniNumber(db: Queryable, pool: string, number: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'delete_dni_number',
    text: 'DELETE FROM dni_numbers WHERE e164 = $2::text AND pool_id = $1::text',
    values: [pool, number],
  });
  return rowCount === 1;
}

/**
 * Ends the lease of a number that has just left its pool, in a statement of its own: one that began while the removal
 * waited for it is not seen by the removal itself. The grace stays as it is.
 */
export async function endDniLease(db: Queryable, number: string): Promise<void> {
  await db.query({
    name: 'end_dni_lease',
    text: `
      UPDATE dni_leases
         SET live_until = greatest(leased_at, least(live_until, clock_timestamp())),
             ended_at = greatest(leased_at, clock_timestamp())
       WHERE e164 = $1::text AND ended_at IS NULL`,
    values: [number],
  });
}

export interface DniNumberRow {
  readonly e164: string;
  readonly state: 'leased' | 'grace' | 'free';
  readonly session_id: string | null;
  /** `null`: it has never been leased. */
  readonly live_until: string | null;
}

/** The numbers of a pool, in their own order. */
export async function listDniNumbers(
  db: Queryable,
  pool: string,
  page: { readonly after: string | null; readonly limit: number },
): Promise<DniNumberRow[]> {
  const { rows } = await db.query<DniNumberRow & Record<string, unknown>>({
    name: 'list_dni_numbers',
    text: `
      SELECT n.e164, n.session_id, nullif(n.live_until, '-infinity') AS live_until,
             CASE WHEN n.live_until > now() THEN 'leased'
                  WHEN n.live_until + make_interval(secs => p.grace_seconds) > now() THEN 'grace'
                  ELSE 'free' END AS state
        FROM dni_numbers n JOIN dni_pools p ON p.id = n.pool_id
       WHERE n.pool_id = $1::text AND ($2::text IS NULL OR n.e164 > $2::text)
       ORDER BY n.e164 LIMIT $3::integer`,
    values: [pool, page.after, page.limit],
  });
  return rows;
}
