import type { HttpMethod } from './events';

/** What a party hears. `null`: the carrier's own choice of language or voice. */
export type Prompt =
  | {
      readonly kind: 'say';
      readonly text: string;
      readonly loop: number;
      readonly language: string | null;
      readonly voice: string | null;
    }
  | { readonly kind: 'play'; readonly url: string; readonly loop: number }
  | { readonly kind: 'pause'; readonly seconds: number };

export type LegEvent = 'initiated' | 'ringing' | 'answered' | 'completed';

/** One destination of a Dial. */
export interface DialTarget {
  readonly kind: 'number' | 'sip';
  readonly destination: string;
  /** A document that runs for whoever answers, before they are bridged. */
  readonly url: string | null;
  readonly method: HttpMethod;
  readonly statusCallback: string | null;
  readonly statusCallbackMethod: HttpMethod;
  readonly statusCallbackEvents: readonly LegEvent[];
}

export interface RecordingCallback {
  readonly url: string;
  readonly method: HttpMethod;
  readonly events: readonly string[];
}

export interface GatherVerb {
  readonly kind: 'gather';
  /** Null: the document's own URL. */
  readonly action: string | null;
  readonly method: HttpMethod;
  readonly takesDigits: boolean;
  readonly takesSpeech: boolean;
  /** Infinity when the caller ends the input. */
  readonly numDigits: number;
  /** Empty when no key ends the input. */
  readonly finishOnKey: string;
  readonly timeoutSeconds: number;
  /** Silence after which speech counts as finished. */
  readonly speechTimeoutSeconds: number;
  /** What the recogniser is told to expect. */
  readonly language: string | null;
  readonly hints: readonly string[];
  /** Whether input cuts the prompts off. */
  readonly bargeIn: boolean;
  readonly actionOnEmptyResult: boolean;
  readonly prompts: readonly Prompt[];
}

export interface DialVerb {
  readonly kind: 'dial';
  /** Null: the next verb follows. */
  readonly action: string | null;
  readonly method: HttpMethod;
  readonly timeoutSeconds: number;
  readonly timeLimitSeconds: number;
  /** Null: the caller's own number is shown. */
  readonly callerId: string | null;
  readonly answerOnBridge: boolean;
  readonly record: boolean;
  readonly recordingCallback: RecordingCallback | null;
  readonly targets: readonly DialTarget[];
}

export interface RecordVerb {
  readonly kind: 'record';
  /** Null: the document's own URL. */
  readonly action: string | null;
  readonly method: HttpMethod;
  readonly maxLengthSeconds: number;
  /** Silence that ends the recording. */
  readonly timeoutSeconds: number;
  readonly recordingCallback: RecordingCallback | null;
}

export type Verb =
  | Prompt
  | GatherVerb
  | DialVerb
  | RecordVerb
  | { readonly kind: 'redirect'; readonly url: string; readonly method: HttpMethod }
  | { readonly kind: 'reject'; readonly reason: 'busy' | 'rejected' }
  | { readonly kind: 'hangup' };
