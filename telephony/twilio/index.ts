import type { CarrierDialect } from '../port';
import { createTwimlDialect } from '../twiml/dialect';
import { verifyHmac } from '../twiml/hmac';
import { stirVerstat } from '../twiml/read';
import { TWILIO_ACCEPTS } from '../twiml/render';

/** Twilio's dialect: form-encoded webhooks signed with the account's auth token, TwiML back. */
export function createTwilioDialect(account: { readonly authToken: string }): CarrierDialect {
  return createTwimlDialect({
    carrier: 'twilio',
    verify: (request) => verifyHmac(request, account.authToken, ['x-twilio-signature']),
    attestationOf: stirVerstat,
    accepts: TWILIO_ACCEPTS,
  });
}
