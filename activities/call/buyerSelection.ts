import type { Queryable } from '../../db/pool';
import type { Refusal } from '../../db/queries/limits/reserve';
import { loadTurns, lockRounds } from '../../db/queries/roundRobin';
import type { PriceRule } from '../../domain/call/attribution';
import type { CallFacts } from '../../domain/call/facts';
import type { UnroutedOutcome } from '../../domain/call/outcome';
import type { CallPolicy, PlacedAttempt } from '../../domain/call/policy';
import type { Detail, TimelineEntry } from '../../domain/call/timeline';
import { withholdsPayout } from '../../domain/campaign/duplicates';
import { unreachable } from '../../domain/exhaustive';
import { attemptId, type AssignmentId, type E164 } from '../../domain/ids';
import {
  allClosed,
  decideRoute,
  NO_TURNS,
  routingSeed,
  type Candidate,
  type RouteDecision,
  type Turns,
} from '../../domain/routing/decide';
import { roundRobinRules, routingClock } from '../../domain/routing/rules';
import type { RoutingFacts } from '../../domain/routing/facts';
import type { CampaignSnapshot, DialableAssignment } from '../../domain/routing/snapshot';
import type { Treatment } from '../../domain/treatment';
import type { Campaign } from './campaigns';

/** Everything one choice of a buyer rests on. */
export interface Selection {
  readonly facts: CallFacts;
  /** What holds capacity for the call lives as long as this workflow. */
  readonly workflowId: string;
  readonly routingFacts: RoutingFacts;
  readonly policy: CallPolicy;
  readonly campaign: Campaign;
  readonly snapshot: CampaignSnapshot<DialableAssignment>;
  readonly alreadyTried: readonly AssignmentId[];
  readonly at: string;
}

export type Decision = RouteDecision<DialableAssignment>;

/**
 * Who may be dialled, in order. Where a rule that applies is round robin, this transaction is from here on the only one
 * that gives out its turns.
 */
export async function selectBuyers(db: Queryable, selection: Selection): Promise<Decision> {
  const { snapshot, routingFacts: facts, alreadyTried, policy } = selection;
  const clock = routingClock(snapshot, facts);
  const rounds = roundRobinRules(snapshot, facts, clock);
  return decideRoute({
    snapshot,
    facts,
    clock,
    seed: routingSeed(facts.callId, policy.planVersion),
    alreadyTried,
    turns: rounds.length === 0 ? NO_TURNS : await turnsUnder(db, snapshot.campaignId, rounds),
  });
}

async function turnsUnder(db: Queryable, campaign: string, rules: readonly string[]): Promise<Turns> {
  const [, turns] = await Promise.all([lockRounds(db, campaign, rules), loadTurns(db, campaign, rules)]);
  return turns;
}

/** The rule a candidate came in by, when that rule gives out turns. */
export function roundOf(selection: Selection, candidate: Candidate<DialableAssignment>): string | null {
  const rule = selection.snapshot.plan.rules.find(({ name }) => name === candidate.rule);
  return rule?.strategy.kind === 'round_robin' ? rule.name : null;
}

/** The dial that follows from a choice. Its money terms are pinned here. */
export function attemptFor(
  selection: Selection,
  decision: Decision,
  { assignment, price }: Candidate<DialableAssignment>,
): PlacedAttempt {
  const no = selection.alreadyTried.length + 1;
  const { dialing } = assignment;
  const { policy, campaign } = selection;
  return {
    no,
    id: attemptId(selection.facts.callId, no),
    assignmentId: assignment.id,
    buyerId: assignment.buyerId,
    buyerName: assignment.buyerName,
    destinations: dialing.destinations,
    ringTimeoutSeconds: dialing.ringTimeoutSeconds,
    callerId: callerIdFor(selection.facts, dialing.callerId),
    announce: dialing.whisper !== null || dialing.acceptance !== null,
    screened: dialing.acceptance !== null,
    record: dialing.record === 'campaign' ? campaign.record : dialing.record === 'always',
    terms: { currency: policy.currency, price, payout: payoutOf(selection, decision) },
  };
}

/** What the publisher gets for the call, should it fall due; `null`: nothing, or not a second time. */
export function payoutOf(selection: Selection, decision: Decision): PriceRule | null {
  const { policy, campaign, routingFacts, at } = selection;
  const paidBefore = withholdsPayout(campaign.duplicates, decision.duplicate, routingFacts.history, at);
  return paidBefore ? null : policy.payout;
}

function callerIdFor(facts: CallFacts, callerId: DialableAssignment['dialing']['callerId']): E164 | null {
  switch (callerId.kind) {
    case 'caller':
      return null;
    case 'dialed':
      return facts.to as E164;
    case 'number':
      return callerId.number;
    default:
      return unreachable(callerId);
  }
}

/** What to do with a caller nobody takes: the campaign's after-hours treatment when all buyers are closed, else the plan's. */
export function nobodyTakes(
  selection: Selection,
  decision: Decision,
): { readonly outcome: UnroutedOutcome; readonly treatment: Treatment } {
  if (selection.alreadyTried.length > 0) return { outcome: 'exhausted', treatment: decision.fallback };
  if (!allClosed(decision)) return { outcome: 'no_candidate', treatment: decision.fallback };
  return { outcome: 'after_hours', treatment: selection.campaign.treatments.afterHours };
}

/**
 * Why the choice fell as it did: the rules that applied, the order, and a reason for everyone who was not chosen.
 * Candidates behind the chosen one are `not_needed`: that is said by the order, once, however many they are.
 */
export function routedEntry(
  selection: Selection,
  decision: Decision,
  chosen: Candidate<DialableAssignment> | null,
  refused: readonly Refusal[],
): TimelineEntry {
  const full = new Map(refused.map((refusal) => [refusal.assignmentId, refusal]));
  const passedOver = decision.candidates.flatMap(({ assignment }): Detail[] => {
    const refusal = full.get(assignment.id);
    if (refusal === undefined || assignment.id === chosen?.assignment.id) return [];
    const { limitId, scope, window, counts, reason } = refusal;
    return [
      {
        assignmentId: assignment.id,
        reason: 'limit_reached',
        detail: limitId,
        limit: { scope, window, counts, ...(reason === 'currency' ? { why: 'another currency' } : {}) },
      },
    ];
  });
  const { duplicate } = decision;
  return {
    key: `routed:${selection.alreadyTried.length + 1}`,
    at: selection.at,
    step: 'routed',
    decision: chosen === null ? 'nobody can take the call' : `${chosen.assignment.buyerName} is next`,
    detail: {
      attempt: selection.alreadyTried.length + 1,
      planVersion: selection.policy.planVersion,
      rules: decision.rules.filter(({ matched }) => matched).map(({ name }) => name),
      considered: selection.snapshot.assignments.length,
      order: decision.candidates.map(({ assignment }) => assignment.id),
      chosen: chosen?.assignment.id ?? null,
      ...(chosen === null ? {} : { rule: chosen.rule, priceMicros: chosen.price.amountMicros }),
      ...(duplicate === null ? {} : { duplicate: duplicate.treatment }),
      skipped: [...decision.skipped.map((skip) => ({ ...skip })), ...passedOver],
    },
  };
}
