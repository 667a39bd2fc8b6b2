import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { Pool } from 'pg';
import type { z } from 'zod';
import { fieldErrors, problemFromZod } from '../field-errors';
import { Problem } from '../problems';
import { ACTOR_HEADER, readActor } from './actor';
import { jsonBody, LARGEST_BODY, readBody } from './body';
import { readIfMatch } from './etag';
import type { BacktestGateway } from '../backtests/gateway';
import type { Live } from '../live/live';
import type { MigrationGateway } from '../migrations/gateway';
import { keepsAnswer, type Route } from './route';
import { answerReply, fingerprintOf, performWrite, type Answer, type IdempotentRequest } from './write';

export const KEY_HEADER = 'Idempotency-Key';
/** Printable ASCII without spaces at the ends. */
const KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** What handlers work with. */
export interface Means {
  readonly db: Pool;
  readonly reports: Pool;
  readonly migrations: MigrationGateway;
  readonly backtests: BacktestGateway;
  readonly allowPrivateWebhooks: boolean;
  readonly live: Live;
  /** How long a client may take nothing of a download, in milliseconds; default {@link DOWNLOAD_PATIENCE_MS}. */
  readonly downloadPatienceMs?: number;
}

/**
 * A download that nobody takes holds one of the few connections for reports, in a transaction that keeps vacuum from
 * clearing up. Networks that come back do so sooner.
 */
const DOWNLOAD_PATIENCE_MS = 30_000;

/** Makes Express routes of declared ones; `guard` stands before every route that is not open. */
export function createRouter(
  routes: readonly Route[],
  { guard, ...means }: Means & { readonly guard: RequestHandler },
): Router {
  const router = express.Router();
  for (const route of routes) {
    const { method, path, body, largestBody, open } = route.declaration;
    const handlers: RequestHandler[] = [];
    if (!open) handlers.push(guard);
    if (body !== undefined) handlers.push(jsonBody(largestBody ?? LARGEST_BODY));
    handlers.push(async (req, res) => {
      if (route.kind === 'download') await download(route, req, res, means);
      else if (route.kind === 'events') beginEvents(route, req, res, means);
      else send(res, await answer(route, req, res, means));
    });
    router[method](expressPath(path), ...handlers);
  }
  for (const [path, methods] of methodsByPath(routes)) {
    router.all(path, (req, res) => {
      res.setHeader('Allow', methods.join(', '));
      const others = methods.join(' and ');
      throw new Problem('method_not_allowed', `${req.originalUrl} takes ${others}, not ${req.method}`);
    });
  }
  return router;
}

function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function methodsByPath(routes: readonly Route[]): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>();
  for (const { declaration } of routes) {
    const path = expressPath(declaration.path);
    methods.set(path, [...(methods.get(path) ?? []), declaration.method.toUpperCase()]);
  }
  return methods;
}

type Kind<K extends Route['kind']> = Extract<Route, { readonly kind: K }>;

async function answer(
  route: Kind<'read' | 'write'>,
  req: Request,
  res: Response,
  means: Means,
): Promise<Answer> {
  const { db, reports, migrations, backtests, allowPrivateWebhooks } = means;
  const { declaration } = route;
  const { params, query } = parseAddress(route, req);
  if (route.kind === 'read')
    return answerReply(await route.handle({ db, reports, migrations, params, query }));

  const body = declaration.body === undefined ? undefined : readBody(req);
  const parsed = declaration.body === undefined ? undefined : parseBody(declaration.body, body);
  const actor = readActor(req.get(ACTOR_HEADER));
  const requireRevision =
    declaration.revisioned === true ? readIfMatch(req.get('if-match')) : () => undefined;
  const idempotent = keepsAnswer(route) ? readKey(req, body) : null;
  const onceId = onceIdOf(idempotent);
  return performWrite({ db, actor, requestId: String(res.locals['requestId']), idempotent }, (connection) =>
    route.handle({
      db: connection,
      migrations,
      backtests,
      allowPrivateWebhooks,
      onceId,
      params,
      query,
      body: parsed,
      actor,
      requireRevision,
    }),
  );
}

function parseAddress({ declaration }: Route, req: Request): { params: unknown; query: unknown } {
  return {
    params: declaration.params === undefined ? undefined : parseParams(declaration.params, req),
    query: parseQuery(declaration.query, req.query),
  };
}

/**
 * Sends what a route makes, as fast as it is taken; a client that goes away ends the making, and so does one that takes
 * nothing for too long.
 */
async function download(route: Kind<'download'>, req: Request, res: Response, means: Means): Promise<void> {
  const { db, reports, migrations, downloadPatienceMs = DOWNLOAD_PATIENCE_MS } = means;
  const { headers, pieces } = await route.handle({ db, reports, migrations, ...parseAddress(route, req) });
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next(); // what cannot be made at all is a problem, not a broken connection
  const rest = async function* (): AsyncIterable<string> {
    try {
      for (let piece = first; piece.done !== true; piece = await iterator.next()) yield piece.value;
    } finally {
      await iterator.return?.();
    }
  };
  res.status(200).set(headers);
  // Told when nothing has moved on the connection. What waits to be taken is the client's delay; else the next piece is ours.
  res.setTimeout(downloadPatienceMs, () => {
    if (res.writableLength > 0) res.destroy();
  });
  try {
    await pipeline(Readable.from(rest()), res);
  } catch {
    // The client went away, or the connection is broken off: either way nobody is left to be told.
    res.destroy();
  }
}

function beginEvents(route: Kind<'events'>, req: Request, res: Response, means: Means): void {
  const { query } = parseAddress(route, req);
  if (req.method === 'HEAD') res.type('text/event-stream').end();
  else route.begin({ live: means.live, query, lastEventId: req.get('last-event-id'), res });
}

/** Of the key and all it came with: the same key with another request is refused, and must not name what that one did. */
function onceIdOf(idempotent: IdempotentRequest | null): string {
  if (idempotent === null) return randomUUID();
  return createHash('sha256').update(`${idempotent.key}\n${idempotent.fingerprint}`).digest('hex');
}

/** A path that cannot name anything leads nowhere; nothing has a name with a NUL, which PostgreSQL does not take. */
function parseParams(schema: z.ZodType, req: Request): unknown {
  if (Object.values(req.params).some((param) => param.includes('\u0000')))
    throw new Problem('not_found', `There is no ${req.path}`);
  const params = schema.safeParse(req.params);
  if (params.success) return params.data;
  const [error] = fieldErrors(params.error.issues);
  throw new Problem('not_found', `There is no ${req.path}: ${error?.pointer.slice(1)} ${error?.message}`);
}

function parseQuery(schema: z.ZodType | undefined, query: Request['query']): unknown {
  if (schema === undefined) {
    const [name] = Object.keys(query);
    if (name === undefined) return undefined;
    throw new Problem('invalid_request', `The query is not valid: ${name} is not known here`, [
      { pointer: `/${name}`, message: 'is not a field that is known here' },
    ]);
  }
  const parsed = schema.safeParse(query);
  if (!parsed.success) throw problemFromZod('invalid_request', 'The query is not valid', parsed.error);
  return parsed.data;
}

function parseBody(schema: z.ZodType, body: unknown): unknown {
  // Where nothing has to be said, no body says it.
  const parsed = schema.safeParse(body === undefined ? {} : body);
  if (parsed.success) return parsed.data;
  if (body === undefined) throw new Problem('invalid_request', 'A JSON body is needed');
  throw problemFromZod('invalid_request', 'The body is not valid', parsed.error);
}

function readKey(req: Request, body: unknown): IdempotentRequest | null {
  const key = req.get(KEY_HEADER);
  if (key === undefined) return null;
  if (!KEY.test(key)) {
    throw new Problem('invalid_request', `${KEY_HEADER} must be 1 to 255 printable ASCII characters`, [
      { pointer: `/${KEY_HEADER}`, message: 'must be 1 to 255 printable ASCII characters' },
    ]);
  }
  return { key, fingerprint: fingerprintOf(req.method, req.originalUrl, body) };
}

function send(res: Response, { status, headers, body }: Answer): void {
  res.status(status).set(headers);
  if (body === null) res.end();
  else res.send(body);
}
