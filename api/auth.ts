import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { Problem } from './problems';

/** Lets requests pass that carry `Authorization: Bearer <admin key>`. Takes the same time however wrong a key is. */
export function requireAdminKey(adminKey: string): RequestHandler {
  const expected = digest(adminKey);
  return (req, _res, next) => {
    const [scheme, key, ...rest] = (req.get('authorization') ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !key || rest.length > 0) {
      throw new Problem('unauthorized', 'Send the header "Authorization: Bearer <key>" with the admin key');
    }
    if (!timingSafeEqual(digest(key), expected))
      throw new Problem('unauthorized', 'This API key is not valid');
    next();
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
