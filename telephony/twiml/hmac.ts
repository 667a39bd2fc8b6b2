import { validateRequest } from 'twilio/lib/webhooks/webhooks';
import type { FormFields, Verification, WebhookRequest } from '../port';

/**
 * Checks Twilio's signature, HMAC-SHA1 over URL and form fields, in the first of the headers that was sent
 * (https://www.twilio.com/docs/usage/security#validating-requests; the library tries the URL with and without a port).
 *
 * @param headers in lower case
 */
export function verifyHmac(request: WebhookRequest, key: string, headers: readonly string[]): Verification {
  const signature = headers
    .map((name) => request.headers[name])
    .find((value) => value !== undefined && value !== '');
  if (typeof signature !== 'string') return 'missing';
  // The URL has the client's Host header in it; one that makes no URL fits no signature.
  if (!URL.canParse(request.url)) return 'mismatch';
  return validateRequest(key, signature, request.url, signedFields(request.form)) ? 'ok' : 'mismatch';
}

/** Form fields as the signature takes them. */
function signedFields(form: FormFields): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(form).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, typeof value === 'string' ? value : [...value]]],
    ),
  );
}
