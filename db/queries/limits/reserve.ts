import type { ReserveCandidate } from '../../../domain/limits/candidates';
import type { Scope } from '../../../domain/limits/limit';
import type { Queryable } from '../../pool';
import { candidateColumns, takenSql } from './taken';

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

/*
 * One row of `asked` is a scope of a candidate of an item, joined with the limits on it. All that follows is carried
 * along with those rows by window functions: joining steps with each other would cost the square of the batch. What
 * belongs to an item or a candidate is taken from the parameters by its place.
 */
const RESERVE_BATCH = `
  WITH clock AS MATERIALIZED (
    SELECT limit_clock() AS at
  ), known AS MATERIALIZED (
    SELECT i.ord::integer - 1 AS ord, r.status, r.assignment_id, r.spend_micros, r.payout_micros, r.refusals
      FROM unnest($1::text[]) WITH ORDINALITY AS i (id, ord)
      JOIN reservations r ON r.id = i.id
  ), asked AS MATERIALIZED (
    SELECT s.ord, s.no, s.at AS candidate, s.scope, l.id AS limit_id, l."window", l.counts, l.maximum,
           w.starts, w.amount, w.misfit,
           l.id IS NOT NULL AND (w.amount > 0 OR w.misfit) AS counted,
           k.limit_id IS NULL AS uncounted, k.closed,
           l.id IS NULL OR (NOT w.misfit AND coalesce(k.posted + k.pending, 0) + w.amount <= l.maximum)
             OR (w.amount = 0 AND NOT w.misfit) AS has_room
      FROM unnest($8::int[], $9::int[], $10::int[], $11::text[]) AS s (ord, no, at, scope)
     CROSS JOIN clock
      LEFT JOIN limits l ON l.scope = s.scope
     CROSS JOIN LATERAL (
       SELECT limit_window_start(l."window", l.time_zone, clock.at) AS starts,
              ${takenSql(12)}
     ) AS w
      -- One look into the key each. Planned as a join while there are few counters, it reads all windows of a limit.
      LEFT JOIN LATERAL (
        SELECT k.limit_id, k.posted, k.pending, k.closed FROM limit_counters k
         WHERE k.limit_id = l.id AND k.window_start = w.starts LIMIT 1
      ) AS k ON true
     WHERE s.ord NOT IN (SELECT known.ord FROM known)
  ), judged AS MATERIALIZED (
    SELECT a.*, bool_and(a.has_room) OVER (PARTITION BY a.ord, a.no) AS fits FROM asked a
  ), chosen AS MATERIALIZED (
    SELECT j.*, min(j.no) FILTER (WHERE j.fits) OVER (PARTITION BY j.ord) AS chosen_no FROM judged j
  ), wanted AS MATERIALIZED (
    SELECT c.ord, c.limit_id, c.starts, c.closed, c.amount, c.maximum,
           bool_or(c.uncounted) OVER (PARTITION BY c.ord) AS uncounted
      FROM chosen c
     WHERE c.no = c.chosen_no AND c.counted
  ), placed AS MATERIALIZED (
    SELECT w.*, dense_rank() OVER (ORDER BY w.limit_id, w.starts)::integer AS place FROM wanted w WHERE NOT w.uncounted
  ), locked AS MATERIALIZED (
    SELECT k.limit_id, k.window_start, k.posted + k.pending AS used
      FROM limit_counters k
      JOIN (SELECT DISTINCT p.limit_id, p.starts, p.closed FROM placed p) AS own
        ON own.limit_id = k.limit_id AND own.starts = k.window_start
     WHERE k.closed = own.closed
     ORDER BY k.limit_id, k.window_start
       FOR UPDATE OF k
  ), lock_list AS MATERIALIZED (
    -- In the order of \`place\`. A counter that went with its limit meanwhile, or was
    -- closed, leaves a gap: then nothing is decided.
    SELECT array_agg(l.used ORDER BY l.limit_id, l.window_start) AS used,
           count(*) = coalesce((SELECT max(p.place) FROM placed p), 0) AS whole
      FROM locked l
  ), running AS MATERIALIZED (
    SELECT p.ord, p.limit_id, p.starts, p.amount,
           (sum(p.amount) FILTER (WHERE p.alone) OVER (PARTITION BY p.place ORDER BY p.ord) + p.used <= p.maximum)
             AND p.alone AS fits
      FROM (SELECT p.*, u.used[p.place] AS used,
                   bool_and(u.used[p.place] + p.amount <= p.maximum) OVER (PARTITION BY p.ord) AS alone
              FROM placed p CROSS JOIN lock_list u WHERE u.whole) AS p
  ), granted AS MATERIALIZED (
    SELECT r.ord, r.limit_id, r.starts, r.amount, coalesce(bool_and(r.fits) OVER (PARTITION BY r.ord), false) AS fits
      FROM running r
  ), taken AS (
    UPDATE limit_counters k
       SET pending = k.pending + t.amount
      FROM (SELECT g.limit_id, g.starts, sum(g.amount) AS amount FROM granted g WHERE g.fits GROUP BY g.limit_id, g.starts) AS t
     WHERE k.limit_id = t.limit_id AND k.window_start = t.starts
  ), held AS (
    INSERT INTO reservation_holds (reservation_id, limit_id, window_start, amount)
    SELECT ($1::text[])[g.ord + 1], g.limit_id, g.starts, g.amount FROM granted g WHERE g.fits
  ), decided AS MATERIALIZED (
    SELECT d.ord, d.at, d.scopes,
           CASE WHEN d.chosen_no IS NULL THEN CASE WHEN ($6::bool[])[d.ord + 1] THEN 'refused' ELSE 'passed' END
                WHEN d.wants = 0 THEN 'granted'
                WHEN d.uncounted THEN 'uncounted'
                WHEN d.ord = ANY (g.ords) THEN 'granted'
                ELSE 'again' END AS verdict,
           ($7::text[])[d.ord + 1]::jsonb || coalesce(d.refusals, '[]') AS refusals
      FROM (SELECT c.ord, c.chosen_no,
                   min(c.candidate) FILTER (WHERE c.no = c.chosen_no) AS at,
                   count(*) FILTER (WHERE c.no = c.chosen_no AND c.counted) AS wants,
                   bool_or(c.uncounted) FILTER (WHERE c.no = c.chosen_no AND c.counted) AS uncounted,
                   array_agg(DISTINCT c.scope) FILTER (WHERE c.no = c.chosen_no) AS scopes,
                   jsonb_agg(jsonb_build_object('assignmentId', ($12::text[])[c.candidate], 'limitId', c.limit_id,
                                                'scope', c.scope, 'window', c."window", 'counts', c.counts,
                                                'reason', CASE WHEN c.misfit THEN 'currency' ELSE 'full' END)
                             ORDER BY c.no, c.limit_id)
                     FILTER (WHERE NOT c.has_room AND c.no < coalesce(c.chosen_no, 2147483647)) AS refusals
              FROM chosen c
             GROUP BY c.ord, c.chosen_no) AS d
     CROSS JOIN (SELECT coalesce(array_agg(DISTINCT granted.ord), '{}') AS ords FROM granted WHERE granted.fits) AS g
  ), reserved AS (
    INSERT INTO reservations (id, call_id, attempt_id, workflow_id, status, reserved_at, lease_until, resolved_at,
                              assignment_id, scopes, spend_micros, payout_micros, currency, refusals)
    SELECT ($1::text[])[d.ord + 1], ($2::text[])[d.ord + 1], ($3::text[])[d.ord + 1], ($4::text[])[d.ord + 1],
           CASE d.verdict WHEN 'granted' THEN 'pending' ELSE 'refused' END,
           -- The instant that its windows were chosen by, however long it waited for the counters.
           clock.at, clock.at + ($5::float8[])[d.ord + 1] * interval '1 second',
           CASE d.verdict WHEN 'granted' THEN NULL ELSE clock.at END,
           CASE d.verdict WHEN 'granted' THEN ($12::text[])[d.at] END,
           coalesce(d.scopes, '{}'),
           coalesce(($13::int8[])[d.at], 0), coalesce(($14::int8[])[d.at], 0), ($15::text[])[d.at], d.refusals
      FROM decided d CROSS JOIN clock
     WHERE d.verdict IN ('granted', 'refused')
  )
  SELECT d.ord, d.verdict, NULL AS status, ($12::text[])[d.at] AS assignment_id,
         ($13::int8[])[d.at] AS spend_micros, ($14::int8[])[d.at] AS payout_micros, d.refusals
    FROM decided d
  UNION ALL
  SELECT k.ord, 'before', k.status, k.assignment_id, k.spend_micros, k.payout_micros, k.refusals FROM known k
   ORDER BY ord`;

/** A scope that no limit is on: a candidate with no scope of its own has to stand in the list as well. */
const NO_SCOPE = 'none:';

function valuesOf(items: readonly ReserveItem[]): unknown[] {
  const candidates = items.flatMap((item, ord) =>
    item.candidates.map((candidate, no) => ({ ord, no, ...candidate })),
  );
  const scopes = candidates.flatMap(({ ord, no, scopes: all }, index) =>
    (all.length === 0 ? [NO_SCOPE] : all).map((scope) => ({ ord, no, at: index + 1, scope })),
  );
  return [
    items.map(({ id }) => id),
    items.map(({ callId }) => callId),
    items.map(({ attemptId }) => attemptId),
    items.map(({ workflowId }) => workflowId),
    items.map(({ leaseSeconds }) => leaseSeconds),
    items.map(({ final }) => final),
    items.map(({ refusedBefore }) => (refusedBefore.length === 0 ? '[]' : JSON.stringify(refusedBefore))),
    scopes.map(({ ord }) => ord),
    scopes.map(({ no }) => no),
    scopes.map(({ at }) => at),
    scopes.map(({ scope }) => scope),
    ...candidateColumns(candidates),
  ];
}

/**
 * Opens the counters that these scopes' limits need now. Once a limit and window: elsewhere the statement is not sent. A
 * limit that is being removed is waited for, and left out once it is gone.
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
         FOR KEY SHARE OF l
          ON CONFLICT DO NOTHING`,
    values: [[...scopes]],
  });
}
