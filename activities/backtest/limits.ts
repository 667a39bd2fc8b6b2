import type { Pool } from 'pg';
import { loadInvolved, type BacktestPeriod } from '../../db/queries/backtest/calls';
import {
  loadCarried,
  loadLimitSeries,
  loadOtherHolds,
  loadWindowStarts,
  type LimitSeriesRow,
  type OtherHoldRow,
} from '../../db/queries/backtest/limits';
import type { Carried, OtherHold } from '../../domain/backtest/background';
import { LimitRules, type LimitSeries } from '../../domain/backtest/limit-rules';
import type { PublisherId } from '../../domain/ids';
import { COUNTED_EVENTS, LIMIT_WINDOWS, readScope, scopesOf, type Scope } from '../../domain/limits/limit';
import { Unusable, type Configurations } from './sources';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** How much time is read at once: what brings some hundreds of reservations. */
const FIRST_SLICE_MS = 60 * MINUTE_MS;
const FEW = 500;
const MANY = 5_000;

/** Limits as they were over a period, and what they had used up when it began. */
export interface PastLimits {
  readonly rules: LimitRules;
  readonly carried: readonly Carried[];
}

/** All that may have stood in the way of one of the calls. */
export async function pastLimits(
  db: Pool,
  period: BacktestPeriod,
  configurations: Configurations,
): Promise<PastLimits> {
  const rows = await loadLimitSeries(db, await scopesInvolved(db, period, configurations), period);
  const starts = new Map<string, readonly number[]>();
  for (const { window, time_zone } of rows) {
    const key = `${window}/${time_zone}`;
    if (starts.has(key)) continue;
    starts.set(
      key,
      hasOneWindow(window) ? [-Infinity] : await loadWindowStarts(db, window, time_zone, period),
    );
  }
  const series = rows.map((row) => toSeries(row, starts.get(`${row.window}/${row.time_zone}`) ?? []));
  const amounts =
    rows.length === 0
      ? []
      : await loadCarried(
          db,
          rows.map((row) => ({ ...row, scopeKind: row.scope_kind, timeZone: row.time_zone })),
          period.from,
        );
  return {
    rules: new LimitRules(series),
    carried: series.map((each, index) => ({ series: each, amount: amounts[index] ?? 0n })),
  };
}

function hasOneWindow(window: string): boolean {
  return window === 'total' || window === 'concurrency';
}

/** Every scope that a call of the period could touch, in whichever configuration it met. */
async function scopesInvolved(
  db: Pool,
  period: BacktestPeriod,
  configurations: Configurations,
): Promise<readonly Scope[]> {
  const { digests, publishers } = await loadInvolved(db, period);
  const scopes = new Set<Scope>(publishers.map((id): Scope => `publisher:${id as PublisherId}`));
  for (const digest of digests) {
    const { campaignId, assignments } = await configurations.campaign(digest);
    for (const { id, buyerId, dialing } of assignments) {
      const involved = {
        campaignId,
        publisherId: null,
        buyerId,
        assignmentId: id,
        destinations: dialing.destinations,
      };
      for (const scope of scopesOf(involved)) scopes.add(scope);
    }
  }
  return [...scopes];
}

function toSeries(row: LimitSeriesRow, starts: readonly number[]): LimitSeries {
  const window = LIMIT_WINDOWS.find((each) => each === row.window);
  const counts = COUNTED_EVENTS.find((each) => each === row.counts);
  if (window === undefined || counts === undefined)
    throw new Unusable(`limit ${row.limit_id} counts ${row.counts} by ${row.window}, which is not known`);
  return {
    limitId: row.limit_id,
    scope: row.scope as Scope,
    scopeKind: readScope(row.scope).kind,
    window,
    counts,
    currency: row.currency,
    starts,
    spans: row.spans.map(({ from, until, maximum }) => ({
      from: from ?? -Infinity,
      until: until ?? Infinity,
      maximum: BigInt(maximum),
    })),
  };
}

/** What others held on these limits, in the order in which they reserved. */
export async function* otherHolds(
  db: Pool,
  period: BacktestPeriod,
  rules: LimitRules,
): AsyncGenerator<OtherHold> {
  const scopes = [...new Set(rules.series.map(({ scope }) => scope))];
  if (scopes.length === 0) return;
  // No hold outlives the longest call: what is held as the period begins was reserved in the day before.
  const end = Date.parse(period.to) + DAY_MS;
  let width = FIRST_SLICE_MS;
  for (let from = Date.parse(period.from) - DAY_MS; from < end; from += width) {
    const slice = { from: isoOf(from), to: isoOf(Math.min(from + width, end)) };
    const rows = await loadOtherHolds(db, period, scopes, slice);
    yield* rows.map(toOtherHold);
    const before = width;
    if (rows.length < FEW) width = Math.min(DAY_MS, width * 2);
    else if (rows.length > MANY) width = Math.max(MINUTE_MS, width / 2);
    // The loop goes on behind what was read, however wide the next slice is.
    from += before - width;
  }
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function toOtherHold(row: OtherHoldRow): OtherHold {
  return {
    reservedAt: row.reserved_ms,
    resolvedAt: row.resolved_ms ?? Infinity,
    scopes: row.scopes as readonly Scope[],
    spend: row.spend_micros,
    payout: row.payout_micros,
    currency: row.currency ?? '',
    deferred: row.deferred,
    happened: {
      dialled: row.dialled,
      connected: row.connected,
      converted: row.converted,
      spent: row.spent_micros,
      paid: row.paid,
      payout: row.paid_micros,
    },
  };
}
