import express, { type Request, type RequestHandler } from 'express';
import { Problem } from '../problems';
import { findUnstorable } from '../unstorable';

/** Bytes of a body where a route says nothing else. */
export const LARGEST_BODY = 1_000_000;
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
  const [unstorable] = findUnstorable(body);
  if (unstorable !== undefined) {
    const { pointer, message } = unstorable;
    const field = pointer === '' ? 'it' : pointer.slice(1);
    throw new Problem('invalid_request', `The body cannot be stored: ${field} ${message}`, [unstorable]);
  }
  return body;
}
