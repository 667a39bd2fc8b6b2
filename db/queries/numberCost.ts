import type { NumberCost } from '../../contract/resources/money';
import type { Queryable } from '../pool';

/** What a number costs; `cost` is `null` where nothing is booked for it. @returns `null`: there is no such number */
export async function findNumberCost(
  db: Queryable,
  number: string,
): Promise<{ readonly cost: NumberCost | null } | null> {
  const { rows } = await db.query<{ cost: NumberCost | null }>({
    name: 'find_number_cost',
    text: `SELECT cost FROM numbers WHERE e164 = $1::text`,
    values: [number],
  });
  return rows[0] ?? null;
}

/**
 * @param cost `null`: nothing is booked for it any more
 * @throws when it is in another currency than the number's campaign: `numbers_cost_in_currency_of_campaign`
 */
export async function setNumberCost(db: Queryable, number: string, cost: NumberCost | null): Promise<void> {
  await db.query({
    name: 'set_number_cost',
    // A rent that stays the same was said when it was said first.
    text: `
      UPDATE numbers
         SET cost_since = CASE WHEN $2::jsonb IS NULL THEN NULL
                               WHEN cost->>'perMonthMicros' = $2::jsonb->>'perMonthMicros'
                                    AND cost->>'currency' = $2::jsonb->>'currency' THEN cost_since
                               ELSE now() END,
             cost = $2::jsonb, updated_at = now()
       WHERE e164 = $1::text`,
    values: [number, cost === null ? null : JSON.stringify(cost)],
  });
}
