import type { CallId, E164 } from './ids';

/** What a caller hears. Text may be in any language; rendering escapes it. */
export interface Prompt {
  readonly text: string;
  /** BCP 47, for example `en-US`. */
  readonly language: string;
}

/** Where a dial goes: a number in E.164, or a SIP URI. */
export type Destination =
  | { readonly kind: 'tel'; readonly number: E164 }
  | { readonly kind: 'sip'; readonly uri: string };

/**
 * What the carrier is asked to do next, in no carrier's dialect. A list of these answers each webhook;
 * `telephony/<carrier>` renders it. The callback names which step the carrier reports back to.
 */
export type Instruction =
  | { readonly verb: 'say'; readonly prompt: Prompt }
  | {
      readonly verb: 'gather';
      readonly prompt: Prompt;
      /** How many digits end the input without waiting. */
      readonly digits: number;
      /** Silence after which the menu counts as unanswered, in seconds. */
      readonly timeoutSeconds: number;
      readonly callback: Callback;
    }
  | {
      readonly verb: 'dial';
      readonly destination: Destination;
      /** Rings at most so long, in seconds. */
      readonly ringTimeoutSeconds: number;
      /** The carrier ends the talk after so long, in seconds. */
      readonly timeLimitSeconds: number;
      /** Asks for the answered event of the dialled leg. It costs one message, so it is a campaign's choice. */
      readonly reportAnswer: boolean;
      readonly record: boolean;
      readonly callback: Callback;
    }
  | {
      readonly verb: 'voicemail';
      readonly prompt: Prompt;
      readonly maxSeconds: number;
      readonly callback: Callback;
    }
  | { readonly verb: 'reject'; readonly reason: 'busy' | 'rejected' }
  | { readonly verb: 'hangup' };

/** The step whose result the carrier posts back; it also makes the id of the Update that carries it. */
export type Callback =
  | { readonly step: 'menu'; readonly call: CallId; readonly try: number }
  | { readonly step: 'dial'; readonly call: CallId; readonly attempt: number }
  | { readonly step: 'fallback'; readonly call: CallId };

/** An answer to a webhook: executed by the carrier in order. */
export type Instructions = readonly Instruction[];

export const HANG_UP: Instructions = [{ verb: 'hangup' }];

/** Speaks, then hangs up: the shape of every message that ends a call. */
export function sayAndHangUp(prompt: Prompt): Instructions {
  return [{ verb: 'say', prompt }, { verb: 'hangup' }];
}
