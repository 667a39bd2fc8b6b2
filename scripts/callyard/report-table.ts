import { CYCLES, DIMENSIONS, PERIODS } from '../../domain/report/dimensions';

/** One line of figures, or what they have changed by. */
export interface Line {
  readonly names: readonly string[];
  readonly figures: readonly string[];
}

/** Between columns. */
const GAP = 2;
/** What a name has at most: more sets hardly any names apart. */
const MOST_NAME = 40;
/** What is left of a name: figures go into the next table first; then, where one does not fit by itself, less and less. */
const LEAST_NAMES = [20, 8, 4] as const;

/** What people have named: all else means nothing, or something else, when it is cut. */
const NAMED: ReadonlySet<string> = new Set(['campaign', 'publisher', 'buyer', 'migration', 'channel']);
const WHOLE: ReadonlySet<string> = new Set([
  ...[...DIMENSIONS, ...PERIODS, ...CYCLES].filter((column) => !NAMED.has(column)),
  'currency',
]);

/**
 * As many figures side by side as fit, the names in front of each lot, as wide in all of them. Names that people gave are
 * cut where they have to be; dates, numbers and the like never, so that a line may become longer than `width`.
 */
export function tables(heads: Line, lines: readonly (Line | 'rule')[], width: number): string[] {
  const written = lines.filter((line) => line !== 'rule');
  const whole = heads.names.map((head) => WHOLE.has(head));
  const natural = heads.names.map((head, index) => {
    const needed = longest([head, ...written.map(({ names }) => names[index] ?? '')]);
    return whole[index] === true ? needed : Math.min(MOST_NAME, needed);
  });
  const widths = heads.figures.map((head, index) =>
    longest([head, ...written.map(({ figures }) => figures[index] ?? '')]),
  );
  const least = leastWidths(natural, whole, width - Math.max(0, ...widths));
  const all = lots(widths, width - taken(least) + GAP);
  const largest = Math.max(0, ...all.map((lot) => taken(lot.map((index) => widths[index] ?? 0))));
  const nameWidths = narrowed(natural, least, width - largest);
  const shown = nameWidths.map((size, index) =>
    cutApart(
      written.map(({ names }) => names[index] ?? ''),
      size,
    ),
  );
  const nameOf = (name: string, index: number): string =>
    (shown[index]?.get(name) ?? cutEnd(name, nameWidths[index] ?? 0)).padEnd(nameWidths[index] ?? 0);
  return all.flatMap((lot) => {
    const line = ({ names, figures }: Line): string =>
      [...names.map(nameOf), ...lot.map((index) => (figures[index] ?? '').padStart(widths[index] ?? 0))]
        .join(' '.repeat(GAP))
        .trimEnd();
    const body = lines.map((each) => (each === 'rule' ? null : line(each)));
    const rule = '─'.repeat(longest([line(heads), ...body.map((text) => text ?? '')]));
    return ['', line(heads), ...body.map((text) => text ?? rule).filter((text) => text !== '')];
  });
}

/** What names are not cut below: as much as leaves room for the widest figure. */
function leastWidths(natural: readonly number[], whole: readonly boolean[], room: number): number[] {
  const tiers = LEAST_NAMES.map((least) =>
    natural.map((width, index) => (whole[index] === true ? width : Math.min(width, least))),
  );
  return tiers.find((widths) => taken(widths) <= room) ?? tiers.at(-1) ?? [];
}

/** Columns side by side, each with the gap behind it. */
function taken(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP, 0);
}

/** Which figures stand side by side. @param room columns for figures, each with the gap behind it */
function lots(widths: readonly number[], room: number): number[][] {
  const all: number[][] = [];
  let left = 0;
  widths.forEach((width, index) => {
    const last = all.at(-1);
    if (last !== undefined && width + GAP <= left) last.push(index);
    else {
      all.push([index]);
      left = room;
    }
    left -= width + GAP;
  });
  return all;
}

/** Takes from the widest names until all fit, gaps included, or nothing is left to take. */
function narrowed(natural: readonly number[], least: readonly number[], room: number): number[] {
  const widths = [...natural];
  const spare = (index: number): number => (widths[index] ?? 0) - (least[index] ?? 0);
  while (taken(widths) - GAP > room) {
    const widest = widths
      .map((_width, index) => index)
      .filter((index) => spare(index) > 0)
      .toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
  return widths;
}

/** Each text in so many columns: cut at its end or, where two would look the same, where they do not. */
export function cutApart(texts: readonly string[], width: number): ReadonlyMap<string, string> {
  const alike = new Map<string, string[]>();
  for (const text of new Set(texts)) {
    const short = cutEnd(text, width);
    alike.set(short, [...(alike.get(short) ?? []), text]);
  }
  const shown = new Map<string, string>();
  for (const [short, [only = '', ...others]] of alike) if (others.length === 0) shown.set(only, short);
  const used = new Set(shown.values());
  for (const group of alike.values()) {
    if (group.length === 1) continue;
    apart(group, width, used).forEach((text, index) => {
      shown.set(group[index] ?? '', text);
      used.add(text);
    });
  }
  return shown;
}

/** Cuts texts in the middle, or else in front of what they differ in; numbers them if even that does not show. */
function apart(texts: readonly string[], width: number, used: ReadonlySet<string>): string[] {
  const middle = Math.ceil((width - 1) / 2);
  const tails = Array.from({ length: Math.max(0, width - 1) }, (_each, index) => index + 1).toSorted(
    (a, b) => Math.abs(a - middle) - Math.abs(b - middle),
  );
  const ways = [
    ...tails.map((tail) => (text: string) => `${text.slice(0, width - 1 - tail)}…${text.slice(-tail)}`),
    (text: string) => `…${cutEnd(text.slice(commonStart(texts)), width - 1)}`,
  ];
  for (const way of ways) {
    // One that is not too long is shown as it is.
    const shown = texts.map((text) => (text.length <= width ? text : way(text)));
    if (new Set(shown).size === shown.length && !shown.some((text) => used.has(text))) return shown;
  }
  let number = 0;
  return texts.map((text) => {
    for (;;) {
      number += 1;
      const end = `…${number}`;
      const numbered = `${text.slice(0, Math.max(0, width - end.length))}${end}`;
      if (!used.has(numbered)) return numbered;
    }
  });
}

function commonStart([first = '', ...others]: readonly string[]): number {
  let length = 0;
  while (length < first.length && others.every((other) => other[length] === first[length])) length += 1;
  return length;
}

function cutEnd(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}
