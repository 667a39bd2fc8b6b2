import { setTimeout } from 'node:timers/promises';

/** A part of the terminal that is drawn over and over. */
export interface Screen {
  draw(text: string): void;
  /** Waits so many milliseconds. @returns false when whoever watches has had enough */
  wait(milliseconds: number): Promise<boolean>;
}

/** Draws over what was drawn before; without a terminal, one below the other and only what is new. */
export function wholeScreen(): Screen {
  let before = '';
  return {
    draw(text) {
      if (process.stdout.isTTY) {
        const lines = text.split('\n').map((line) => `${line}\u001b[K`);
        process.stdout.write(`${before === '' ? '\u001b[2J' : ''}\u001b[H${lines.join('\n')}\n\u001b[J`);
      } else if (text !== before) console.log(`${text}\n`);
      before = text;
    },
    wait: untilCtrlC(),
  };
}

/**
 * Draws below what stands in the terminal, over what it drew before, on the error output: what a program gives out stays
 * its own. Without a terminal nothing is drawn.
 */
export function lastLines(): Screen {
  let above = 0;
  return {
    draw(text) {
      if (!process.stderr.isTTY) return;
      process.stderr.write(`\r${above === 0 ? '' : `\u001b[${above}A`}\u001b[J${text}`);
      above = text.split('\n').length - 1;
    },
    wait: untilCtrlC(),
  };
}

function untilCtrlC(): Screen['wait'] {
  const left = new AbortController();
  // More than once: the terminal and `npm run` both send it.
  process.on('SIGINT', () => left.abort());
  return async (milliseconds) => {
    try {
      await setTimeout(milliseconds, undefined, { signal: left.signal });
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') return false;
      throw error;
    }
  };
}
