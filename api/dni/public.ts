import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { Pool } from 'pg';
import type { z } from 'zod';
import { heartbeatRequestSchema, leaseRequestSchema, MOST_TAGS, tagsRequestSchema } from '../../contract/dni';
import { dniPoolIdSchema } from '../../contract/resources/dni-pool';
import {
  addSessionTags,
  extendDniLease,
  isOriginAllowed,
  leaseDniNumber,
  type VisitorAnswer,
} from '../../db/queries/dni/leases';
import type { DniPoolId } from '../../domain/ids';
import { problemFromZod } from '../field-errors';
import { Problem } from '../problems';
import { findUnstorable } from '../unstorable';
import { limitRate } from './rate-limit';
import { buildSnippet } from './snippet';
import { newSessionId, visitOf } from './visits';

/** Bytes of what a page tells. */
const LARGEST_BODY = 8_192;
/** Seconds a browser remembers that a site may ask. */
const PREFLIGHT_SECONDS = 3_600;
/** Seconds a browser keeps the script, and may go on using it while it looks for a newer one. */
const SCRIPT_SECONDS = 3_600;
const STALE_SECONDS = 86_400;
const PER_MINUTE = 300;
/** Signs of life in the time of a lease, so that one or two may be lost; and never more often than in so many seconds. */
const BEATS = 4;
const SHORTEST_BEAT = 15;

export interface DniOptions {
  readonly db: Pool;
  /** Proxies before us whose `X-Forwarded-For` tells the visitor's address. */
  readonly proxyHops: number;
  /** Requests a minute from one address; default 300. */
  readonly perMinute?: number;
}

/**
 * What web pages ask, without a key: `/dni/v1`. An application of its own, so that believing a proxy about the visitor's
 * address is a setting of these routes alone. Bodies may come as text, which browsers send without asking first.
 */
export function createDniApp({ db, proxyHops, perMinute = PER_MINUTE }: DniOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', proxyHops);

  app.get('/v1/callyard.js', sendSnippet);
  app.use(limitRate(perMinute));

  const body: RequestHandler = express.json({
    limit: LARGEST_BODY,
    type: ['application/json', 'text/plain'],
    strict: false,
  });
  for (const path of ['/v1/:pool/lease', '/v1/:pool/heartbeat', '/v1/:pool/tags']) {
    app.options(path, async (req, res) => {
      const origin = openTo(req, res);
      answerFor(poolOf(req), await isOriginAllowed(db, poolOf(req), origin));
      res.setHeader('Access-Control-Allow-Methods', 'POST');
      res.setHeader('Access-Control-Allow-Headers', 'Content-Type');
      res.setHeader('Access-Control-Max-Age', String(PREFLIGHT_SECONDS));
      res.status(204).end();
    });
  }

  app.post('/v1/:pool/lease', body, async (req, res) => {
    const origin = openTo(req, res);
    const pool = poolOf(req);
    const { session = newSessionId(), keepNothing, ...facts } = read(leaseRequestSchema, req);
    // The browser says it too; its word is enough.
    const keep = !keepNothing && req.get('sec-gpc') !== '1';
    const { verdict, number, seconds } = await leaseDniNumber(db, {
      pool,
      session,
      origin,
      keep,
      ...visitOf(keep ? facts : { utm: facts.utm, referrer: facts.referrer }),
    });
    answerFor(pool, verdict === 'no_pool' ? null : verdict !== 'not_allowed');
    const leased = verdict === 'leased';
    res.json({
      kind: verdict,
      number,
      session: leased || verdict === 'overflow' ? session : null,
      heartbeatSeconds: leased ? Math.max(SHORTEST_BEAT, Math.floor((seconds ?? 0) / BEATS)) : null,
    });
  });

  app.post('/v1/:pool/heartbeat', body, async (req, res) => {
    const origin = openTo(req, res);
    const { session } = read(heartbeatRequestSchema, req);
    const answer = await extendDniLease(db, poolOf(req), session, origin);
    requireAllowed(poolOf(req), answer);
    res.json({ live: answer.done });
  });

  app.post('/v1/:pool/tags', body, async (req, res) => {
    const origin = openTo(req, res);
    const { session, tags } = read(tagsRequestSchema, req);
    const visitor = { pool: poolOf(req), session, origin };
    const answer = await addSessionTags(db, visitor, tags, MOST_TAGS);
    requireAllowed(visitor.pool, answer);
    if (!answer.done)
      throw new Problem(
        'unprocessable',
        `The session is not known, or would have more than ${MOST_TAGS} tags`,
      );
    res.status(204).end();
  });
  return app;
}

const sendSnippet: RequestHandler = async (req, res) => {
  const { code, gzipped, etag } = await buildSnippet();
  const zipped = req.acceptsEncodings('gzip') === 'gzip';
  // For pages of anybody, which may hold it against a hash.
  res.set({
    'Access-Control-Allow-Origin': '*',
    'Cache-Control': `public, max-age=${SCRIPT_SECONDS}, stale-while-revalidate=${STALE_SECONDS}`,
    'Content-Type': 'text/javascript; charset=utf-8',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    ETag: zipped ? `"${etag}-gzip"` : `"${etag}"`,
    Vary: 'Accept-Encoding',
    'X-Content-Type-Options': 'nosniff',
  });
  if (req.fresh) {
    res.status(304).end();
    return;
  }
  if (zipped) res.set('Content-Encoding', 'gzip');
  res.end(zipped ? gzipped : code);
};

/**
 * Lets the page that asks read the answer, also one that says no: nobody's data is in it.
 * @returns its origin; empty where the request says none
 */
function openTo(req: Request, res: Response): string {
  const origin = req.get('origin') ?? '';
  if (origin !== '') res.setHeader('Access-Control-Allow-Origin', origin);
  res.setHeader('Vary', 'Origin');
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  return origin;
}

/** @throws Problem `not_found` when no pool can have this id */
function poolOf(req: Request): DniPoolId {
  const id = dniPoolIdSchema.safeParse(req.params['pool']);
  if (!id.success) throw new Problem('not_found', 'There is no such DNI pool');
  return id.data;
}

/** @throws Problem when the body is not as it should be */
function read<T extends z.ZodType>(schema: T, req: Request): z.output<T> {
  const body: unknown = req.body;
  if (body === undefined)
    throw new Problem('invalid_request', 'Send a JSON body, as application/json or text/plain');
  for (const unstorable of findUnstorable(body))
    throw new Problem('invalid_request', 'The body cannot be stored', [unstorable]);
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw problemFromZod('invalid_request', 'The body is not valid', parsed.error);
  return parsed.data;
}

function requireAllowed(pool: DniPoolId, { pool: there, allowed }: VisitorAnswer): void {
  answerFor(pool, there ? allowed : null);
}

/** @param allowed `null`: there is no such pool. @throws Problem */
function answerFor(pool: DniPoolId, allowed: boolean | null): void {
  if (allowed === null) throw new Problem('not_found', `There is no DNI pool ${pool}`);
  if (!allowed) throw new Problem('origin_not_allowed', `DNI pool ${pool} is not for pages of this site`);
}
