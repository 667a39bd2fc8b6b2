/**
 * The simulated clock of one call. It moves only while the call waits: by the waits themselves (exact, whatever the
 * speed) and by the real latency of the requests the call has to wait for. Reported durations are therefore the same
 * at speed 1 and at speed 1,000.
 */
export class SimulatedClock {
  private base = 0;
  private waiting: { readonly since: number; readonly rate: number; readonly limit: number } | null = null;
  private readonly startedAt = performance.now();

  constructor(
    private readonly speed: number,
    private readonly signal: AbortSignal | undefined,
  ) {
    if (!(speed > 0)) throw new RangeError(`speed must be above 0, got ${speed}`);
  }

  /** Simulated seconds since the call started. */
  now(): number {
    if (this.waiting === null) return this.base;
    const real = (performance.now() - this.waiting.since) / 1000;
    return this.base + Math.min(this.waiting.limit, real * this.waiting.rate);
  }

  /** Real milliseconds since the call started. */
  realMilliseconds(): number {
    return performance.now() - this.startedAt;
  }

  /** Waits until the simulated time `at`; returns at once when that has passed. Rejects when aborted. */
  async until(at: number): Promise<void> {
    const seconds = at - this.base;
    if (seconds <= 0) {
      this.signal?.throwIfAborted();
      return;
    }
    this.waiting = { since: performance.now(), rate: this.speed, limit: seconds };
    try {
      await this.sleep(seconds);
    } finally {
      this.waiting = null;
    }
    this.base = at;
  }

  /**
   * Waits for `work`, but not past the simulated time `deadline` (Infinity for none). Latency counts one to one.
   * Returns `{ late: true }` when the deadline came first; `work` then goes on by itself.
   */
  async race<T>(work: Promise<T>, deadline: number): Promise<{ late: false; value: T } | { late: true }> {
    const since = performance.now();
    const budget = Math.max(0, deadline - this.base);
    this.waiting = { since, rate: 1, limit: budget };
    const timer = new AbortController();
    const alarm = Number.isFinite(budget)
      ? wait(budget * 1000, timer.signal)
      : new Promise<void>(() => undefined);
    try {
      const first = await Promise.race([
        work.then((value) => ({ late: false as const, value })),
        alarm.then(() => ({ late: true as const })),
      ]);
      this.signal?.throwIfAborted();
      return first;
    } finally {
      this.base = this.now();
      this.waiting = null;
      timer.abort();
    }
  }

  /** Sleeps for simulated seconds without moving the clock: for reports that travel beside the call. */
  async sleep(seconds: number): Promise<void> {
    await wait((seconds / this.speed) * 1000, this.signal);
    this.signal?.throwIfAborted();
  }
}

/** Resolves after the time or on abort, so that no timer outlives its use. A timer holds at most 2^31 − 1 ms. */
function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(milliseconds, 2 ** 31 - 1));
    signal?.addEventListener('abort', done, { once: true });
  });
}
