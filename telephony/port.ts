import type { CarrierMessage, CarrierNews } from '../domain/call/events';
import type { CallFacts } from '../domain/call/facts';
import { unreachable } from '../domain/exhaustive';
import type { CallId } from '../domain/ids';
import type { Callback, Instructions } from '../domain/instructions';
import type { TimelineEntry } from '../domain/call/timeline';

/** A webhook as it came over HTTP. */
export interface WebhookRequest {
  /** The URL the carrier called, as far as we can tell: its signature is made over it. */
  readonly url: string;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** Form fields; a key that was sent twice has both values. */
  readonly form: FormFields;
  /** The body byte for byte: some signatures are made over it. */
  readonly rawBody: Uint8Array;
  /** ISO 8601 instant of arrival. */
  readonly receivedAt: string;
}

export type FormFields = { readonly [key: string]: string | readonly string[] | undefined };

/** `expired`: the signature fits, but was made too long ago, or by a clock ahead of ours. */
export type Verification = 'ok' | 'missing' | 'mismatch' | 'expired';

/** A call as webhooks name it. */
export interface CallRef {
  readonly callId: CallId;
  readonly carrier: string;
  readonly accountSid: string;
  readonly sid: string;
}

/** Where a carrier posts what happens: made absolute from `baseUrl`, so that no proxy's path gets lost. */
export interface CallbackUrls {
  readonly baseUrl: string;
}

/** The end, or another turn, of the caller's own leg. */
export interface StatusReport {
  readonly call: CallRef;
  readonly status: string;
  /** Whether the call is over by this report. */
  readonly over: boolean;
  readonly seconds: number | null;
  readonly entry: TimelineEntry;
}

export interface RecordingUpdate {
  readonly call: CallRef;
  readonly recordingSid: string;
  readonly status: string;
  readonly url: string | null;
  readonly durationSeconds: number | null;
}

/**
 * A carrier's dialect. One implementation a carrier; the API and the workflows know only this.
 * Every `read…` throws a ZodError that names the fields that are missing or wrong.
 */
export interface CarrierDialect {
  readonly carrier: string;
  verify(request: WebhookRequest): Verification;
  readInbound(request: WebhookRequest): CallFacts;
  /** `callback` is what the URL we gave the carrier says about the step. */
  readStep(
    request: WebhookRequest,
    callback: StepQuery,
  ): { readonly call: CallRef; readonly message: CarrierMessage };
  readStatus(request: WebhookRequest): StatusReport;
  /** The answered event of a dialled buyer; `null` for any other event of that leg. */
  readLeg(
    request: WebhookRequest,
    attempt: number,
  ): { readonly call: CallRef; readonly news: CarrierNews | null };
  readRecording(request: WebhookRequest): RecordingUpdate;
  /** The key a buyer pressed who is asked to accept a call, `null` for none; and which leg of the dial they are on. */
  readAcceptance(request: WebhookRequest): {
    readonly leg: string;
    readonly digits: string | null;
    readonly at: string;
  };
  /** Instructions in the carrier's own language. */
  render(
    instructions: Instructions,
    urls: CallbackUrls,
  ): { readonly contentType: string; readonly body: string };
}

/** A {@link Callback} as it comes back in a URL. */
export type StepQuery =
  | { readonly step: 'ivr'; readonly no: number }
  | { readonly step: 'dial'; readonly attempt: number }
  | { readonly step: 'fallback' };

/** The path below the carrier's root that stands for a step, with what {@link StepQuery} needs. */
export function callbackPath(callback: Callback): string {
  switch (callback.step) {
    case 'ivr':
      return `ivr?no=${callback.no}`;
    case 'dial':
      return `dial?attempt=${callback.attempt}${callback.screened ? '&screened=1' : ''}`;
    case 'accept':
      return `accept?call=${callback.call}&attempt=${callback.attempt}&since=${encodeURIComponent(callback.since)}`;
    case 'fallback':
      return 'fallback';
    default:
      return unreachable(callback);
  }
}

/** Where a carrier asks what whoever answers an attempt's dial has to hear. The leg has a SID of its own. */
export function announcementPath(call: CallId, attempt: number): string {
  return `announce?call=${call}&attempt=${attempt}`;
}
