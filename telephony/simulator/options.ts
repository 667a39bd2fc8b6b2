import type { CarrierAccount, TwilioAccount } from './carriers';
import type {
  CallEnding,
  CallerPhase,
  CallEvent,
  DialCallStatus,
  FinalCallStatus,
  HttpMethod,
  LegResult,
  WebhookPurpose,
} from './events';
import type { HttpTransport } from './http';

/** What a dialled buyer does. All times are simulated seconds. */
export type BuyerBehaviour =
  /**
   * Rings for `ringSeconds` (default 3), answers, and hangs up `talkSeconds` after the bridge (default: never first).
   * `presses`: keys at the first Gather of a document that runs before the bridge (default: none).
   */
  | {
      readonly kind: 'answer';
      readonly ringSeconds?: number;
      readonly talkSeconds?: number;
      readonly presses?: string;
    }
  /** The line is busy; known after `afterSeconds` (default 1). */
  | { readonly kind: 'busy'; readonly afterSeconds?: number }
  /** Rings until the Dial's timeout. */
  | { readonly kind: 'no-answer' }
  /** Rings, then declines (SIP 603) after `afterSeconds` (default 2). */
  | { readonly kind: 'reject'; readonly afterSeconds?: number }
  /** Cannot be reached at all; known after `afterSeconds` (default 0.5). */
  | { readonly kind: 'failed'; readonly afterSeconds?: number };

/** Which behaviour a dialled destination gets: its own, else the next in dial order, else the default. */
export interface Buyers {
  readonly default: BuyerBehaviour;
  /** By destination exactly as dialled: `+14155550123` or `sip:desk@buyer.example`. */
  readonly byDestination?: Readonly<Record<string, BuyerBehaviour>>;
  /** Taken one per dialled destination, in the order of dialling; those with their own behaviour take none. */
  readonly inDialOrder?: readonly BuyerBehaviour[];
}

/**
 * When the caller hangs up: `afterSeconds` simulated seconds after the call started (`ivr`), after the first buyer
 * was dialled (`ringing`: in force until a buyer answers, also between two buyers) or after the conversation or
 * voicemail began (`talking`). A phase left earlier is left without a hang-up.
 */
export type CallerHangUp =
  | { readonly during: 'never' }
  | { readonly during: CallerPhase; readonly afterSeconds: number };

/** What the caller does at a Gather: keys (empty: nothing), or words that the recogniser takes with a confidence. */
export type CallerAnswer = string | { readonly say: string; readonly confidence?: number };

/** Where a party's number is registered, sent as FromCity and the like. */
export interface Place {
  readonly city?: string;
  readonly state?: string;
  readonly zip?: string;
  readonly country?: string;
}

/** A report the carrier is about to send, which a test may drop or delay. */
export interface CallbackReport {
  readonly purpose: 'call-status' | 'leg-status' | 'recording-status';
  /** CallStatus or RecordingStatus: `initiated`, `ringing`, `in-progress`, `completed`, … */
  readonly status: string;
  /** The sid the report is about: the call, or the dialled leg. */
  readonly sid: string;
}

/** What happens to a report. A delay in simulated seconds long enough makes it arrive after later ones. */
export type Delivery =
  | { readonly kind: 'send' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'delay'; readonly seconds: number };

/** A call to a number of Twilio's. */
export type SimulatedCallOptions = CallScript & TwilioAccount;

/** A call to a number of any carrier's. */
export type CarrierCallOptions = CallScript & CarrierAccount;

export interface CallScript {
  /** Asked for the first instructions. Absolute http(s) URL. */
  readonly voiceUrl: string;
  readonly voiceMethod?: HttpMethod;
  /** Told when the call has ended. */
  readonly statusUrl?: string;
  readonly from: string;
  readonly to: string;
  /** Default: a new one in the carrier's shape, such as `CA` and 32 random hex digits. */
  readonly callSid?: string;
  /** What the caller presses at each Gather, in order. Missing or empty: nothing, until the Gather's timeout. */
  readonly digits?: readonly string[];
  /** As `digits`, for callers who also speak. Only one of the two. */
  readonly answers?: readonly CallerAnswer[];
  /** Default: never. */
  readonly callerHangUp?: CallerHangUp;
  /** Simulated seconds the caller speaks into a Record before falling silent. Default 5. */
  readonly messageSeconds?: number;
  /** Default: every buyer answers after 3 s and talks for 12 s. */
  readonly buyers?: Buyers;
  readonly callerPlace?: Place;
  readonly calledPlace?: Place;
  /** For example `TN-Validation-Passed-A`. Left out of the requests when absent. */
  readonly stirVerstat?: string;
  /** Added to (and winning over) the base fields of every request about the caller's leg. */
  readonly extraFields?: Readonly<Record<string, string>>;
  /** How many simulated seconds pass in one real second. Default 1. Webhook latency is never sped up. */
  readonly speed?: number;
  /** Real milliseconds for a whole request. Default 15,000, as Twilio. */
  readonly requestTimeoutMilliseconds?: number;
  /** How many copies of each request are sent at once. Default 1. */
  readonly duplicates?: number;
  /** Decides what happens to each report. Default: sent at once, one after the other. */
  readonly deliver?: (report: CallbackReport) => Delivery;
  /** The caller hung up during a Dial: report `completed` and wait for the answer before the dial action is asked. */
  readonly statusBeforeAction?: boolean;
  /**
   * What a Dial that the caller left while it rang is reported as. Twilio has been seen to send either, so a
   * platform must take both. Default `canceled`.
   */
  readonly abandonedDialStatus?: 'canceled' | 'no-answer';
  /**
   * What a Dial is reported as whose buyer answered, but was hung up before the bridge. Twilio's documentation does not
   * say; its legs end as `completed`. Default `completed`.
   */
  readonly declinedDialStatus?: DialCallStatus;
  /** Told of everything as it happens. An error it throws ends the simulation. */
  readonly onEvent?: (event: CallEvent) => void;
  /** Stops the carrier dead: nothing more is sent and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Connections to share between calls. Default: its own, closed at the end. */
  readonly transport?: HttpTransport;
}

/** One request as sent, retries and copies counted apart. */
export interface WebhookRecord {
  readonly purpose: WebhookPurpose;
  readonly method: HttpMethod;
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly copy: number;
  readonly attempt: number;
  readonly latencyMilliseconds: number;
  /** HTTP status, or null when no answer came. */
  readonly status: number | null;
  /** Why there is no usable answer, or null. */
  readonly error: string | null;
}

/** One dialled buyer. */
export interface LegRecord {
  readonly destination: string;
  readonly legSid: string;
  readonly result: LegResult;
  /** Simulated seconds between answer and end, what was heard before the bridge included; 0 when never answered. */
  readonly answeredSeconds: number;
  /** Simulated seconds between bridge and end. */
  readonly talkSeconds: number;
}

/** One executed Dial verb. */
export interface DialRecord {
  readonly status: DialCallStatus;
  readonly bridged: boolean;
  /** The number the buyer saw. */
  readonly callerId: string;
  /** Simulated seconds between bridge and end. */
  readonly talkSeconds: number;
  readonly legs: readonly LegRecord[];
}

/** A finished simulated call. */
export interface SimulatedCall {
  readonly callSid: string;
  readonly from: string;
  readonly to: string;
  readonly ending: CallEnding;
  readonly callStatus: FinalCallStatus;
  /** Simulated seconds from answer to end, whole seconds as a carrier bills them. */
  readonly durationSeconds: number;
  readonly dials: readonly DialRecord[];
  readonly webhooks: readonly WebhookRecord[];
  /** Requests that got no usable answer, application errors included. Empty for a healthy platform. */
  readonly errors: readonly string[];
  /** Instructions that the carrier ignored or corrected. */
  readonly warnings: readonly string[];
  /** Purposes of requests whose copies got different answers. */
  readonly differingAnswers: readonly WebhookPurpose[];
  readonly events: readonly CallEvent[];
}
