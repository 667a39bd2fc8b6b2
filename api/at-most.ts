import { Problem } from './problems';

/**
 * Lets so many pieces of work run at once. What waits for Temporal inside a write keeps a connection to the database,
 * of which calls need some: while Temporal is away they would all wait.
 * @returns runs the work. @throws Problem `unavailable` with `refusal` for one more
 */
export function atMost(most: number, refusal: string): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  return async (work) => {
    if (running >= most) throw new Problem('unavailable', refusal);
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
    }
  };
}
