import { stringify } from 'csv-stringify/sync';
import type { Pool } from 'pg';
import { streamReport } from '../../db/queries/reports/stream';
import type { ReportLine, Source } from '../../db/queries/reports/report';
import { measureOf, measureRule, type Measure, type Sums } from '../../domain/report/measures';
import { formatMicros, type Micros } from '../../domain/money';
import { NAMED } from '../../domain/report/dimensions';
import { extraFields, extraHead } from './csv-extras';
import { extrasOf } from './extras';
import { namesIn } from './present';
import type { Asked } from './query';

/** What stands in place of a key where groups are added up. */
const REST = '(rest)';

/**
 * A report as CSV (RFC 4180) in pieces: a line a group, amounts in units of the currency to the micro. Beside an id stands
 * its name.
 */
export async function* csvOf(db: Pool, reports: Pool, asked: Asked, source: Source): AsyncGenerator<string> {
  const { query, measures, extras } = asked;
  // With the first lines, not before: until then a report that cannot be read is answered as a problem.
  let head = stringify([headOf(asked)]);
  for await (const lines of streamReport(reports, query, source, ['row', 'rest'])) {
    const names = await namesIn(db, query.by, lines);
    const beside = await extrasOf(db, extras, query, lines);
    const records = stringify(
      lines.map((line, index) => [
        ...recordOf(line, asked, names, measures),
        ...extraFields(extras, beside[index] ?? {}),
      ]),
    );
    yield head + records;
    head = '';
  }
  if (head !== '') yield head;
}

function headOf({ query: { by, before }, measures, extras }: Asked): string[] {
  return [
    ...by.flatMap((column) => (NAMED.includes(column) ? [column, `${column}Name`] : [column])).map(harmless),
    'currency',
    ...measures,
    ...(before === null ? [] : measures.map((measure) => `previous ${measure}`)),
    ...extraHead(extras),
  ];
}

function recordOf(
  line: ReportLine,
  { query: { by } }: Asked,
  names: Readonly<Record<string, string>>,
  measures: readonly Measure[],
): string[] {
  const keys = by.flatMap((column, index) => {
    const key = line.keys[index] ?? null;
    const shown = key === null && line.part === 'rest' ? REST : harmless(key ?? '');
    return NAMED.includes(column) ? [shown, harmless(names[key ?? ''] ?? '')] : [shown];
  });
  return [
    ...keys,
    line.currency ?? '',
    ...measures.map((measure) => written(measure, line.sums)),
    ...(line.before === null ? [] : measures.map((measure) => written(measure, line.before ?? line.sums))),
  ];
}

function written(measure: Measure, sums: Sums): string {
  const value = measureOf(measure, sums);
  if (value === null) return '';
  return measureRule(measure).unit === 'micros' ? formatMicros(value as Micros) : value.toString();
}

/**
 * Text that came from outside, so that no spreadsheet takes it for a formula (OWASP, CSV injection): nor one that leaves
 * out the line break before it, or takes signs of full width for the others. Telephone numbers are let through.
 */
export function harmless(text: string): string {
  return /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^\+\d+$/.test(text) ? `'${text}` : text;
}
