import type { Simulate, Simulation } from '../../contract/resources/simulation';
import type { Refusal } from '../../db/queries/limits/reserve';
import { matchDuplicate, withholdsPayout } from '../../domain/campaign/duplicates';
import { explainCondition } from '../../domain/condition-explanation';
import type { ConditionContext } from '../../domain/condition-truth';
import type { CountedEvent, LimitWindow } from '../../domain/limits/limit';
import { reserveCandidates, type ReserveCandidate } from '../../domain/limits/candidates';
import { microsFromText } from '../../domain/money';
import { allClosed, decideRoute, routingSeed, type RouteDecision } from '../../domain/routing/decide';
import { routingClock } from '../../domain/routing/rules';
import type { CampaignSnapshot, DialableAssignment } from '../../domain/routing/snapshot';
import { screen, type ScreeningVerdict } from '../../domain/screening';
import type { Treatment } from '../../domain/treatment';
import { explain } from './explain';
import type { Situation } from './situation';

export type Decision = RouteDecision<DialableAssignment>;

/** A simulation as it is answered: nothing in it is to be changed. */
export type Simulated = Omit<Simulation, 'explanation' | 'duplicate' | 'rules' | 'candidates' | 'skipped'> & {
  readonly duplicate: ReturnType<typeof matchDuplicate>;
  readonly rules: readonly Simulation['rules'][number][];
  readonly candidates: readonly Simulation['candidates'][number][];
  readonly skipped: readonly Simulation['skipped'][number][];
};

/** Who may be dialled, in order. Pure. */
export function decide({ snapshot, facts, turns }: Situation, { alreadyTried }: Simulate): Decision {
  return decideRoute({
    snapshot,
    facts,
    seed: routingSeed(facts.callId, snapshot.planVersion),
    alreadyTried,
    turns,
  });
}

/** What each candidate would need room for under limits. Pure. */
export function askedOf(
  { campaign, number, payout, facts }: Situation,
  { candidates, duplicate }: Decision,
): ReserveCandidate[] {
  const unpaid = withholdsPayout(campaign.duplicates, duplicate, facts.history, facts.at);
  return reserveCandidates(
    {
      campaignId: campaign.id,
      publisherId: number?.publisherId ?? null,
      currency: campaign.currency,
      payout: payout === null || unpaid ? 0n : microsFromText(payout.amountMicros),
    },
    candidates,
  );
}

/**
 * What would happen to a call, and why: the functions that decide about real ones, and nothing reserved. Pure.
 * @param refusals limits without room for candidates
 */
export function simulate(
  situation: Situation,
  call: Simulate,
  decision: Decision,
  refusals: readonly Refusal[],
): Simulated & { readonly explanation: readonly string[] } {
  const { snapshot, facts, campaign } = situation;
  const context: ConditionContext = { facts, clock: routingClock(snapshot, facts) };
  const refusedBy = byAssignment(refusals);
  const verdict = screenCall(situation, call);
  const matched = new Map(decision.rules.map((rule) => [rule.name, rule.matched]));
  const assignments = new Map(snapshot.assignments.map((assignment) => [assignment.id, assignment]));
  const simulated: Simulated = {
    at: facts.at,
    planVersion: situation.planVersion,
    source:
      situation.number === null
        ? null
        : {
            number: situation.number.number,
            publisherId: situation.number.publisherId,
            channel: situation.number.channel,
          },
    geography: { ...facts.geography },
    tags: { ...facts.tags },
    screening: verdict.pass
      ? { passes: true, outcome: null, reason: null }
      : { passes: false, outcome: verdict.outcome, reason: verdict.reason },
    duplicate: decision.duplicate,
    rules: snapshot.plan.rules.map(({ name, strategy, when }) => ({
      name,
      strategy,
      matched: matched.get(name) ?? null,
      when: when === null ? null : explainCondition(when, context),
    })),
    candidates: decision.candidates.map(({ assignment, rule, price }) => ({
      assignmentId: assignment.id,
      buyerId: assignment.buyerId,
      buyerName: assignment.buyerName,
      rule,
      price,
      refusedBy: refusedBy.get(assignment.id) ?? [],
    })),
    skipped: decision.skipped.map(({ assignmentId, reason, detail }) => {
      const assignment = assignments.get(assignmentId);
      if (assignment === undefined) throw new Error(`${assignmentId} is no assignment of the snapshot`);
      const { buyerId, buyerName, filter } = assignment;
      return {
        assignmentId,
        buyerId,
        buyerName,
        reason,
        detail: detail ?? null,
        filter: filter === null ? null : explainCondition(filter, context),
      };
    }),
    treatment: treatmentFor(situation, verdict, allClosed(decision), decision.fallback),
  };
  return {
    ...simulated,
    explanation: explain(simulated, {
      campaignName: campaign.name,
      hasFlow: situation.hasFlow,
      maxAttempts: snapshot.plan.maxAttempts,
      tried: call.alreadyTried.length,
      caller: facts.caller,
      currency: campaign.currency,
    }),
  };
}

type Refusing = Simulation['candidates'][number]['refusedBy'];

function byAssignment(refusals: readonly Refusal[]): ReadonlyMap<string, Refusing> {
  const grouped = new Map<string, Refusing>();
  for (const { assignmentId, limitId, scope, window, counts, reason } of refusals) {
    const limit = {
      limitId,
      scope,
      window: window as LimitWindow,
      counts: counts as CountedEvent,
      reason,
    };
    grouped.set(assignmentId, [...(grouped.get(assignmentId) ?? []), limit]);
  }
  return grouped;
}

function screenCall({ campaign, facts, blockedBecause }: Situation, call: Simulate): ScreeningVerdict {
  const called = facts.history.map(({ lastCalledAt }) => lastCalledAt);
  return screen({
    campaignStatus: campaign.status,
    hours: campaign.hours,
    blockedBecause,
    callerAnonymous: facts.caller === null,
    anonymousCallers: campaign.anonymousCallers,
    attestation: call.attestation,
    minimumAttestation: campaign.minimumAttestation,
    lastCalledAt: called.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1) ?? null,
    spamWindowSeconds: campaign.spamWindowSeconds,
    duplicate:
      campaign.duplicates === null ? null : matchDuplicate(campaign.duplicates, facts.history, facts.at),
    at: facts.at,
  });
}

/** What a caller gets who is not put through to a buyer. */
function treatmentFor(
  { campaign: { treatments } }: Situation,
  verdict: ScreeningVerdict,
  closed: boolean,
  fallback: CampaignSnapshot['plan']['fallback'],
): Treatment {
  if (verdict.pass) return closed ? treatments.afterHours : fallback;
  switch (verdict.outcome) {
    case 'paused':
      return treatments.paused;
    case 'blocked':
      return treatments.blocked;
    case 'after_hours':
      return treatments.afterHours;
    default:
      return fallback;
  }
}
