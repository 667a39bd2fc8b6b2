import { createHash } from 'node:crypto';
import type { CallId } from '../domain/ids';

/** Crockford's base32 alphabet in lower case: no look-alikes when read aloud. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * The id of a carrier's call: 100 bits of SHA-256 over (carrier, account, SID), so that every process that sees the
 * call knows its id without asking anybody.
 */
export function callIdOf(carrier: string, accountSid: string, sid: string): CallId {
  const digest = createHash('sha256')
    .update(JSON.stringify([carrier, accountSid, sid]))
    .digest();
  let text = '';
  for (const byte of digest.subarray(0, 20)) text += ALPHABET[byte & 31] ?? '';
  return `call_${text}` as CallId;
}
