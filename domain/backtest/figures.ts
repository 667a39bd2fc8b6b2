import type { Attribution } from '../call/attribution';
import type { AssignmentId } from '../ids';

/** What calls came to. Amounts are micros. */
export interface Figures {
  /** Calls somebody was dialled for. */
  dialled: number;
  dials: number;
  connected: number;
  converted: number;
  /** Nobody could be dialled. */
  noCandidate: number;
  /** Nobody could be dialled, because all were closed. */
  afterHours: number;
  /** Somebody was dialled, and nobody took the call. */
  exhausted: number;
  /** The caller hung up while it rang. */
  abandonedRinging: number;
  revenue: bigint;
  payout: bigint;
}

/** What dials of one assignment came to. */
export interface BuyerFigures {
  dials: number;
  connected: number;
  converted: number;
  revenue: bigint;
}

/** Figures that are added up call by call: of what was, or of one run. */
export class Tally {
  readonly figures: Figures = {
    dialled: 0,
    dials: 0,
    connected: 0,
    converted: 0,
    noCandidate: 0,
    afterHours: 0,
    exhausted: 0,
    abandonedRinging: 0,
    revenue: 0n,
    payout: 0n,
  };
  readonly buyers = new Map<AssignmentId, BuyerFigures>();
  /** Calls in which a limit stood in somebody's way. */
  readonly refusals = new Map<string, number>();
  /** Dials that were made in the same call, so that their outcome is known. */
  observedOutcomes = 0;
  /** Other dials, by whom they were to. */
  readonly drawn = new Map<AssignmentId, number>();

  dial(assignment: AssignmentId, first: boolean): void {
    this.figures.dials += 1;
    if (first) this.figures.dialled += 1;
    this.of(assignment).dials += 1;
  }

  draw(assignment: AssignmentId): void {
    this.drawn.set(assignment, (this.drawn.get(assignment) ?? 0) + 1);
  }

  connect(assignment: AssignmentId, due: Pick<Attribution, 'converted' | 'revenue' | 'payout'>): void {
    const buyer = this.of(assignment);
    for (const each of [this.figures, buyer]) {
      each.connected += 1;
      each.revenue += due.revenue;
      if (due.converted) each.converted += 1;
    }
    this.figures.payout += due.payout;
  }

  end(how: 'noCandidate' | 'afterHours' | 'exhausted' | 'abandonedRinging'): void {
    this.figures[how] += 1;
  }

  refuse(limit: string): void {
    this.refusals.set(limit, (this.refusals.get(limit) ?? 0) + 1);
  }

  private of(assignment: AssignmentId): BuyerFigures {
    const known = this.buyers.get(assignment);
    if (known !== undefined) return known;
    const none: BuyerFigures = { dials: 0, connected: 0, converted: 0, revenue: 0n };
    this.buyers.set(assignment, none);
    return none;
  }
}
