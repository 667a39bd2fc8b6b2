import type { Pool } from 'pg';
import { endAttempt } from '../../db/queries/attempts';
import { findEnding, lockLiveCall } from '../../db/queries/calls';
import { resolveReservations } from '../../db/queries/reservations';
import { transaction } from '../../db/transaction';
import type { AttemptEnd, Routed } from '../../domain/call/commands';
import type { Outcome } from '../../domain/call/outcome';
import { reservationId, type CallId } from '../../domain/ids';
import { HANG_UP } from '../../domain/instructions';
import type { CallActivities } from './index';
import { concludeStep, placeCall } from './placement';
import { oncePerCall } from './repeatable';
import type { CampaignReader } from './setup';

interface Dependencies {
  readonly db: Pool;
  readonly campaigns: CampaignReader;
}

/** After a menu, or after a dial that did not connect. What the failed dial held is given back first: it may be ours. */
export function createRouteCall({ db, campaigns }: Dependencies): CallActivities['routeCall'] {
  return async (input) => {
    const { facts, policy, previous, at } = input;
    const { callId } = facts;
    const name = `route:${input.alreadyTried.length + 1}`;
    return oncePerCall(db, callId, name, async (): Promise<Routed> => {
      const routing = await campaigns.routing(policy.campaignId, policy.planVersion);
      if (previous !== null) await release(db, callId, previous);
      const routed = await transaction<Routed | null>(db, async (tx) => {
        const live = await lockLiveCall(tx, callId);
        if (!live) return { value: null };
        const { alreadyTried, qualifications } = input;
        const selection = { facts, policy, routing, alreadyTried, at };
        const decided = await placeCall(tx, selection, qualifications, input.entries);
        return {
          value: decided.result,
          last: concludeStep(tx, { callId, name, qualifications }, 'dialing', decided),
        };
      });
      return routed ?? endedBefore(db, callId);
    });
  };
}

/**
 * In a transaction of its own: each transaction locks counters in one statement, in the order of their key, so that two
 * calls can never wait for each other. Repeating it changes nothing.
 */
function release(db: Pool, callId: CallId, previous: AttemptEnd): Promise<void> {
  const { attempt, status, at } = previous;
  return transaction(db, async (tx) => ({
    value: undefined,
    last: [
      endAttempt(tx, { id: attempt.id, state: status, endedAt: at, connectedAt: null, talkSeconds: null }),
      resolveReservations(tx, { callId, only: reservationId(attempt.id), post: null }),
    ],
  }));
}

/** A run of the call that Temporal never heard of had ended it: that end stands, and the caller is let go. */
async function endedBefore(db: Pool, callId: CallId): Promise<Routed> {
  const ending = await findEnding(db, callId);
  if (ending === null) throw new Error(`Call ${callId} cannot be routed: it was never recorded`);
  const { outcome, reason } = ending;
  return { kind: 'ended', outcome: outcome as Outcome, reason, instructions: HANG_UP, entries: [] };
}
