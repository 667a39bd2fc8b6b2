import type { Queryable } from '../pool';

/** What the calls of one side have come to, in one comparison. Amounts are micros, times whole seconds. */
export interface FiguresRow {
  readonly side: 'control' | 'challenger';
  readonly calls: bigint;
  readonly dialled: bigint;
  readonly answered: bigint;
  readonly no_candidate: bigint;
  readonly matured: bigint;
  readonly conversions: bigint;
  readonly revenue: string;
  readonly revenue_squares: string;
  readonly talk: bigint;
  readonly talk_squares: bigint;
  readonly turned_away: bigint;
}

/**
 * Counts both sides' ended calls of a comparison that came to be routed. Between two buyers only calls count that were
 * offered to the buyer of their side, and only what that buyer did with them.
 *
 * Of a caller only the first call in the comparison counts: calls of one caller come to much the same, and the test for
 * guardrails takes each for itself. Counting all of them would sound an alarm at nothing.
 * @param conversionWindowSeconds how long after its end a call may still convert: before, its money does not count
 * @returns sides that have calls
 */
export async function countFigures(
  db: Queryable,
  of: {
    readonly migrationId: string;
    readonly comparison: number;
    readonly controlAssignmentId: string | null;
    readonly challengerAssignmentId: string | null;
    readonly conversionWindowSeconds: number;
  },
): Promise<FiguresRow[]> {
  const { rows } = await db.query<FiguresRow & Record<string, unknown>>({
    name: 'count_migration_figures',
    text: `
      WITH first AS (
        SELECT c.*,
               c.caller IS NULL
                 OR row_number() OVER (PARTITION BY c.caller ORDER BY c.received_at, c.id) = 1 AS is_first
          FROM calls c
         WHERE c.migration_id = $1::text AND c.migration_comparison = $2::integer
      ), own AS (
        SELECT c.is_first, c.migration_side AS side, c.migration_overflow AS overflow, c.outcome,
               a.dialled, a.answered,
               a.answered AND coalesce(c.converted, false) AS converted,
               CASE WHEN a.answered THEN coalesce(c.revenue_micros, 0) ELSE 0 END AS revenue,
               CASE WHEN a.answered THEN c.talk_seconds END AS talk,
               c.ended_at <= now() - $5::float8 * interval '1 second' AS matured
          FROM first c
         CROSS JOIN LATERAL (
           SELECT count(*) > 0 AS dialled, coalesce(bool_or(t.state = 'completed'), false) AS answered
             FROM attempts t
            WHERE t.call_id = c.id
              AND ($3::text IS NULL
                   OR t.assignment_id = CASE c.migration_side WHEN 'control' THEN $3::text ELSE $4::text END)
         ) AS a
         WHERE c.ended_at IS NOT NULL
      ), counted AS (
        SELECT * FROM own WHERE is_first AND NOT overflow AND (dialled OR outcome IN ('no_candidate', 'after_hours'))
      )
      SELECT s.side,
             count(k.side) AS calls,
             count(*) FILTER (WHERE k.dialled) AS dialled,
             count(*) FILTER (WHERE k.answered) AS answered,
             count(*) FILTER (WHERE NOT k.dialled) AS no_candidate,
             count(*) FILTER (WHERE k.matured) AS matured,
             count(*) FILTER (WHERE k.matured AND k.converted) AS conversions,
             coalesce(sum(k.revenue) FILTER (WHERE k.matured), 0)::text AS revenue,
             coalesce(sum(k.revenue::numeric * k.revenue) FILTER (WHERE k.matured), 0)::text AS revenue_squares,
             coalesce(sum(k.talk), 0)::bigint AS talk,
             coalesce(sum(k.talk::bigint * k.talk), 0)::bigint AS talk_squares,
             (SELECT count(*) FROM own o WHERE o.side = s.side AND o.overflow) AS turned_away
        FROM (VALUES ('control'), ('challenger')) AS s (side)
        LEFT JOIN counted k ON k.side = s.side
       GROUP BY s.side`,
    values: [
      of.migrationId,
      of.comparison,
      of.controlAssignmentId,
      of.challengerAssignmentId,
      of.conversionWindowSeconds,
    ],
  });
  return rows;
}

/** How the campaigns of a migration stand. */
export async function listCampaignStatus(
  db: Queryable,
  ids: readonly string[],
): Promise<{ readonly id: string; readonly status: string }[]> {
  const { rows } = await db.query<{ id: string; status: string }>({
    name: 'list_campaign_status',
    text: `SELECT id, status FROM campaigns WHERE id = ANY ($1::text[]) ORDER BY id`,
    values: [[...ids]],
  });
  return rows;
}
