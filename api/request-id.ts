import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';

/** Names every request, in `X-Request-Id` and in what is written about it. */
export function requestIds(): RequestHandler {
  return (_req, res, next) => {
    res.locals['requestId'] = randomUUID();
    res.setHeader('X-Request-Id', String(res.locals['requestId']));
    next();
  };
}
