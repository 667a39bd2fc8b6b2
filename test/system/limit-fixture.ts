import type { Pool } from 'pg';
import { createSweep } from '../../activities/maintenance/sweep';
import type { ReserveRequest } from '../../db/limits/reservation-ledger';
import type { ReserveCandidate } from '../../domain/limits/candidates';
import type { CountedEvent, LimitWindow, Scope } from '../../domain/limits/limit';
import type { AttemptId, CallId, ReservationId } from '../../domain/ids';

/*
 * Limits on things that need not exist: the ledger knows scopes only.
 */

export interface TestLimit {
  readonly id: string;
  readonly scope: Scope;
  readonly window: LimitWindow;
  readonly counts: CountedEvent;
  readonly maximum: number | bigint;
  readonly timeZone?: string;
  readonly currency?: string;
}

export async function insertTestLimit(db: Pool, limit: TestLimit): Promise<void> {
  const colon = limit.scope.indexOf(':');
  await db.query(
    `INSERT INTO limits (id, scope_kind, scope_id, "window", counts, maximum, time_zone, currency)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      limit.id,
      limit.scope.slice(0, colon),
      limit.scope.slice(colon + 1),
      limit.window,
      limit.counts,
      limit.maximum,
      limit.timeZone ?? 'UTC',
      limit.counts === 'spend' ? (limit.currency ?? 'USD') : null,
    ],
  );
}

export function candidateOn(
  scopes: readonly Scope[],
  money: Partial<Pick<ReserveCandidate, 'spend' | 'payout' | 'currency'>> = {},
): ReserveCandidate {
  return { assignmentId: scopes[0] ?? 'none', scopes, spend: 0n, payout: 0n, currency: 'USD', ...money };
}

export function requestFor(
  id: string,
  candidates: readonly ReserveCandidate[],
  leaseSeconds?: number,
): ReserveRequest {
  return {
    id: id as ReservationId,
    callId: id as CallId,
    attemptId: id as AttemptId,
    workflowId: null,
    candidates,
    ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
  };
}

/**
 * Puts another clock into this database, which stands until it is set again.
 * @returns how to set it
 */
export async function putFakeClock(db: Pool, at: string): Promise<(to: string) => Promise<void>> {
  await db.query('CREATE TABLE fake_clock (at timestamptz NOT NULL)');
  await db.query('INSERT INTO fake_clock VALUES ($1)', [at]);
  await db.query(
    `CREATE OR REPLACE FUNCTION limit_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
     AS 'SELECT at FROM fake_clock'`,
  );
  return async (to) => {
    await db.query('UPDATE fake_clock SET at = $1', [to]);
  };
}

/** What a limit has counted in each of its windows, and holds. */
export async function countersOf(
  db: Pool,
  limitId: string,
): Promise<readonly { readonly posted: number; readonly pending: number }[]> {
  const { rows } = await db.query<{ posted: bigint; pending: bigint }>(
    'SELECT posted, pending FROM limit_counters WHERE limit_id = $1 ORDER BY window_start',
    [limitId],
  );
  return rows.map(({ posted, pending }) => ({ posted: Number(posted), pending: Number(pending) }));
}

/** A look of maintenance at a database in which no hold is tied to a workflow. Fails when a call or a limit is stuck. */
export async function sweepUntied(db: Pool): Promise<void> {
  const sweep = createSweep({
    db,
    workflows: {
      listRunning: () => Promise.resolve(new Set()),
      idOfBacktest: (id) => id,
      lifeOf: () => Promise.reject(new Error('no hold here is tied to a workflow')),
      tellOver: () => Promise.resolve(),
    },
    inquiries: [],
    onCarrierError: () => undefined,
    onStuck: (what, error) => {
      throw new Error(JSON.stringify(what), { cause: error });
    },
  });
  await sweep();
}
