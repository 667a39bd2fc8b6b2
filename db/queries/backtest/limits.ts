import type { Queryable } from '../../pool';
import { REPLAYED, type BacktestPeriod } from './calls';

/** The states a limit was in during a period, where they count alike: in one zone and currency. */
export interface LimitSeriesRow {
  readonly limit_id: string;
  readonly scope: string;
  readonly scope_kind: string;
  readonly window: string;
  readonly counts: string;
  readonly time_zone: string;
  readonly currency: string | null;
  /** `from` and `until` in milliseconds since 1970; `null`: always before, and still. */
  readonly spans: readonly {
    readonly from: number | null;
    readonly until: number | null;
    readonly maximum: string;
  }[];
}

/** Limits on these scopes that were there at any time of the period, by id. */
export async function loadLimitSeries(
  db: Queryable,
  scopes: readonly string[],
  { from, to }: Pick<BacktestPeriod, 'from' | 'to'>,
): Promise<LimitSeriesRow[]> {
  const { rows } = await db.query<LimitSeriesRow & Record<string, unknown>>({
    name: 'load_limit_series',
    text: `
      SELECT limit_id, scope, scope_kind, "window", counts, time_zone, currency,
             jsonb_agg(jsonb_build_object(
               'from', CASE WHEN valid_from > '-infinity' THEN floor(extract(epoch FROM valid_from) * 1000) END,
               'until', ceil(extract(epoch FROM valid_until) * 1000),
               'maximum', maximum::text) ORDER BY seq) AS spans
        FROM limit_versions
       WHERE scope = ANY ($1::text[]) AND valid_from < $3::timestamptz + interval '1 day'
         AND coalesce(valid_until, 'infinity') > $2::timestamptz
       GROUP BY limit_id, scope, scope_kind, "window", counts, time_zone, currency
       ORDER BY limit_id, min(seq)`,
    values: [[...scopes], from, to],
  });
  return rows;
}

/**
 * When the windows of a limit begin, from a day before a period to a day after it, in milliseconds since 1970: the first
 * instant is that of the search. Asked of the function that live reservations go by, every quarter of an hour, which is
 * the grain of all zones there are.
 */
export async function loadWindowStarts(
  db: Queryable,
  window: string,
  timeZone: string,
  { from, to }: Pick<BacktestPeriod, 'from' | 'to'>,
): Promise<readonly number[]> {
  const { rows } = await db.query<{ starts: number[] }>({
    name: 'load_window_starts',
    text: `
      SELECT array_agg((extract(epoch FROM t.at) * 1000)::float8 ORDER BY t.at) AS starts
        FROM (SELECT s.at, s.begun IS DISTINCT FROM lag(s.begun) OVER (ORDER BY s.at) AS begins
                FROM (SELECT g.at, limit_window_start($1::text, $2::text, g.at) AS begun
                        FROM generate_series(date_trunc('day', $3::timestamptz, 'UTC') - interval '1 day',
                                             $4::timestamptz + interval '1 day', interval '15 minutes') AS g (at)) AS s
             ) AS t
       WHERE t.begins`,
    values: [window, timeZone, from, to],
  });
  return rows[0]?.starts ?? [];
}

/** How one limit counts, for {@link loadCarried}. */
export interface CarriedInto {
  readonly scope: string;
  readonly scopeKind: string;
  readonly window: string;
  readonly counts: string;
  readonly timeZone: string;
  readonly currency: string | null;
}

/**
 * What limits had posted, in the windows that an instant lies in, of reservations from before it that were resolved by
 * then. One look at the reservations for all limits.
 * @returns an amount for each of `limits`, in their order
 */
export async function loadCarried(
  db: Queryable,
  limits: readonly CarriedInto[],
  from: string,
): Promise<readonly bigint[]> {
  const { rows } = await db.query<{ amount: bigint }>({
    name: 'load_carried',
    text: `
      WITH l AS MATERIALIZED (
        SELECT u.*, limit_window_start(u."window", u.time_zone, $7::timestamptz) AS start
          FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
               WITH ORDINALITY AS u (scope, scope_kind, "window", counts, time_zone, currency, no)
      ), posted AS (
        SELECT l.no, sum(limit_posted_amount(l."window", l.counts, l.scope_kind, r.dialled, r.connected, r.converted,
                                             r.spent_micros, r.paid, r.paid_micros)) AS amount
          FROM reservations r
         CROSS JOIN LATERAL unnest(r.scopes) AS s (scope)
          JOIN l ON l.scope = s.scope AND r.reserved_at >= l.start
                -- Where clocks are put back by half an hour, not all that is later lies in the window.
                AND (l."window" <> 'hour' OR limit_window_start(l."window", l.time_zone, r.reserved_at) = l.start)
         WHERE r.reserved_at >= (SELECT min(start) FROM l) AND r.reserved_at < $7::timestamptz
           AND r.resolved_at <= $7::timestamptz AND r.status <> 'refused'
           AND l."window" <> 'concurrency' AND (l.counts <> 'spend' OR r.currency = l.currency)
         GROUP BY l.no
      )
      SELECT coalesce(p.amount, 0)::bigint AS amount FROM l LEFT JOIN posted p ON p.no = l.no ORDER BY l.no`,
    values: [
      limits.map(({ scope }) => scope),
      limits.map(({ scopeKind }) => scopeKind),
      limits.map(({ window }) => window),
      limits.map(({ counts }) => counts),
      limits.map(({ timeZone }) => timeZone),
      limits.map(({ currency }) => currency),
      from,
    ],
  });
  return rows.map(({ amount }) => amount);
}

/** A reservation that is none of the calls which are run again. */
export interface OtherHoldRow {
  /** Milliseconds since 1970, to the microsecond; `null`: still held. */
  readonly reserved_ms: number;
  readonly resolved_ms: number | null;
  readonly scopes: readonly string[];
  readonly spend_micros: bigint;
  readonly payout_micros: bigint;
  readonly currency: string | null;
  /** It holds for what a postback may bring, beyond the end of its call. */
  readonly deferred: boolean;
  readonly dialled: boolean;
  readonly connected: boolean;
  readonly converted: boolean;
  readonly spent_micros: bigint;
  readonly paid: boolean;
  readonly paid_micros: bigint;
}

/**
 * What others reserved on these scopes in a slice of time, in the order in which they did. By slices, for reservations are
 * found by time only roughly: a page with a limit would sort all that is left, each time.
 */
export async function loadOtherHolds(
  db: Queryable,
  { campaignId, from, to, asOf }: BacktestPeriod,
  scopes: readonly string[],
  slice: { readonly from: string; readonly to: string },
): Promise<OtherHoldRow[]> {
  const { rows } = await db.query<OtherHoldRow & Record<string, unknown>>({
    name: 'load_other_holds',
    text: `
      SELECT (extract(epoch FROM r.reserved_at) * 1000)::float8 AS reserved_ms,
             (extract(epoch FROM r.resolved_at) * 1000)::float8 AS resolved_ms, r.scopes, r.spend_micros,
             r.payout_micros, r.currency, r.deferred, r.dialled, r.connected, r.converted, r.spent_micros, r.paid,
             r.paid_micros
        FROM reservations r
       WHERE r.status <> 'refused' AND r.scopes && $5::text[]
         AND r.reserved_at >= $6::timestamptz AND r.reserved_at < $7::timestamptz
         AND (r.reserved_at >= $2::timestamptz OR coalesce(r.resolved_at, 'infinity') > $2::timestamptz)
         -- Looked up for each by its key: planned as a join, it may go through all calls of the period for each hold.
         AND NOT coalesce((SELECT ${REPLAYED}
                             FROM decision_records d JOIN calls c ON c.id = d.call_id
                            WHERE d.call_id = r.call_id LIMIT 1), false)
       ORDER BY r.reserved_at, r.id`,
    values: [campaignId, from, to, asOf, [...scopes], slice.from, slice.to],
  });
  return rows;
}
