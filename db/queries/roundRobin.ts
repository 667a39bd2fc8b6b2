import type { AssignmentId } from '../../domain/ids';
import type { Turns } from '../../domain/routing/decide';
import type { Queryable } from '../pool';

/** The turns of one rule of one campaign. */
export interface Round {
  readonly campaign: string;
  readonly rule: string;
}

/**
 * Makes this transaction the only one that gives out turns in these rounds, until it ends: that is what makes round
 * robin exact when calls come at once. Locks are taken in the order of the names, so that no two can wait for each
 * other: all that a transaction needs, at once.
 */
export async function lockRounds(db: Queryable, rounds: readonly Round[]): Promise<void> {
  await db.query({
    name: 'lock_rounds',
    text: `
      SELECT pg_advisory_xact_lock(hashtextextended(campaign || '/' || rule, 0))
        FROM (SELECT DISTINCT campaign, rule FROM unnest($1::text[], $2::text[]) AS r (campaign, rule)
               ORDER BY campaign, rule) AS rounds`,
    values: [rounds.map(({ campaign }) => campaign), rounds.map(({ rule }) => rule)],
  });
}

/** Who was dialled last under each rule; a higher turn is more recent. Whoever is missing was never dialled. */
export async function loadTurns(db: Queryable, campaign: string, rules: readonly string[]): Promise<Turns> {
  const { rows } = await db.query<{ rule: string; assignment_id: AssignmentId; turn: bigint }>({
    name: 'load_turns',
    text: `
      SELECT rule, assignment_id, turn FROM round_robin_turns
       WHERE campaign_id = $1::text AND rule = ANY ($2::text[])`,
    values: [campaign, [...rules]],
  });
  const turns = new Map<string, Map<AssignmentId, bigint>>();
  for (const { rule, assignment_id, turn } of rows) {
    const known = turns.get(rule) ?? new Map<AssignmentId, bigint>();
    turns.set(rule, known.set(assignment_id, turn));
  }
  return turns;
}

/** Gives an assignment the latest turn under a rule: it is dialled now. */
export async function takeTurn(
  db: Queryable,
  campaign: string,
  rule: string,
  assignmentId: string,
): Promise<void> {
  await db.query({
    name: 'take_turn',
    text: `
      INSERT INTO round_robin_turns (campaign_id, rule, assignment_id, turn)
      VALUES ($1::text, $2::text, $3::text, nextval('round_robin_turns_seq'))
          ON CONFLICT (campaign_id, rule, assignment_id) DO UPDATE SET turn = excluded.turn`,
    values: [campaign, rule, assignmentId],
  });
}
