import type { CarrierDialect } from '../port';
import { createTwimlDialect } from '../twiml/dialect';
import { verifyHmac } from '../twiml/hmac';
import { stirVerstat } from '../twiml/read';
import { TWILIO_ACCEPTS } from '../twiml/render';

/**
 * SignalWire's dialect (cXML): Twilio's fields, documents and signature, with the project's signing key and UUIDs for
 * SIDs. The signature comes in a header of its own, from older spaces in Twilio's
 * (https://signalwire.com/docs/platform/webhooks). A header of its own that does not fit is not made up for by the other.
 */
export function createSignalWireDialect(project: { readonly signingKey: string }): CarrierDialect {
  return createTwimlDialect({
    carrier: 'signalwire',
    verify: (request) =>
      verifyHmac(request, project.signingKey, ['x-signalwire-signature', 'x-twilio-signature']),
    attestationOf: stirVerstat,
    accepts: TWILIO_ACCEPTS,
  });
}
