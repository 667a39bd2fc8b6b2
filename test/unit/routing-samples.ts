import type { Hours, Weekday } from '../../domain/hours';
import type { AssignmentId, BuyerId, CallId, CampaignId, E164 } from '../../domain/ids';
import type { MicrosText } from '../../domain/money';
import { decideRoute, NO_TURNS, type RouteDecision, type RouteInput } from '../../domain/routing/decide';
import type { CallerGeography, RoutingFacts } from '../../domain/routing/facts';
import type { RoutingPlan, RoutingRule, Strategy } from '../../domain/routing/plan';
import type { CampaignSnapshot, RoutableAssignment } from '../../domain/routing/snapshot';
import type { Treatment } from '../../domain/treatment';

/** A Monday, 12:00 UTC. */
export const NOON = '2026-01-05T12:00:00Z';

export const NOWHERE: CallerGeography = {
  country: null,
  state: null,
  areaCode: null,
  postalCode: null,
  timeZone: null,
};

export function factsWith(given: Partial<RoutingFacts> = {}): RoutingFacts {
  return {
    callId: 'call_1' as CallId,
    at: NOON,
    caller: '+12135550100' as E164,
    geography: NOWHERE,
    source: { number: '+14155550100', publisherId: null, channel: 'print' },
    tags: {},
    history: [],
    ...given,
  };
}

export const NEVER_OPEN: Hours = { timeZone: 'UTC', openings: [], holidays: [] };

export function hoursOn(weekday: Weekday, from: string, to: string, timeZone: string): Hours {
  return { timeZone, openings: [{ weekday, from, to }], holidays: [] };
}

export function assignmentWith(id: string, given: Partial<RoutableAssignment> = {}): RoutableAssignment {
  return {
    id: id as AssignmentId,
    buyerId: `buy_${id}` as BuyerId,
    buyerName: id,
    priority: 1,
    weight: 1,
    paused: false,
    hours: null,
    buyerHours: null,
    filter: null,
    price: { amountMicros: micros(10), rates: [], due: { on: 'connection' } },
    conversionEstimate: 1,
    ...given,
  };
}

/** Whole units of a currency as micros. */
export function micros(units: number): MicrosText {
  return `${units}000000` as MicrosText;
}

export function bidOf(units: number): Pick<RoutableAssignment, 'price'> {
  return { price: { amountMicros: micros(units), rates: [], due: { on: 'connection' } } };
}

export const BUSY: Treatment = { kind: 'reject', reason: 'busy' };

export function ruleWith(name: string, given: Partial<RoutingRule> = {}): RoutingRule {
  return { name, when: null, strategy: { kind: 'waterfall' }, candidates: null, fallback: null, ...given };
}

/** A rule for these assignments, with their own priority and weight. */
export function ruleOf(name: string, ids: readonly string[], given: Partial<RoutingRule> = {}): RoutingRule {
  const candidates = ids.map((id) => ({ assignmentId: id as AssignmentId, priority: null, weight: null }));
  return ruleWith(name, { candidates, ...given });
}

export function snapshotWith(
  assignments: readonly RoutableAssignment[],
  plan: Partial<RoutingPlan> = {},
  given: Partial<CampaignSnapshot> = {},
): CampaignSnapshot {
  return {
    campaignId: 'cmp_1' as CampaignId,
    timeZone: 'America/New_York',
    holidays: [],
    duplicates: null,
    planVersion: 1,
    plan: {
      rules: [ruleWith('everyone')],
      maxAttempts: 5,
      recoverUnderSeconds: null,
      fallback: BUSY,
      ...plan,
    },
    assignments,
    ...given,
  };
}

/** One rule for everybody, by this strategy. */
export function byStrategy(assignments: readonly RoutableAssignment[], strategy: Strategy): CampaignSnapshot {
  return snapshotWith(assignments, { rules: [ruleWith('everyone', { strategy })] });
}

export function decide(
  snapshot: CampaignSnapshot,
  given: Partial<Omit<RouteInput<RoutableAssignment>, 'snapshot'>> = {},
): RouteDecision<RoutableAssignment> {
  return decideRoute({
    snapshot,
    facts: factsWith(),
    seed: 'call_1/plan-1',
    alreadyTried: [],
    turns: NO_TURNS,
    ...given,
  });
}

export function orderOf(decision: RouteDecision<RoutableAssignment>): string[] {
  return decision.candidates.map(({ assignment }) => assignment.id);
}

/** `id: reason`, in the order of the snapshot. */
export function reasonsOf(decision: RouteDecision<RoutableAssignment>): string[] {
  return decision.skipped.map(({ assignmentId, reason }) => `${assignmentId}: ${reason}`);
}
