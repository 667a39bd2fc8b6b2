import type { CallEntry } from '../../db/queries/ledger';
import { attribute, NOTHING_DUE, type Attribution } from '../../domain/call/attribution';
import type { CallId } from '../../domain/ids';
import type { Closing } from './closeCall';

/** What the end of a call is worth, by the terms pinned when its buyer was chosen. */
export function attributeEnding(ending: Closing['ending']): Attribution {
  if (ending.outcome !== 'connected' || ending.attempt === null) return NOTHING_DUE;
  return attribute({ terms: ending.attempt.attempt.terms, talkSeconds: ending.attempt.talkSeconds });
}

/** Ledger entries for an attribution. Causes are derived from the call, so that nothing is booked twice. */
export function ledgerEntries(
  callId: CallId,
  policy: Closing['policy'],
  ending: Closing['ending'],
  due: Attribution,
): CallEntry[] {
  const attempt = ending.attempt?.attempt;
  if (attempt === undefined) return [];
  const shared = {
    callId,
    campaignId: policy.campaignId,
    buyerId: attempt.buyerId,
    publisherId: policy.publisherId,
    currency: attempt.terms.currency,
    migration: policy.migration ?? null,
    byHand: null,
  };
  const entries: CallEntry[] = [];
  if (due.revenue !== 0n)
    entries.push({
      ...shared,
      kind: 'revenue',
      side: 'revenue',
      cause: `${callId}:revenue`,
      amount: due.revenue,
    });
  if (due.payout !== 0n)
    entries.push({
      ...shared,
      kind: 'payout',
      side: 'payout',
      cause: `${callId}:payout`,
      amount: due.payout,
    });
  return entries;
}
