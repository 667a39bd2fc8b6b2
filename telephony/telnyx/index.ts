import { ATTESTATIONS, type Attestation } from '../../domain/campaign/status';
import type { CarrierDialect, FormFields } from '../port';
import { createTwimlDialect } from '../twiml/dialect';
import { fieldOf } from '../twiml/read';
import type { Accepted } from '../twiml/render';
import { publicKeyOf, verifyEd25519 } from './signature';

/** https://developers.telnyx.com/docs/voice/programmable-voice/texml-verbs/dial and its neighbour on gather. */
const ACCEPTS: Accepted = {
  ringSeconds: { least: 5, most: 120 },
  talkSeconds: { least: 60, most: 14_400 },
  // In seconds only.
  speechTimeout: '2',
};

/**
 * Telnyx's dialect (TeXML): Twilio's documents and most of its fields, signed with the account's Ed25519 key.
 *
 * @throws RangeError when the public key is not the base64 of 32 bytes
 */
export function createTelnyxDialect(account: { readonly publicKey: string }): CarrierDialect {
  const key = publicKeyOf(account.publicKey);
  return createTwimlDialect({
    carrier: 'telnyx',
    verify: (request) => verifyEd25519(request, key),
    attestationOf: shakenStir,
    accepts: ACCEPTS,
  });
}

/**
 * What Telnyx attests: a level counts only when its signature was found valid
 * (https://developers.telnyx.com/api-reference/callbacks/texml-call-initiated).
 */
function shakenStir(form: FormFields): Attestation | null {
  if (fieldOf(form, 'ShakenStirValidated')?.toLowerCase() !== 'true') return null;
  const level = fieldOf(form, 'ShakenStirAttestation')?.toUpperCase();
  return ATTESTATIONS.find((known) => known === level) ?? null;
}
