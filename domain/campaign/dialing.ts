import type { E164 } from '../ids';
import type { Destination, Prompt } from '../instructions';

/** Which number the buyer sees: the caller's, the tracked number that was dialled, or one of their own choice. */
export type CallerId =
  | { readonly kind: 'caller' }
  | { readonly kind: 'dialed' }
  | { readonly kind: 'number'; readonly number: E164 };

/** Whoever answers must press a key before the caller is put through; otherwise the dial counts as rejected. */
export interface Acceptance {
  readonly prompt: Prompt;
  /** One key of a telephone. */
  readonly digit: string;
  readonly timeoutSeconds: number;
}

/** How an assignment's buyer is dialled. */
export interface DialSettings {
  /** Rung at once; the first to answer has the call. At least one. */
  readonly destinations: readonly Destination[];
  /** Seconds; carriers take 5 to 120. */
  readonly ringTimeoutSeconds: number;
  /** Said to whoever answers, unheard by the caller, before they are put through. */
  readonly whisper: Prompt | null;
  readonly acceptance: Acceptance | null;
  readonly callerId: CallerId;
  readonly record: 'campaign' | 'always' | 'never';
}
