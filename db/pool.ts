import { Pool, types, type QueryResultRow } from 'pg';

/** What a statement needs to run: the pool itself, or a connection inside a transaction. */
export interface Queryable {
  query<Row extends QueryResultRow>(
    statement: Statement,
  ): Promise<{ readonly rows: Row[]; readonly rowCount: number | null }>;
}

/** A prepared statement. `name` lets PostgreSQL plan it once a connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

export interface PoolOptions {
  readonly url: string;
  /** Connections at most. */
  readonly size: number;
  readonly applicationName: string;
  /** Called when an idle connection breaks, for example on a restart of PostgreSQL. The pool replaces it by itself. */
  readonly onIdleError: (error: Error) => void;
  /** Plan each prepared statement once a connection, instead of anew for its values: for large statements sent often. */
  readonly planOnce?: boolean;
  /** How long a statement may take, in milliseconds; default {@link STATEMENT_MS}. */
  readonly statementMs?: number;
  /** How long to wait for a connection, in milliseconds; default {@link CONNECT_MS}. */
  readonly connectMs?: number;
  /**
   * For work that nobody waits for: each statement keeps to one core of the server, and ends within a second when this
   * process does, whatever it waits for.
   */
  readonly inBackground?: boolean;
  /** For statements over many rows: room to sort and group them in memory, and no compiling of each plan. */
  readonly manyRows?: boolean;
}

/** A step of a call is a few milliseconds of work; past this something is wrong and a retry is better. */
const STATEMENT_MS = 5_000;

/** Short enough that a webhook's own deadline is not spent on waiting for a connection. */
const CONNECT_MS = 1_000;

/**
 * A pool whose rows carry `bigint` for int8 and ISO 8601 text for timestamptz, never a rounded number or a Date.
 * Connections are pipelined: statements that do not wait for each other's answers share one round trip.
 */
export function createPool(options: PoolOptions): Pool {
  const settings = [
    ...(options.planOnce === true ? ['plan_cache_mode=force_generic_plan'] : []),
    ...(options.inBackground === true
      ? ['max_parallel_workers_per_gather=0', 'client_connection_check_interval=1s']
      : []),
    ...(options.manyRows === true ? ['work_mem=64MB', 'jit=off'] : []),
  ];
  const pool = new Pool({
    connectionString: options.url,
    max: options.size,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectMs ?? CONNECT_MS,
    statement_timeout: options.statementMs ?? STATEMENT_MS,
    // The database's own word first.
    query_timeout: (options.statementMs ?? STATEMENT_MS) + 1_000,
    keepAlive: true,
    pipeline: true,
    ...(settings.length > 0 ? { options: settings.map((each) => `-c ${each}`).join(' ') } : {}),
    types: { getTypeParser: parserFor },
  });
  pool.on('error', options.onIdleError);
  return pool;
}

function parserFor(oid: number, format?: 'text' | 'binary'): unknown {
  if (format !== 'binary') {
    if (oid === types.builtins.INT8) return BigInt;
    if (oid === types.builtins.TIMESTAMPTZ) return isoInstant;
  }
  return types.getTypeParser(oid, format);
}

/** PostgreSQL's `2026-01-02 03:04:05.678+00` as ISO 8601. */
function isoInstant(text: string): string {
  return new Date(text).toISOString();
}
