import type { Queryable } from '../../pool';
import type { ReserveCandidate } from '../../../domain/limits/candidates';
import type { Refusal } from './reserve';
import { candidateColumns, takenSql } from './taken';

/**
 * The limits that would refuse candidates now, by the rules of `reserve_batch`; nothing is held, and by the time somebody
 * asks for a hold it may be otherwise.
 * @returns in the order of the candidates
 */
export async function peekLimits(db: Queryable, candidates: readonly ReserveCandidate[]): Promise<Refusal[]> {
  if (candidates.length === 0) return [];
  const scopes = candidates.flatMap(({ scopes: all }, index) =>
    all.map((scope) => ({ at: index + 1, scope })),
  );
  const { rows } = await db.query<Refusal & Record<string, unknown>>({
    name: 'peek_limits',
    text: `
      SELECT ($3::text[])[s.at] AS "assignmentId", l.id AS "limitId", l.scope, l."window", l.counts,
             CASE WHEN w.misfit THEN 'currency' ELSE 'full' END AS reason
        FROM unnest($1::int[], $2::text[]) AS s (at, scope)
       CROSS JOIN (SELECT limit_clock() AS at OFFSET 0) AS clock
        JOIN limits l ON l.scope = s.scope
       CROSS JOIN LATERAL (
         SELECT ${takenSql(3)}
       ) AS w
        LEFT JOIN limit_counters k
          ON k.limit_id = l.id AND k.window_start = limit_window_start(l."window", l.time_zone, clock.at)
       WHERE w.misfit OR (w.amount > 0 AND coalesce(k.posted + k.pending, 0) + w.amount > l.maximum)
       ORDER BY s.at, l.id`,
    values: [scopes.map(({ at }) => at), scopes.map(({ scope }) => scope), ...candidateColumns(candidates)],
  });
  return rows;
}
