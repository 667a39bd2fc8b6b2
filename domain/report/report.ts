import type { Column, Dimension } from './dimensions';
import type { Measure } from './measures';

/** Which calls and entries a report is about; `null` in a list: those that have none. */
export interface ReportFilter {
  readonly dimensions: Readonly<Partial<Record<Dimension, readonly (string | null)[]>>>;
  readonly tags: Readonly<Record<string, readonly (string | null)[]>>;
}

/** A time of the clock everywhere, or the beginning of a local day. */
export type Bound =
  | { readonly kind: 'instant'; readonly at: string }
  | { readonly kind: 'day'; readonly date: string };

/** From the first up to, and without, the second. */
export interface Range {
  readonly from: Bound;
  readonly to: Bound;
}

/** What a report asks. */
export interface ReportQuery {
  readonly by: readonly Column[];
  /** IANA. */
  readonly zone: string;
  readonly range: Range;
  /** What to compare with; `null`: nothing. */
  readonly before: Range | null;
  readonly filter: ReportFilter;
  readonly order: { readonly by: Measure; readonly direction: 'asc' | 'desc' };
  /** How many groups, of those that differ in more than time, are shown by themselves; `null`: all. The rest is added up. */
  readonly top: number | null;
}

const DAY_MS = 86_400_000;

/**
 * The period of the same length just before: as many days; whole months before whole months.
 * @throws RangeError when the bounds are of two kinds
 */
export function previousRange({ from, to }: Range): Range {
  if (from.kind === 'instant' && to.kind === 'instant') {
    const length = Date.parse(to.at) - Date.parse(from.at);
    return { from: { kind: 'instant', at: new Date(Date.parse(from.at) - length).toISOString() }, to: from };
  }
  if (from.kind === 'day' && to.kind === 'day')
    return { from: { kind: 'day', date: dayBefore(from.date, to.date) }, to: from };
  throw new RangeError('a day and an instant do not make a length');
}

/** The day on which the period of the same length begins that ends where this one begins. */
function dayBefore(from: string, to: string): string {
  const [year = 0, month = 0, day] = from.split('-').map(Number);
  const [toYear = 0, toMonth = 0, toDay] = to.split('-').map(Number);
  if (day === 1 && toDay === 1) {
    const months = 12 * (toYear - year) + toMonth - month;
    return new Date(Date.UTC(year, month - 1 - months, 1)).toISOString().slice(0, 10);
  }
  const length = Date.parse(to) - Date.parse(from);
  return new Date(Date.parse(from) - Math.round(length / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
}
