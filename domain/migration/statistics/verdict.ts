import type { Guardrail } from '../plan';
import type { Estimate } from './intervals';

/**
 * `wait`: too little is known. `holds`: the challenger has had the calls its step asks for, control enough to compare
 * with, and there is no breach; it does not say that the challenger is as good. `breach`: worse than allowed, as surely
 * as was asked for. `not_compared`: a comparison with control while the challenger has all calls, so that there is
 * nothing to compare with over the same time; it stops nothing, floors go on.
 */
export type Verdict = 'wait' | 'holds' | 'breach' | 'not_compared';

/** One guardrail at one look. Plain JSON. */
export interface Judgement {
  readonly guardrail: Guardrail;
  readonly verdict: Verdict;
  readonly control: Estimate;
  readonly challenger: Estimate;
  /** Calls the verdict goes by: ended, and with their conversion window over where the metric is about money. */
  readonly calls: { readonly control: number; readonly challenger: number };
  /**
   * How many times likelier the calls are with a challenger worse than allowed than with one that is just allowed, over
   * all comparisons so far; `null`: too little is known to say. From `needed` on it is a breach.
   */
  readonly evidence: number | null;
  readonly needed: number;
  /** Calls have ended whose conversion window is not over: this figure will move yet. */
  readonly provisional: boolean;
  /** For people: the figures, and why this is the verdict. */
  readonly reason: string;
}
