import type { Report } from '../../contract/resources/report';
import { addDays } from '../../domain/report/calendar';
import { NAMED } from '../../domain/report/dimensions';
import { measureRule, type Measure } from '../../domain/report/measures';
import { hundredths } from './amounts';
import { minute, printable, WIDTH, wrap } from './layout';
import { tables, type Line } from './report-table';

type Row = Report['rows'][number];
type Total = Report['totals'][number];
type Value = Row['values'][Measure];

/**
 * A report for a terminal: figures that do not fit beside each other stand below, in a table of their own.
 * @param width columns of the terminal
 */
export function renderReport(given: Report, width = WIDTH): string {
  const report = namedApart(given);
  const head = headOf(report, width);
  if (report.totals.length === 0)
    return [...head, '', 'There were no calls, and nothing was booked.'].join('\n');
  const mixed = new Set(report.totals.map(({ currency }) => currency)).size > 1;
  const figures = [...report.measures, ...extrasOf(report).map((extra) => EXTRA_HEADS[extra])];
  const names = [...report.by, ...(mixed ? ['currency'] : [])];
  const lines = linesOf(report, mixed);
  return [...head, ...tables({ names, figures }, lines, width)].join('\n');
}

/** Names that several have, with the id behind each. */
function namedApart(report: Report): Report {
  const all = Object.entries(report.names);
  const times = new Map<string, number>();
  for (const [, name] of all) times.set(name, (times.get(name) ?? 0) + 1);
  const names = all.map(([id, name]) => [id, (times.get(name) ?? 0) > 1 ? `${name} (${id})` : name]);
  return { ...report, names: Object.fromEntries(names) as Report['names'] };
}

function headOf({ from, to, zone, previous, totals }: Report, width: number): string[] {
  const [first] = totals;
  const currencies = new Set(totals.map(({ currency }) => currency));
  const only = currencies.size === 1 ? first?.currency : undefined;
  const before = previous === null ? '' : `; ± against ${stretch(previous)}`;
  return wrap(`${stretch({ from, to })}, ${zone}${only ? `, in ${only}` : ''}${before}`, width);
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
      return hundredths(BigInt(value));
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
