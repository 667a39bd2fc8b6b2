import type { Pool } from 'pg';
import { findEnding } from '../../db/queries/calls';
import { transaction } from '../../db/transaction';
import type { Finished } from '../../domain/call/commands';
import type { Outcome } from '../../domain/call/outcome';
import { closeCall } from './closeCall';
import type { CallActivities, FinishInput } from './index';

/**
 * One transaction: capacity, money and state agree or nothing has happened. Whatever is still reserved for the call is
 * given back, even what a dying worker reserved without Temporal hearing of it. A call that has ended before keeps its
 * first end, and that is the answer.
 */
export function createFinishCall({ db }: { readonly db: Pool }): CallActivities['finishCall'] {
  return async (input) => {
    const { facts, policy, qualifications, ending, entries } = input;
    const { callId } = facts;
    const finished = await transaction<Finished | null>(db, async (tx) => {
      const closing = { callId, policy, qualifications, ending, entries, resolution: 'voided' } as const;
      const closed = await closeCall(tx, closing);
      if (closed === null) return { value: null };
      const { outcome, reason, at } = ending;
      const { converted } = closed.due;
      return { value: { outcome, reason, at, converted, entries: [] }, last: closed.last };
    });
    return finished ?? endedBefore(db, input);
  };
}

async function endedBefore(db: Pool, input: FinishInput): Promise<Finished> {
  const ended = await findEnding(db, input.facts.callId);
  if (ended === null) throw new Error(`Call ${input.facts.callId} cannot be finished: it was never recorded`);
  return { ...ended, outcome: ended.outcome as Outcome, entries: [] };
}
