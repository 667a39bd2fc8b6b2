import type { Queryable } from '../../pool';

/** Which calls a backtest is about: those of a campaign that came in during a period. Instants are ISO 8601. */
export interface BacktestPeriod {
  readonly campaignId: string;
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
  /** Calls that were over by then are run again: the same however often it is tried. */
  readonly asOf: string;
}

/** A call came in, at the latest, so long before its buyer was chosen: no call lives longer. */
const LONGEST_CALL = `interval '1 day'`;

/** A call is run again when its first choice is on record and it is over. `$1` is the campaign, `$2` to `$3` the period, `$4` the moment. */
export const REPLAYED = `
  d.campaign_id = $1::text
  AND d.decided_at >= $2::timestamptz AND d.decided_at < $3::timestamptz + ${LONGEST_CALL}
  AND c.received_at >= $2::timestamptz AND c.received_at < $3::timestamptz
  AND c.ended_at <= $4::timestamptz`;

export interface BacktestCountsRow {
  readonly received: bigint;
  readonly replayed: bigint;
  readonly not_routed: bigint;
  readonly failed: bigint;
  readonly not_on_record: bigint;
}

/** How many calls the period has, and what becomes of them in a backtest; those left over are not over yet. */
export async function countBacktestCalls(
  db: Queryable,
  { campaignId, from, to, asOf }: BacktestPeriod,
): Promise<BacktestCountsRow> {
  const { rows } = await db.query<BacktestCountsRow & Record<string, unknown>>({
    name: 'count_backtest_calls',
    text: `
      SELECT count(*) AS received,
             count(*) FILTER (WHERE t.is_over AND t.on_record) AS replayed,
             count(*) FILTER (WHERE t.is_over AND NOT t.on_record AND NOT t.routed AND NOT t.failed) AS not_routed,
             count(*) FILTER (WHERE t.is_over AND NOT t.on_record AND NOT t.routed AND t.failed) AS failed,
             count(*) FILTER (WHERE t.is_over AND NOT t.on_record AND t.routed) AS not_on_record
        FROM (SELECT coalesce(c.ended_at <= $4::timestamptz, false) AS is_over, d.call_id IS NOT NULL AS on_record, c.outcome = 'failed' AS failed,
                     EXISTS (SELECT FROM timeline_entries e WHERE e.call_id = c.id AND e.key = 'routed:1') AS routed
                FROM calls c
                LEFT JOIN decision_records d ON d.call_id = c.id
               WHERE c.received_at >= $2::timestamptz AND c.received_at < $3::timestamptz
                 AND coalesce(d.campaign_id, c.campaign_id) = $1::text) AS t`,
    values: [campaignId, from, to, asOf],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('A count has one row');
  return row;
}

/** Where a page of calls begins: behind this one. */
export interface CallPlace {
  readonly decidedAt: string;
  readonly callId: string;
}

/** A dial that was made. */
export interface PastDialRow {
  readonly assignmentId: string;
  readonly price: unknown;
  readonly state: string;
  readonly ringMs: number;
  readonly lastsMs: number;
  /** From its end to the next asking of limits; `null`: there was none. */
  readonly goesOnAfterMs: number | null;
  readonly talkSeconds: number | null;
  /** The buyer reported a conversion, and what it was worth, in micros; `null`: they did not. */
  readonly postback: { readonly value: string | null } | null;
}

export interface PastCallRow {
  readonly call_id: string;
  readonly decided_at: string;
  readonly campaign_digest: string;
  readonly facts: unknown;
  readonly received_at: string;
  /** When limits were asked first, in milliseconds since 1970, to the microsecond; `null`: not known. */
  readonly reserved_at: number | null;
  readonly caller: string | null;
  readonly dialed: string;
  readonly publisher_id: string | null;
  readonly plan_version: number;
  readonly outcome: string;
  readonly converted: boolean;
  readonly revenue_micros: bigint;
  readonly payout_micros: bigint;
  /** Of a migration between two buyers; `null`: there was none. */
  readonly control_assignment_id: string | null;
  readonly challenger_assignment_id: string | null;
  readonly to_challenger: boolean;
  readonly dials: readonly PastDialRow[];
  /** From the first asking of limits to the hang-up of a caller who left while it rang; `null`: they did not. */
  readonly hung_up_after_ms: number | null;
  /** Limits that stood in somebody's way. */
  readonly refused_by: readonly string[];
}

/** SQL of the reservation that a dial, the row `a`, was made with: one before it may have been given back undialled. */
const RESERVATION = `
  LEFT JOIN LATERAL (
    SELECT r.reserved_at, r.resolved_at FROM reservations r
     WHERE r.call_id = a.call_id AND r.attempt_id = a.id AND r.status <> 'refused' AND NOT r.deferred
     ORDER BY r.reserved_at DESC LIMIT 1
  ) AS h ON true`;

/**
 * SQL of the milliseconds for which a dial held capacity; from dial to end where that is not known. What carriers report
 * as talk is whole seconds, and may be of a clock of theirs.
 */
const LASTS_MS = `
  greatest(0, extract(epoch FROM coalesce(h.resolved_at - h.reserved_at, a.ended_at - a.dialed_at)) * 1000)::float8`;

/**
 * SQL of how a dial ended. Carriers report the last dial of a caller who hung up while it rang as they like: it says
 * nothing of the buyer.
 */
const STATE = `
  CASE WHEN c.outcome = 'abandoned_ringing' AND a.no = (SELECT max(l.no) FROM attempts l WHERE l.call_id = a.call_id)
       THEN 'canceled' ELSE a.state END`;

/** SQL of the milliseconds from the end of a dial to the moment at which limits were asked for the next one; NULL: there was none. */
const GOES_ON_AFTER_MS = `
  greatest(0, extract(epoch FROM
    (SELECT min(n.reserved_at) FROM reservations n WHERE n.call_id = a.call_id AND n.reserved_at > h.reserved_at)
    - h.resolved_at) * 1000)::float8`;

/** SQL of the milliseconds from a dial, the row `a`, to its answer, or to its end if nobody answered. */
const RING_MS = `
  greatest(0, extract(epoch FROM coalesce(
    a.connected_at, a.ended_at - coalesce(a.talk_seconds, 0) * interval '1 second') - a.dialed_at) * 1000)::float8`;

/** SQL of what the buyer of a dial, the row `a`, reported of it: `{value}`, or NULL. */
const POSTBACK = `
  CASE WHEN a.state = 'completed' THEN
    (SELECT jsonb_build_object('value', p.value_micros::text) FROM postbacks p
      WHERE p.call_id = a.call_id AND p.buyer_id = a.buyer_id AND p.outcome = 'converted' LIMIT 1) END`;

/** A page of calls to run again, in the order in which their buyers were chosen. */
export async function loadPastCalls(
  db: Queryable,
  { campaignId, from, to, asOf }: BacktestPeriod,
  page: { readonly after: CallPlace | null; readonly limit: number },
): Promise<PastCallRow[]> {
  const { rows } = await db.query<PastCallRow & Record<string, unknown>>({
    name: 'load_past_calls',
    text: `
      SELECT d.call_id, d.decided_at, d.campaign_digest, d.facts, c.received_at,
             (SELECT (extract(epoch FROM r.reserved_at) * 1000)::float8
                FROM (SELECT min(r.reserved_at) AS reserved_at FROM reservations r WHERE r.call_id = d.call_id) AS r)
               AS reserved_at, c.caller, c.dialed, c.publisher_id, c.plan_version,
             c.outcome, coalesce(c.converted, false) AS converted, coalesce(c.revenue_micros, 0) AS revenue_micros,
             coalesce(c.payout_micros, 0) AS payout_micros,
             m.control_assignment_id, m.challenger_assignment_id,
             coalesce(c.migration_side = 'challenger' AND NOT c.migration_overflow, false) AS to_challenger,
             (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'assignmentId', a.assignment_id, 'price', a.terms->'price', 'state', ${STATE},
                       'goesOnAfterMs', ${GOES_ON_AFTER_MS},
                       'ringMs', ${RING_MS}, 'lastsMs', ${LASTS_MS}, 'talkSeconds', a.talk_seconds,
                       'postback', ${POSTBACK}) ORDER BY a.no), '[]')
                FROM attempts a ${RESERVATION}
               WHERE a.call_id = d.call_id AND a.ended_at IS NOT NULL) AS dials,
             CASE WHEN c.outcome = 'abandoned_ringing' THEN
               (SELECT greatest(0, extract(epoch FROM c.ended_at - min(r.reserved_at)) * 1000)::float8
                  FROM reservations r WHERE r.call_id = d.call_id) END AS hung_up_after_ms,
             ARRAY(SELECT DISTINCT f->>'limitId' FROM reservations r, jsonb_array_elements(r.refusals) AS f
                    WHERE r.call_id = d.call_id ORDER BY 1) AS refused_by
        FROM decision_records d
        JOIN calls c ON c.id = d.call_id
        LEFT JOIN migrations m ON m.id = c.migration_id AND m.kind = 'buyer'
       WHERE ${REPLAYED}
         AND ($5::timestamptz IS NULL OR (d.decided_at, d.call_id) > ($5::timestamptz, $6::text))
       ORDER BY d.decided_at, d.call_id
       LIMIT $7::integer`,
    values: [
      campaignId,
      from,
      to,
      asOf,
      page.after?.decidedAt ?? null,
      page.after?.callId ?? null,
      page.limit,
    ],
  });
  return rows;
}

/** When the first call came in whose choice is on record; `null`: none did. */
export async function findFirstRecorded(db: Queryable, campaignId: string): Promise<string | null> {
  const { rows } = await db.query<{ at: string | null }>({
    name: 'find_first_recorded',
    text: `
      SELECT c.received_at AS at
        FROM decision_records d JOIN calls c ON c.id = d.call_id
       WHERE d.campaign_id = $1::text
       ORDER BY d.decided_at, d.call_id LIMIT 1`,
    values: [campaignId],
  });
  return rows[0]?.at ?? null;
}

/** What the calls of a period involve: configurations that choices met, and publishers. */
export async function loadInvolved(
  db: Queryable,
  { campaignId, from, to, asOf }: BacktestPeriod,
): Promise<{ readonly digests: readonly string[]; readonly publishers: readonly string[] }> {
  const { rows } = await db.query<{ digests: string[]; publishers: string[] }>({
    name: 'load_backtest_involved',
    text: `
      SELECT coalesce(array_agg(DISTINCT d.campaign_digest), '{}') AS digests,
             coalesce(array_agg(DISTINCT c.publisher_id) FILTER (WHERE c.publisher_id IS NOT NULL), '{}') AS publishers
        FROM decision_records d JOIN calls c ON c.id = d.call_id
       WHERE ${REPLAYED}`,
    values: [campaignId, from, to, asOf],
  });
  return rows[0] ?? { digests: [], publishers: [] };
}

export interface PastOutcomeRow {
  readonly assignment_id: string;
  readonly state: string;
  readonly ring_ms: number;
  readonly lasts_ms: number;
  readonly talk_seconds: number | null;
  readonly postback: { readonly value: string | null } | null;
}

/**
 * Dials of the campaign's calls that are over, at most `most` of each assignment: which of them, and in which order,
 * is the same each time and has nothing to do with how they went.
 */
export async function loadPastOutcomes(
  db: Queryable,
  { campaignId, from, to, asOf }: BacktestPeriod,
  most: number,
): Promise<PastOutcomeRow[]> {
  const { rows } = await db.query<PastOutcomeRow & Record<string, unknown>>({
    name: 'load_past_outcomes',
    text: `
      SELECT assignment_id, state, ring_ms, lasts_ms, talk_seconds, postback
        FROM (SELECT a.assignment_id, ${STATE} AS state, ${RING_MS} AS ring_ms, ${LASTS_MS} AS lasts_ms, a.talk_seconds,
                     ${POSTBACK} AS postback,
                     row_number() OVER (PARTITION BY a.assignment_id ORDER BY md5(a.id)) AS no
                FROM calls c JOIN attempts a ON a.call_id = c.id ${RESERVATION}
               WHERE c.campaign_id = $1::text AND c.received_at >= $2::timestamptz AND c.received_at < $3::timestamptz
                 AND c.ended_at <= $5::timestamptz AND a.ended_at IS NOT NULL
                 -- What the caller's hang-up ended says nothing of the buyer.
                 AND ${STATE} <> 'canceled') AS t
       WHERE no <= $4::integer
       ORDER BY assignment_id, no`,
    values: [campaignId, from, to, most, asOf],
  });
  return rows;
}

/** A turn that a rule gave out. */
export interface PastTurnRow {
  readonly rule: string;
  readonly assignment_id: string;
}

/** Who was dialled under each rule of the campaign during a period, whoever waits longest first. */
export async function loadPastTurns(
  db: Queryable,
  { campaignId, from, to }: BacktestPeriod,
): Promise<readonly PastTurnRow[]> {
  const { rows } = await db.query<PastTurnRow & Record<string, unknown>>({
    name: 'load_past_turns',
    text: `
      SELECT e.detail->>'rule' AS rule, e.detail->>'chosen' AS assignment_id
        FROM calls c JOIN timeline_entries e ON e.call_id = c.id AND e.key LIKE 'routed:%'
        JOIN routing_plans p ON p.campaign_id = c.campaign_id AND p.version = (e.detail->>'planVersion')::integer
       WHERE c.campaign_id = $1::text AND c.received_at >= $2::timestamptz AND c.received_at < $3::timestamptz
         AND e.at < $3::timestamptz AND e.detail->>'chosen' IS NOT NULL
         -- A rule gives out turns only while it is a round robin.
         AND EXISTS (SELECT FROM jsonb_array_elements(p.definition->'rules') AS r
                      WHERE r->>'name' = e.detail->>'rule' AND r->'strategy'->>'kind' = 'round_robin')
       GROUP BY 1, 2
       ORDER BY max(e.at), max(e.seq)`,
    values: [campaignId, from, to],
  });
  return rows;
}
