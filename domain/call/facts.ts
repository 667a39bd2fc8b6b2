import type { Attestation } from '../campaign/status';
import type { CallId, E164 } from '../ids';

/** What is known of a call when its first webhook arrives. Plain JSON: it is the workflow's input. */
export interface CallFacts {
  readonly callId: CallId;
  /** The dialect the webhook came in, for example `twilio`. */
  readonly carrier: string;
  /** The carrier's account. Opaque text. */
  readonly accountSid: string;
  /** The carrier's id of the call. Opaque text: UUIDs and `v3:…` occur. */
  readonly sid: string;
  /** `null` when the caller withholds the number, or when what the carrier sent is no number. */
  readonly from: E164 | null;
  /** The number as dialled, whether or not it is known to us. */
  readonly to: string;
  /** ISO 8601 instant of the first webhook. */
  readonly receivedAt: string;
  /** Location hints as the carrier gives them; absent ones are left out. */
  readonly geography: {
    readonly city?: string;
    readonly state?: string;
    readonly postalCode?: string;
    readonly country?: string;
  };
  /** How the carrier attests the caller's number (STIR/SHAKEN); `null` when it does not, or when the check failed. */
  readonly attestation: Attestation | null;
}
