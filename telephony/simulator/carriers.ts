import { type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import type { HttpMethod, WebhookPurpose } from './events';
import { rfc2822 } from './fields';

export type CarrierName = 'twilio' | 'signalwire' | 'telnyx';

/** Whose number is called, and what signs the requests. The key is never sent or logged. */
export type CarrierAccount = TwilioAccount | SignalWireAccount | TelnyxAccount;

export interface TwilioAccount {
  readonly carrier?: 'twilio';
  /** `AC` and 32 hex digits. */
  readonly accountSid: string;
  readonly authToken: string;
}

export interface SignalWireAccount {
  readonly carrier: 'signalwire';
  /** The project's id, a UUID. */
  readonly accountSid: string;
  /** The project's signing key, `PSK_…`. */
  readonly signingKey: string;
  /** Older spaces sign under Twilio's header only. Default `x-signalwire-signature`. */
  readonly signatureHeader?: 'x-signalwire-signature' | 'x-twilio-signature';
}

export interface TelnyxAccount {
  readonly carrier: 'telnyx';
  /** The organisation's id, a UUID. */
  readonly accountSid: string;
  /** Ed25519. */
  readonly privateKey: KeyObject;
  /** Seconds by which this carrier's clock is ahead. Default 0. */
  readonly clockAheadSeconds?: number;
}

type Fields = Readonly<Record<string, string>>;

/** From and to, in seconds. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** What a carrier accepts in a document; anything else is replaced by the default, with a warning. */
export interface DocumentRules {
  readonly dialTimeoutSeconds: Range;
  readonly dialTimeLimitSeconds: Range;
}

/** A request as it goes out, before it is signed. */
export interface UnsignedRequest {
  readonly method: HttpMethod;
  readonly url: string;
  /** What is signed besides the URL; empty for GET. */
  readonly fields: Fields;
  readonly body: string;
}

/** Where carriers of one dialect differ. */
export interface CarrierProfile {
  readonly name: CarrierName;
  readonly userAgent: string;
  readonly rules: DocumentRules;
  newCallSid(): string;
  newRecordingSid(): string;
  /** How `Timestamp` of a call-progress report is written. */
  timestamp(time: Date): string;
  /** Fields of the Twilio dialect as this carrier sends them. */
  translate(purpose: WebhookPurpose, fields: Fields): Fields;
  /** `token` names one request through its retries. */
  sign(request: UnsignedRequest, token: string): Record<string, string>;
}

/** https://www.twilio.com/docs/voice/twiml/dial */
export const twilioRules: DocumentRules = {
  dialTimeoutSeconds: { least: 1, most: 600 },
  dialTimeLimitSeconds: { least: 1, most: 86_400 },
};

/** https://developers.telnyx.com/docs/voice/programmable-voice/texml-verbs/dial */
const telnyxRules: DocumentRules = {
  dialTimeoutSeconds: { least: 5, most: 120 },
  dialTimeLimitSeconds: { least: 60, most: 14_400 },
};

export function profileOf(account: CarrierAccount): CarrierProfile {
  switch (account.carrier) {
    case undefined:
    case 'twilio':
      return twilioProfile(account.authToken);
    case 'signalwire':
      return signalWireProfile(account);
    case 'telnyx':
      return telnyxProfile(account);
    default:
      return account satisfies never;
  }
}

export function twilioProfile(authToken: string): CarrierProfile {
  return {
    name: 'twilio',
    userAgent: 'TwilioProxy/1.1 (simulator)',
    rules: twilioRules,
    newCallSid: () => `CA${randomBytes(16).toString('hex')}`,
    newRecordingSid: () => `RE${randomBytes(16).toString('hex')}`,
    timestamp: rfc2822,
    translate: (_purpose, fields) => fields,
    sign: ({ url, fields }, token) => ({
      'I-Twilio-Idempotency-Token': token,
      'X-Twilio-Signature': getExpectedTwilioSignature(authToken, url, { ...fields }),
    }),
  };
}

/** Twilio's algorithm with the project's signing key: https://signalwire.com/docs/platform/webhooks */
function signalWireProfile(account: SignalWireAccount): CarrierProfile {
  return {
    name: 'signalwire',
    userAgent: 'SignalWire (simulator)',
    rules: twilioRules,
    newCallSid: () => randomUUID(),
    newRecordingSid: () => randomUUID(),
    timestamp: rfc2822,
    translate: (_purpose, fields) => fields,
    sign: ({ url, fields }) => ({
      [account.signatureHeader ?? 'x-signalwire-signature']: getExpectedTwilioSignature(
        account.signingKey,
        url,
        { ...fields },
      ),
    }),
  };
}

/** https://developers.telnyx.com/api-reference/callbacks/texml-call-completed and its neighbours. */
function telnyxProfile(account: TelnyxAccount): CarrierProfile {
  return {
    name: 'telnyx',
    userAgent: 'telnyx-texml (simulator)',
    rules: telnyxRules,
    newCallSid: () => `v3:${randomBytes(37).toString('base64url')}`,
    newRecordingSid: () => randomUUID(),
    timestamp: (time) => time.toISOString(),
    translate: telnyxFields,
    sign: ({ body }) => {
      const seconds = Math.floor(Date.now() / 1000) + (account.clockAheadSeconds ?? 0);
      const signature = sign(null, Buffer.from(`${seconds}|${body}`), account.privateKey);
      return {
        'telnyx-timestamp': String(seconds),
        'telnyx-signature-ed25519': signature.toString('base64'),
      };
    },
  };
}

/** The application that the number belongs to. */
const CONNECTION_ID = '1494404757140276705';

/** Telnyx sends no places and none of Twilio's doubled names, and says attestation in words of its own. */
function telnyxFields(purpose: WebhookPurpose, fields: Fields): Fields {
  const kept = Object.entries(fields).filter(
    ([name]) =>
      !/^(?:From|To|Caller|Called)(?:City|State|Zip|Country)$/.test(name) &&
      !['ApiVersion', 'Caller', 'Called', 'StirVerstat'].includes(name) &&
      // The result of a Gather comes without the state of the call.
      !(purpose === 'gather-action' && ['CallStatus', 'Direction', 'msg', 'FinishedOnKey'].includes(name)),
  );
  const legacy = kept.flatMap(([name, value]) =>
    name.endsWith('CallSid') ? [[`${name}Legacy`, value]] : [],
  );
  return {
    ...(Object.fromEntries([...kept, ...legacy]) as Fields),
    ConnectionId: CONNECTION_ID,
    ...telnyxAttestation(fields['StirVerstat']),
  };
}

function telnyxAttestation(verstat: string | undefined): Fields {
  const level = /-([ABC])$/.exec(verstat ?? '')?.[1];
  if (level === undefined) return {};
  return {
    ShakenStirAttestation: level,
    ShakenStirValidated: String(verstat?.includes('Passed') === true),
  };
}
