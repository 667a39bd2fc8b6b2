import type { Report } from '../../contract/resources/report';
import type { Queryable } from '../../db/pool';
import { findNamed } from '../../db/queries/reports/names';
import type { ReportLine } from '../../db/queries/reports/report';
import { NAMED, type Column } from '../../domain/report/dimensions';
import {
  measureOf,
  measureRule,
  type Measure,
  type MeasureValue,
  type Sums,
} from '../../domain/report/measures';
import type { Currency, MicrosText } from '../../domain/money';
import type { LineExtras } from './extras';
import { boundText } from './range';
import type { Asked } from './query';

type Values = Report['rows'][number]['values'];

/** A report as the API shows it. @param extras of each line */
export function presentReport(
  { query, measures }: Asked,
  lines: readonly ReportLine[],
  names: Readonly<Record<string, string>>,
  extras: readonly LineExtras[],
): Report {
  const { by, zone, range, before } = query;
  const beside = new Map(lines.map((line, index) => [line, extras[index]]));
  const of = (part: ReportLine['part']): ReportLine[] => lines.filter((line) => line.part === part);
  const figures = (line: ReportLine) => ({
    currency: line.currency as Currency | null,
    values: valuesOf(measures, line.sums),
    previous: line.before === null ? null : valuesOf(measures, line.before),
  });
  const keyed = (line: ReportLine) => ({
    keys: Object.fromEntries(by.map((column, index) => [column, line.keys[index] ?? null])),
    ...figures(line),
  });
  return {
    by: [...by],
    measures: [...measures],
    zone,
    from: boundText(range.from),
    to: boundText(range.to),
    previous: before === null ? null : { from: boundText(before.from), to: boundText(before.to) },
    rows: of('row').map((line) => ({ ...keyed(line), ...beside.get(line) })),
    rest: of('rest').map(keyed),
    totals: of('total').map(figures),
    names: { ...names },
  };
}

function valuesOf(measures: readonly Measure[], sums: Sums): Values {
  return Object.fromEntries(
    measures.map((measure) => [measure, inJson(measure, measureOf(measure, sums))]),
  ) as Values;
}

/** Amounts are text; what else is counted fits a number. */
function inJson(measure: Measure, value: MeasureValue): number | MicrosText | null {
  if (value === null) return null;
  return measureRule(measure).unit === 'micros' ? (value.toString() as MicrosText) : Number(value);
}

/** Names of what stands in lines, by id. */
export async function namesIn(
  db: Queryable,
  by: readonly Column[],
  lines: readonly ReportLine[],
): Promise<Record<string, string>> {
  const ids = new Set<string>();
  by.forEach((column, index) => {
    if (!NAMED.includes(column)) return;
    for (const { keys } of lines) {
      const id = keys[index];
      if (id !== null && id !== undefined) ids.add(id);
    }
  });
  const rows = ids.size === 0 ? [] : await findNamed(db, [...ids]);
  return Object.fromEntries(rows.map(({ id, name }) => [id, name]));
}
