import type { Pool } from 'pg';
import { planSchema } from '../../contract/plan';
import { priceRuleSchema } from '../../contract/money';
import {
  loadPastCalls,
  type BacktestPeriod,
  type PastCallRow,
  type PastDialRow,
} from '../../db/queries/backtest/calls';
import { loadRecordedCampaign } from '../../db/queries/decisionRecords';
import { loadCallerHistory } from '../../db/queries/history';
import { loadPlan } from '../../db/queries/setup';
import type { DialOutcome } from '../../domain/backtest/outcomes';
import type { PastCall, PastCampaign, PlanVersion } from '../../domain/backtest/past-call';
import { ATTEMPT_STATES, OUTCOMES, type AttemptEndState } from '../../domain/call/outcome';
import type { AssignmentId, CallId, CampaignId, E164, PublisherId } from '../../domain/ids';
import { microsFromText, type Currency, type Micros } from '../../domain/money';
import type { CallerHistory, RoutingFacts } from '../../domain/routing/facts';
import type { DialableAssignment } from '../../domain/routing/snapshot';
import { mentionsHistory } from '../call/callFacts';
import { readRecordedCampaign, readRecordedFacts } from './recorded';

/** Calls read at once. */
const PAGE = 200;

/** Something that a backtest needs is not on record, or cannot be read: trying again would find the same. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
}

type RecordedAt = PastCampaign & { readonly currency: Currency };

/** Published versions and recorded configurations, each read once. */
export class Configurations {
  private readonly plans = new Map<number, Promise<PlanVersion>>();
  private readonly campaigns = new Map<string, Promise<RecordedAt>>();
  private readonly assignments = new Map<string, DialableAssignment>();

  constructor(
    private readonly db: Pool,
    private readonly campaignId: CampaignId,
  ) {}

  /** @throws Unusable when there is no such version */
  plan(version: number): Promise<PlanVersion> {
    return once(this.plans, version, async () => {
      const definition = await loadPlan(this.db, this.campaignId, version);
      if (definition === null)
        throw new Unusable(`version ${version} of the plan of ${this.campaignId} is not there`);
      return { version, plan: planSchema.parse(definition) };
    });
  }

  /** @throws Unusable when nothing is recorded under this digest */
  campaign(digest: string): Promise<RecordedAt> {
    return once(this.campaigns, digest, async () => {
      const row = await loadRecordedCampaign(this.db, digest);
      if (row === null) throw new Unusable(`no configuration is recorded under ${digest}`);
      return {
        campaignId: this.campaignId,
        ...readRecordedCampaign(row.body, row.assignments, this.assignments),
      };
    });
  }
}

function once<K, V>(known: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const making = make();
  known.set(key, making);
  return making;
}

/** The calls to run again, in the order in which their buyers were chosen. */
export async function* pastCalls(
  db: Pool,
  period: BacktestPeriod,
  configurations: Configurations,
  asked: PlanVersion,
): AsyncGenerator<PastCall> {
  let after: { readonly decidedAt: string; readonly callId: string } | null = null;
  for (;;) {
    const rows: PastCallRow[] = await loadPastCalls(db, period, { after, limit: PAGE });
    yield* await Promise.all(
      rows.map((row) => toPastCall(db, period.campaignId, configurations, asked, row)),
    );
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = { decidedAt: last.decided_at, callId: last.call_id };
  }
}

async function toPastCall(
  db: Pool,
  campaignId: string,
  configurations: Configurations,
  asked: PlanVersion,
  row: PastCallRow,
): Promise<PastCall> {
  const [{ currency, ...campaign }, pinned] = await Promise.all([
    configurations.campaign(row.campaign_digest),
    configurations.plan(row.plan_version),
  ]);
  const { payout, channel, history, ...recorded } = readRecordedFacts(row.facts);
  const facts: RoutingFacts = {
    ...recorded,
    history: await historyOf(db, campaignId, asked, history, row),
    callId: row.call_id as CallId,
    at: row.decided_at,
    caller: row.caller as E164 | null,
    source: { number: row.dialed, publisherId: row.publisher_id, channel },
  };
  const outcome = OUTCOMES.find((each) => each === row.outcome);
  if (outcome === undefined)
    throw new Unusable(`call ${row.call_id} ended as "${row.outcome}", which is no outcome`);
  return {
    facts,
    campaign,
    campaignId: campaignId as CampaignId,
    publisherId: row.publisher_id as PublisherId | null,
    currency,
    payout,
    side: sideOf(row),
    pinned,
    reservedAt: row.reserved_at ?? Date.parse(row.decided_at),
    observed: {
      outcome,
      converted: row.converted,
      revenue: row.revenue_micros as Micros,
      payout: row.payout_micros as Micros,
      dials: row.dials.map(({ assignmentId, price, goesOnAfterMs, postback, ...dial }) => ({
        assignmentId: assignmentId as AssignmentId,
        price: priceRuleSchema.parse(price),
        goesOnAfterMs,
        outcome: { ...dial, state: endState(dial.state), ...postbackOf(postback) },
      })),
      hungUpAfterMs: row.hung_up_after_ms,
      refusedBy: row.refused_by,
    },
  };
}

/** What the caller did before: as the choice saw it, or, where only the version that is asked looks at it, as is known today. */
function historyOf(
  db: Pool,
  campaignId: string,
  asked: PlanVersion,
  recorded: CallerHistory | null,
  { call_id: callId, caller, received_at: receivedAt }: PastCallRow,
): Promise<CallerHistory> | CallerHistory {
  if (recorded !== null) return recorded;
  if (caller === null || !mentionsHistory(asked.plan)) return [];
  return loadCallerHistory(db, { campaignId, caller, callId, receivedAt });
}

function sideOf(row: PastCallRow): PastCall['side'] {
  const { control_assignment_id: control, challenger_assignment_id: challenger } = row;
  if (control === null || challenger === null) return null;
  const pair = { control: control as AssignmentId, challenger: challenger as AssignmentId };
  return { pair, side: row.to_challenger ? 'challenger' : 'control' };
}

/** What a buyer reported of a dial, where they did. */
export function postbackOf(postback: PastDialRow['postback']): Pick<DialOutcome, 'postback'> {
  if (postback === null) return {};
  return { postback: { value: postback.value === null ? null : microsFromText(postback.value) } };
}

/** @throws Unusable when a dial ended in no way that dials end */
export function endState(state: string): AttemptEndState {
  const known = ATTEMPT_STATES.find((each) => each === state);
  if (known === undefined || known === 'dialing' || known === 'connected')
    throw new Unusable(`a dial ended as "${state}", which is no end of a dial`);
  return known;
}
