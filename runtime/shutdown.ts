import type { Logger } from './logger';

/**
 * Runs `stop` once when the process is asked to end: SIGTERM, SIGINT, or the loss of the process that started it
 * (its IPC channel closes), so that no orphan lives on. Exits 0 when `stop` is done, 1 when it fails or takes too long.
 * @param patienceMs how long `stop` may take, in milliseconds.
 */
export function onShutdown(log: Logger, patienceMs: number, stop: () => Promise<void>): void {
  let stopping = false;
  const shutDown = (why: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ why }, 'shutting down');
    const timer = setTimeout(() => {
      log.error({ patienceMs }, 'shutdown took too long');
      process.exit(1);
    }, patienceMs);
    timer.unref();
    stop().then(
      () => {
        log.info('shut down');
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => shutDown('SIGTERM'));
  process.on('SIGINT', () => shutDown('SIGINT'));
  process.on('disconnect', () => shutDown('parent is gone'));
}

/** Tells the process that started this one, if any, that work can begin. */
export function announceReady(detail: object = {}): void {
  process.send?.({ type: 'ready', ...detail });
}
