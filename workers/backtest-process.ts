import { writeFileSync } from 'node:fs';
import { ZodError } from 'zod';
import { runBacktest, Superseded } from '../activities/backtest/run';
import { Unusable } from '../activities/backtest/sources';
import type { BacktestEnd } from '../activities/backtest/supervise';
import { createPool } from '../db/pool';
import { loadConfig, required } from '../runtime/config';
import { createLogger } from '../runtime/logger';

/*
 * One backtest, started by a worker with its id and the name that its connections go by: `backtest-process.ts ID NAME`.
 * It says how it ended, and is gone when the worker is.
 */

/** How long a statement may take, in milliseconds: it may have to look through years of calls. */
const STATEMENT_MS = 10 * 60_000;

/** Milliseconds to wait for a connection: nobody waits for this. */
const CONNECT_MS = 60_000;

/** More than there are statements at any moment, so that none waits for another. */
const CONNECTIONS = 8;

async function main([id, connections]: readonly string[]): Promise<BacktestEnd> {
  if (id === undefined || connections === undefined)
    throw new Error('Usage: backtest-process.ts ID NAME; a worker starts it');
  const config = loadConfig(process.env);
  const log = createLogger({ process: 'backtest', level: config.logLevel });
  const db = createPool({
    url: required(config.databaseUrl, 'DATABASE_URL'),
    size: CONNECTIONS,
    applicationName: connections,
    onIdleError: (error) => log.warn({ err: error, backtestId: id }, 'database connection lost'),
    statementMs: STATEMENT_MS,
    connectMs: CONNECT_MS,
    inBackground: true,
  });
  const since = performance.now();
  try {
    await runBacktest(db, id);
    await db.end();
    log.info(
      {
        backtestId: id,
        ms: Math.round(performance.now() - since),
        rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
      },
      'backtest done',
    );
    return { kind: 'done' };
  } catch (error) {
    const { message, retry } = judge(error);
    log.error(
      { backtestId: id, err: error },
      retry ? 'backtest failed; it is tried again' : 'backtest failed',
    );
    return { kind: 'failed', message, retry };
  }
}

/** What is said of an error, and whether another try may end otherwise. */
function judge(error: unknown): { readonly message: string; readonly retry: boolean } {
  if (error instanceof ZodError) {
    const fields = error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ');
    return { message: `what is on record cannot be read: ${fields}`, retry: false };
  }
  const retry = !(error instanceof Unusable || error instanceof Superseded);
  return { message: chain(error).join(': '), retry };
}

/** What an error says, and what its causes do. */
function chain(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  // Of a connection that was tried at several addresses, none of which answered, only the parts have a message.
  const parts = error instanceof AggregateError ? error.errors.map(String).join(', ') : '';
  const own = error.message || parts || error.name;
  return error.cause === undefined ? [own] : [own, ...chain(error.cause)];
}

/**
 * On Linux: when the machine has no memory left, this is what goes first, not the worker; and this session, in which it
 * is alone, stands back behind others.
 */
function standBack(): void {
  for (const [file, value] of [
    ['/proc/self/oom_score_adj', '1000'],
    ['/proc/self/autogroup', '10'],
  ] as const) {
    try {
      writeFileSync(file, value);
    } catch {
      // Not Linux, not allowed, or no such thing there.
    }
  }
}

function leave(end: BacktestEnd): void {
  const exit = (): never => process.exit(end.kind === 'done' ? 0 : 1);
  if (process.send === undefined) exit();
  else process.send(end, exit);
}

process.on('disconnect', () => process.exit(1));
// Whoever stops all processes of a service stops the worker, which says what becomes of this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
if (process.send !== undefined && !process.connected) process.exit(1);
standBack();
main(process.argv.slice(2)).then(leave, (error: unknown) => {
  console.error(error);
  leave({ kind: 'failed', message: chain(error).join(': '), retry: false });
});
