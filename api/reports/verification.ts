import type { z } from 'zod';
import type { ReportVerification, reportVerificationQuerySchema } from '../../contract/resources/report';
import type { Queryable } from '../../db/pool';
import {
  MOST_DIFFERENCES,
  reportedTime,
  verifyReports,
  type Verified,
} from '../../db/queries/reports/verify';
import type { Currency, MicrosText } from '../../domain/money';

const HOUR_MS = 3_600_000;

/** Looked at by one statement: hours have nothing to do with each other, and a month may take longer than one may. */
const AT_ONCE_MS = 24 * HOUR_MS;

/** Holds what was rolled up against calls and ledger, in whole hours that hold the time asked about. */
export async function verify(
  db: Queryable,
  asked: z.output<typeof reportVerificationQuerySchema>,
): Promise<ReportVerification> {
  const all = await reportedTime(db);
  if (all === null)
    return { from: null, to: null, hours: 0, unrolled: 0, calls: 0, entries: 0, differences: [] };
  const from = asked.from === undefined ? all.from : wholeHour(asked.from, Math.floor);
  const to = asked.to === undefined ? all.to : wholeHour(asked.to, Math.ceil);
  if (asked.count === 'false')
    return { from, to, hours: 0, unrolled: 0, calls: 0, entries: 0, differences: [] };
  const { differences, ...counted } = await verifyByDay(
    db,
    Math.max(Date.parse(from), Date.parse(all.from)),
    Math.min(Date.parse(to), Date.parse(all.to)),
  );
  return {
    from,
    to,
    ...counted,
    differences: differences.map((each) => ({
      hour: each.hour,
      campaignId: each.campaign_id,
      currency: each.currency as Currency | null,
      rolledUpIn: each.rolled_up_in,
      place: each.place,
      sum: each.sum,
      rolledUp: each.rolled_up as MicrosText,
      counted: each.counted as MicrosText,
    })),
  };
}

/** @param from epoch milliseconds @param to exclusive */
async function verifyByDay(db: Queryable, from: number, to: number): Promise<Verified> {
  const found = { hours: 0, unrolled: 0, calls: 0, entries: 0 };
  const differences: Verified['differences'][number][] = [];
  for (let begin = from; begin < to; begin += AT_ONCE_MS) {
    const until = Math.min(begin + AT_ONCE_MS, to);
    const part = await verifyReports(db, new Date(begin).toISOString(), new Date(until).toISOString());
    for (const figure of ['hours', 'unrolled', 'calls', 'entries'] as const) found[figure] += part[figure];
    differences.push(...part.differences);
  }
  return { ...found, differences: differences.slice(0, MOST_DIFFERENCES) };
}

function wholeHour(instant: string, round: (hours: number) => number): string {
  return new Date(round(Date.parse(instant) / HOUR_MS) * HOUR_MS).toISOString();
}
