import type { CampaignRow } from '../../db/queries/campaigns';
import type { GoalRow } from '../../db/queries/goals';
import type { Queryable } from '../../db/pool';
import { readReport, type ReportLine } from '../../db/queries/reports/report';
import { hoursSchema } from '../../contract/hours';
import { goalFigures, type GoalFigures } from '../../domain/goals/goal';
import { goalPeriod, openSoFar, progressOf, type GoalPeriod } from '../../domain/goals/progress';
import { NO_SUMS } from '../../domain/report/measures';
import type { ReportQuery } from '../../domain/report/report';
import { chooseSource } from '../reports/query';
import { readGoal, type Standing } from './present';

/**
 * Where a campaign's goal stands in the period that an instant is in.
 * @param campaign its settings as they are now
 * @param asked epoch milliseconds, a whole quarter of an hour: counts calls that came in before; `null`: all until `now`
 */
export async function standingOf(
  reports: Queryable,
  campaign: CampaignRow,
  row: GoalRow,
  { asked, now }: { readonly asked: number | null; readonly now: number },
): Promise<Standing> {
  const goal = readGoal(row);
  const at = asked ?? now;
  const period = goalPeriod(goal, campaign.time_zone, at);
  const query = queryOf(campaign, period, asked);
  const lines = await readReport(reports, query, await chooseSource(reports, query), ['total'], null);
  const figures = figuresOf(lines, campaign.currency);
  const open = openSoFar(hoursSchema.nullable().parse(campaign.hours), period, at);
  return { campaign, goal, at, period, open, figures, progress: progressOf(goal, open, figures) };
}

/** All of the period's calls in one line a currency. */
function queryOf(campaign: CampaignRow, { days }: GoalPeriod, asked: number | null): ReportQuery {
  return {
    by: [],
    zone: campaign.time_zone,
    range: {
      from: { kind: 'day', date: days.from },
      to:
        asked === null
          ? { kind: 'day', date: days.to }
          : { kind: 'instant', at: new Date(asked).toISOString() },
    },
    before: null,
    filter: { dimensions: { campaign: [campaign.id] }, tags: {} },
    order: { by: 'received', direction: 'desc' },
    top: null,
  };
}

/** Calls are in their campaign's currency; what was spent in another one cannot be added. */
function figuresOf(lines: readonly ReportLine[], currency: string): GoalFigures {
  return goalFigures(lines.find((line) => line.currency === currency)?.sums ?? NO_SUMS);
}
