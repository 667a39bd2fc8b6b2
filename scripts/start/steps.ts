import type { OnProgress } from '../servers/progress';

/** After this long without a word from a step, and then at growing intervals, it says that it is still at it. */
const SILENCE_MS = [2000, 5000, 10_000];

/** Prints what the start and the stop are doing, one line a message, with the time since the beginning. */
export class Steps {
  private readonly startedAt = performance.now();

  constructor(private readonly write: (line: string) => void) {}

  /** Seconds since the beginning, with one decimal. */
  elapsed(): string {
    return ((performance.now() - this.startedAt) / 1000).toFixed(1);
  }

  say(name: string, text: string): void {
    this.write(`${this.elapsed().padStart(6)} s  ${name.padEnd(12)} ${text}`);
  }

  /**
   * Runs one step. It may report by the function it is given; while it is silent, a line every few seconds shows
   * that it is alive.
   *
   * @param done the closing line, made from the result; null for none
   */
  async run<T>(
    name: string,
    work: (report: OnProgress) => Promise<T>,
    done: (result: T) => string | null,
  ): Promise<T> {
    const began = performance.now();
    let last = 'working';
    let reminders = 0;
    let timer: NodeJS.Timeout | null = null;
    const rearm = (): void => {
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(
        () => {
          const seconds = Math.round((performance.now() - began) / 1000);
          this.say(name, `… ${last} (${seconds} s)`);
          reminders += 1;
          rearm();
        },
        SILENCE_MS[Math.min(reminders, SILENCE_MS.length - 1)],
      );
    };
    rearm();
    try {
      const result = await work((text) => {
        last = text;
        this.say(name, text);
        rearm();
      });
      const closing = done(result);
      if (closing !== null) this.say(name, closing);
      return result;
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  }
}
