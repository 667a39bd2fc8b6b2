import type { SavedRange, SavedReport, SavedReportSettings } from '../../contract/resources/saved-report';
import { reportQuerySchema } from '../../contract/resources/report';
import type { SavedReportRow } from '../../db/queries/reports/saved';
import type { SavedReportId } from '../../domain/ids';
import { localTime } from '../../domain/clock';
import { lastDays, namedRange } from '../../domain/report/calendar';
import { problemFromZod } from '../field-errors';
import type { AuditedKind } from '../http/edit';
import { Problem, type FieldError } from '../problems';
import { readAsked, type Asked } from './query';

export const SAVED_REPORT: AuditedKind<SavedReport> = {
  entity: 'saved_report',
  idOf: ({ id }) => id,
  campaignOf: () => null,
};

/** A saved report as the API shows it. */
export function presentSaved(row: SavedReportRow): SavedReport {
  return {
    id: row.id as SavedReportId,
    name: row.name,
    // Not held against the rules of queries: one that was kept before they changed has to be there to be mended.
    query: row.query as SavedReport['query'],
    range: row.range as SavedReport['range'],
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/**
 * What a saved report asks as of now. @param now epoch milliseconds
 * @throws Problem `unprocessable` when reports cannot be asked like that any more
 */
export function askSaved({ id, query, range }: SavedReport, now: number): Asked {
  try {
    return asked({ query, range }, now);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem('unprocessable', `Saved report ${id} cannot be run, mend it: ${error.detail}`);
  }
}

/**
 * Refuses what could not be run.
 * @throws Problem `invalid_request`, naming the fields of the body
 */
export function requireRunnable(settings: SavedReportSettings, now: number): void {
  try {
    asked(settings, now);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem(error.code, error.detail.replace('The query', 'The body'), error.errors.map(inBody));
  }
}

/** Where the field of a query stands in the body of a saved report. */
function inBody({ pointer, message }: FieldError): FieldError {
  return { pointer: /^\/(from|to)$/.test(pointer) ? `/range${pointer}` : `/query${pointer}`, message };
}

function asked({ query, range }: Pick<SavedReportSettings, 'query' | 'range'>, now: number): Asked {
  const { zone = 'UTC' } = query;
  const parsed = reportQuerySchema.omit({ from: true, to: true }).safeParse(query);
  if (!parsed.success) throw problemFromZod('invalid_request', 'The query is not valid', parsed.error);
  const today = localTime(now, String(zone)).date;
  return readAsked({ ...parsed.data, ...boundsOf(range, today) }, now);
}

function boundsOf(range: SavedRange, today: string): { readonly from: string; readonly to: string } {
  if ('lastDays' in range) return lastDays(range.lastDays, today);
  if ('period' in range) return namedRange(range.period, today);
  return range;
}
