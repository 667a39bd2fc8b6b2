import type { LiveCall, LiveCounters, LiveEndedCall } from '../../contract/live';
import type { CountersRow } from '../../db/queries/live/counters';
import type { EndedCallRow } from '../../db/queries/live/endedCalls';
import type { OpenCallRow } from '../../db/queries/live/openCalls';

type Migrated = Pick<OpenCallRow, 'migration_id' | 'migration_side' | 'migration_overflow'>;

function migrationOf(row: Migrated): LiveCall['migration'] {
  const { migration_id: id, migration_side: side, migration_overflow: overflow } = row;
  return id === null || side === null ? null : { id, side, overflow };
}

export function presentLiveCall(row: OpenCallRow): LiveCall {
  return {
    id: row.id,
    campaignId: row.campaign_id,
    campaignName: row.campaign_name,
    publisherId: row.publisher_id,
    from: row.caller,
    to: row.dialed,
    state: row.state as LiveCall['state'],
    step: (row.step ?? 'received') as LiveCall['step'],
    since: row.step_at ?? row.received_at,
    receivedAt: row.received_at,
    connectedAt: row.connected_at,
    buyerId: row.buyer_id,
    buyerName: row.buyer_name,
    attempt: row.attempt,
    migration: migrationOf(row),
  };
}

export function presentEndedCall(row: EndedCallRow): LiveEndedCall {
  return {
    id: row.id,
    campaignId: row.campaign_id,
    campaignName: row.campaign_name,
    publisherId: row.publisher_id,
    from: row.caller,
    to: row.dialed,
    receivedAt: row.received_at,
    endedAt: row.ended_at,
    outcome: row.outcome as LiveEndedCall['outcome'],
    outcomeReason: row.outcome_reason,
    buyerId: row.buyer_id,
    buyerName: row.buyer_name,
    durationSeconds: row.duration_seconds,
    talkSeconds: row.talk_seconds,
    converted: row.converted ?? false,
    currency: row.currency,
    revenueMicros: (row.revenue_micros ?? 0n).toString(),
    payoutMicros: (row.payout_micros ?? 0n).toString(),
    costMicros: row.cost_micros.toString(),
    migration: migrationOf(row),
  };
}

/** Counters without the calls in progress, which belong to no day. */
export type DayCounters = Omit<LiveCounters, 'inProgress' | 'buyers'> & {
  readonly buyers: readonly Omit<LiveCounters['buyers'][number], 'inProgress'>[];
  /** When the day ends: ISO 8601. */
  readonly until: string;
};

/** Rows of campaigns, each followed by those of its buyers. */
export function presentCounters(rows: readonly CountersRow[]): DayCounters[] {
  return rows
    .filter(({ buyer_id }) => buyer_id === null)
    .map((row) => ({
      campaignId: row.campaign_id,
      campaignName: row.campaign_name,
      timeZone: row.time_zone,
      day: row.day,
      until: row.until,
      currency: row.currency,
      received: row.received,
      ...countsOf(row),
      buyers: rows.flatMap((each) =>
        each.buyer_id === null || each.campaign_id !== row.campaign_id
          ? []
          : [{ buyerId: each.buyer_id, buyerName: each.buyer_name ?? each.buyer_id, ...countsOf(each) }],
      ),
    }));
}

function countsOf(row: CountersRow) {
  return {
    routed: row.routed,
    connected: row.connected,
    converted: row.converted,
    revenueMicros: row.revenue_micros,
    payoutMicros: row.payout_micros,
    costMicros: row.cost_micros,
  };
}

/**
 * With the calls in progress. A buyer who is rung by calls of another day only is among them too.
 * @param own the campaign's calls in progress
 */
export function withCallsInProgress(day: DayCounters, own: readonly LiveCall[]): LiveCounters {
  const { until: _until, buyers, ...campaign } = day;
  const known = new Set(buyers.map(({ buyerId }) => buyerId));
  const others = new Map(
    own.flatMap(({ buyerId, buyerName }) =>
      buyerId === null || known.has(buyerId) ? [] : [[buyerId, buyerName ?? buyerId] as const],
    ),
  );
  const none = {
    routed: 0,
    connected: 0,
    converted: 0,
    revenueMicros: '0',
    payoutMicros: '0',
    costMicros: '0',
  };
  return {
    ...campaign,
    inProgress: own.length,
    buyers: [...buyers, ...[...others].map(([buyerId, buyerName]) => ({ buyerId, buyerName, ...none }))]
      .map((buyer) => ({
        ...buyer,
        inProgress: own.filter(({ buyerId }) => buyerId === buyer.buyerId).length,
      }))
      .sort((a, b) => (a.buyerId < b.buyerId ? -1 : 1)),
  };
}
