import { NOTHING_HAPPENED, type Happened } from '../../../domain/limits/happened';
import type { Queryable } from '../../pool';

/** `posted`: it connected. `voided`: it did not. `expired`: nobody was left to resolve it. */
export type Resolution = 'posted' | 'voided' | 'expired';

export interface ResolveItem {
  readonly id: string;
  readonly resolution: Resolution;
  readonly happened: Happened;
}

export interface ResolveRow {
  readonly id: string;
  /** How the reservation stands now; `null`: there is none. */
  readonly status: string | null;
  /** Whether this statement resolved it; else it was resolved before, is unknown, or asks for more than it holds. */
  readonly resolved: boolean;
  /** Whether more is to be posted than is reserved. */
  readonly over: boolean;
}

/**
 * From `asked (id, resolution, dialled, connected, converted, spent, paid, payout)` to resolved reservations and
 * counters. Reservations are locked before counters, each in the order of their keys: that is the order everywhere. One
 * that is resolved already is left alone, so that repeating this changes nothing.
 */
const RESOLVE = `
  own AS MATERIALIZED (
    SELECT r.id, r.status, a.resolution, a.dialled, a.connected, a.converted, a.spent, a.paid, a.payout,
           a.spent > r.spend_micros OR a.payout > r.payout_micros AS over
      FROM reservations r
      JOIN asked a ON a.id = r.id
     ORDER BY r.id
       FOR NO KEY UPDATE OF r
  ), resolved AS (
    UPDATE reservations r
       SET status = o.resolution, resolved_at = limit_clock(), dialled = o.dialled, connected = o.connected,
           converted = o.converted, spent_micros = o.spent, paid = o.paid, paid_micros = o.payout
      FROM own o
     WHERE r.id = o.id AND o.status = 'pending' AND NOT o.over
    RETURNING r.id, r.status, r.dialled, r.connected, r.converted, r.spent_micros, r.paid, r.paid_micros
  ), change AS MATERIALIZED (
    SELECT h.limit_id, h.window_start, sum(h.amount) AS pending,
           sum(limit_posted_amount(l."window", l.counts, l.scope_kind, r.dialled, r.connected, r.converted,
                                   r.spent_micros, r.paid, r.paid_micros)) AS posted
      FROM resolved r
      JOIN reservation_holds h ON h.reservation_id = r.id
      JOIN limits l ON l.id = h.limit_id
     GROUP BY h.limit_id, h.window_start
  ), locked AS MATERIALIZED (
    SELECT k.limit_id, k.window_start, c.pending, c.posted
      FROM limit_counters k
      JOIN change c ON c.limit_id = k.limit_id AND c.window_start = k.window_start
     ORDER BY k.limit_id, k.window_start
       FOR UPDATE OF k
  ), given_back AS (
    UPDATE limit_counters k
       SET pending = k.pending - l.pending, posted = k.posted + l.posted
      FROM locked l
     WHERE k.limit_id = l.limit_id AND k.window_start = l.window_start
  )
  SELECT a.id, coalesce(r.status, o.status) AS status, r.id IS NOT NULL AS resolved,
         coalesce(o.status = 'pending' AND o.over, false) AS over
    FROM asked a
    LEFT JOIN own o ON o.id = a.id
    LEFT JOIN resolved r ON r.id = a.id`;

/**
 * Resolves reservations by their ids, each once: what happened is posted, the rest of what was held is given back.
 * Concurrency is given back in any case.
 */
export async function resolveBatch(db: Queryable, items: readonly ResolveItem[]): Promise<ResolveRow[]> {
  const { rows } = await db.query<ResolveRow & Record<string, unknown>>({
    name: 'resolve_batch',
    text: `
      WITH asked AS MATERIALIZED (
        SELECT * FROM unnest($1::text[], $2::text[], $3::bool[], $4::bool[], $5::bool[], $6::int8[], $7::bool[],
                             $8::int8[])
                      AS a (id, resolution, dialled, connected, converted, spent, paid, payout)
      ), ${RESOLVE}`,
    values: [
      items.map(({ id }) => id),
      items.map(({ resolution }) => resolution),
      items.map(({ happened }) => happened.dialled),
      items.map(({ happened }) => happened.connected),
      items.map(({ happened }) => happened.converted),
      items.map(({ happened }) => happened.spent),
      items.map(({ happened }) => happened.paid),
      items.map(({ happened }) => happened.payout),
    ],
  });
  return rows;
}

/** How all that a call still holds is resolved. */
export interface ResolveCall {
  readonly callId: string;
  /** Only this attempt's; `null`: all of the call's. */
  readonly attemptId: string | null;
  /** The attempt that connected, and what came of it; every other one is voided. */
  readonly connected: { readonly attemptId: string; readonly happened: Happened } | null;
  /** An attempt that is on record as dialled, but of which the carrier never heard. */
  readonly unheardAttemptId: string | null;
  readonly resolution: Resolution;
}

/**
 * Resolves the pending reservations of a call, but for what waits for a postback. Attempts that are on record were dialled and count as attempts; a hold
 * whose attempt never came to be recorded is given back whole. A call's money is pinned with its hold; should the two
 * ever differ, the end of the call does not hang on it: no more is posted than is held.
 * @returns what was resolved
 */
export async function resolveCall(db: Queryable, resolve: ResolveCall): Promise<ResolveRow[]> {
  const { callId, attemptId, connected, unheardAttemptId, resolution } = resolve;
  const happened = connected?.happened ?? NOTHING_HAPPENED;
  const { rows } = await db.query<ResolveRow & Record<string, unknown>>({
    name: 'resolve_call',
    text: `
      WITH asked AS MATERIALIZED (
        SELECT p.id,
               CASE WHEN p.won AND $9::text = 'voided' THEN 'posted' ELSE $9::text END AS resolution,
               p.won OR p.dialled AS dialled,
               p.won AND $4::bool AS connected,
               p.won AND $5::bool AS converted,
               CASE WHEN p.won THEN least($6::int8, p.spend_micros) ELSE 0 END AS spent,
               p.won AND $7::bool AS paid,
               CASE WHEN p.won THEN least($8::int8, p.payout_micros) ELSE 0 END AS payout
          FROM (SELECT r.id, r.spend_micros, r.payout_micros,
                       r.attempt_id IS NOT DISTINCT FROM $3::text AS won,
                       r.attempt_id IS DISTINCT FROM $10::text
                         AND EXISTS (SELECT FROM attempts a WHERE a.id = r.attempt_id) AS dialled
                  FROM reservations r
                 WHERE r.call_id = $1::text AND r.status = 'pending' AND NOT r.deferred
                   AND ($2::text IS NULL OR r.attempt_id = $2::text)) AS p
      ), ${RESOLVE}`,
    values: [
      callId,
      attemptId,
      connected?.attemptId ?? null,
      happened.connected,
      happened.converted,
      happened.spent,
      happened.paid,
      happened.payout,
      resolution,
      unheardAttemptId,
    ],
  });
  return rows;
}
