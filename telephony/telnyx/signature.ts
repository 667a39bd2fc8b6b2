import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Verification, WebhookRequest } from '../port';

/** How far a signature's time may be from ours, either way, in seconds. Telnyx's own libraries allow as much. */
export const TOLERANCE_SECONDS = 300;

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** Canonical only: Node's decoder skips what it does not know. */
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * The key that Telnyx shows as the base64 of its 32 bytes.
 *
 * @throws RangeError when the text is something else
 */
export function publicKeyOf(text: string): KeyObject {
  const bytes = Buffer.from(text, 'base64');
  if (!BASE64.test(text) || bytes.length !== KEY_BYTES)
    throw new RangeError(`a Telnyx public key is the base64 of ${KEY_BYTES} bytes`);
  return createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') },
  });
}

/**
 * Checks Telnyx's signature: Ed25519 over `<timestamp>|<body>`, in `telnyx-signature-ed25519` as base64, with
 * `telnyx-timestamp` in seconds since 1970 (https://developers.telnyx.com/docs/development/api-fundamentals/webhooks).
 * The URL is not signed, so that no proxy can break it, and the time is what keeps an old request from being sent again.
 */
export function verifyEd25519(request: WebhookRequest, key: KeyObject): Verification {
  const timestamp = request.headers['telnyx-timestamp'];
  const text = request.headers['telnyx-signature-ed25519'];
  if (typeof timestamp !== 'string' || typeof text !== 'string' || timestamp === '' || text === '')
    return 'missing';
  const signature = Buffer.from(text, 'base64');
  if (!/^\d{1,12}$/.test(timestamp) || !BASE64.test(text) || signature.length !== SIGNATURE_BYTES)
    return 'mismatch';
  const signed = Buffer.concat([Buffer.from(`${timestamp}|`), request.rawBody]);
  if (!verify(null, signed, key, signature)) return 'mismatch';
  const age = Date.parse(request.receivedAt) / 1000 - Number(timestamp);
  return Math.abs(age) <= TOLERANCE_SECONDS ? 'ok' : 'expired';
}
