import { unreachable } from '../exhaustive';
import type { Admission, Finished, Routed } from './commands';
import type { DialStatus } from './outcome';

/** A buyer's accepting key, so long after they were asked: talk counts from it, the carrier's seconds from the answer. */
export interface Accepted {
  readonly at: string;
  readonly screeningSeconds: number;
}

/** What a carrier's webhook says to a call and wants instructions for. Each travels as one Update. */
export type CarrierMessage =
  | { readonly type: 'inbound'; readonly at: string }
  | {
      readonly type: 'ivr_answered';
      readonly at: string;
      /** Which of the things the caller was asked in this call, from 1. */
      readonly no: number;
      /** Both `null` for silence, and for a carrier that was only asked to come back. */
      readonly digits: string | null;
      readonly speech: string | null;
      readonly callerGone: boolean;
    }
  | {
      readonly type: 'dial_finished';
      readonly at: string;
      readonly attempt: number;
      readonly status: DialStatus;
      /** Seconds of talk as the carrier counted them. */
      readonly talkSeconds: number | null;
      /** Whether caller and buyer were put through to each other; `null` where the carrier does not say. */
      readonly bridged: boolean | null;
      /** The buyer pressed the key that accepts the call; `null`: never, or not asked to. */
      readonly accepted: Accepted | null;
      readonly callerGone: boolean;
      /** The carrier's own word for the status. */
      readonly carrierStatus: string;
    }
  | { readonly type: 'fallback_finished'; readonly at: string; readonly callerGone: boolean };

/**
 * Names the step a message belongs to within its call: the same for every delivery of one webhook, and the id of the
 * Update it travels as.
 */
export function messageKey(message: CarrierMessage): string {
  switch (message.type) {
    case 'inbound':
      return 'voice';
    case 'ivr_answered':
      return `ivr-${message.no}`;
    case 'dial_finished':
      return `dial-${message.attempt}`;
    case 'fallback_finished':
      return 'fallback';
    default:
      return unreachable(message);
  }
}

/** What a carrier mentions by the way. Each travels as a Signal; none may change how a call ends. */
export type CarrierNews =
  | { readonly type: 'buyer_answered'; readonly at: string; readonly attempt: number }
  | ({ readonly type: 'buyer_accepted'; readonly attempt: number } & Accepted)
  | { readonly type: 'caller_gone'; readonly at: string; readonly carrierStatus: string }
  | {
      readonly type: 'recording';
      readonly at: string;
      readonly recordingSid: string;
      readonly status: string;
    };

/** The API could not wait any longer and answered `message` by itself, with the number's fail-safe route. */
export interface FailSafeServed {
  readonly type: 'fail_safe_served';
  readonly at: string;
  readonly cause: string;
  readonly message: CarrierMessage;
}

/** Everything that moves a call: from carriers, from the API, from timers, and answers of activities. */
export type CallEvent =
  | CarrierMessage
  | CarrierNews
  | FailSafeServed
  | { readonly type: 'grace_elapsed'; readonly at: string }
  | { readonly type: 'deadline_passed'; readonly at: string }
  /** The call was started, but the webhook it was started for never came. */
  | { readonly type: 'never_asked'; readonly at: string }
  /** Somebody cancelled the workflow, for example in the Temporal UI. */
  | { readonly type: 'canceled'; readonly at: string }
  | { readonly type: 'admitted'; readonly at: string; readonly admission: Admission }
  | { readonly type: 'routed'; readonly at: string; readonly routed: Routed }
  | { readonly type: 'recorded' }
  | { readonly type: 'finished'; readonly at: string; readonly finished: Finished };
