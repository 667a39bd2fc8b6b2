/** Ctrl-C at a terminal reaches us up to three times: from the terminal, from npm, and from scripts/run.mjs. */
const SAME_KEYSTROKE_MS = 1000;

export interface StopRequest {
  /** Resolves with what asked for the stop. */
  readonly requested: Promise<string>;
  /** Fires as soon as the stop is asked for. */
  readonly signal: AbortSignal;
  /** Fires when somebody asks again: finish now, whatever is lost. */
  readonly hurry: AbortSignal;
  /** Asks for the stop from within. */
  request(reason: string): void;
}

/**
 * Listens for everything that means "stop": Ctrl-C, SIGTERM, a closed terminal, and the death of the program that
 * started us.
 */
export function listenForStop(): StopRequest {
  const stop = new AbortController();
  const hurry = new AbortController();
  let firstAt = 0;
  let resolve: (reason: string) => void = () => undefined;
  const requested = new Promise<string>((done) => {
    resolve = done;
  });
  const request = (reason: string): void => {
    if (!stop.signal.aborted) {
      firstAt = Date.now();
      stop.abort();
      resolve(reason);
    } else if (Date.now() - firstAt > SAME_KEYSTROKE_MS) {
      hurry.abort();
    }
  };
  process.on('SIGINT', () => request('Ctrl-C'));
  process.on('SIGTERM', () => request('SIGTERM'));
  process.on('SIGHUP', () => request('the terminal was closed'));
  process.on('disconnect', () => request('the program that started this one has gone'));
  // Once the terminal is closed there is nobody to write to; the stop must go on all the same.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', () => request('the output was closed'));
  return { requested, signal: stop.signal, hurry: hurry.signal, request };
}
