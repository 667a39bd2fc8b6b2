import pino, { type Logger } from 'pino';

export type { Logger };

/** Structured logs, one JSON object a line. `process` names who writes. Secrets and whole numbers never get in. */
export function createLogger(options: { readonly process: string; readonly level: string }): Logger {
  return pino({
    level: options.level,
    base: { process: options.process, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorForLog },
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: ['authorization', '*.authorization', 'authToken', '*.authToken', '*.adminKey'],
      censor: '[redacted]',
    },
  });
}

/** What of an error goes into logs. PostgreSQL's own details quote rows and parameters, which hold callers' numbers. */
function errorForLog(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
      ? error.code
      : undefined;
  const { cause } = error;
  return {
    type: name,
    message,
    stack,
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined ? {} : { cause: errorForLog(cause) }),
  };
}

/** A telephone number as logs may carry it: enough to recognise a caller one is told about, not enough to call. */
export function redactNumber(number: string | null): string {
  if (number === null) return 'anonymous';
  return number.length <= 6 ? '***' : `${number.slice(0, 5)}***${number.slice(-2)}`;
}
