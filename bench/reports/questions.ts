import type { Statement } from '../../db/pool';
import { isCycle, isPeriod, isTag, tagKey, type Column } from '../../domain/report/dimensions';
import type { ReportQuery } from '../../domain/report/report';

/** A report that is timed, and what it may take. */
export interface Question {
  readonly name: string;
  readonly query: ReportQuery;
  /** Milliseconds. */
  readonly bound: number;
}

const ZONE = 'America/New_York';

function question(name: string, by: readonly Column[], from: string, to: string, bound: number): Question {
  return {
    name,
    bound,
    query: {
      by,
      zone: ZONE,
      range: { from: { kind: 'day', date: from }, to: { kind: 'day', date: to } },
      before: null,
      filter: { dimensions: {}, tags: {} },
      order: { by: 'received', direction: 'desc' },
      top: 1_000,
    },
  };
}

const ofMonth = (...by: readonly Column[]): Question =>
  question(`30 days: ${by.join(' × ')}`, by, '2025-10-15', '2025-11-14', 1_000);

/** A year by the day, and months by two dimensions of every kind, across a night on which clocks change. */
export const QUESTIONS: readonly Question[] = [
  question('year: campaign × day', ['campaign', 'day'], '2025-01-01', '2026-01-01', 200),
  ofMonth('campaign', 'buyer'),
  ofMonth('buyer', 'day'),
  ofMonth('publisher', 'state'),
  ofMonth('number', 'areaCode'),
  ofMonth('outcome', 'hourOfDay'),
  ofMonth('tag:intent', 'day'),
  ofMonth('tag:intent', 'tag:zip_group'),
  ofMonth('tag:utm_source', 'publisher'),
];

const PLAIN: Readonly<Partial<Record<Column, string>>> = {
  campaign: 'campaign_id',
  buyer: 'buyer_id',
  publisher: 'publisher_id',
  number: 'dialed',
  outcome: 'outcome',
  state: `geography->>'state'`,
  areaCode: `geography->>'areaCode'`,
};

/** The same by a plain GROUP BY on the calls, with the sums that stand beside them: without dials and other costs. */
export function plainStatement({ by, range }: ReportQuery): Statement {
  const keys = by.map((column) => {
    if (isTag(column)) return `qualifications->>'${tagKey(column)}'`;
    if (isCycle(column)) return `extract(hour FROM received_at AT TIME ZONE '${ZONE}')`;
    if (isPeriod(column)) return `(received_at AT TIME ZONE '${ZONE}')::date`;
    return PLAIN[column] ?? 'NULL';
  });
  if (range.from.kind !== 'day' || range.to.kind !== 'day') throw new Error('Days are asked for here');
  return {
    name: '',
    text: `
      SELECT ${keys.join(', ')}, count(*), count(ended_at), count(connected_at),
             count(*) FILTER (WHERE outcome LIKE 'abandoned%'), count(*) FILTER (WHERE converted),
             sum(duration_seconds), sum(talk_seconds), sum(revenue_micros), sum(payout_micros), sum(cost_micros)
        FROM calls
       WHERE received_at >= $1::timestamp AT TIME ZONE '${ZONE}' AND received_at < $2::timestamp AT TIME ZONE '${ZONE}'
       GROUP BY ${keys.map((_, index) => index + 1).join(', ')}`,
    values: [range.from.date, range.to.date],
  };
}
