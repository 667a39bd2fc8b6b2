import { Pool } from 'pg';
import { createLedgerPool, ReservationLedger } from '../../db/limits/reservation-ledger';
import { createPool } from '../../db/pool';
import { openCounters, reserveBatch, type ReserveItem } from '../../db/queries/limits/reserve';
import type { AttemptId, CallId, ReservationId } from '../../domain/ids';
import type { Scope } from '../../domain/limits/limit';

/** A way to take one place of a limit. */
export interface System {
  readonly name: string;
  /** @param id of the reservation, new each time. @returns whether there was room */
  reserve(id: string, limit: number): Promise<boolean>;
  /** Gives a granted one back; absent where only taking is measured. */
  void?(id: string): Promise<unknown>;
  close(): Promise<void>;
}

const onIdleError = (error: Error): void => console.error(error.message);

/** Limits of the bench are on buyers `0`, `1`, … with the ids `lim_0`, `lim_1`, …. */
export function scopeOf(limit: number): Scope {
  return `buyer:${limit}`;
}

function candidateOf(limit: number) {
  return { assignmentId: 'asg_bench', scopes: [scopeOf(limit)], spend: 0n, payout: 0n, currency: 'USD' };
}

/** What a process of Callyard does: requests share statements. */
export function batchedLedger(url: string): System {
  const ledger = new ReservationLedger({
    pool: createLedgerPool({ url, applicationName: 'bench-ledger', onIdleError }),
  });
  return {
    name: 'ledger, batched',
    async reserve(id, limit) {
      const answer = await ledger.reserve({
        id: id as ReservationId,
        callId: id as CallId,
        attemptId: id as AttemptId,
        workflowId: null,
        candidates: [candidateOf(limit)],
      });
      return answer.kind === 'granted';
    },
    void: (id) => ledger.void(id as ReservationId, { dialled: false }),
    close: () => ledger.close(),
  };
}

/** The same statement for one request each, on as many connections as the others have. */
export function unbatchedLedger(url: string, connections: number): System {
  const pool = createPool({
    url,
    size: connections,
    applicationName: 'bench-unbatched',
    onIdleError,
    planOnce: true,
  });
  return {
    name: 'ledger, one by one',
    async reserve(id, limit) {
      const item: ReserveItem = {
        id,
        callId: id,
        attemptId: id,
        workflowId: null,
        leaseSeconds: 15,
        candidates: [candidateOf(limit)],
        final: true,
        refusedBefore: [],
      };
      for (;;) {
        const [row] = await reserveBatch(pool, [item]);
        if (row?.verdict === 'uncounted') await openCounters(pool, [scopeOf(limit)]);
        else if (row?.verdict !== 'again') return row?.verdict === 'granted';
      }
    },
    close: () => pool.end(),
  };
}

/**
 * Read, decide, write in a transaction of the client's, as it is written by hand when it is written well: prepared
 * statements, and all writes in one statement. Four round trips, during two of which others wait for the row.
 */
export function selectForUpdate(url: string, connections: number): System {
  const pool = new Pool({ connectionString: url, max: connections, application_name: 'bench-for-update' });
  pool.on('error', onIdleError);
  return {
    name: 'SELECT … FOR UPDATE',
    async reserve(id, limit) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const { rows } = await client.query<{ room: boolean }>(lockCounter(limit));
        const room = rows[0]?.room === true;
        if (room) await client.query(takePlace(id, limit));
        await client.query('COMMIT');
        return room;
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

function lockCounter(limit: number) {
  return {
    name: 'lock_counter',
    text: `SELECT k.posted + k.pending < l.maximum AS room
             FROM limit_counters k JOIN limits l ON l.id = k.limit_id
            WHERE k.limit_id = $1 AND k.window_start = '-infinity' FOR UPDATE OF k`,
    values: [`lim_${limit}`],
  };
}

function takePlace(id: string, limit: number) {
  return {
    name: 'take_place',
    text: `
      WITH reserved AS (
        INSERT INTO reservations (id, call_id, attempt_id, status, lease_until, assignment_id, scopes, currency)
        VALUES ($1, $1, $1, 'pending', now() + interval '15 seconds', 'asg_bench', ARRAY[$3::text], 'USD')
      ), held AS (
        INSERT INTO reservation_holds (reservation_id, limit_id, window_start, amount)
        VALUES ($1, $2, '-infinity', 1)
      )
      UPDATE limit_counters SET pending = pending + 1 WHERE limit_id = $2 AND window_start = '-infinity'`,
    values: [id, `lim_${limit}`, scopeOf(limit)],
  };
}

/**
 * The same on connections that pipeline: BEGIN travels with the read, the write with the COMMIT. Two round trips, and
 * others wait during one of them. What can be got out of it at all.
 */
export function pipelinedForUpdate(url: string, connections: number): System {
  const pool = createPool({ url, size: connections, applicationName: 'bench-pipelined', onIdleError });
  return {
    name: 'SELECT … FOR UPDATE, pipelined',
    async reserve(id, limit) {
      const client = await pool.connect();
      try {
        const begun = client.query('BEGIN');
        const locked = client.query<{ room: boolean }>(lockCounter(limit));
        await begun;
        const room = (await locked).rows[0]?.room === true;
        await Promise.all([...(room ? [client.query(takePlace(id, limit))] : []), client.query('COMMIT')]);
        return room;
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

function insertReservation(db: Pool, id: string, limit: number): Promise<unknown> {
  return db.query({
    name: 'insert_reservation',
    text: `INSERT INTO reservations (id, call_id, attempt_id, status, lease_until, assignment_id, scopes, currency)
           VALUES ($1, $1, $1, 'pending', now() + interval '15 seconds', 'asg_bench', ARRAY[$2], 'USD')`,
    values: [id, scopeOf(limit)],
  });
}

/** No limit at all: what it costs to write down that somebody reserved. */
export function insertOnly(url: string, connections: number): System {
  const pool = createPool({ url, size: connections, applicationName: 'bench-insert', onIdleError });
  return {
    name: 'insert only',
    async reserve(id, limit) {
      await insertReservation(pool, id, limit);
      return true;
    },
    close: () => pool.end(),
  };
}
