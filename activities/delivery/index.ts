import { Context } from '@temporalio/activity';
import type { Counts, Courier } from './courier';

/** The side effect of the workflow that delivers events. */
export interface DeliveryActivities {
  /**
   * Delivers what is due for some minutes, and tells Temporal that it lives. Repeating it, or doing it twice at once,
   * changes nothing: whoever takes a delivery has it alone.
   * @returns what attempts came to meanwhile
   */
  deliver(): Promise<Counts>;
}

/** Milliseconds that one round takes: each is a few events in the workflow's history. */
const ROUND_MS = 5 * 60_000;

/** Milliseconds between two signs of life. */
const ALIVE_MS = 1_000;

/** The activity of `workflows/delivery`. */
export function createDeliveryActivities(
  courier: Courier,
  { roundMs = ROUND_MS }: { readonly roundMs?: number } = {},
): DeliveryActivities {
  return {
    async deliver() {
      const context = Context.current();
      const until = performance.now() + roundMs;
      const alive = setInterval(() => context.heartbeat(), ALIVE_MS);
      try {
        while (performance.now() < until && !courier.stopped) {
          if (context.cancellationSignal.aborted) await context.cancelled;
          await courier.rest((await courier.look()) > 0);
        }
        return courier.takeCounts();
      } finally {
        clearInterval(alive);
      }
    },
  };
}
