import type { ConnectionOptions } from '@temporalio/client';
import type { Pool, PoolClient } from 'pg';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

/** Counts the requests a gRPC connection sends. Put it last, so that what is sent again counts again. */
export function countRpcs(): {
  readonly interceptor: Interceptor;
  reset(): void;
  total(): number;
  /** By the method's name without its service. */
  byMethod(): Record<string, number>;
} {
  const counts = new Map<string, number>();
  return {
    interceptor: (options, nextCall) => {
      const method = options.method_definition.path.split('/').at(-1) ?? '';
      counts.set(method, (counts.get(method) ?? 0) + 1);
      return nextCall(options) as ReturnType<Interceptor>;
    },
    reset: () => counts.clear(),
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    byMethod: () => Object.fromEntries(counts),
  };
}

/** What PostgreSQL was asked to do. */
export interface StatementCount {
  /** Without BEGIN, COMMIT and ROLLBACK. */
  readonly statements: number;
  /** COMMITs, and statements outside a transaction that change something: each makes PostgreSQL flush its log. */
  readonly commits: number;
}

/** Counts the statements that go through a pool, on every connection it opens from now on. */
export function countStatements(...pools: readonly Pool[]): { reset(): void; read(): StatementCount } {
  let statements = 0;
  let commits = 0;
  const watch = (client: PoolClient): void => {
    let inTransaction = false;
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const note = (text: string): void => {
      if (text === 'BEGIN' || text === 'COMMIT' || text === 'ROLLBACK') {
        inTransaction = text === 'BEGIN';
        if (text === 'COMMIT') commits += 1;
        return;
      }
      statements += 1;
      if (!inTransaction && changesSomething(text)) commits += 1;
    };
    Object.assign(client, {
      query: (...args: unknown[]) => {
        note(textOf(args[0]));
        return query(...args);
      },
    });
  };
  for (const pool of pools) pool.on('connect', watch);
  return {
    reset() {
      statements = 0;
      commits = 0;
    },
    read: () => ({ statements, commits }),
  };
}

function textOf(statement: unknown): string {
  if (typeof statement === 'string') return statement;
  const text =
    typeof statement === 'object' && statement !== null && 'text' in statement ? statement.text : '';
  return typeof text === 'string' ? text : '';
}

function changesSomething(sql: string): boolean {
  return /\b(INSERT|UPDATE|DELETE)\b/.test(sql.replaceAll(/FOR (NO KEY )?UPDATE/g, ''));
}

/** What a workflow's history says it took. */
export interface HistoryCost {
  readonly workflowTasks: number;
  readonly historyEvents: number;
  readonly localActivities: number;
  readonly activities: number;
  readonly timers: number;
}

interface HistoryEvent {
  readonly workflowTaskStartedEventAttributes?: object | null;
  readonly activityTaskScheduledEventAttributes?: object | null;
  readonly timerStartedEventAttributes?: object | null;
  readonly markerRecordedEventAttributes?: { readonly markerName?: string | null } | null;
}

/** Name under which the SDK's core records local activities. */
const LOCAL_ACTIVITY_MARKER = 'core_local_activity';

export function countEvents(events: readonly HistoryEvent[]): HistoryCost {
  const count = (is: (event: HistoryEvent) => boolean): number => events.filter(is).length;
  return {
    workflowTasks: count((event) => Boolean(event.workflowTaskStartedEventAttributes)),
    historyEvents: events.length,
    localActivities: count((e) => e.markerRecordedEventAttributes?.markerName === LOCAL_ACTIVITY_MARKER),
    activities: count((event) => Boolean(event.activityTaskScheduledEventAttributes)),
    timers: count((event) => Boolean(event.timerStartedEventAttributes)),
  };
}
