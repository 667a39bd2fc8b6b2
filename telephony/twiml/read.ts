import { z } from 'zod';
import type { CallFacts } from '../../domain/call/facts';
import type { CarrierMessage, CarrierNews } from '../../domain/call/events';
import { ATTESTATIONS, type Attestation } from '../../domain/campaign/status';
import type { DialStatus } from '../../domain/call/outcome';
import { unreachable } from '../../domain/exhaustive';
import type { E164 } from '../../domain/ids';
import { callIdOf } from '../call-id';
import type {
  CallRef,
  CarrierDialect,
  FormFields,
  RecordingUpdate,
  StatusReport,
  StepQuery,
  WebhookRequest,
} from '../port';

/*
 * What webhooks of the Twilio dialect say (https://www.twilio.com/docs/voice/twiml, fields gathered in the Voice
 * documentation; SignalWire and Telnyx send the same names). Fields we do not know pass; SIDs are opaque text; of a repeated key the last value counts, as in Twilio's own
 * libraries.
 */

const single = (value: unknown): unknown => (Array.isArray(value) ? value.at(-1) : value);
/** PostgreSQL stores no NUL in text, and no carrier has a reason to send one. */
const NUL = '\u0000';
const plain = z.string('is missing').refine((text) => !text.includes(NUL), 'has a NUL character');
const required = z.preprocess(single, plain.min(1, 'is empty').max(512));
/** Part of a workflow id, which Temporal keeps to 1,000 bytes: opaque, but not endless. */
const sid = z.preprocess(
  single,
  plain.min(1, 'is empty').refine((text) => encodeURIComponent(text).length <= 400, 'is too long'),
);
/** A hint that cannot be read counts as not given: it is no reason to drop a call. */
const hint = (most: number) => z.preprocess(single, plain.max(most).optional().catch(undefined));
const optionalText = hint(512);
/** What a recogniser heard: of a caller who talks on and on, the beginning. */
const speech = z.preprocess(
  single,
  z
    .string()
    .transform((text) => text.replaceAll(NUL, '').slice(0, 1024))
    .optional()
    .catch(undefined),
);
/** Whole seconds; anything else the carrier writes counts as not said, never as a reason to drop a call. */
const seconds = z.preprocess(
  single,
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .optional()
    .catch(undefined),
);

/** Where carriers of the dialect part ways in what they write. */
export interface Wording {
  /** The carrier's name: part of every id of its calls. */
  readonly carrier: string;
  /** What the carrier attests of the caller's number (STIR/SHAKEN), by the fields of the inbound webhook. */
  readonly attestationOf: (form: FormFields) => Attestation | null;
}

/** The reading half of a carrier's dialect. */
export type Reading = Pick<
  CarrierDialect,
  'readInbound' | 'readStep' | 'readStatus' | 'readLeg' | 'readRecording' | 'readAcceptance'
>;

/** Reads the webhooks of one carrier of the dialect. */
export function createReading(wording: Wording): Reading {
  const { carrier } = wording;
  return {
    readInbound: (request) => readInbound(request, wording),
    readStep: (request, query) => readStep(request, query, carrier),
    readStatus: (request) => readStatus(request, carrier),
    readLeg: (request, attempt) => readLeg(request, attempt, carrier),
    readRecording: (request) => readRecording(request, carrier),
    readAcceptance,
  };
}

/** The value of a field that counts where it was sent more than once. */
export function fieldOf(form: FormFields, name: string): string | undefined {
  const value = form[name];
  return typeof value === 'string' || value === undefined ? value : value.at(-1);
}

const named = z.object({ CallSid: sid, AccountSid: sid });

const inbound = named.extend({
  From: hint(256),
  To: required,
  FromCity: optionalText,
  FromState: optionalText,
  FromZip: optionalText,
  FromCountry: optionalText,
});

const step = named.extend({
  CallStatus: optionalText,
  Digits: hint(128),
  SpeechResult: speech,
  DialCallStatus: optionalText,
  DialCallDuration: seconds,
  DialSipResponseCode: optionalText,
  DialBridged: optionalText,
});

const acceptance = z.object({ Digits: hint(128), CallSid: hint(400) });

const status = named.extend({
  CallStatus: required,
  CallDuration: seconds,
  SequenceNumber: optionalText,
});

const leg = named.extend({ ParentCallSid: z.preprocess(single, sid.optional()), CallStatus: required });

const recording = named.extend({
  RecordingSid: required,
  RecordingStatus: optionalText,
  RecordingUrl: hint(2048),
  RecordingDuration: seconds,
});

/** Statuses after which a leg is over: https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
const OVER = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);

const E164_NUMBER = /^\+[1-9]\d{3,14}$/;

function readInbound(request: WebhookRequest, { carrier, attestationOf }: Wording): CallFacts {
  const form = inbound.parse(request.form);
  const hints = {
    city: form.FromCity,
    state: form.FromState,
    postalCode: form.FromZip,
    country: form.FromCountry,
  };
  const geography = Object.fromEntries(Object.entries(hints).filter(([, value]) => value));
  return {
    ...refOf(form, carrier),
    // Withheld numbers arrive as "Anonymous", "+266696687" (which spells ANONYMOUS) and the like.
    from:
      form.From !== undefined && E164_NUMBER.test(form.From) && !ANONYMOUS.has(form.From)
        ? (form.From as E164)
        : null,
    to: form.To,
    receivedAt: request.receivedAt,
    geography,
    attestation: attestationOf(request.form),
  };
}

/**
 * What `StirVerstat` attests: only a check that passed attests anything
 * (https://www.twilio.com/docs/voice/trusted-calling-with-shakenstir).
 */
export function stirVerstat(form: FormFields): Attestation | null {
  const level = /^TN-Validation-Passed-([ABC])(?:-|$)/.exec(fieldOf(form, 'StirVerstat') ?? '')?.[1];
  return ATTESTATIONS.find((known) => known === level) ?? null;
}

/** https://www.twilio.com/docs/voice/make-calls#anonymous, and the numbers that spell it on a keypad. */
const ANONYMOUS = new Set(['+266696687', '+86282452253', '+7378742833', '+2562533', '+8656696']);

function readStep(
  request: WebhookRequest,
  query: StepQuery,
  carrier: string,
): { readonly call: CallRef; readonly message: CarrierMessage } {
  const form = step.parse(request.form);
  const call = refOf(form, carrier);
  const at = request.receivedAt;
  const callerGone = form.CallStatus !== undefined && OVER.has(form.CallStatus);
  switch (query.step) {
    case 'ivr':
      return {
        call,
        message: {
          type: 'ivr_answered',
          at,
          no: query.no,
          digits: form.Digits || null,
          speech: form.SpeechResult?.trim() || null,
          callerGone,
        },
      };
    case 'dial':
      return {
        call,
        message: {
          type: 'dial_finished',
          at,
          attempt: query.attempt,
          status: dialStatus(form.DialCallStatus, form.DialSipResponseCode),
          talkSeconds: form.DialCallDuration ?? null,
          bridged: form.DialBridged === undefined ? null : form.DialBridged.toLowerCase() === 'true',
          accepted: null,
          callerGone,
          carrierStatus: form.DialCallStatus ?? 'not given',
        },
      };
    case 'fallback':
      return { call, message: { type: 'fallback_finished', at, callerGone } };
    default:
      return unreachable(query);
  }
}

function readAcceptance(request: WebhookRequest): ReturnType<CarrierDialect['readAcceptance']> {
  const { Digits: digits, CallSid: leg = '' } = acceptance.parse(request.form);
  return { leg, digits: digits || null, at: request.receivedAt };
}

function readStatus(request: WebhookRequest, carrier: string): StatusReport {
  const form = status.parse(request.form);
  return {
    call: refOf(form, carrier),
    status: form.CallStatus,
    over: OVER.has(form.CallStatus),
    seconds: form.CallDuration ?? null,
    entry: {
      key: `carrier_status:${form.CallStatus}`,
      at: request.receivedAt,
      step: 'carrier_status',
      decision: form.CallStatus,
      detail: { seconds: form.CallDuration ?? null, sequence: form.SequenceNumber ?? null },
    },
  };
}

function readLeg(
  request: WebhookRequest,
  attempt: number,
  carrier: string,
): { readonly call: CallRef; readonly news: CarrierNews | null } {
  const form = leg.parse(request.form);
  // The dialled leg has a SID of its own; the call is its parent.
  const call = refOf({ ...form, CallSid: form.ParentCallSid ?? form.CallSid }, carrier);
  const answered = form.CallStatus === 'in-progress' || form.CallStatus === 'answered';
  return { call, news: answered ? { type: 'buyer_answered', at: request.receivedAt, attempt } : null };
}

function readRecording(request: WebhookRequest, carrier: string): RecordingUpdate {
  const form = recording.parse(request.form);
  return {
    call: refOf(form, carrier),
    recordingSid: form.RecordingSid,
    status: form.RecordingStatus ?? 'completed',
    url: form.RecordingUrl ?? null,
    durationSeconds: form.RecordingDuration ?? null,
  };
}

/**
 * A dial's end in our words. `completed` and `answered` both mean that the parties talked and it is over. A SIP 603
 * (Decline, RFC 3261 21.6.2) is a buyer who refused. A status Twilio has not documented counts as failed: the next
 * buyer is tried.
 */
function dialStatus(word: string | undefined, sipCode: string | undefined): DialStatus {
  switch (word) {
    case 'completed':
    case 'answered':
      return 'completed';
    case 'busy':
      return sipCode === '603' ? 'rejected' : 'busy';
    case 'no-answer':
      return 'no_answer';
    case 'canceled':
      return 'canceled';
    default:
      return sipCode === '603' ? 'rejected' : 'failed';
  }
}

function refOf(form: { readonly CallSid: string; readonly AccountSid: string }, carrier: string): CallRef {
  const { CallSid: sid, AccountSid: accountSid } = form;
  return { callId: callIdOf(carrier, accountSid, sid), carrier, accountSid, sid };
}
