import type { Queryable } from '../../db/pool';
import { isAligned, sourceOf, type Source } from '../../db/queries/reports/report';
import type { AskedReport, Extra } from '../../contract/resources/report';
import { DIMENSIONS, type Dimension } from '../../domain/report/dimensions';
import { MEASURES, type Measure } from '../../domain/report/measures';
import type { ReportQuery } from '../../domain/report/report';
import { requireFitting } from './fitting';
import { rangesOf } from './range';

/** A report that was asked for, with every default in its place. */
export interface Asked {
  readonly query: ReportQuery;
  readonly measures: readonly Measure[];
  readonly extras: readonly Extra[];
}

/** @param now epoch milliseconds @throws Problem `invalid_request` */
export function readAsked(asked: AskedReport, now: number): Asked {
  const zone = asked.zone ?? 'UTC';
  const dimensions: Partial<Record<Dimension, readonly (string | null)[]>> = {};
  for (const dimension of DIMENSIONS) {
    const values = asked[dimension];
    if (values !== undefined) dimensions[dimension] = dimension === 'number' ? values.map(plusKept) : values;
  }
  const query: ReportQuery = {
    by: asked.by ?? ['campaign'],
    zone,
    ...rangesOf(asked, zone, now),
    filter: { dimensions, tags: asked.tag ?? {} },
    order: { by: asked.orderBy, direction: asked.direction },
    top: asked.top ?? null,
  };
  const extras = asked.with ?? [];
  requireFitting(extras, query);
  return { query, measures: asked.measures ?? MEASURES, extras };
}

/** In addresses a plus that was not encoded is a space. */
function plusKept(number: string | null): string | null {
  return number === null ? null : number.replace(/^ ?(?=\d)/, '+');
}

const HOUR_MS = 3_600_000;

/** What a report is read from: by the hour, where that is enough and right in its zone and for its bounds. */
export async function chooseSource(db: Queryable, query: ReportQuery): Promise<Source> {
  const source = sourceOf(query);
  if (source.grain === 'quarter' || (boundsAreHours(query) && (await isAligned(db, query)))) return source;
  return { grain: 'quarter', cut: null };
}

/** Whether no bound is an instant within an hour, of which only a part would be asked about. */
function boundsAreHours({ range, before }: ReportQuery): boolean {
  return [range, before ?? range]
    .flatMap(({ from, to }) => [from, to])
    .every((bound) => bound.kind === 'day' || Date.parse(bound.at) % HOUR_MS === 0);
}
