import type { Scope } from '../../../domain/limits/limit';
import type { Queryable } from '../../pool';

/** One reservation that is asked for. */
export interface ReserveItem {
  readonly id: string;
  readonly callId: string;
  readonly attemptId: string;
  /** `null`: the hold is tied to no workflow and ends with its lease. */
  readonly workflowId: string | null;
  readonly leaseSeconds: number;
  /** In the order in which they are wanted; the first one with room gets it. At least one. */
  readonly candidates: readonly ReserveCandidate[];
  /** Whether there are no candidates behind these: a refusal is then final, and kept. */
  readonly final: boolean;
  /** Refusals of candidates that came before these, to be kept with a final one. */
  readonly refusedBefore: readonly Refusal[];
}

export interface ReserveCandidate {
  readonly assignmentId: string;
  readonly scopes: readonly Scope[];
  /** The most the attempt can cost the buyer, and earn the publisher, in micros of `currency`. */
  readonly spend: bigint;
  readonly payout: bigint;
  readonly currency: string;
}

/** A limit that stood in a candidate's way. */
export interface Refusal {
  readonly assignmentId: string;
  readonly limitId: string;
  readonly scope: Scope;
  readonly window: string;
  readonly counts: string;
  /** `full`: no room. `currency`: the attempt's money is in another currency than the limit's, and cannot be counted. */
  readonly reason: 'full' | 'currency';
}

/**
 * - `granted`, `refused`: decided and durable.
 * - `passed`: none of these candidates has room, and they were not all; nothing is kept.
 * - `before`: the id was decided earlier; the rest of the row says how.
 * - `again`: others in this batch may take the last place: ask again.
 * - `uncounted`: a window has just begun and has no counter yet: open it and ask again.
 */
export type ReserveVerdict = 'granted' | 'refused' | 'passed' | 'before' | 'again' | 'uncounted';

export interface ReserveRow {
  /** Position in the batch, from 0. */
  readonly ord: number;
  readonly verdict: ReserveVerdict;
  readonly status: string | null;
  readonly assignment_id: string | null;
  readonly spend_micros: bigint | null;
  readonly payout_micros: bigint | null;
  readonly refusals: readonly Refusal[];
}

/**
 * Decides a batch of reservations in one statement: each gets the first of its candidates that has room under all of
 * its limits, or nothing. Who stands first in the batch is served first.
 *
 * 1. Counters are read without a lock; each item chooses its first candidate with room. One that has none is refused:
 *    all were full at one moment during this statement.
 * 2. The chosen ones' counters are locked, in the order of their keys so that no two batches wait for each other, and
 *    read again. What fits behind the earlier items of the batch is granted. What does not is to ask again: the items
 *    before it may not take what they asked for. The first of all who want a counter is always decided, so that asking
 *    again comes to an end.
 *
 * Windows are those of the database's clock (`limit_clock`), each in its limit's zone. An id that is known keeps its
 * first answer.
 * @returns one row an item, in their order
 * @throws a unique violation when another process decides one of the ids at the same time: ask again
 */
export async function reserveBatch(db: Queryable, items: readonly ReserveItem[]): Promise<ReserveRow[]> {
  const { rows } = await db.query<ReserveRow & Record<string, unknown>>({
    name: 'reserve_batch',
    text: RESERVE_BATCH,
    values: valuesOf(items),
  });
  return rows;
}

const RESERVE_BATCH = `
  WITH clock AS MATERIALIZED (
    SELECT limit_clock() AS at
  ), item AS MATERIALIZED (
    SELECT i.ord - 1 AS ord, i.id, i.call_id, i.attempt_id, i.workflow_id, i.lease, i.final, i.refused_before,
           r.status, r.assignment_id, r.spend_micros, r.payout_micros, r.refusals
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::bool[], $7::text[])
           WITH ORDINALITY AS i (id, call_id, attempt_id, workflow_id, lease, final, refused_before, ord)
      LEFT JOIN reservations r ON r.id = i.id
  ), candidate AS MATERIALIZED (
    SELECT c.ord, c.no, c.assignment_id, c.spend, c.payout, c.currency
      FROM unnest($8::int[], $9::int[], $10::text[], $11::int8[], $12::int8[], $13::text[])
           AS c (ord, no, assignment_id, spend, payout, currency)
      JOIN item i ON i.ord = c.ord AND i.status IS NULL
  ), wanted AS MATERIALIZED (
    SELECT c.ord, c.no, c.assignment_id, l.id AS limit_id, l.scope, l."window", l.counts, l.maximum,
           limit_window_start(l."window", l.time_zone, clock.at) AS window_start,
           CASE WHEN l.counts <> 'spend' THEN 1
                WHEN l.scope_kind = 'publisher' THEN c.payout
                ELSE c.spend END AS amount,
           l.counts = 'spend' AND l.currency <> c.currency AS misfit
      FROM unnest($14::int[], $15::int[], $16::text[]) AS s (ord, no, scope)
      JOIN limits l ON l.scope = s.scope
      JOIN candidate c ON c.ord = s.ord AND c.no = s.no
     CROSS JOIN clock
  ), peeked AS MATERIALIZED (
    SELECT w.*, coalesce(k.posted + k.pending, 0) + w.amount <= w.maximum AND NOT w.misfit AS has_room
      FROM wanted w
      LEFT JOIN limit_counters k ON k.limit_id = w.limit_id AND k.window_start = w.window_start
     WHERE w.amount > 0 OR w.misfit
  ), chosen AS MATERIALIZED (
    SELECT DISTINCT ON (c.ord) c.*
      FROM candidate c
      LEFT JOIN (SELECT DISTINCT p.ord, p.no FROM peeked p WHERE NOT p.has_room) AS full_up USING (ord, no)
     WHERE full_up.ord IS NULL
     ORDER BY c.ord, c.no
  ), locked AS MATERIALIZED (
    SELECT k.limit_id, k.window_start, k.posted + k.pending AS used
      FROM limit_counters k
      JOIN (SELECT DISTINCT p.limit_id, p.window_start FROM peeked p JOIN chosen USING (ord, no)) AS own
        ON own.limit_id = k.limit_id AND own.window_start = k.window_start
     ORDER BY k.limit_id, k.window_start
       FOR UPDATE OF k
  ), asked AS MATERIALIZED (
    SELECT p.ord, p.limit_id, p.window_start, p.amount, p.maximum, l.used,
           bool_or(l.used IS NULL) OVER own AS uncounted,
           bool_and(coalesce(l.used + p.amount <= p.maximum, false)) OVER own AS fits_alone
      FROM peeked p
      JOIN chosen USING (ord, no)
      LEFT JOIN locked l ON l.limit_id = p.limit_id AND l.window_start = p.window_start
    WINDOW own AS (PARTITION BY p.ord)
  ), running AS MATERIALIZED (
    SELECT a.ord, a.limit_id, a.window_start, a.amount,
           a.used + sum(a.amount) OVER (PARTITION BY a.limit_id, a.window_start ORDER BY a.ord) <= a.maximum AS fits
      FROM asked a
     WHERE a.fits_alone AND NOT a.uncounted
  ), verdict AS MATERIALIZED (
    SELECT c.*,
           CASE WHEN NOT EXISTS (SELECT FROM asked a WHERE a.ord = c.ord) THEN 'granted'
                WHEN EXISTS (SELECT FROM asked a WHERE a.ord = c.ord AND a.uncounted) THEN 'uncounted'
                WHEN (SELECT bool_and(r.fits) FROM running r WHERE r.ord = c.ord) THEN 'granted'
                ELSE 'again' END AS verdict
      FROM chosen c
  ), taken AS (
    UPDATE limit_counters k
       SET pending = k.pending + t.amount
      FROM (SELECT r.limit_id, r.window_start, sum(r.amount) AS amount
              FROM running r JOIN verdict v ON v.ord = r.ord AND v.verdict = 'granted'
             GROUP BY r.limit_id, r.window_start) AS t
     WHERE k.limit_id = t.limit_id AND k.window_start = t.window_start
  ), held AS (
    INSERT INTO reservation_holds (reservation_id, limit_id, window_start, amount)
    SELECT i.id, r.limit_id, r.window_start, r.amount
      FROM running r
      JOIN verdict v ON v.ord = r.ord AND v.verdict = 'granted'
      JOIN item i ON i.ord = r.ord
  ), passed_over AS MATERIALIZED (
    SELECT p.ord,
           jsonb_agg(jsonb_build_object('assignmentId', p.assignment_id, 'limitId', p.limit_id, 'scope', p.scope,
                                        'window', p."window", 'counts', p.counts,
                                        'reason', CASE WHEN p.misfit THEN 'currency' ELSE 'full' END)
                     ORDER BY p.no, p.limit_id) AS refusals
      FROM peeked p
      LEFT JOIN chosen c ON c.ord = p.ord
     WHERE NOT p.has_room AND p.no < coalesce(c.no, 2147483647)
     GROUP BY p.ord
  ), decided AS MATERIALIZED (
    SELECT i.*, v.assignment_id AS chosen_id, v.no AS chosen_no, v.spend, v.payout, v.currency,
           CASE WHEN i.status IS NOT NULL THEN 'before'
                WHEN v.verdict IS NOT NULL THEN v.verdict
                WHEN i.final THEN 'refused'
                ELSE 'passed' END AS verdict,
           i.refused_before::jsonb || coalesce(o.refusals, '[]') AS refused
      FROM item i
      LEFT JOIN verdict v ON v.ord = i.ord
      LEFT JOIN passed_over o ON o.ord = i.ord
  ), reserved AS (
    INSERT INTO reservations (id, call_id, attempt_id, workflow_id, status, lease_until, resolved_at, assignment_id,
                              scopes, spend_micros, payout_micros, currency, refusals)
    SELECT d.id, d.call_id, d.attempt_id, d.workflow_id,
           CASE d.verdict WHEN 'granted' THEN 'pending' ELSE 'refused' END,
           clock.at + d.lease * interval '1 second',
           CASE d.verdict WHEN 'granted' THEN NULL ELSE clock.at END,
           d.chosen_id,
           CASE d.verdict
             WHEN 'granted' THEN ARRAY(SELECT s.scope FROM unnest($14::int[], $15::int[], $16::text[]) AS s (ord, no, scope)
                                        WHERE s.ord = d.ord AND s.no = d.chosen_no)
             ELSE '{}' END,
           coalesce(d.spend, 0), coalesce(d.payout, 0), d.currency, d.refused
      FROM decided d CROSS JOIN clock
     WHERE d.verdict IN ('granted', 'refused')
  )
  SELECT d.ord::int AS ord, d.verdict, d.status,
         coalesce(d.assignment_id, d.chosen_id) AS assignment_id,
         coalesce(d.spend_micros, d.spend) AS spend_micros,
         coalesce(d.payout_micros, d.payout) AS payout_micros,
         coalesce(d.refusals, d.refused) AS refusals
    FROM decided d
   ORDER BY d.ord`;

function valuesOf(items: readonly ReserveItem[]): unknown[] {
  const candidates = items.flatMap((item, ord) =>
    item.candidates.map((candidate, no) => ({ ord, no, ...candidate })),
  );
  const scopes = candidates.flatMap(({ ord, no, scopes: all }) => all.map((scope) => ({ ord, no, scope })));
  return [
    items.map(({ id }) => id),
    items.map(({ callId }) => callId),
    items.map(({ attemptId }) => attemptId),
    items.map(({ workflowId }) => workflowId),
    items.map(({ leaseSeconds }) => leaseSeconds),
    items.map(({ final }) => final),
    items.map(({ refusedBefore }) => JSON.stringify(refusedBefore)),
    candidates.map(({ ord }) => ord),
    candidates.map(({ no }) => no),
    candidates.map(({ assignmentId }) => assignmentId),
    candidates.map(({ spend }) => spend),
    candidates.map(({ payout }) => payout),
    candidates.map(({ currency }) => currency),
    scopes.map(({ ord }) => ord),
    scopes.map(({ no }) => no),
    scopes.map(({ scope }) => scope),
  ];
}

/**
 * Opens the counters that these scopes' limits need now. Once a limit and window: elsewhere the statement is not sent.
 */
export async function openCounters(db: Queryable, scopes: readonly Scope[]): Promise<void> {
  await db.query({
    name: 'open_counters',
    text: `
      INSERT INTO limit_counters (limit_id, window_start)
      SELECT l.id, limit_window_start(l."window", l.time_zone, limit_clock())
        FROM limits l
       WHERE l.scope = ANY ($1::text[])
       ORDER BY 1, 2
          ON CONFLICT DO NOTHING`,
    values: [[...scopes]],
  });
}
