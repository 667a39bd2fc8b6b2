import type { PayOnce } from '../../domain/call/attribution';
import type { Queryable } from '../pool';

/**
 * Whether the publisher was paid for another call of this caller to the campaign, before this one or after it, within
 * the days of the rule. Whoever asks it of another call of the caller waits until this transaction ends. Lock the call
 * first.
 */
export async function wasPaidForCaller(db: Queryable, callId: string, rule: PayOnce): Promise<boolean> {
  await db.query({
    name: 'lock_pay_once',
    text: `
      SELECT pg_advisory_xact_lock(hashtextextended('pay_once/' || campaign_id || '/' || caller, 0))
        FROM calls WHERE id = $1::text`,
    values: [callId],
  });
  // In a statement of its own: one that had to wait would not see what it waited for.
  const { rows } = await db.query<{ paid: boolean }>({
    name: 'was_paid_for_caller',
    text: `
      SELECT coalesce(bool_or(o.payout_micros > 0) AND (NOT $3::boolean OR bool_or(o.converted)), false) AS paid
        FROM calls c
        JOIN calls o ON o.campaign_id = c.campaign_id AND o.caller = c.caller AND o.id <> c.id
                    AND o.received_at BETWEEN c.received_at - $2::integer * interval '24 hours'
                                          AND c.received_at + $2::integer * interval '24 hours'
       WHERE c.id = $1::text`,
    values: [callId, rule.days, rule.whenConverted],
  });
  return rows[0]?.paid ?? false;
}
