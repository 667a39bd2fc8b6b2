import type { ShadowDecision } from '../../db/queries/shadow';
import type { Refusal } from '../../db/queries/limits/reserve';
import { microsFromText } from '../../domain/money';
import { decideRoute, NO_TURNS, routingSeed, type Candidate } from '../../domain/routing/decide';
import type { DialableAssignment } from '../../domain/routing/snapshot';
import type { Choice, Selection } from './buyerSelection';

/**
 * What the campaign's shadow plan would have done with this call: decided from the same facts and the same draw, with
 * nothing held and nobody dialled. Candidates that had no room when the call's own were looked at have none for it
 * either; of others it is not known. Turns of a round robin are not read: each rule begins as if nobody had been dialled.
 * @returns `null`: the campaign has no shadow plan, or this is not the call's first dial
 */
export function askShadow(
  { campaign, snapshot, routingFacts, alreadyTried, policy, facts, at }: Selection,
  live: Choice | null,
  refused: readonly Refusal[],
): ShadowDecision | null {
  const { shadow } = campaign;
  if (shadow === null || alreadyTried.length > 0) return null;
  const decision = decideRoute({
    snapshot: { ...snapshot, planVersion: shadow.version, plan: shadow.definition },
    facts: routingFacts,
    seed: routingSeed(facts.callId, shadow.version),
    alreadyTried,
    turns: NO_TURNS,
  });
  const full = new Set<string>(refused.map(({ assignmentId }) => assignmentId));
  const first = decision.candidates.find(({ assignment }) => !full.has(assignment.id)) ?? null;
  return {
    callId: facts.callId,
    campaignId: campaign.campaignId,
    liveVersion: policy.planVersion,
    shadowVersion: shadow.version,
    live: live === null ? null : dialOf(live.candidate),
    shadow: first === null ? null : dialOf(first),
    currency: policy.currency,
    at,
  };
}

function dialOf({ assignment, price }: Candidate<DialableAssignment>): NonNullable<ShadowDecision['live']> {
  return { assignmentId: assignment.id, priceMicros: microsFromText(price.amountMicros) };
}
