import type { Simulate } from '../../contract/resources/simulation';
import { planSchema } from '../../contract/plan';
import type { Queryable } from '../../db/pool';
import { loadCallerHistory } from '../../db/queries/history';
import { loadTurns } from '../../db/queries/roundRobin';
import { findBlockReason } from '../../db/queries/simulate';
import { findDraft, findVersion } from '../../db/queries/versions';
import type { PayoutRule } from '../../domain/call/attribution';
import { callerGeography } from '../../domain/geography/caller';
import type { CallId, CampaignId } from '../../domain/ids';
import { NO_TURNS, type Turns } from '../../domain/routing/decide';
import type { CallerHistory, RoutingFacts } from '../../domain/routing/facts';
import type { RoutingPlan } from '../../domain/routing/plan';
import { roundRobinRules, routingClock } from '../../domain/routing/rules';
import type { CampaignSnapshot, DialableAssignment } from '../../domain/routing/snapshot';
import { blockPatterns } from '../../domain/screening';
import { loadState, type ConfigState, type StoredNumber } from '../config/state';
import { Problem } from '../problems';
import { noCampaign, noDraft, noVersion } from '../versions/edits';
import { PLANS } from '../versions/kinds';

type StoredCampaign = NonNullable<ConfigState['campaign']>;

/** All that a decision about a call rests on, read once; nothing of it is taken or changed. */
export interface Situation {
  readonly campaign: StoredCampaign;
  readonly hasFlow: boolean;
  /** `null`: the campaign has no number. */
  readonly number: StoredNumber | null;
  readonly snapshot: CampaignSnapshot<DialableAssignment>;
  /** What the publisher of the number is paid; `null`: nothing, or there is none. */
  readonly payout: PayoutRule | null;
  /** `null`: an unpublished draft. */
  readonly planVersion: number | null;
  readonly facts: RoutingFacts;
  /** `null`: the caller is on no block list. */
  readonly blockedBecause: string | null;
  readonly turns: Turns;
}

/**
 * Reads what a call to the campaign would find.
 * @throws Problem `not_found`, `not_ready` without a plan, `unprocessable` for a number the campaign does not have
 */
export async function readSituation(db: Queryable, id: CampaignId, call: Simulate): Promise<Situation> {
  const state = await loadState(db, id);
  const { campaign } = state;
  if (campaign === null) throw noCampaign(id);
  const number = numberCalled(state, call);
  const { version, plan } = await planFor(db, id, state, call.plan);
  const at = call.at ?? new Date().toISOString();
  const tags = { ...number?.tags, ...call.tags };
  const facts: RoutingFacts = {
    callId: call.seed as CallId,
    at,
    caller: call.from,
    geography: callerGeography(call.from, hintsOf(call), tags),
    source: {
      number: number?.number ?? '',
      publisherId: number?.publisherId ?? null,
      channel: number?.channel ?? 'other',
    },
    tags,
    history: call.history ?? (await historyOf(db, id, call, at)),
  };
  const snapshot = snapshotOf(state, campaign, version ?? 0, plan);
  return {
    campaign,
    hasFlow: state.flow !== null,
    number,
    snapshot,
    payout: state.publishers.get(number?.publisherId ?? '')?.payout ?? null,
    planVersion: version,
    facts,
    blockedBecause:
      call.from === null ? null : await findBlockReason(db, id, call.from, blockPatterns(call.from)),
    turns: await turnsFor(db, snapshot, facts),
  };
}

function numberCalled(state: ConfigState, { to }: Simulate): StoredNumber | null {
  if (to === undefined) return [...state.numbers.values()][0] ?? null;
  const number = state.numbers.get(to);
  if (number !== undefined) return number;
  const known = [...state.numbers.keys()];
  throw new Problem('unprocessable', `${to} is no number of this campaign`, [
    {
      pointer: '/to',
      message:
        known.length === 0
          ? 'is no number of this campaign, which has none: leave it out'
          : `is no number of this campaign, which has ${known.slice(0, 5).join(', ')}${known.length > 5 ? ', …' : ''}`,
    },
  ]);
}

async function planFor(
  db: Queryable,
  id: CampaignId,
  state: ConfigState,
  wanted: Simulate['plan'],
): Promise<{ readonly version: number | null; readonly plan: RoutingPlan }> {
  if (wanted === 'draft') {
    const draft = await findDraft(db, 'plan', id);
    if (draft === null) throw noDraft(PLANS, id);
    return { version: null, plan: planSchema.parse(draft.definition) };
  }
  if (wanted !== undefined) {
    const row = await findVersion(db, 'plan', id, wanted);
    if (row === null) throw noVersion(PLANS, id, wanted);
    return { version: wanted, plan: planSchema.parse(row.definition) };
  }
  if (state.plan === null) {
    throw new Problem('not_ready', `${id} has no routing plan yet: publish one, or simulate the draft`, [
      { pointer: '/plan', message: 'is needed: the campaign has no current version' },
    ]);
  }
  return { version: state.plan.version, plan: state.plan.definition };
}

/** Without the fields that are not there: a hint that is unknown is absent. */
function hintsOf({ geography }: Simulate) {
  const { city, state, postalCode, country } = geography;
  return {
    ...(city === undefined ? {} : { city }),
    ...(state === undefined ? {} : { state }),
    ...(postalCode === undefined ? {} : { postalCode }),
    ...(country === undefined ? {} : { country }),
  };
}

function historyOf(
  db: Queryable,
  campaignId: string,
  { from, seed }: Simulate,
  receivedAt: string,
): Promise<CallerHistory> {
  if (from === null) return Promise.resolve([]);
  // The id of a call that was: it is no history of its own.
  return loadCallerHistory(db, { campaignId, caller: from, callId: seed, receivedAt });
}

function snapshotOf(
  state: ConfigState,
  campaign: StoredCampaign,
  planVersion: number,
  plan: RoutingPlan,
): CampaignSnapshot<DialableAssignment> {
  return {
    campaignId: campaign.id,
    timeZone: campaign.timeZone,
    holidays: campaign.holidays.map(({ date }) => date),
    duplicates: campaign.duplicates,
    planVersion,
    plan,
    assignments: [...state.assignments.values()].map((assignment) => {
      const buyer = state.buyers.get(assignment.buyerId);
      if (buyer === undefined) throw new Error(`${assignment.id} has no buyer`);
      return {
        id: assignment.id,
        buyerId: assignment.buyerId,
        buyerName: buyer.name,
        priority: assignment.priority,
        weight: assignment.weight,
        paused: assignment.paused || buyer.status === 'paused',
        hours: assignment.hours,
        buyerHours: buyer.hours,
        filter: assignment.filter,
        price: assignment.price,
        conversionEstimate: assignment.conversionEstimate,
        dialing: assignment.dialing,
      };
    }),
  };
}

/** Whose turn it is now; nobody's turn is taken. */
async function turnsFor(db: Queryable, snapshot: CampaignSnapshot, facts: RoutingFacts): Promise<Turns> {
  const rules = roundRobinRules(snapshot, facts, routingClock(snapshot, facts));
  return rules.length === 0 ? NO_TURNS : loadTurns(db, snapshot.campaignId, rules);
}
