import type { Pool } from 'pg';
import { endAttempt } from '../../db/queries/attempts';
import { findEnding, lockLiveCall } from '../../db/queries/calls';
import { resolveReservations } from '../../db/queries/reservations';
import { transaction } from '../../db/transaction';
import type { Routed } from '../../domain/call/commands';
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
      const routed = await transaction<Routed | null>(db, async (tx) => {
        const released =
          previous === null
            ? []
            : [
                endAttempt(tx, {
                  id: previous.attempt.id,
                  state: previous.status,
                  endedAt: previous.at,
                  connectedAt: null,
                  talkSeconds: null,
                }),
                resolveReservations(tx, { callId, only: reservationId(previous.attempt.id), post: null }),
              ];
        const [live] = await Promise.all([lockLiveCall(tx, callId), ...released]);
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

/** A run of the call that Temporal never heard of had ended it: that end stands, and the caller is let go. */
async function endedBefore(db: Pool, callId: CallId): Promise<Routed> {
  const ending = await findEnding(db, callId);
  if (ending === null) throw new Error(`Call ${callId} cannot be routed: it was never recorded`);
  const { outcome, reason } = ending;
  return { kind: 'ended', outcome: outcome as Outcome, reason, instructions: HANG_UP, entries: [] };
}
