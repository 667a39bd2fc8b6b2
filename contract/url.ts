import { z } from 'zod';

/** `fetch` refuses such a URL, so that no request would ever be sent (https://fetch.spec.whatwg.org/#dom-request). */
function hasCredentials(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}

/** Somebody else's service, to be asked or told. */
export const serviceUrlSchema = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .max(2048)
  .refine((url) => !hasCredentials(url), {
    error:
      'must have no user name or password before its host: they are not sent; put what the service needs into its path or query',
  });
