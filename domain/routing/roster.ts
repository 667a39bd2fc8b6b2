import { readPrice, type Bid, type BuyerPrice } from '../campaign/price';
import type { AssignmentId } from '../ids';
import type { RoutingRule } from './plan';
import { QuestionList, type QuestionNo, type Questions } from './questions';
import type { RoutableAssignment } from './snapshot';

/*
 * What a decision needs of a snapshot's assignments and a plan's rules, made ready once. Both are configuration and
 * never change, so it is kept as long as they are: a call through 1,000 assignments asks questions, and parses nothing.
 */

/** An assignment's price: the first rate whose condition is true, else `otherwise`. */
export interface PreparedPrice {
  readonly rates: readonly { readonly when: QuestionNo; readonly bid: Bid }[];
  readonly otherwise: Bid | null;
}

/** What a call is held against. */
export interface Prepared {
  readonly paused: boolean;
  readonly hours: QuestionNo | null;
  readonly buyerHours: QuestionNo | null;
  readonly filter: QuestionNo | null;
  readonly price: PreparedPrice;
}

/** An assignment's place in a rule. */
export interface Place {
  /** Where it stands among the snapshot's assignments. */
  readonly index: number;
  readonly id: AssignmentId;
  readonly priority: number;
  readonly weight: number;
  readonly conversionEstimate: number;
}

export interface Roster {
  /** In the order of the snapshot. */
  readonly all: readonly Prepared[];
  readonly questions: Questions;
  readonly indexOf: ReadonlyMap<AssignmentId, number>;
  /** Assignments a rule names, each once, in the order it names them; those the campaign no longer has are left out. */
  placesOf(rule: RoutingRule): readonly Place[];
}

const rosters = new WeakMap<readonly RoutableAssignment[], Roster>();

/** @throws RangeError when an amount is no whole number of micros. */
export function rosterOf(assignments: readonly RoutableAssignment[]): Roster {
  const known = rosters.get(assignments);
  if (known !== undefined) return known;
  const roster = makeRoster(assignments);
  rosters.set(assignments, roster);
  return roster;
}

function makeRoster(assignments: readonly RoutableAssignment[]): Roster {
  const list = new QuestionList();
  const all = assignments.map((assignment) => prepare(assignment, list));
  const indexOf = new Map(assignments.map(({ id }, index) => [id, index]));
  const everyone = assignments.map((own, index) => placeOf(index, own, own.priority, own.weight));
  const places = new WeakMap<RoutingRule, readonly Place[]>();
  return {
    all,
    questions: list.questions(),
    indexOf,
    placesOf(rule) {
      if (rule.candidates === null) return everyone;
      const known = places.get(rule);
      if (known !== undefined) return known;
      const named = new Map<number, Place>();
      for (const { assignmentId, priority, weight } of rule.candidates) {
        const index = indexOf.get(assignmentId);
        const own = index === undefined ? undefined : assignments[index];
        if (index === undefined || own === undefined || named.has(index)) continue;
        named.set(index, placeOf(index, own, priority ?? own.priority, weight ?? own.weight));
      }
      const ofRule = [...named.values()];
      places.set(rule, ofRule);
      return ofRule;
    },
  };
}

function placeOf(index: number, own: RoutableAssignment, priority: number, weight: number): Place {
  return { index, id: own.id, priority, weight, conversionEstimate: own.conversionEstimate };
}

function prepare(assignment: RoutableAssignment, list: QuestionList): Prepared {
  const { paused, hours, buyerHours, filter, price } = assignment;
  return {
    paused,
    hours: hours === null ? null : list.numberOfHours(hours),
    buyerHours: buyerHours === null ? null : list.numberOfHours(buyerHours),
    filter: filter === null ? null : list.numberOf(filter),
    price: preparePrice(price, list),
  };
}

function preparePrice(price: BuyerPrice, list: QuestionList): PreparedPrice {
  const { rates, otherwise } = readPrice(price);
  return { rates: rates.map(({ when, bid }) => ({ when: list.numberOf(when), bid })), otherwise };
}
