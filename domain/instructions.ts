import type { CallId, E164 } from './ids';

/** What a caller hears: words the carrier speaks, in any language, or a recording. Rendering escapes text. */
export type Prompt = SpokenPrompt | PlayedPrompt;

export interface SpokenPrompt {
  readonly text: string;
  /** BCP 47, for example `en-US`. */
  readonly language: string;
  /** The carrier's name of a voice, for example `Polly.Joanna`; absent: its own choice. */
  readonly voice?: string | undefined;
}

export interface PlayedPrompt {
  /** https URL of a sound file the carrier can play. */
  readonly audioUrl: string;
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
      readonly input: 'digits' | 'speech' | 'digits_or_speech';
      /** How many digits end the input without waiting. */
      readonly digits: number;
      /** The key that ends the input; `null`: none does. */
      readonly terminator: '#' | '*' | null;
      /** Silence after which the input counts as not given, in seconds. */
      readonly timeoutSeconds: number;
      /** What a speech recogniser should expect; `null` when only keys count. */
      readonly speech: { readonly language: string; readonly hints: readonly string[] } | null;
      readonly callback: Callback;
    }
  /** The carrier asks again at once: what took time has been said to the caller first. */
  | { readonly verb: 'redirect'; readonly callback: Callback }
  | {
      readonly verb: 'dial';
      /** Rung at once; the first to answer is bridged. */
      readonly destinations: readonly Destination[];
      /** The number the buyer sees; `null`: the caller's, as the carrier passes it. */
      readonly callerId: E164 | null;
      /** Whether whoever answers hears something, or must press a key, before the caller is put through. */
      readonly announce: boolean;
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
  /** `ivr` counts what the caller was asked in this call, repetitions included, from 1. */
  | { readonly step: 'ivr'; readonly call: CallId; readonly no: number }
  /** `screened`: whoever answers has to accept the call first, and the talk counts from then. */
  | {
      readonly step: 'dial';
      readonly call: CallId;
      readonly attempt: number;
      readonly screened: boolean;
    }
  /** The key pressed by a buyer who is asked to accept the call; on the buyer's leg, not the caller's. */
  | {
      readonly step: 'accept';
      readonly call: CallId;
      readonly attempt: number;
      /** ISO 8601 instant from which the buyer was asked. */
      readonly since: string;
    }
  | { readonly step: 'fallback'; readonly call: CallId };

/** An answer to a webhook: executed by the carrier in order. */
export type Instructions = readonly Instruction[];

export const HANG_UP: Instructions = [{ verb: 'hangup' }];

/** Speaks, then hangs up: the shape of every message that ends a call. */
export function sayAndHangUp(prompt: Prompt): Instructions {
  return [{ verb: 'say', prompt }, { verb: 'hangup' }];
}

/** Prompts one after the other, as the beginning of an answer. */
export function say(prompts: readonly Prompt[]): Instructions {
  return prompts.map((prompt) => ({ verb: 'say', prompt }));
}
