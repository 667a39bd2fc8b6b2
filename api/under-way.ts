import type { Client } from '@temporalio/client';
import { before } from './deadline';

/** What is asked of Temporal, each with a deadline. */
export interface UnderWay {
  /**
   * Both a gRPC deadline and our own: while the channel is down, a call may not even get as far as gRPC's.
   * @param deadline ms since the epoch
   * @throws DeadlineExceeded
   */
  readonly timely: <T>(deadline: number, work: () => Promise<T>) => Promise<T>;
  /** Resolves when nothing is under way any more, not even what a deadline has given up: only then may the client close. */
  readonly idle: () => Promise<void>;
}

export function createUnderWay(client: Client): UnderWay {
  const underWay = new Set<Promise<unknown>>();
  return {
    timely(deadline, work) {
      const working = client.withDeadline(deadline, work);
      underWay.add(working);
      const done = (): boolean => underWay.delete(working);
      working.then(done, done);
      return before(deadline, working);
    },
    async idle() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
