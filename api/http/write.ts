import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { insertAuditEntries } from '../../db/queries/audit';
import { claimKey, keepAnswer } from '../../db/queries/idempotency';
import type { Queryable } from '../../db/pool';
import { retrying } from '../../db/retry';
import { transaction } from '../../db/transaction';
import { answerProblem, Problem, type ProblemCode } from '../problems';
import { problemFromConstraint } from './constraints';
import { etagOf } from './etag';
import type { Reply, WriteReply } from './route';

/** An answer, ready to be sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `null`: no body. */
  readonly body: string | null;
}

/** What identifies a repeatable request. */
export interface IdempotentRequest {
  /** The client's `Idempotency-Key`. */
  readonly key: string;
  /** See {@link fingerprintOf}. */
  readonly fingerprint: string;
}

export interface WriteContext {
  readonly db: Pool;
  readonly actor: string;
  readonly requestId: string;
  /** `null`: the client sent no key. */
  readonly idempotent: IdempotentRequest | null;
}

export const REPLAYED_HEADER = 'Idempotency-Replayed';

/** Refusals that say something about this moment only: repeating the request may go another way. */
const NOT_KEPT: ReadonlySet<ProblemCode> = new Set(['stale_revision', 'unavailable', 'internal']);

/**
 * Runs a write in one transaction with its audit trail and, where the client sent a key, its answer: after a crash
 * either all of it is there, or nothing. A repetition that comes while the first is under way waits for it, on the
 * unique key, and gets the same answer. What PostgreSQL gives up for the sake of another transaction is tried again.
 *
 * @param work does everything through the connection it is given
 * @throws Problem when it is refused and there is no key to keep the refusal under
 */
export async function performWrite(
  { db: pool, actor, requestId, idempotent }: WriteContext,
  work: (db: Queryable) => Promise<WriteReply>,
): Promise<Answer> {
  let afterwards: WriteReply['afterwards'];
  const audited = async (db: Queryable): Promise<Answer> => {
    try {
      const reply = await work(db);
      if (reply.undo) throw new Undone(reply);
      await insertAuditEntries(db, { actor, requestId }, reply.audit);
      afterwards = reply.afterwards;
      return answerReply(reply);
    } catch (error) {
      throw problemFromConstraint(error) ?? error;
    }
  };
  try {
    const answer = await retrying(() =>
      transaction(pool, async (db) => ({
        value: idempotent === null ? await audited(db) : await once(db, idempotent, requestId, audited),
      })),
    );
    afterwards?.();
    return answer;
  } catch (error) {
    if (error instanceof Undone) return answerReply(error.reply);
    throw error;
  }
}

/** Gives the answer that is kept under the key, or finds one and keeps it. */
async function once(
  db: Queryable,
  { key, fingerprint }: IdempotentRequest,
  requestId: string,
  work: (db: Queryable) => Promise<Answer>,
): Promise<Answer> {
  const kept = await claimKey(db, key, fingerprint);
  if (kept !== null) {
    if (kept.fingerprint !== fingerprint) {
      throw new Problem(
        'idempotency_mismatch',
        'This Idempotency-Key was sent with another request in the last 24 hours: use a new key for each request',
        [{ pointer: '/Idempotency-Key', message: 'belongs to another request' }],
      );
    }
    const { status, headers, body } = kept;
    return { status, headers: { ...headers, [REPLAYED_HEADER]: 'true' }, body };
  }
  await run(db, 'SAVEPOINT work');
  let answer: Answer;
  try {
    answer = await work(db);
  } catch (error) {
    if (!(error instanceof Problem) || NOT_KEPT.has(error.code)) throw error;
    await run(db, 'ROLLBACK TO SAVEPOINT work');
    answer = answerProblem(error, requestId);
  }
  await keepAnswer(db, key, answer);
  return answer;
}

async function run(db: Queryable, text: string): Promise<void> {
  await db.query({ name: '', text, values: [] });
}

/** Carries the answer of a dry run past the rollback. */
class Undone extends Error {
  override readonly name = 'Undone';
  constructor(readonly reply: Reply) {
    super('a dry run: everything it did is undone');
  }
}

/** A handler's reply as it goes over the wire. */
export function answerReply({ status, body, revision, location }: Reply): Answer {
  return {
    status,
    headers: {
      ...(body === null ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
      ...(revision === undefined ? {} : { ETag: etagOf(revision) }),
      ...(location === undefined ? {} : { Location: `/api/v1${location}` }),
    },
    body: body === null ? null : JSON.stringify(body),
  };
}

/** SHA-256 of method, path and body, in hex: equal for the same request whatever its white space. */
export function fingerprintOf(method: string, path: string, body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([method, path, body ?? null]))
    .digest('hex');
}
