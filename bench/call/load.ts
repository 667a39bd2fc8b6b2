import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookTime } from './carrier';

export interface LoadOptions {
  /** Calls in progress at every moment. */
  readonly inFlight: number;
  /** Before anything is counted, so that all calls are under way and out of step with each other. */
  readonly rampSeconds: number;
  readonly seconds: number;
  readonly place: () => Promise<readonly WebhookTime[]>;
  /** Called at the beginning and at the end of what is counted. */
  readonly onEdge: () => Promise<void>;
}

/** What was counted: calls that ended in the window, and all of their webhooks. */
export interface LoadResult {
  readonly seconds: number;
  readonly calls: number;
  readonly webhooks: readonly WebhookTime[];
  /** Why calls failed, ramp included. A run with any of them measures something else. */
  readonly failures: readonly string[];
}

/** After so many failed calls the platform is down, and more load would only fill the log. */
const MOST_FAILURES = 50;

/** Keeps `inFlight` calls in progress, each followed by the next; resolves when the last has ended. */
export async function drive(options: LoadOptions): Promise<LoadResult> {
  const { inFlight, rampSeconds, seconds, place, onEdge } = options;
  const webhooks: WebhookTime[] = [];
  const failures: string[] = [];
  let calls = 0;
  let counting = false;
  let stopped = false;

  async function line(): Promise<void> {
    while (!stopped && failures.length < MOST_FAILURES) {
      try {
        const times = await place();
        if (!counting) continue;
        calls += 1;
        webhooks.push(...times);
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
  }

  const lines = Array.from({ length: inFlight }, line);
  await sleep(rampSeconds * 1000);
  await onEdge();
  const since = performance.now();
  counting = true;
  await sleep(seconds * 1000);
  counting = false;
  const counted = (performance.now() - since) / 1000;
  await onEdge();
  stopped = true;
  await Promise.all(lines);
  return { seconds: counted, calls, webhooks, failures };
}
