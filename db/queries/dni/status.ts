import type { Queryable } from '../../pool';

export interface PoolStatusRow {
  readonly numbers: number;
  readonly leased: number;
  readonly grace: number;
  readonly exhausted_today: number;
}

/** How a pool stands now. Its day begins at midnight of its campaign's zone. `null`: there is no such pool. */
export async function loadPoolStatus(db: Queryable, pool: string): Promise<PoolStatusRow | null> {
  const { rows } = await db.query<PoolStatusRow & Record<string, unknown>>({
    name: 'load_dni_pool_status',
    text: `
      SELECT count(n.e164)::integer AS numbers,
             (count(*) FILTER (WHERE n.live_until > now()))::integer AS leased,
             (count(*) FILTER (WHERE n.live_until <= now()
                                 AND n.live_until + make_interval(secs => p.grace_seconds) > now()))::integer AS grace,
             coalesce((SELECT sum(x.n) FROM dni_exhaustions x
                        WHERE x.pool_id = p.id AND x.quarter >= date_trunc('day', now(), c.time_zone)), 0)::integer
               AS exhausted_today
        FROM dni_pools p
        JOIN campaigns c ON c.id = p.campaign_id
        LEFT JOIN dni_numbers n ON n.pool_id = p.id
       WHERE p.id = $1::text
       GROUP BY p.id, c.time_zone`,
    values: [pool],
  });
  return rows[0] ?? null;
}

export interface PoolUseRow {
  readonly leases: number;
  readonly days: number;
  readonly peak: number;
  readonly p95: number;
  readonly exhausted: number;
}

/**
 * How many leases of a pool lived at once in the last days: the level after every beginning and end. For 95 % of the
 * time since the first of them it was not above `p95`.
 */
export async function loadPoolUse(db: Queryable, pool: string, days: number): Promise<PoolUseRow> {
  const { rows } = await db.query<PoolUseRow & Record<string, unknown>>({
    name: 'load_dni_pool_use',
    text: `
      WITH period AS (
        SELECT now() - make_interval(days => $2::integer) AS since
      ), spans AS (
        SELECT greatest(l.leased_at, period.since) AS begins, least(l.live_until, now()) AS ends
          FROM dni_leases l, period
         WHERE l.pool_id = $1::text AND l.live_until > period.since AND l.leased_at < now()
      ), events AS (
        SELECT begins AS at, 1 AS change FROM spans
        UNION ALL SELECT ends, -1 FROM spans
        UNION ALL SELECT now(), 0
      ), levels AS (
        SELECT sum(change) OVER (ORDER BY at, change ROWS UNBOUNDED PRECEDING) AS level,
               lead(at, 1, at) OVER (ORDER BY at, change) - at AS lasted
          FROM events
      ), shares AS (
        SELECT level, sum(sum(lasted)) OVER (ORDER BY level) AS up_to, sum(sum(lasted)) OVER () AS whole
          FROM levels GROUP BY level
      )
      SELECT (SELECT count(*) FROM spans)::integer AS leases,
             coalesce(extract(epoch FROM now() - (SELECT min(begins) FROM spans)) / 86400, 0)::float8 AS days,
             coalesce((SELECT max(level) FROM levels), 0)::integer AS peak,
             coalesce((SELECT min(level) FROM shares WHERE up_to >= whole * 0.95), 0)::integer AS p95,
             coalesce((SELECT sum(x.n) FROM dni_exhaustions x, period
                        WHERE x.pool_id = $1::text AND x.quarter >= period.since), 0)::integer AS exhausted`,
    values: [pool, days],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('There is always one row');
  return row;
}

/**
 * Adds what is older than so many days up to one row a pool: nobody asks for its hours any more, and the sum since the
 * pool was made must not go down.
 */
export async function foldExhaustions(db: Queryable, days: number): Promise<void> {
  await db.query({
    name: 'fold_dni_exhaustions',
    text: `
      WITH old AS (
        DELETE FROM dni_exhaustions
         WHERE quarter > '-infinity' AND quarter < now() - make_interval(days => $1::integer)
        RETURNING pool_id, n
      )
      INSERT INTO dni_exhaustions AS x (pool_id, quarter, slot, n)
      SELECT pool_id, '-infinity', 0, sum(n) FROM old GROUP BY pool_id ORDER BY pool_id
          ON CONFLICT (pool_id, quarter, slot) DO UPDATE SET n = x.n + excluded.n`,
    values: [days],
  });
}

export interface PoolMetricsRow {
  readonly pool: string;
  readonly numbers: number;
  readonly leased: number;
  readonly exhausted: number;
}

/** Of every pool: its numbers, how many are leased, and how often it was found empty since it was made. */
export async function listPoolMetrics(db: Queryable): Promise<PoolMetricsRow[]> {
  const { rows } = await db.query<PoolMetricsRow & Record<string, unknown>>({
    name: 'list_dni_pool_metrics',
    text: `
      SELECT p.id AS pool, n.numbers, n.leased,
             coalesce((SELECT sum(x.n) FROM dni_exhaustions x WHERE x.pool_id = p.id), 0)::float8 AS exhausted
        FROM dni_pools p
       CROSS JOIN LATERAL (
             SELECT count(*)::integer AS numbers, (count(*) FILTER (WHERE d.live_until > now()))::integer AS leased
               FROM dni_numbers d WHERE d.pool_id = p.id) n
       ORDER BY p.id`,
    values: [],
  });
  return rows;
}
