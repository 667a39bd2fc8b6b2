import type { Queryable } from '../../db/pool';
import { lockLiveCall } from '../../db/queries/calls';
import { wasPaidForCaller } from '../../db/queries/payOnce';
import { withoutPayout, type Attribution, type Terms } from '../../domain/call/attribution';
import type { CallId } from '../../domain/ids';

/**
 * What is due, once it is looked again whether the publisher has been paid for the caller: a postback of an earlier call
 * may have come since this one was routed. @param terms `null`: nobody was dialled
 */
export async function payOnce(
  tx: Queryable,
  callId: CallId,
  terms: Terms | null,
  due: Attribution,
): Promise<Attribution> {
  if (terms?.payOnce === undefined || due.payout === 0n) return due;
  // The call first, as everywhere.
  if (!(await lockLiveCall(tx, callId))) return due;
  return (await wasPaidForCaller(tx, callId, terms.payOnce)) ? withoutPayout(due) : due;
}
