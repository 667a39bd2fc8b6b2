import type { Verb } from './verbs';

/**
 * Why the carrier asks a URL: for instructions (the first five on the caller's leg, `screening` on that of a buyer who
 * answered), or to report (the last three).
 */
export type WebhookPurpose =
  | 'voice'
  | 'gather-action'
  | 'dial-action'
  | 'record-action'
  | 'redirect'
  | 'screening'
  | 'call-status'
  | 'leg-status'
  | 'recording-status';

export type HttpMethod = 'GET' | 'POST';

/** When something happened: on the simulated clock, and on the real one. */
export interface EventTime {
  /** Simulated seconds since the call started. */
  readonly seconds: number;
  /** Real milliseconds since the call started. */
  readonly realMilliseconds: number;
  /** Real time. */
  readonly at: Date;
}

/**
 * What became of one dialled buyer. `lost` rang beside another that answered first; `declined` answered, and was hung
 * up by the document that ran before the bridge.
 */
export type LegResult =
  | 'completed'
  | 'busy'
  | 'no-answer'
  | 'rejected'
  | 'failed'
  | 'canceled'
  | 'lost'
  | 'declined';

/** The value a carrier reports for a Dial as a whole. */
export type DialCallStatus = 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled';

export type HungUpBy = 'caller' | 'buyer' | 'application';

export type CallerPhase = 'ivr' | 'ringing' | 'talking';

/** How a call came to its end, as the carrier saw it. */
export type CallEnding =
  | { readonly kind: 'caller-hung-up'; readonly during: CallerPhase }
  | { readonly kind: 'hung-up-by-application' }
  | { readonly kind: 'instructions-ended' }
  | { readonly kind: 'rejected'; readonly reason: 'busy' | 'rejected' }
  | { readonly kind: 'application-error'; readonly code: number; readonly message: string };

/** Final CallStatus of the caller's leg, in the Twilio dialect. */
export type FinalCallStatus = 'completed' | 'busy' | 'no-answer' | 'failed';

/** How something is spoken or listened for; left out where the document does not say. */
export interface Manner {
  readonly language?: string;
  readonly voice?: string;
  readonly hints?: readonly string[];
}

/** Something that happened in a simulated call, without its time. */
export type CallEventBody =
  | { readonly type: 'started'; readonly callSid: string; readonly from: string; readonly to: string }
  | {
      readonly type: 'webhook-sent';
      readonly purpose: WebhookPurpose;
      readonly method: HttpMethod;
      readonly url: string;
      readonly fields: Readonly<Record<string, string>>;
      /** 1-based: which of the concurrent copies this is (see `duplicates`). */
      readonly copy: number;
      /** 1, or 2 for the retry. */
      readonly attempt: number;
    }
  | {
      readonly type: 'webhook-answered';
      readonly purpose: WebhookPurpose;
      readonly url: string;
      readonly status: number;
      readonly latencyMilliseconds: number;
      readonly copy: number;
      readonly attempt: number;
    }
  | {
      readonly type: 'webhook-failed';
      readonly purpose: WebhookPurpose;
      readonly url: string;
      readonly message: string;
      readonly latencyMilliseconds: number;
      readonly copy: number;
      readonly attempt: number;
    }
  | { readonly type: 'answers-differ'; readonly purpose: WebhookPurpose; readonly answers: readonly string[] }
  | { readonly type: 'callback-dropped'; readonly purpose: WebhookPurpose; readonly status: string }
  | { readonly type: 'instructions'; readonly verbs: readonly Verb['kind'][] }
  | { readonly type: 'warning'; readonly code: number; readonly message: string }
  | ({ readonly type: 'verb'; readonly verb: Verb['kind']; readonly text: string } & Manner)
  | { readonly type: 'answered' }
  | { readonly type: 'digits-pressed'; readonly digits: string }
  | { readonly type: 'spoke'; readonly text: string; readonly confidence: number }
  /** The caller pressed or said what this Gather does not listen to. */
  | { readonly type: 'input-ignored'; readonly input: 'digits' | 'speech'; readonly text: string }
  | { readonly type: 'no-digits' }
  | { readonly type: 'buyer-dialled'; readonly destination: string; readonly legSid: string }
  | { readonly type: 'buyer-ringing'; readonly destination: string; readonly legSid: string }
  | { readonly type: 'buyer-answered'; readonly destination: string; readonly legSid: string }
  /** Before the bridge, on the buyer's own leg. */
  | ({
      readonly type: 'buyer-heard';
      readonly destination: string;
      readonly legSid: string;
      readonly verb: Verb['kind'];
      readonly text: string;
    } & Manner)
  | {
      readonly type: 'buyer-pressed';
      readonly destination: string;
      readonly legSid: string;
      /** Empty: nothing within the Gather's timeout. */
      readonly digits: string;
    }
  | { readonly type: 'buyer-bridged'; readonly destination: string; readonly legSid: string }
  | {
      readonly type: 'buyer-finished';
      readonly destination: string;
      readonly legSid: string;
      readonly result: LegResult;
      /** Simulated seconds between bridge and end; 0 when never bridged. */
      readonly talkSeconds: number;
    }
  | { readonly type: 'hung-up'; readonly by: HungUpBy; readonly during: CallerPhase }
  | { readonly type: 'application-error'; readonly code: number; readonly message: string }
  | {
      readonly type: 'completed';
      readonly ending: CallEnding;
      readonly callStatus: FinalCallStatus;
      /** Simulated seconds from answer to end. */
      readonly durationSeconds: number;
    };

export type CallEvent = EventTime & CallEventBody;
