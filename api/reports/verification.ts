import type { z } from 'zod';
import type { ReportVerification, reportVerificationQuerySchema } from '../../contract/resources/report';
import type { Queryable } from '../../db/pool';
import { reportedTime, verifyReports } from '../../db/queries/reports/verify';
import type { Currency, MicrosText } from '../../domain/money';

const HOUR_MS = 3_600_000;

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
  const { differences, ...counted } = await verifyReports(db, from, to);
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

function wholeHour(instant: string, round: (hours: number) => number): string {
  return new Date(round(Date.parse(instant) / HOUR_MS) * HOUR_MS).toISOString();
}
