import type { ReserveCandidate } from '../../../domain/limits/candidates';

/** The four parameters that say what candidates are, one place a candidate. */
export function candidateColumns(candidates: readonly ReserveCandidate[]): unknown[] {
  return [
    candidates.map(({ assignmentId }) => assignmentId),
    candidates.map(({ spend }) => spend),
    candidates.map(({ payout }) => payout),
    candidates.map(({ currency }) => currency),
  ];
}

/**
 * SQL of the columns `amount`, what the candidate at the place `s.at` takes of the limit `l`, and `misfit`, whether its
 * money is in another currency than the limit's and cannot be counted.
 * @param first number of the first parameter of {@link candidateColumns}
 */
export function takenSql(first: number): string {
  const [spend, payout, currency] = [first + 1, first + 2, first + 3];
  return `
       CASE WHEN l.counts <> 'spend' THEN 1
            WHEN l.scope_kind = 'publisher' THEN ($${payout}::int8[])[s.at]
            ELSE ($${spend}::int8[])[s.at] END AS amount,
       coalesce(l.counts = 'spend' AND l.currency <> ($${currency}::text[])[s.at], false) AS misfit`;
}
