import type { NextFunction, Request, Response } from 'express';
import type { FieldError, ProblemCode } from '../contract/problem';
import { isDatabaseAway, isDatabaseBusy, isOutOfRange, isPoolInUse } from '../db/errors';
import type { Logger } from '../runtime/logger';

export type { FieldError, ProblemCode };

/** A code without a status does not compile. */
export const PROBLEMS = {
  malformed_webhook: { status: 400, title: 'The webhook is malformed' },
  invalid_request: { status: 400, title: 'The request is not valid' },
  signature_missing: { status: 400, title: 'The webhook is not signed' },
  signature_mismatch: { status: 403, title: 'The signature does not match' },
  origin_not_allowed: { status: 403, title: 'Pages of this site may not ask' },
  secret_mismatch: { status: 401, title: 'The secret or signature is not that of the buyer' },
  unauthorized: { status: 401, title: 'A valid API key is needed' },
  not_found: { status: 404, title: 'Nothing is here' },
  method_not_allowed: { status: 405, title: 'This address takes another method' },
  stale_step: { status: 409, title: 'The call is at another step' },
  conflict: { status: 409, title: 'This does not go with what is there' },
  not_ready: { status: 409, title: 'Something is missing before this can be done' },
  stale_revision: { status: 412, title: 'It has been changed since you read it' },
  too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body has a type or encoding that is not understood' },
  unprocessable: { status: 422, title: 'The request is well-formed, but cannot be carried out' },
  idempotency_mismatch: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Not ready' },
  internal: { status: 500, title: 'Something went wrong on our side' },
} as const satisfies Record<ProblemCode, { readonly status: number; readonly title: string }>;

/** An error the client is told about, as RFC 9457 problem details. `detail` says what to do. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly errors: readonly FieldError[] = [],
  ) {
    super(`${code}: ${detail}`);
  }
}

/** A problem as it goes over the wire. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function answerProblem(problem: Problem, requestId: string): ProblemAnswer {
  const { status, title } = PROBLEMS[problem.code];
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(problem.code === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer realm="callyard"' } : {}),
    },
    body: JSON.stringify({
      type: `urn:callyard:problem:${problem.code}`,
      title,
      status,
      code: problem.code,
      detail: problem.detail,
      ...(problem.errors.length > 0 ? { errors: problem.errors } : {}),
      requestId,
    }),
  };
}

export function sendProblem(res: Response, problem: Problem): void {
  const { status, headers, body } = answerProblem(problem, String(res.locals['requestId']));
  res.status(status).set(headers).send(body);
}

/** Errors that Express and body-parser raise about what the client sent; they carry a 4xx `status`. */
function problemFromExpress(error: unknown): Problem | null {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return null;
  if (error.status < 400 || error.status >= 500) return null;
  switch (error.status) {
    case 413:
      return new Problem('too_large', error.message);
    case 415:
      return new Problem('unsupported_media_type', error.message);
    default:
      return new Problem('invalid_request', inWords(error));
  }
}

function inWords(error: Error): string {
  return 'type' in error && error.type === 'entity.parse.failed'
    ? `The body is not JSON: ${error.message}`
    : error.message;
}

/** What is said of numbers that PostgreSQL cannot hold: only amounts, and their sums, come near. */
export const IS_OUT_OF_RANGE = 'An amount, or a sum of amounts, is larger than can be kept';

function problemFromDatabase(error: unknown): Problem | null {
  if (isPoolInUse(error))
    return new Problem(
      'unavailable',
      'All connections that this may use are in use, by other reports for example: try again in a moment',
    );
  if (isDatabaseAway(error))
    return new Problem('unavailable', 'The database does not answer: try again in a moment');
  if (isDatabaseBusy(error))
    return new Problem('unavailable', 'The database is busy with other changes: try again in a moment');
  if (isOutOfRange(error)) return new Problem('unprocessable', IS_OUT_OF_RANGE);
  return null;
}

/** What no route has taken. */
export function noRoute(req: Request): void {
  throw new Problem('not_found', `There is no ${req.method} ${req.baseUrl}${req.path}`);
}

/** The last resort of every route: known problems as they are, everything else as a 500 that tells nothing inward. */
export function createErrorHandler(log: Logger) {
  return (error: unknown, _req: Request, res: Response, next: NextFunction): void => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const known =
      error instanceof Problem ? error : (problemFromExpress(error) ?? problemFromDatabase(error));
    if (known === null || known.code === 'unavailable')
      log.error({ err: error, requestId: res.locals['requestId'] }, 'request failed');
    sendProblem(res, known ?? new Problem('internal', 'The error has been logged under this requestId'));
  };
}
