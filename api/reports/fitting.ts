import type { Extra } from '../../contract/resources/report';
import { CALENDAR_PERIODS, type CalendarPeriod } from '../../domain/report/calendar';
import type { Column } from '../../domain/report/dimensions';
import type { ReportQuery } from '../../domain/report/report';
import { Problem } from '../problems';

/** Columns whose rows have limits of their own. */
export const LIMITED = ['campaign', 'buyer', 'publisher'] as const satisfies readonly Column[];
type Limited = (typeof LIMITED)[number];

/**
 * Refuses what cannot be said beside the rows of a report.
 * @throws Problem `invalid_request`
 */
export function requireFitting(extras: readonly Extra[], { by, filter }: ReportQuery): void {
  if (extras.includes('goal')) {
    const others = by.filter((column) => column !== 'campaign' && !isCalendarPeriod(column));
    if (!by.includes('campaign') || others.length > 0)
      throw misfit('goal', 'goes with reports by campaign, or by campaign and day, week or month');
    const narrowed = Object.keys(filter.dimensions).filter((dimension) => dimension !== 'campaign');
    if (narrowed.length > 0 || Object.keys(filter.tags).length > 0)
      throw misfit('goal', 'is about all calls of a campaign: leave out every filter but campaign');
  }
  if (extras.includes('capFill') && (by.length === 0 || !by.every(isLimited)))
    throw misfit('capFill', 'goes with reports by campaign, buyer or publisher, or several of them alone');
}

function misfit(extra: Extra, why: string): Problem {
  return new Problem('invalid_request', `The query is not valid: with=${extra} ${why}`, [
    { pointer: '/with', message: `${extra} ${why}` },
  ]);
}

function isLimited(column: Column): column is Limited {
  return (LIMITED as readonly Column[]).includes(column);
}

export function isCalendarPeriod(column: Column): column is CalendarPeriod {
  return (CALENDAR_PERIODS as readonly Column[]).includes(column);
}
