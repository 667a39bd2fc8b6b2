import type { CallerPhase } from './events';
import type { CallerAnswer, CallerHangUp } from './options';

/** The person calling: which part of the call they are in, when their patience ends, and what they press or say. */
export class Caller {
  private current: CallerPhase = 'ivr';
  private deadlineAt = Infinity;
  private readonly seen = new Set<CallerPhase>();
  private nextAnswer = 0;
  /** True once they have hung up. */
  gone = false;

  constructor(
    private readonly hangUp: CallerHangUp,
    private readonly answers: readonly CallerAnswer[],
  ) {
    this.arm('ivr', 0);
  }

  get phase(): CallerPhase {
    return this.current;
  }

  /** Simulated time at which they hang up unless this phase ends before; Infinity for never. */
  get deadline(): number {
    return this.deadlineAt;
  }

  /** Moves to another phase at the simulated time `now`. Staying in one keeps its deadline. */
  enter(phase: CallerPhase, now: number): void {
    if (phase !== this.current) this.arm(phase, now);
  }

  /** What they press or say at the next Gather; empty for nothing. */
  takeAnswer(): CallerAnswer {
    const answer = this.answers[this.nextAnswer] ?? '';
    this.nextAnswer += 1;
    return answer;
  }

  private arm(phase: CallerPhase, now: number): void {
    const first = !this.seen.has(phase);
    this.seen.add(phase);
    this.current = phase;
    this.deadlineAt =
      first && this.hangUp.during === phase ? now + Math.max(0, this.hangUp.afterSeconds) : Infinity;
  }
}
