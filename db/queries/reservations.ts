import type { Queryable } from '../pool';

/** A limit that had no room. */
export interface RefusedRow {
  readonly assignment_id: string;
  readonly limit_id: string;
}

export interface ReserveRow {
  /** The first candidate with room, or `null` when none has any. */
  readonly assignment_id: string | null;
  /** Whether capacity was taken for it. */
  readonly granted: boolean;
  /** Whether a counter row of a window that has just begun is missing: create it and ask again. */
  readonly uncounted: boolean;
  readonly refused: readonly RefusedRow[];
}

/**
 * Takes one unit of every limit of the first candidate that has room under all of them, or nothing at all.
 *
 * Counters of all candidates are read without a lock; those of the chosen one are then locked, in the order of their
 * key so that two calls cannot wait for each other, and looked at again under the lock. A call that lost the last
 * place in between gets `granted = false` and asks again: it never takes more than there is, and a candidate is passed
 * over only when it was full at one moment during this statement. Windows begin by the database's clock, in the
 * limit's own zone.
 * @throws a unique violation when this reservation exists: the step was done before.
 */
export async function reserveFirst(
  db: Queryable,
  reservation: { readonly id: string; readonly callId: string; readonly assignmentIds: readonly string[] },
): Promise<ReserveRow> {
  const { rows } = await db.query<ReserveRow & Record<string, unknown>>({
    name: 'reserve_first',
    text: `
      WITH candidate AS (
        SELECT c.ord, a.id AS assignment_id, a.buyer_id
          FROM unnest($3::text[]) WITH ORDINALITY AS c (assignment_id, ord)
          JOIN assignments a ON a.id = c.assignment_id
      ), wanted AS (
        SELECT c.ord, c.assignment_id, l.id AS limit_id, l.maximum,
               CASE l."window"
                 WHEN 'day' THEN date_trunc('day', now(), l.time_zone)
                 WHEN 'concurrency' THEN '-infinity'::timestamptz
               END AS window_start
          FROM candidate c
          JOIN limits l ON (l.scope_kind = 'assignment' AND l.scope_id = c.assignment_id)
                        OR (l.scope_kind = 'buyer' AND l.scope_id = c.buyer_id)
      ), peeked AS (
        SELECT w.*, coalesce(k.posted + k.pending, 0) < w.maximum AS has_room
          FROM wanted w
          LEFT JOIN limit_counters k ON k.limit_id = w.limit_id AND k.window_start = w.window_start
      ), chosen AS (
        SELECT c.ord, c.assignment_id
          FROM candidate c
         WHERE NOT EXISTS (SELECT FROM peeked p WHERE p.ord = c.ord AND NOT p.has_room)
         ORDER BY c.ord
         LIMIT 1
      ), locked AS (
        SELECT k.limit_id, k.window_start, k.posted + k.pending < p.maximum AS has_room
          FROM limit_counters k
          JOIN peeked p ON p.limit_id = k.limit_id AND p.window_start = k.window_start
          JOIN chosen USING (ord)
         ORDER BY k.limit_id, k.window_start
           FOR UPDATE OF k
      ), verdict AS (
        SELECT chosen.assignment_id,
               (SELECT count(*) FROM peeked p WHERE p.ord = chosen.ord) > (SELECT count(*) FROM locked) AS uncounted,
               (SELECT coalesce(bool_and(has_room), true) FROM locked) AS has_room
          FROM chosen
      ), granted AS (
        SELECT assignment_id FROM verdict WHERE has_room AND NOT uncounted
      ), taken AS (
        UPDATE limit_counters k
           SET pending = k.pending + 1
          FROM locked l, granted
         WHERE k.limit_id = l.limit_id AND k.window_start = l.window_start
      ), reserved AS (
        INSERT INTO reservations (id, call_id, attempt_id, status)
        SELECT $1::text, $2::text, $1::text, 'pending' FROM granted
      ), held AS (
        INSERT INTO reservation_holds (reservation_id, limit_id, window_start, amount)
        SELECT $1::text, l.limit_id, l.window_start, 1 FROM locked l, granted
      )
      SELECT verdict.assignment_id,
             coalesce(verdict.has_room AND NOT verdict.uncounted, false) AS granted,
             coalesce(verdict.uncounted, false) AS uncounted,
             coalesce((SELECT json_agg(json_build_object('assignment_id', p.assignment_id, 'limit_id', p.limit_id)
                                       ORDER BY p.ord, p.limit_id)
                         FROM peeked p
                        WHERE NOT p.has_room
                          AND p.ord < coalesce((SELECT ord FROM chosen), 9223372036854775807)), '[]') AS refused
        FROM (SELECT) AS always
        LEFT JOIN verdict ON true`,
    values: [reservation.id, reservation.callId, [...reservation.assignmentIds]],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('reserve_first returned no row');
  return row;
}

/** Opens the counters of the current windows for these assignments and their buyers. Once a window and limit. */
export async function openCounters(db: Queryable, assignmentIds: readonly string[]): Promise<void> {
  await db.query({
    name: 'open_counters',
    text: `
      INSERT INTO limit_counters (limit_id, window_start)
      SELECT l.id,
             CASE l."window"
               WHEN 'day' THEN date_trunc('day', now(), l.time_zone)
               WHEN 'concurrency' THEN '-infinity'::timestamptz
             END
        FROM limits l
       WHERE (l.scope_kind = 'assignment' AND l.scope_id = ANY ($1::text[]))
          OR (l.scope_kind = 'buyer' AND l.scope_id IN (SELECT buyer_id FROM assignments WHERE id = ANY ($1::text[])))
       ORDER BY 1, 2
          ON CONFLICT DO NOTHING`,
    values: [[...assignmentIds]],
  });
}

/**
 * Resolves every pending reservation of a call, or only `only`: `post` is posted if its buyer was connected, the rest
 * is voided. Concurrency is given back either way. A reservation that is resolved already is left alone, so that
 * repeating this changes nothing.
 */
export async function resolveReservations(
  db: Queryable,
  resolve: { readonly callId: string; readonly only: string | null; readonly post: string | null },
): Promise<void> {
  await db.query({
    name: 'resolve_reservations',
    text: `
      WITH resolved AS (
        UPDATE reservations
           SET status = CASE WHEN id = $3::text THEN 'posted' ELSE 'voided' END, resolved_at = now()
         WHERE call_id = $1::text AND status = 'pending' AND ($2::text IS NULL OR id = $2::text)
        RETURNING id, status
      ), change AS (
        SELECT h.limit_id, h.window_start, sum(h.amount) AS pending,
               sum(CASE WHEN r.status = 'posted' AND l."window" <> 'concurrency' THEN h.amount ELSE 0 END) AS posted
          FROM resolved r
          JOIN reservation_holds h ON h.reservation_id = r.id
          JOIN limits l ON l.id = h.limit_id
         GROUP BY h.limit_id, h.window_start
      ), locked AS (
        SELECT k.limit_id, k.window_start, change.pending, change.posted
          FROM limit_counters k
          JOIN change ON change.limit_id = k.limit_id AND change.window_start = k.window_start
         ORDER BY k.limit_id, k.window_start
           FOR UPDATE OF k
      )
      UPDATE limit_counters k
         SET pending = k.pending - locked.pending, posted = k.posted + locked.posted
        FROM locked
       WHERE k.limit_id = locked.limit_id AND k.window_start = locked.window_start`,
    values: [resolve.callId, resolve.only, resolve.post],
  });
}
