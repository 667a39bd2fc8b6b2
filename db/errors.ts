import { DatabaseError } from 'pg';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const CHECK_VIOLATION = '23514';
const NUMERIC_VALUE_OUT_OF_RANGE = '22003';

/** Transactions that were given up for another one's sake: the same again may go through. */
const WORTH_REPEATING = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
]);

/** Whether a statement failed because a key is taken. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === UNIQUE_VIOLATION;
}

/** A transaction that another one got ahead of, before it had locked all it needs: the same again may go through. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

export function isWorthRepeating(error: unknown): boolean {
  return error instanceof DatabaseError ? WORTH_REPEATING.has(error.code ?? '') : error instanceof Overtaken;
}

/** Statements that waited too long: for others, most of the time. */
const GIVEN_UP_WAITING = new Set([
  '55P03', // lock_not_available
  '57014', // query_canceled, as by statement_timeout
]);

/** Whether an error means that other transactions stand in the way, and went on doing so through all repetitions. */
export function isDatabaseBusy(error: unknown): boolean {
  return (
    isWorthRepeating(error) || (error instanceof DatabaseError && GIVEN_UP_WAITING.has(error.code ?? ''))
  );
}

/** A constraint that a statement would have broken. */
export interface BrokenConstraint {
  /**
   * `taken`: the key exists. `missing`: the row referred to does not. `referenced`: the row is referred to. `misfit`: it
   * does not go with other rows.
   */
  readonly kind: 'taken' | 'missing' | 'referenced' | 'misfit';
  /** Its name, for example `numbers_campaign_id_fkey`. */
  readonly constraint: string;
  /** The table of the constraint: of `referenced`, the one that refers. */
  readonly table: string;
}

/** Whether a statement failed because a number became larger than its column takes. */
export function isOutOfRange(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === NUMERIC_VALUE_OUT_OF_RANGE;
}

/** Which key or rule stands against a statement; `null`: the error is another one. */
export function brokenConstraint(error: unknown): BrokenConstraint | null {
  if (!(error instanceof DatabaseError)) return null;
  const { code, constraint = '', table = '', detail = '' } = error;
  switch (code) {
    case UNIQUE_VIOLATION:
      return { kind: 'taken', constraint, table };
    case FOREIGN_KEY_VIOLATION:
      return { kind: detail.includes('is still referenced') ? 'referenced' : 'missing', constraint, table };
    case CHECK_VIOLATION:
      return { kind: 'misfit', constraint, table };
    default:
      return null;
  }
}

/**
 * SQLSTATE classes and system errors with which PostgreSQL, or the way to it, is away: connection exceptions (08),
 * operator intervention such as a restart (57, but for {@link isDatabaseBusy}), insufficient resources such as too
 * many connections (53).
 */
const AWAY_CLASSES = new Set(['08', '57', '53']);
const AWAY_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);

/** Whether an error means that a pool has had no connection free for as long as it waits for one. */
export function isPoolInUse(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect';
}

/** Whether an error means that the database cannot be asked now, rather than that the question was wrong. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof DatabaseError)
    return AWAY_CLASSES.has(error.code?.slice(0, 2) ?? '') && !isDatabaseBusy(error);
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string') return AWAY_CODES.has(error.code);
  // pg and its pool say these only in words.
  return isPoolInUse(error) || /^(Connection terminated|Query read timeout)/.test(error.message);
}
