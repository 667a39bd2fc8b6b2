import type { Report } from '../../contract/resources/report';
import { formatMicros, type Micros } from '../../domain/money';
import { addDays } from '../../domain/report/calendar';
import { NAMED } from '../../domain/report/dimensions';
import { measureRule, type Measure } from '../../domain/report/measures';
import { minute, printable, WIDTH, wrap } from './layout';

type Row = Report['rows'][number];
type Total = Report['totals'][number];
type Value = Row['values'][Measure];

/** Between columns. */
const GAP = 2;
/** What is left of a name at least, and at most while there is room. */
const LEAST_NAME = 8;
const MOST_NAME = 40;

/** One line of figures, or what they have changed by. */
interface Line {
  readonly names: readonly string[];
  readonly figures: readonly string[];
}

/** A report for a terminal of 80 columns: figures that do not fit beside each other stand below, in a table of their own. */
export function renderReport(report: Report): string {
  const head = headOf(report);
  if (report.totals.length === 0)
    return [...head, '', 'There were no calls, and nothing was booked.'].join('\n');
  const mixed = new Set(report.totals.map(({ currency }) => currency)).size > 1;
  const figures = [...report.measures, ...extrasOf(report).map((extra) => EXTRA_HEADS[extra])];
  const names = [...report.by, ...(mixed ? ['currency'] : [])];
  const lines = linesOf(report, mixed);
  return [...head, ...tables({ names, figures }, lines)].join('\n');
}

function headOf({ from, to, zone, previous, totals }: Report): string[] {
  const [first] = totals;
  const currencies = new Set(totals.map(({ currency }) => currency));
  const only = currencies.size === 1 ? first?.currency : undefined;
  const before = previous === null ? '' : `; ± against ${stretch(previous)}`;
  return wrap(`${stretch({ from, to })}, ${zone}${only ? `, in ${only}` : ''}${before}`);
}

/** Days with the last of them, as people name them. */
function stretch({ from, to }: { readonly from: string; readonly to: string }): string {
  if (from.length > 10) return `${minute(from)} to ${minute(to)}`;
  const last = addDays(to, -1);
  return from === last ? from : `${from} to ${last}`;
}

const EXTRA_HEADS = { goal: 'of goal', capFill: 'cap fill' } as const;
type ExtraHead = keyof typeof EXTRA_HEADS;

/** What rows carry beside their measures. */
function extrasOf({ rows }: Pick<Report, 'rows'>): ExtraHead[] {
  return (['goal', 'capFill'] as const).filter((extra) => rows.some((row) => row[extra] !== undefined));
}

/** A line a group, then the rest, then what everything comes to; below each what it has changed by. */
function linesOf(report: Report, mixed: boolean): (Line | 'rule')[] {
  const { rows, rest, totals, by } = report;
  const grouped = (lines: readonly Row[], none: string): Line[] =>
    lines.flatMap((row) => both(report, row, [...keysOf(report, row, none), ...currencyOf(row, mixed)]));
  if (by.length === 0) return grouped(rows, '');
  const total = totals.flatMap((line) =>
    both(report, line, [
      ...by.map((_column, index) => (index === 0 ? 'total' : '')),
      ...currencyOf(line, mixed),
    ]),
  );
  return [...grouped(rows, '(none)'), ...grouped(rest, '(rest)'), 'rule', ...total];
}

function currencyOf({ currency }: Total, mixed: boolean): string[] {
  return mixed ? [currency ?? ''] : [];
}

function keysOf({ by, names }: Report, { keys }: Row, none: string): string[] {
  return by.map((column) => {
    const key = keys[column] ?? null;
    if (key === null) return none;
    const name = NAMED.includes(column) && Object.hasOwn(names, key) ? names[key] : undefined;
    return printable(name ?? key);
  });
}

function both(report: Report, line: Row | Total, names: readonly string[]): Line[] {
  const { measures } = report;
  const extra = extrasOf(report).map((each) => (each === 'goal' ? goalShare(line) : fillShare(line)));
  const shown: Line = {
    names,
    figures: [...measures.map((measure) => written(measure, line.values[measure])), ...extra],
  };
  const { previous } = line;
  if (previous === null) return [shown];
  const changes = measures.map((measure) => change(line.values[measure], previous[measure]));
  return [shown, { names: names.map(() => ''), figures: [...changes, ...extra.map(() => '')] }];
}

function goalShare(line: Row | Total): string {
  const share = 'goal' in line ? line.goal?.callsShare : null;
  return share === null || share === undefined ? '' : percent(share);
}

function fillShare(line: Row | Total): string {
  const fill = 'capFill' in line ? line.capFill : null;
  if (fill === null || fill === undefined) return '';
  return fill.share === null ? 'of none' : percent(fill.share);
}

function written(measure: Measure, value: Value): string {
  if (value === null || value === undefined) return '–';
  switch (measureRule(measure).unit) {
    case 'micros':
      return formatMicros(toHundredth(BigInt(value)));
    case 'ratio':
      return percent(Number(value));
    case 'count':
      return String(value);
    case 'seconds':
      return `${Math.round(Number(value))} s`;
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Half away from zero: a table is no ledger. */
function toHundredth(amount: bigint): Micros {
  const half = amount < 0n ? -5_000n : 5_000n;
  return (((amount + half) / 10_000n) * 10_000n) as Micros;
}

/** By how much a figure has changed, of what it was. */
function change(now: Value, before: Value): string {
  if (now === null || now === undefined || before === null || before === undefined) return '';
  const [is, was] = [Number(now), Number(before)];
  if (was === 0) return is === 0 ? '±0.0 %' : 'new';
  const part = ((is - was) / Math.abs(was)) * 100;
  if (Math.abs(part) < 0.05) return '±0.0 %';
  if (Math.abs(part) >= 1_000) return part > 0 ? '>+999 %' : '<-999 %';
  return `${part > 0 ? '+' : ''}${part.toFixed(1)} %`;
}

interface Heads {
  readonly names: readonly string[];
  readonly figures: readonly string[];
}

/** As many figures side by side as fit, the names in front of each lot. */
function tables(heads: Heads, lines: readonly (Line | 'rule')[]): string[] {
  const written = lines.filter((line) => line !== 'rule');
  const natural = heads.names.map((head, index) =>
    Math.min(MOST_NAME, longest([head, ...written.map(({ names }) => names[index] ?? '')])),
  );
  const widths = heads.figures.map((head, index) =>
    longest([head, ...written.map(({ figures }) => figures[index] ?? '')]),
  );
  const least = natural.reduce((sum, width) => sum + Math.min(width, LEAST_NAME) + GAP, 0);
  return lots(widths, WIDTH - least + GAP).flatMap((lot) => {
    const taken = lot.reduce((sum, index) => sum + (widths[index] ?? 0) + GAP, 0);
    const nameWidths = narrowed(natural, WIDTH - taken);
    const line = ({ names, figures }: Heads | Line): string =>
      [
        ...names.map((name, index) => fit(name, nameWidths[index] ?? 0)),
        ...lot.map((index) => (figures[index] ?? '').padStart(widths[index] ?? 0)),
      ]
        .join(' '.repeat(GAP))
        .trimEnd();
    const body = lines.map((each) => (each === 'rule' ? null : line(each)));
    const rule = '─'.repeat(longest([line(heads), ...body.map((text) => text ?? '')]));
    return ['', line(heads), ...body.map((text) => text ?? rule).filter((text) => text !== '')];
  });
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

/** Takes from the widest names until all fit, gaps included. */
function narrowed(natural: readonly number[], room: number): number[] {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, width) => sum + width + GAP, 0) - GAP;
  while (total() > room && Math.max(...widths) > 1) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
  return widths;
}

function fit(text: string, width: number): string {
  return text.length <= width ? text.padEnd(width) : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}
