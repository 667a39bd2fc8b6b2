import type { Extra, Report } from '../../contract/resources/report';
import type { Queryable } from '../../db/pool';
import { findGoals, type CurrentGoalRow } from '../../db/queries/goals';
import { findFills, findPlaces, type FillRow, type PlaceRow } from '../../db/queries/limits/fill';
import type { ReportLine } from '../../db/queries/reports/report';
import { goalBeside, goalFigures } from '../../domain/goals/goal';
import { fillShare, fullest, type Fill } from '../../domain/limits/fill';
import type { Scope } from '../../domain/limits/limit';
import type { Currency } from '../../domain/money';
import { periodOf, wholePeriods } from '../../domain/report/calendar';
import type { Column } from '../../domain/report/dimensions';
import type { Range, ReportQuery } from '../../domain/report/report';
import { microsText, readGoal } from '../goals/present';
import { isCalendarPeriod, LIMITED } from './fitting';

/** What a row carries beside its measures; a field that was not asked for is not there. */
export type LineExtras = Pick<Report['rows'][number], Extra>;

/** What was asked for beside each line, in the order of the lines; beside what is added up there is nothing. */
export async function extrasOf(
  db: Queryable,
  extras: readonly Extra[],
  query: ReportQuery,
  lines: readonly ReportLine[],
): Promise<LineExtras[]> {
  if (extras.length === 0) return lines.map(() => ({}));
  const goals = extras.includes('goal') ? await goalsOf(db, query, lines) : null;
  const fills = extras.includes('capFill') ? await fillsOf(db, query, lines) : null;
  return lines.map((line) =>
    line.part === 'row'
      ? {
          ...(goals === null ? {} : { goal: goals(line) }),
          ...(fills === null ? {} : { capFill: fills(line) }),
        }
      : {},
  );
}

/** The keys of a column, each once, without those that have none. */
function keysOf({ by }: ReportQuery, column: Column, lines: readonly ReportLine[]): string[] {
  const index = by.indexOf(column);
  return index < 0 ? [] : [...new Set(lines.flatMap(({ keys }) => keys[index] ?? []))];
}

async function goalsOf(
  db: Queryable,
  query: ReportQuery,
  lines: readonly ReportLine[],
): Promise<(line: ReportLine) => NonNullable<LineExtras['goal']> | null> {
  const campaigns = keysOf(query, 'campaign', lines);
  const rows = campaigns.length === 0 ? [] : await findGoals(db, campaigns);
  const byCampaign = new Map(rows.map((row) => [row.campaign_id, row]));
  const campaignAt = query.by.indexOf('campaign');
  const periodAt = query.by.findIndex(isCalendarPeriod);
  return (line) => {
    const row = byCampaign.get(line.keys[campaignAt] ?? '');
    if (row === undefined || row.currency !== line.currency) return null;
    const period = query.by[periodAt];
    if (period !== undefined && period !== row.period) return null;
    return besideLine(row, line, periodsOf(row, query.range, line.keys[periodAt] ?? null));
  };
}

/** How many periods of a goal a line is of. @param begins the line's own period; `null`: it is of the whole range */
function periodsOf({ period }: CurrentGoalRow, { from, to }: Range, begins: string | null): number | null {
  if (from.kind !== 'day' || to.kind !== 'day') return null;
  if (begins === null) return wholePeriods(period, { from: from.date, to: to.date });
  const own = periodOf(period, begins);
  return from.date <= own.from && own.to <= to.date ? 1 : null;
}

function besideLine(row: CurrentGoalRow, line: ReportLine, periods: number | null) {
  const { costPerCall, costPerCallOver, ...rest } = goalBeside(
    readGoal(row),
    goalFigures(line.sums),
    periods,
  );
  return {
    calls: rest.calls,
    callsShare: rest.callsShare,
    costPerCallMicros: microsText(costPerCall),
    costPerCallOver: microsText(costPerCallOver),
    conversionRate: rest.conversionRate,
    conversionRateDelta: rest.conversionRateDelta,
  };
}

async function fillsOf(
  db: Queryable,
  query: ReportQuery,
  lines: readonly ReportLine[],
): Promise<(line: ReportLine) => NonNullable<LineExtras['capFill']> | null> {
  const [campaigns, buyers] = [keysOf(query, 'campaign', lines), keysOf(query, 'buyer', lines)];
  const places = placesByPair(
    campaigns.length > 0 && buyers.length > 0 ? await findPlaces(db, campaigns, buyers) : [],
  );
  const scopesOf = (line: ReportLine): Scope[] => lineScopes(query, line, places);
  const scopes = [...new Set(lines.filter(({ part }) => part === 'row').flatMap(scopesOf))];
  const fills = new Map<string, Fill[]>();
  for (const row of scopes.length === 0 ? [] : await findFills(db, scopes))
    fills.set(row.scope, [...(fills.get(row.scope) ?? []), readFill(row)]);
  return (line) => {
    const fill = fullest(scopesOf(line).flatMap((scope) => fills.get(scope) ?? []));
    return fill === null ? null : presentFill(fill);
  };
}

/** What a call of a line counts towards: who the line is of, and a buyer's place where campaign and buyer are known. */
function lineScopes(
  { by }: ReportQuery,
  { keys }: ReportLine,
  places: ReadonlyMap<string, readonly Scope[]>,
): Scope[] {
  const ids = new Map(by.map((column, index) => [column, keys[index] ?? null]));
  return [
    ...LIMITED.flatMap((kind): Scope[] => {
      const id = ids.get(kind) ?? null;
      return id === null ? [] : [`${kind}:${id}`];
    }),
    ...(places.get(pairOf(ids.get('campaign') ?? '', ids.get('buyer') ?? '')) ?? []),
  ];
}

function placesByPair(rows: readonly PlaceRow[]): ReadonlyMap<string, readonly Scope[]> {
  const places = new Map<string, Scope[]>();
  for (const { id, campaign_id, buyer_id } of rows) {
    const pair = pairOf(campaign_id, buyer_id);
    places.set(pair, [...(places.get(pair) ?? []), `assignment:${id}`]);
  }
  return places;
}

/** Ids have no spaces. */
function pairOf(campaign: string, buyer: string): string {
  return `${campaign} ${buyer}`;
}

function readFill({ id, scope, window, counts, currency, used, maximum }: FillRow): Fill {
  const measure =
    counts === 'spend' ? { counts, currency: currency as Currency } : { counts, currency: null };
  return { ...measure, limitId: id, scope: scope as Scope, window, used, limit: maximum };
}

function presentFill(fill: Fill): NonNullable<LineExtras['capFill']> {
  const amount = (of: bigint) => (fill.counts === 'spend' ? microsText(of) : Number(of));
  return {
    limitId: fill.limitId,
    window: fill.window,
    counts: fill.counts,
    used: amount(fill.used),
    limit: amount(fill.limit),
    share: fillShare(fill),
  };
}
