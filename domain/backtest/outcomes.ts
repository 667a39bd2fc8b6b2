import type { AttemptEndState } from '../call/outcome';
import type { AssignmentId, CallId } from '../ids';
import type { Micros } from '../money';
import { createDraw, seededRandom } from '../routing/draw';

/** How a dial went. */
export interface DialOutcome {
  /** `completed`: the buyer answered; `canceled`: the caller hung up while it rang. */
  readonly state: AttemptEndState;
  /** From the dial to the answer, or to the end of a dial nobody answered, in milliseconds. */
  readonly ringMs: number;
  /** From the dial to its end, in milliseconds: so long it holds capacity. */
  readonly lastsMs: number;
  /** From the buyer's answer to the end; `null`: none, or nobody reported it. */
  readonly talkSeconds: number | null;
  /** The buyer reported that the call converted, and what it was worth to them; `null` there: not said. */
  readonly postback?: { readonly value: Micros | null };
}

/** Where the outcome of a dial that was never made is drawn from. */
export type OutcomeSource = 'own' | 'campaign' | 'none';

/** An assignment with fewer dials of its own is taken to do as all of the campaign do: a handful says too little. */
export const LEAST_OWN_DIALS = 20;

/**
 * What buyers made of past dials. Dials that a caller's hang-up ended say nothing of the buyer, and are left out.
 * Nothing in here changes.
 */
export class PastOutcomes {
  private readonly own: ReadonlyMap<AssignmentId, readonly DialOutcome[]>;
  private readonly all: readonly DialOutcome[];

  constructor(dials: ReadonlyMap<AssignmentId, readonly DialOutcome[]>) {
    this.own = new Map(
      [...dials].map(([id, outcomes]) => [id, outcomes.filter(({ state }) => state !== 'canceled')]),
    );
    this.all = [...this.own.values()].flat();
  }

  /** The dials that speak for an assignment. */
  of(assignment: AssignmentId): { readonly from: OutcomeSource; readonly dials: readonly DialOutcome[] } {
    const own = this.own.get(assignment) ?? [];
    if (own.length >= LEAST_OWN_DIALS) return { from: 'own', dials: own };
    return this.all.length === 0 ? { from: 'none', dials: [] } : { from: 'campaign', dials: this.all };
  }
}

/** The outcome of a dial that was never made. Asking again gives the same answer. */
export type DrawOutcome = (
  call: CallId,
  assignment: AssignmentId,
  ringTimeoutSeconds: number,
  /** From 0: another one is another outcome. */
  no: number,
) => DialOutcome;

/**
 * Draws outcomes as one run sees them. Each run draws from a sample of the past dials of its own, taken with
 * replacement and as large: so the runs differ by as much as the past might have come out otherwise, and not only by
 * the luck of single dials (the bootstrap; Efron, "Bootstrap methods: another look at the jackknife", 1979).
 *
 * Nobody knows anything of a campaign in which nobody was ever dialled: there, nobody answers.
 * @param seed of the run
 */
export function drawFrom(past: PastOutcomes, seed: string): DrawOutcome {
  const resample = createDraw(`${seed}/sample`);
  return (call, assignment, ringTimeoutSeconds, no) => {
    const { from, dials } = past.of(assignment);
    const unanswered: DialOutcome = {
      state: 'no_answer',
      ringMs: ringTimeoutSeconds * 1000,
      lastsMs: ringTimeoutSeconds * 1000,
      talkSeconds: null,
    };
    if (dials.length === 0) return unanswered;
    const place = Math.floor(seededRandom(`${seed}/${call}/${assignment}/${no}`)() * dials.length);
    const pool = from === 'own' ? assignment : 'campaign';
    return dials[Math.floor(resample(`${pool}/${place}`) * dials.length)] ?? unanswered;
  };
}
