import type { AssignmentId } from '../ids';
import type { RoutingPlan, RuleCandidate } from '../routing/plan';
import type { CampaignSnapshot, RoutableAssignment } from '../routing/snapshot';
import type { Side } from './split';

/** What a buyer migration moves calls between. */
export interface BuyerPair {
  readonly control: AssignmentId;
  readonly challenger: AssignmentId;
}

type Viewed<T extends RoutableAssignment> = Pick<CampaignSnapshot<T>, 'assignments' | 'plan'>;

/**
 * A campaign as callers on one side of a buyer migration see it. The control's side is without the challenger; on the
 * challenger's side the challenger stands wherever the control would, with its priority and weight, and the control is
 * not there: what it will be like when all calls have moved.
 *
 * Views are kept for as long as what they are of, so that what routing makes ready of them is kept too.
 */
export function viewOf<T extends RoutableAssignment>(
  snapshot: Viewed<T>,
  pair: BuyerPair,
  side: Side,
): Viewed<T> {
  return {
    assignments: kept(assignmentViews, snapshot.assignments, pair, side, () =>
      assignmentsFor(snapshot.assignments, pair, side),
    ) as readonly T[],
    plan:
      side === 'control'
        ? snapshot.plan
        : kept(planViews, snapshot.plan, pair, side, () => planForChallenger(snapshot.plan, pair)),
  };
}

const assignmentViews = new WeakMap<object, Map<string, readonly RoutableAssignment[]>>();
const planViews = new WeakMap<object, Map<string, RoutingPlan>>();

function kept<V>(
  store: WeakMap<object, Map<string, V>>,
  of: object,
  { control, challenger }: BuyerPair,
  side: Side,
  make: () => V,
): V {
  const views = store.get(of) ?? new Map<string, V>();
  store.set(of, views);
  const key = JSON.stringify([control, challenger, side]);
  const known = views.get(key);
  if (known !== undefined) return known;
  const made = make();
  views.set(key, made);
  return made;
}

function assignmentsFor<T extends RoutableAssignment>(
  assignments: readonly T[],
  { control, challenger }: BuyerPair,
  side: Side,
): readonly T[] {
  if (side === 'control') return assignments.filter(({ id }) => id !== challenger);
  const place = assignments.find(({ id }) => id === control);
  return assignments
    .filter(({ id }) => id !== control)
    .map((each) =>
      each.id === challenger && place !== undefined
        ? { ...each, priority: place.priority, weight: place.weight }
        : each,
    );
}

function planForChallenger(plan: RoutingPlan, { control, challenger }: BuyerPair): RoutingPlan {
  const inPlace = (named: readonly RuleCandidate[]): readonly RuleCandidate[] =>
    named.some(({ assignmentId }) => assignmentId === control)
      ? named
          .filter(({ assignmentId }) => assignmentId !== challenger)
          .map((each) => (each.assignmentId === control ? { ...each, assignmentId: challenger } : each))
      : named;
  return {
    ...plan,
    rules: plan.rules.map((rule) =>
      rule.candidates === null ? rule : { ...rule, candidates: inPlace(rule.candidates) },
    ),
  };
}
