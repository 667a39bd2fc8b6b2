import { createHmac } from 'node:crypto';

/**
 * Headers of Standard Webhooks (https://www.standardwebhooks.com, 1.0.0), with one signature for each secret.
 * @param secrets `whsec_` and base64; none: the request is not signed
 * @param at milliseconds since the epoch: receivers refuse what is older than five minutes, so each attempt has its own
 */
export function signedHeaders(
  secrets: readonly string[],
  eventId: string,
  at: number,
  body: string,
): Readonly<Record<string, string>> {
  if (secrets.length === 0) return {};
  const timestamp = Math.floor(at / 1000).toString();
  return {
    'webhook-id': eventId,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets
      .map((secret) => `v1,${sign(secret, `${eventId}.${timestamp}.${body}`)}`)
      .join(' '),
  };
}

function sign(secret: string, text: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return createHmac('sha256', key).update(text).digest('base64');
}
