import express, { type Request, type RequestHandler } from 'express';
import { Problem } from '../problems';

/** Bytes of a body where a route says nothing else. */
export const LARGEST_BODY = 1_000_000;
/** Deeper than any document of ours; a bound, so that no body can exhaust the stack of what reads it. */
const DEEPEST_BODY = 200;
const JSON_TYPES = ['application/json', 'application/*+json'];

/** Reads a JSON body of at most `largest` bytes into `req.body`. */
export function jsonBody(largest: number): RequestHandler {
  return express.json({ limit: largest, type: JSON_TYPES, strict: false });
}

/**
 * The body as it was parsed; `undefined`: none was sent.
 * @throws Problem when it is no JSON, or holds what PostgreSQL cannot store
 */
export function readBody(req: Request): unknown {
  const body: unknown = req.body;
  if (body === undefined) {
    // `is` gives null where there is no body at all; an empty one has a length of 0.
    if (req.get('content-length') !== '0' && req.is(JSON_TYPES) === false)
      throw new Problem('unsupported_media_type', 'Send the body as application/json');
    return undefined;
  }
  refuseUnstorable(body);
  return body;
}

/** NUL and halves of surrogate pairs: valid in JSON, and in no text of PostgreSQL. */
const UNSTORABLE = /[\0\p{Cs}]/u;

function refuseUnstorable(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST_BODY) throw new Problem('invalid_request', 'The body is nested too deeply');
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string' && UNSTORABLE.test(value)) throw unstorable();
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, inner] of Object.entries(value)) {
        if (UNSTORABLE.test(key)) throw unstorable();
        next.push(inner);
      }
    }
    level = next;
  }
}

function unstorable(): Problem {
  return new Problem('invalid_request', 'The body has a NUL character, or half a character, in a text');
}
