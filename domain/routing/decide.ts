import { matchDuplicate, type DuplicateMatch } from '../campaign/duplicates';
import type { Clock } from '../clock';
import type { AssignmentId, BuyerId, CallId } from '../ids';
import type { Treatment } from '../treatment';
import { createDraw } from './draw';
import { Eligibility } from './eligibility';
import type { RoutingFacts } from './facts';
import { LineUp, type Candidate } from './line-up';
import { rosterOf } from './roster';
import type { RuleTurns } from './round-robin';
import { fallbackOf, matchRules, routingClock } from './rules';
import type { Skipped } from './skip';
import type { CampaignSnapshot, RoutableAssignment } from './snapshot';

export type { Candidate };

/** Turns of round robin, by the name of the rule they are kept under. */
export type Turns = ReadonlyMap<string, RuleTurns>;

export const NO_TURNS: Turns = new Map();

export interface RouteInput<T extends RoutableAssignment> {
  /** Not changed for as long as it is used: what was made of its parts is kept. */
  readonly snapshot: CampaignSnapshot<T>;
  readonly facts: RoutingFacts;
  /** From {@link routingSeed}. */
  readonly seed: string;
  /** Dialled before in this call. */
  readonly alreadyTried: readonly AssignmentId[];
  /** Of the rules that {@link roundRobinRules} names. */
  readonly turns: Turns;
  /** That of {@link routingClock}, where somebody has it already. */
  readonly clock?: Clock;
}

export interface RouteDecision<T> {
  /** In the order in which they are tried. */
  readonly candidates: readonly Candidate<T>[];
  /** Every other assignment of the campaign with its reason, in the order of the snapshot. */
  readonly skipped: readonly Skipped[];
  /** The rules that were looked at. */
  readonly rules: readonly { readonly name: string; readonly matched: boolean }[];
  /** What the caller gets when none of the candidates takes the call. */
  readonly fallback: Treatment;
  /** What the campaign's rule about duplicates found; `null`: no rule, or no duplicate. */
  readonly duplicate: DuplicateMatch | null;
}

/** The seed of a call's draws: the same call under the same version gives the same order, today and in a backtest. */
export function routingSeed(callId: CallId, planVersion: number): string {
  return `${callId}/plan-${planVersion}`;
}

/**
 * Decides who may get a call, and in which order. Limits are not looked at here: they are taken, atomically, by the
 * reservation that follows. The same input gives the same answer in a call, a simulation and a backtest.
 *
 * Each rule that matches puts its candidates behind those of the rules before; an assignment stands once, at its first
 * place. A campaign that sends duplicates to the same buyer has that buyer's candidates before all others, whatever
 * the strategies say.
 * @throws RangeError when configuration or facts hold an unknown zone, or what is no instant or no amount.
 */
export function decideRoute<T extends RoutableAssignment>(input: RouteInput<T>): RouteDecision<T> {
  const { snapshot, facts, alreadyTried } = input;
  const clock = input.clock ?? routingClock(snapshot, facts);
  const matches = matchRules(snapshot, facts, clock);
  const duplicate =
    snapshot.duplicates === null ? null : matchDuplicate(snapshot.duplicates, facts.history, facts.at);

  const roster = rosterOf(snapshot.assignments);
  const { assignments } = snapshot;
  const eligibility = new Eligibility(assignments, roster, { facts, clock }, alreadyTried, duplicate);
  const lineUp = new LineUp(assignments, roster, eligibility);
  const draw = createDraw(input.seed);
  for (const { rule, matched } of matches) {
    if (matched) lineUp.add(rule, draw, input.turns.get(rule.name) ?? NO_RULE_TURNS);
  }

  const { candidates, skipped } = lineUp.result(alreadyTried.length >= snapshot.plan.maxAttempts);
  return {
    candidates:
      duplicate?.treatment === 'same_buyer' ? buyerFirst(candidates, duplicate.buyerIds[0]) : candidates,
    skipped,
    rules: matches.map(({ rule, matched }) => ({ name: rule.name, matched })),
    fallback: fallbackOf(snapshot, matches),
    duplicate,
  };
}

const NO_RULE_TURNS: RuleTurns = new Map();

/**
 * Whether nobody takes the call only because all are closed: what the caller hears then is that it is too late or too
 * early. Assignments that no matching rule names don't count.
 */
export function allClosed(
  decision: Pick<RouteDecision<RoutableAssignment>, 'candidates' | 'skipped'>,
): boolean {
  const asked = decision.skipped.filter(({ reason }) => reason !== 'no_rule');
  return (
    decision.candidates.length === 0 && asked.length > 0 && asked.every(({ reason }) => reason === 'closed')
  );
}

/** A stable partition: the strategies' order holds among the buyer's own candidates, and among the others. */
function buyerFirst<T extends RoutableAssignment>(
  candidates: readonly Candidate<T>[],
  buyer: BuyerId | undefined,
): readonly Candidate<T>[] {
  if (buyer === undefined) return candidates;
  const isTheirs = ({ assignment }: Candidate<T>): boolean => assignment.buyerId === buyer;
  return [...candidates.filter(isTheirs), ...candidates.filter((candidate) => !isTheirs(candidate))];
}
