import type { Pool } from 'pg';
import type { Queryable } from '../../db/pool';
import { cancelOpenAttempts, endAttempt } from '../../db/queries/attempts';
import { endCall, findEnding } from '../../db/queries/calls';
import { insertLedgerEntry } from '../../db/queries/ledger';
import { overReserved } from '../../db/limits/reservation-ledger';
import { resolveCall, type ResolveCall } from '../../db/queries/limits/resolve';
import { insertTimeline } from '../../db/queries/timeline';
import { transaction } from '../../db/transaction';
import type { Finished } from '../../domain/call/commands';
import type { Outcome } from '../../domain/call/outcome';
import type { Attribution } from '../../domain/call/attribution';
import { attributeEnding, ledgerEntries } from './attribution';
import type { CallActivities, FinishInput } from './index';

/**
 * One transaction: capacity, money and state agree or nothing has happened. Whatever is still reserved for the call is
 * given back, even what a dying worker reserved without Temporal hearing of it. A call that has ended before keeps its
 * first end, and that is the answer.
 */
export function createFinishCall({ db }: { readonly db: Pool }): CallActivities['finishCall'] {
  return async (input) => {
    const { facts, ending } = input;
    const { callId } = facts;
    const finished = await transaction<Finished | null>(db, async (tx) => {
      const due = attributeEnding(ending);
      const attempt = ending.attempt;
      const connected = attempt?.status === 'completed';
      const connectedAt = connected ? connectionStart(input) : null;
      const first = await endCall(tx, {
        callId,
        outcome: ending.outcome,
        reason: ending.reason,
        endedAt: ending.at,
        buyerId: connected ? attempt.attempt.buyerId : null,
        connectedAt,
        talkSeconds: connected ? attempt.talkSeconds : null,
        converted: due.converted,
        currency: attempt?.attempt.terms.currency ?? null,
        revenue: due.revenue,
        payout: due.payout,
        qualifications: input.qualifications,
      });
      if (!first) return { value: null };
      const { outcome, reason, at } = ending;
      const result: Finished = { outcome, reason, at, converted: due.converted, entries: [] };
      return {
        value: result,
        last: [
          ...closeAttempt(tx, input, connectedAt),
          cancelOpenAttempts(tx, callId, ending.at),
          resolveAll(tx, { callId, attemptId: null, resolution: 'voided', ...whatCameOf(input, due) }),
          ...ledgerEntries(callId, input.policy, ending, due).map((entry) => insertLedgerEntry(tx, entry)),
          insertTimeline(tx, callId, input.entries),
        ],
      };
    });
    return finished ?? endedBefore(db, input);
  };
}

/** Which attempt connected and what came of it, for the limits that count it. */
function whatCameOf(
  { ending: { attempt } }: FinishInput,
  due: Attribution,
): Pick<ResolveCall, 'connected' | 'unheardAttemptId'> {
  const connected = attempt?.status === 'completed';
  return {
    connected: connected
      ? {
          attemptId: attempt.attempt.id,
          happened: {
            dialled: true,
            connected: true,
            converted: due.converted,
            spent: due.revenue,
            paid: due.paid,
            payout: due.payout,
          },
        }
      : null,
    unheardAttemptId: attempt?.unheard === true ? attempt.attempt.id : null,
  };
}

/** @throws OverReserved, which rolls the step back: what a call costs is pinned when its buyer is chosen */
async function resolveAll(tx: Queryable, resolve: ResolveCall): Promise<void> {
  const over = (await resolveCall(tx, resolve)).find((row) => row.over);
  if (over !== undefined) throw overReserved(over);
}

function closeAttempt(tx: Queryable, { ending }: FinishInput, connectedAt: string | null): Promise<void>[] {
  const end = ending.attempt;
  if (end === null) return [];
  return [
    endAttempt(tx, {
      id: end.attempt.id,
      state: end.status,
      endedAt: end.at,
      connectedAt,
      talkSeconds: end.talkSeconds,
    }),
  ];
}

/** When buyer and caller began to talk, counted back from the end; `null` when nobody knows how long they talked. */
function connectionStart({ ending }: FinishInput): string | null {
  const talkSeconds = ending.attempt?.talkSeconds ?? null;
  return talkSeconds === null ? null : new Date(Date.parse(ending.at) - talkSeconds * 1000).toISOString();
}

async function endedBefore(db: Pool, input: FinishInput): Promise<Finished> {
  const ended = await findEnding(db, input.facts.callId);
  if (ended === null) throw new Error(`Call ${input.facts.callId} cannot be finished: it was never recorded`);
  return { ...ended, outcome: ended.outcome as Outcome, entries: [] };
}
