import { boundSchema, type AskedReport } from '../../contract/resources/report';
import { previousRange, type Bound, type Range } from '../../domain/report/report';
import { fieldErrors } from '../field-errors';
import { Problem } from '../problems';

const DAY_MS = 86_400_000;
/** Days of a report that names none, today among them. */
const DEFAULT_DAYS = 30;
/** Days that a report covers at most, with what it is compared with. */
const MOST_DAYS = 3_700;

/** What a report covers, and what it is compared with. */
export interface Ranges {
  readonly range: Range;
  readonly before: Range | null;
}

/**
 * Reads the bounds of a report. @param now epoch milliseconds
 * @throws Problem `invalid_request`, naming the bound
 */
export function rangesOf(
  { from, to, compare }: Pick<AskedReport, 'from' | 'to' | 'compare'>,
  zone: string,
  now: number,
): Ranges {
  requireBound('/from', from);
  requireBound('/to', to);
  const today = localDay(now, zone);
  const last = to ?? (from === undefined || from.length === 10 ? addDays(today, 1) : undefined);
  if (last === undefined) throw invalid('/to', 'is needed where `from` is an instant');
  const first = from ?? (last.length === 10 ? addDays(last, -DEFAULT_DAYS) : undefined);
  if (first === undefined) throw invalid('/from', 'is needed where `to` is an instant');
  const range = { from: boundOf(first), to: boundOf(last) };
  if (range.from.kind !== range.to.kind)
    throw invalid('/to', 'must be of the same kind as `from`: two days, or two instants');
  const length = Date.parse(last) - Date.parse(first);
  if (length <= 0) throw invalid('/to', 'must be after `from`; it is exclusive');
  const before = compare === undefined ? null : previousRange(range);
  if (length * (before === null ? 1 : 2) > MOST_DAYS * DAY_MS)
    throw invalid('/from', `is too far from \`to\`: a report covers ${MOST_DAYS} days at most`);
  return { range, before };
}

/** As the answer names a bound. */
export function boundText(bound: Bound): string {
  return bound.kind === 'day' ? bound.date : bound.at;
}

/** What is asked for has been read by these rules; what was saved by those of its time. */
function requireBound(pointer: string, bound: string | undefined): void {
  const read = boundSchema.optional().safeParse(bound);
  if (read.success) return;
  const [error] = fieldErrors(read.error.issues);
  throw invalid(pointer, error?.message ?? 'is not valid');
}

function boundOf(text: string): Bound {
  return text.length === 10
    ? { kind: 'day', date: text }
    : { kind: 'instant', at: new Date(text).toISOString() };
}

function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The date on the clocks of a zone, as YYYY-MM-DD. */
function localDay(at: number, zone: string): string {
  // The locale that writes dates like ISO 8601.
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(at);
}

function invalid(pointer: string, message: string): Problem {
  return new Problem('invalid_request', `The query is not valid: ${pointer.slice(1)} ${message}`, [
    { pointer, message },
  ]);
}
