import { validateRequest } from 'twilio/lib/webhooks/webhooks';
import type { CarrierDialect, WebhookRequest } from '../port';
import {
  readAcceptance,
  readInbound,
  readLeg,
  readRecording,
  readStatus,
  readStep,
  signedFields,
} from './read';
import { renderTwiml } from './render';

/** Twilio's dialect: form-encoded webhooks signed with the account's auth token, TwiML back. */
export function createTwilioDialect(account: { readonly authToken: string }): CarrierDialect {
  return {
    carrier: 'twilio',
    verify: (request) => verify(request, account.authToken),
    readInbound,
    readStep,
    readStatus,
    readLeg,
    readRecording,
    readAcceptance,
    render: (instructions, { baseUrl }) => ({
      contentType: 'text/xml; charset=utf-8',
      body: renderTwiml(instructions, `${baseUrl}/telephony/twilio`),
    }),
  };
}

/** https://www.twilio.com/docs/usage/security#validating-requests; the library tries the URL with and without a port. */
function verify(request: WebhookRequest, authToken: string): 'ok' | 'missing' | 'mismatch' {
  const signature = request.headers['x-twilio-signature'];
  if (typeof signature !== 'string' || signature === '') return 'missing';
  // The URL has the client's Host header in it; one that makes no URL fits no signature.
  if (!URL.canParse(request.url)) return 'mismatch';
  return validateRequest(authToken, signature, request.url, signedFields(request.form)) ? 'ok' : 'mismatch';
}
