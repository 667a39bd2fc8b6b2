import type { MicrosText } from '../../money';

/**
 * What one side's calls came to since a share came into force. Only calls that have ended count, each on the side it
 * began on, and of a caller only the first of them: the tests take calls to be independent. Measured at a chosen rate
 * of 5 %: two calls a caller that always end alike, all of them counted, give 38 % false alarms. Everything a guardrail
 * needs is a count or a sum, so that one query over the calls gives it, in whatever order they ended.
 */
export interface SideFigures {
  readonly calls: number;
  /** Calls for which at least one buyer was dialled. */
  readonly dialled: number;
  /** Dialled calls in which a buyer answered. */
  readonly answered: number;
  /** Calls for which no buyer was left to dial. */
  readonly noCandidate: number;
  /** Calls that ended longer ago than the conversion window: what is known of them is final. */
  readonly matured: number;
  /** Matured calls that converted. */
  readonly conversions: number;
  /** Revenue of the matured calls, and the sum of its squares (micros², a decimal integer of any length). */
  readonly revenueMicros: MicrosText;
  readonly revenueSquares: string;
  /** Talk time of the answered calls in seconds, and the sum of its squares. */
  readonly talkSeconds: number;
  readonly talkSquares: number;
  /**
   * On the challenger's side: its callers' calls that control took because the challenger was at its limit. They are
   * in no other figure of either side: neither did the challenger serve them, nor were they control's by the draw.
   */
  readonly turnedAway: number;
}

export interface BothFigures {
  readonly control: SideFigures;
  readonly challenger: SideFigures;
}

export const NO_FIGURES: SideFigures = {
  calls: 0,
  dialled: 0,
  answered: 0,
  noCandidate: 0,
  matured: 0,
  conversions: 0,
  revenueMicros: '0' as MicrosText,
  revenueSquares: '0',
  talkSeconds: 0,
  talkSquares: 0,
  turnedAway: 0,
};
