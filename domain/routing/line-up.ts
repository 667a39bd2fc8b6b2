import type { PriceRule } from '../call/attribution';
import { unreachable } from '../exhaustive';
import type { AssignmentId } from '../ids';
import { auction } from './auction';
import type { Draw } from './draw';
import type { Eligibility, Refusal } from './eligibility';
import type { Entrant } from './entrant';
import type { RoutingRule } from './plan';
import type { Place, Roster } from './roster';
import { roundRobin, type RuleTurns } from './round-robin';
import type { Skipped } from './skip';
import type { RoutableAssignment } from './snapshot';
import { waterfall } from './waterfall';
import { weighted } from './weighted';

/** An assignment that may be dialled. */
export interface Candidate<T> {
  readonly assignment: T;
  /** Name of the rule it stands in. */
  readonly rule: string;
  /** What its buyer pays for this call. */
  readonly price: PriceRule;
}

interface Placed extends Entrant {
  readonly index: number;
}

/** Candidates of one decision as rule after rule adds its own. */
export class LineUp<T extends RoutableAssignment> {
  private readonly candidates: Candidate<T>[] = [];
  /** 1 where an assignment is among the candidates. */
  private readonly taken: Uint8Array;
  private readonly belowReserve = new Map<number, Refusal>();

  constructor(
    private readonly assignments: readonly T[],
    private readonly roster: Roster,
    private readonly eligibility: Eligibility,
  ) {
    this.taken = new Uint8Array(assignments.length);
  }

  add(rule: RoutingRule, draw: Draw, turns: RuleTurns): void {
    const entrants = this.entrantsOf(this.roster.placesOf(rule));
    for (const { index, bid } of this.order(rule, entrants, draw, turns)) {
      const assignment = this.assignments[index];
      if (assignment === undefined) continue;
      this.taken[index] = 1;
      this.candidates.push({ assignment, rule: rule.name, price: bid.rule });
    }
  }

  result(attemptsUsedUp: boolean): { candidates: readonly Candidate<T>[]; skipped: readonly Skipped[] } {
    const skipped: Skipped[] = [];
    for (const [index, { id }] of this.assignments.entries()) {
      if (this.taken[index] === 0) skipped.push(this.reasonFor(index, id));
      else if (attemptsUsedUp) skipped.push({ assignmentId: id, reason: 'attempts_used_up' });
    }
    return { candidates: attemptsUsedUp ? [] : this.candidates, skipped };
  }

  private reasonFor(index: number, assignmentId: AssignmentId): Skipped {
    const refusal = this.eligibility.refusalOf(index) ?? this.belowReserve.get(index) ?? null;
    return refusal === null ? { assignmentId, reason: 'no_rule' } : { assignmentId, ...refusal };
  }

  private entrantsOf(places: readonly Place[]): Placed[] {
    const entrants: Placed[] = [];
    for (const { index, id, priority, weight, conversionEstimate } of places) {
      if (this.taken[index] === 1) continue;
      const bid = this.eligibility.bidOf(index);
      if (bid !== null) entrants.push({ index, id, priority, weight, bid, conversionEstimate });
    }
    return entrants;
  }

  private order(
    rule: RoutingRule,
    entrants: readonly Placed[],
    draw: Draw,
    turns: RuleTurns,
  ): readonly Placed[] {
    const { strategy } = rule;
    switch (strategy.kind) {
      case 'waterfall':
        return waterfall(entrants, draw);
      case 'weighted':
        return weighted(entrants, draw);
      case 'round_robin':
        return roundRobin(entrants, turns);
      case 'auction': {
        const { ordered, belowReserve, reserve } = auction(entrants, strategy, draw);
        for (const { index, bid } of belowReserve) {
          const detail = `bid ${bid.text}, reserve ${reserve}`;
          this.belowReserve.set(index, { reason: 'below_reserve', detail });
        }
        return ordered;
      }
      default:
        return unreachable(strategy);
    }
  }
}
