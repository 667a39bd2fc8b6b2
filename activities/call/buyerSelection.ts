import type { Queryable } from '../../db/pool';
import type { Refusal } from '../../db/queries/limits/reserve';
import { loadTurns, lockRounds } from '../../db/queries/roundRobin';
import type { PayoutRule, Terms } from '../../domain/call/attribution';
import type { CallFacts } from '../../domain/call/facts';
import type { UnroutedOutcome } from '../../domain/call/outcome';
import type { CallPolicy, PlacedAttempt } from '../../domain/call/policy';
import type { Detail, TimelineEntry } from '../../domain/call/timeline';
import { withholdsPayout } from '../../domain/campaign/duplicates';
import { unreachable } from '../../domain/exhaustive';
import { attemptId, type AssignmentId, type E164 } from '../../domain/ids';
import { goesToChallenger } from '../../domain/migration/call-side';
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
import type { Campaign } from './campaign';

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
  /** The control's way, for when the challenger of a migration has no room; `null`: the call has one way. */
  readonly instead: Selection | null;
}

/** Somebody who may be dialled, and on which of the call's ways they stand. */
export interface Choice {
  readonly candidate: Candidate<DialableAssignment>;
  readonly way: Selection;
  readonly decision: Decision;
}

export interface Choices {
  /** The decision on the call's own way. */
  readonly own: Decision;
  /** In the order in which they are tried. */
  readonly choices: readonly Choice[];
}

export type Decision = RouteDecision<DialableAssignment>;

/**
 * Who may be dialled, in order. Where a rule that applies is round robin, this transaction is from here on the only one
 * that gives out its turns.
 */
export async function selectBuyers(db: Queryable, selection: Selection): Promise<Choices> {
  const ways = selection.instead === null ? [selection] : [selection, selection.instead];
  const rounds = ways.map(roundsOf);
  if (rounds.some(({ rules }) => rules.length > 0)) {
    const all = rounds.flatMap(({ campaign, rules }) => rules.map((rule) => ({ campaign, rule })));
    const [, ...turns] = await Promise.all([
      lockRounds(db, all),
      ...rounds.map(({ campaign, rules }) => loadTurns(db, campaign, rules)),
    ]);
    return choicesAmong(ways.map((way, index) => decideOn(way, turns[index] ?? NO_TURNS)));
  }
  return choicesAmong(ways.map((way) => decideOn(way, NO_TURNS)));
}

interface DecidedWay {
  readonly way: Selection;
  readonly decision: Decision;
}

function decideOn(way: Selection, turns: Turns): DecidedWay {
  const { snapshot, routingFacts: facts, alreadyTried, policy } = way;
  const seed = routingSeed(facts.callId, policy.planVersion);
  const clock = routingClock(snapshot, facts);
  return { way, decision: decideRoute({ snapshot, facts, clock, seed, alreadyTried, turns }) };
}

function roundsOf({ snapshot, routingFacts: facts }: Selection): {
  readonly campaign: string;
  readonly rules: readonly string[];
} {
  return {
    campaign: snapshot.campaignId,
    rules: roundRobinRules(snapshot, facts, routingClock(snapshot, facts)),
  };
}

function choicesAmong([own, control]: readonly DecidedWay[]): Choices {
  if (own === undefined) throw new Error('A call has a way');
  const choices = control === undefined ? choicesOn(own) : withControl(own, control);
  return { own: own.decision, choices };
}

function choicesOn({ way, decision }: DecidedWay): Choice[] {
  return decision.candidates.map((candidate) => ({ candidate, way, decision }));
}

/**
 * A share must not starve: who cannot be taken by the challenger for want of room is the control's.
 *
 * Between two buyers, the control comes right behind the challenger; and where the challenger may not have the call at
 * all, be it closed or paused, in its stead. A challenger that was dialled and did not take the call had its chance:
 * the call goes on as it would if all calls had moved. Between plans or campaigns, the control's candidates come behind
 * all of the challenger's: those can only be refused by a limit. If there are none, that is the challenger's own doing,
 * which its figures have to show.
 */
function withControl(own: DecidedWay, control: DecidedWay): Choice[] {
  const shift = own.way.policy.migration?.shift;
  const onOwn = choicesOn(own);
  const onControl = choicesOn(control);
  if (shift?.kind !== 'buyer') return onOwn.length === 0 ? [] : [...onOwn, ...onControl];
  const isOf = (assignment: AssignmentId) => (choice: Choice) =>
    choice.candidate.assignment.id === assignment;
  const challenger = onOwn.findIndex(isOf(shift.challenger));
  const stead = onControl.filter(isOf(shift.control));
  if (challenger >= 0) return onOwn.toSpliced(challenger + 1, 0, ...stead);
  if (own.way.alreadyTried.includes(shift.challenger)) return onOwn;
  return onControl.map((choice) => (isOf(shift.control)(choice) ? choice : { ...choice, way: own.way }));
}

/** The rule a candidate came in by, when that rule gives out turns. */
export function roundOf({ way, candidate }: Choice): string | null {
  const rule = way.snapshot.plan.rules.find(({ name }) => name === candidate.rule);
  return rule?.strategy.kind === 'round_robin' ? rule.name : null;
}

/** The dial that follows from a choice. Its money terms are pinned here. */
export function attemptFor(choice: Choice): PlacedAttempt {
  const { way: selection } = choice;
  const { assignment, price } = choice.candidate;
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
    terms: { currency: policy.currency, price, payout: payoutOf(choice), ...payOnceOf(selection) },
  };
}

/** By then an earlier call of the caller may have been paid for that was not when this one was routed. */
function payOnceOf({ campaign, facts }: Selection): Pick<Terms, 'payOnce'> {
  const rule = campaign.duplicates;
  if (rule?.treatment !== 'pay_once' || facts.from === null) return {};
  return { payOnce: { days: rule.days, whenConverted: rule.definition === 'converted' } };
}

/** What the publisher gets for the call, should it fall due; `null`: nothing, or not a second time. */
export function payoutOf({ way, decision }: Pick<Choice, 'way' | 'decision'>): PayoutRule | null {
  const { policy, campaign, routingFacts, at } = way;
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
  { own: decision, choices }: Choices,
  choice: Choice | null,
  refused: readonly Refusal[],
): TimelineEntry {
  const chosen = choice?.candidate ?? null;
  const full = new Map(refused.map((refusal) => [refusal.assignmentId, refusal]));
  const passedOver = choices.flatMap(({ candidate: { assignment } }): Detail[] => {
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
      ...sideOf(selection, choice),
      rules: decision.rules.filter(({ matched }) => matched).map(({ name }) => name),
      considered: selection.snapshot.assignments.length,
      order: choices.map(({ candidate }) => candidate.assignment.id),
      chosen: chosen?.assignment.id ?? null,
      ...(chosen === null ? {} : { rule: chosen.rule, priceMicros: chosen.price.amountMicros }),
      ...(duplicate === null ? {} : { duplicate: duplicate.treatment }),
      skipped: [
        ...decision.skipped.map((skip) => ({ ...skip })),
        ...otherSide(selection, choices),
        ...passedOver,
      ],
    },
  };
}

/** The call's place in a migration, and whether it goes the control's way for want of room. */
function sideOf(
  { policy: { migration } }: Selection,
  choice: Choice | null,
): { readonly [key: string]: Detail } {
  if (migration === undefined) return {};
  const overflow = choice?.way.policy.migration?.overflow ?? migration.overflow;
  return { migration: migration.migrationId, side: migration.side, ...(overflow ? { overflow } : {}) };
}

/** Of the two buyers of a migration, the one that callers of this side do not go to. */
function otherSide({ policy: { migration } }: Selection, choices: readonly Choice[]): Detail[] {
  if (migration?.shift.kind !== 'buyer') return [];
  const { control, challenger } = migration.shift;
  const assignmentId = goesToChallenger(migration) ? control : challenger;
  if (choices.some(({ candidate }) => candidate.assignment.id === assignmentId)) return [];
  return [{ assignmentId, reason: 'other_side', detail: migration.migrationId }];
}
