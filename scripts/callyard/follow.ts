import type { Answer, Problem } from './client';
import type { Screen } from './screen';

/** What came of watching. */
export type Followed<T> =
  | { readonly kind: 'over'; readonly value: T }
  /** Whoever watched has had enough. */
  | { readonly kind: 'left' }
  | { readonly kind: 'refused'; readonly problem: Problem };

const REDRAW_MS = 1_000;

/**
 * Asks over and over how something goes on, and draws it, until it is over or nobody wants to see more.
 * @throws what the first request fails with: later on, an API that is being restarted is back soon
 */
export async function follow<T>(
  ask: () => Promise<Answer<T>>,
  screen: Screen,
  { render, isOver }: { readonly render: (value: T) => string; readonly isOver: (value: T) => boolean },
): Promise<Followed<T>> {
  let shown: string | null = null;
  do {
    const answer = await ask().catch((error: unknown) => {
      if (shown === null || !(error instanceof TypeError)) throw error;
      return null;
    });
    if (answer === null) {
      screen.draw(`${shown}\n\nCallyard does not answer: trying again.`);
      continue;
    }
    if (!answer.ok && (shown === null || answer.problem.status < 500))
      return { kind: 'refused', problem: answer.problem };
    if (answer.ok) shown = render(answer.value);
    screen.draw(answer.ok ? (shown ?? '') : `${shown}\n\n${answer.problem.detail}`);
    if (answer.ok && isOver(answer.value)) return { kind: 'over', value: answer.value };
  } while (await screen.wait(REDRAW_MS));
  return { kind: 'left' };
}
