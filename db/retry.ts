import { isWorthRepeating } from './errors';

const TRIES = 4;

/**
 * Repeats a transaction that PostgreSQL gave up for the sake of another one: up to three times, after a few
 * milliseconds that differ, so that the same two do not meet again.
 */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === TRIES || !isWorthRepeating(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** attempt));
    }
  }
}
