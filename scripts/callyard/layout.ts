/** Columns of a terminal nobody has made wider. */
export const WIDTH = 80;

/** Narrower than that, tables would have no room for figures. */
const LEAST_WIDTH = 60;

/** Columns of what is written to; of a file or a pipe as many as of a terminal nobody has made wider. */
export function columnsOf({ columns }: { readonly columns?: number }): number {
  return columns === undefined || columns === 0 ? WIDTH : Math.max(LEAST_WIDTH, columns);
}

const BAR_WIDTH = 50;

/**
 * `█` the part, `▒` what comes next, `░` the rest.
 * @param part percent; something is never drawn as nothing
 * @param next percent that the part is to grow to; `null`: it is not known, or there is nothing more
 */
export function bar(part: number, next: number | null = null): string {
  const full = cells(part);
  const more = next === null ? 0 : Math.max(0, cells(next) - full);
  return '█'.repeat(full) + '▒'.repeat(more) + '░'.repeat(BAR_WIDTH - full - more);
}

function cells(percent: number): number {
  return percent === 0 ? 0 : Math.min(BAR_WIDTH, Math.max(1, Math.round((percent / 100) * BAR_WIDTH)));
}

/** An instant to the minute, in UTC. */
export function minute(at: string): string {
  return `${at.slice(0, 16).replace('T', ' ')} UTC`;
}

/** One line of at most {@link WIDTH} columns. */
export function cut(text: string, width = WIDTH): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Lines of at most so many columns; those behind the first are indented, further than the text itself. */
export function wrap(text: string, width = WIDTH): string[] {
  const words = text.trimStart();
  const indent = ' '.repeat(text.length - words.length);
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(' ')) {
    const longer = line === '' ? `${indent}${word}` : `${line} ${word}`;
    if (longer.length <= width || line === '') {
      line = longer;
      continue;
    }
    lines.push(line);
    line = `${indent}  ${word}`;
  }
  return [...lines, line];
}

/** A text of which no line is longer than {@link WIDTH} columns. */
export function wrapped(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => wrap(line))
    .join('\n');
}

/** Text that came from outside, without what a terminal would obey: control characters, line breaks, turns of direction. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
