import type { Report } from '../../contract/resources/report';
import { addDays, CALENDAR_PERIODS, wholePeriods } from '../../domain/report/calendar';
import { printable } from './layout';
import type { Client } from './client';

/** Campaigns whose goals are looked up to explain a report. */
const MOST_CAMPAIGNS = 10;

/** What is wanted of a goal to say why rows have nothing of it. */
export interface GoalFacts {
  readonly kind: 'day' | 'week' | 'month';
  readonly timeZone: string;
  /** Whether it asks for calls. */
  readonly calls: boolean;
}

/** Why rows of a report with goals have no share of theirs, a line each; of those that have one, if other days are meant. */
export async function goalNotes(client: Pick<Client, 'goalProgress'>, report: Report): Promise<string[]> {
  const campaigns = new Map<string, boolean>();
  for (const { keys, goal } of report.rows) {
    const id = keys['campaign'] ?? null;
    if (goal === undefined || id === null) continue;
    campaigns.set(id, (campaigns.get(id) ?? false) || goal === null || goal.callsShare === null);
  }
  const named = new Map<string, string[]>();
  for (const [id, empty] of [...campaigns].slice(0, MOST_CAMPAIGNS)) {
    const answer = await client.goalProgress(id);
    // A campaign that cannot be asked about explains nothing; the report is as good without.
    if (!answer.ok && answer.problem.code !== 'not_found') continue;
    const why = whyNoShare(report, answer.ok ? factsOf(answer.value) : null, empty);
    if (why !== null) named.set(why, [...(named.get(why) ?? []), printable(report.names[id] ?? id)]);
  }
  return [...named].map(([why, names]) => `Goal of ${names.join(', ')}: ${why}.`);
}

function factsOf({
  period,
  timeZone,
  calls,
}: {
  readonly period: { readonly kind: GoalFacts['kind'] };
  readonly timeZone: string;
  readonly calls: object | null;
}): GoalFacts {
  return { kind: period.kind, timeZone, calls: calls !== null };
}

/**
 * Why rows of a campaign have no share of its goal; `null`: nothing is to be said.
 * @param goal `null`: it has none @param empty whether a row has no share
 */
export function whyNoShare(
  { by, zone, from, to }: Pick<Report, 'by' | 'zone' | 'from' | 'to'>,
  goal: GoalFacts | null,
  empty: boolean,
): string | null {
  if (goal === null) return 'it has no goal';
  const { kind, timeZone } = goal;
  if (!goal.calls) return 'its goal says nothing of calls';
  const reasons: string[] = [];
  const period = CALENDAR_PERIODS.find((each) => by.includes(each));
  if (period !== undefined && period !== kind)
    reasons.push(`the report is by ${period}, its goal is of each ${kind} (--by campaign,${kind})`);
  else if (empty && from.length > 10)
    reasons.push(`the report is between instants, its goal is of whole days`);
  else if (empty && wholePeriods(kind, { from, to }) === null)
    reasons.push(
      period === undefined
        ? `${from} to ${addDays(to, -1)} are no whole ${kind}s, of which its goal is`
        : `the first or last ${kind} is only in part in the report`,
    );
  if (zone !== timeZone)
    reasons.push(`the report's days are those of ${zone}, its ${kind}'s of ${timeZone} (--zone ${timeZone})`);
  return reasons.length === 0 ? null : reasons.join('; ');
}
