import type { CallFacts } from '../../domain/call/facts';
import type { Qualifications } from '../../domain/call/commands';
import type { CallPolicy } from '../../domain/call/policy';
import type { AssignmentId } from '../../domain/ids';
import { goesToChallenger, type CallSide } from '../../domain/migration/call-side';
import type { Side } from '../../domain/migration/split';
import { viewOf } from '../../domain/migration/side-view';
import type { CallerHistory } from '../../domain/routing/facts';
import type { RoutingPlan } from '../../domain/routing/plan';
import type { CampaignSnapshot, DialableAssignment } from '../../domain/routing/snapshot';
import type { Selection } from './buyerSelection';
import { routingFacts } from './callFacts';
import type { Campaign } from './campaign';

/*
 * The way a call goes: which campaign's buyers, under which plan. A call on the challenger's side of a migration has two:
 * the challenger's, and the control's for when the challenger has no room.
 */

/** What one way rests on. */
export interface Way {
  readonly campaign: Campaign;
  readonly plan: RoutingPlan;
  /** Names the campaign and the plan's version. */
  readonly policy: CallPolicy;
  /** What the caller did in the campaign before. */
  readonly history: CallerHistory;
}

/** The moment of a choice. */
export interface Moment {
  readonly facts: CallFacts;
  readonly workflowId: string;
  readonly tags: Qualifications;
  readonly alreadyTried: readonly AssignmentId[];
  readonly at: string;
}

/** @param instead the control's way; `null`: the call is not on a challenger's side */
export function selectionOn(way: Way, instead: Way | null, moment: Moment): Selection {
  return {
    ...selection(way, moment),
    instead: instead === null ? null : { ...selection(instead, moment), instead: null },
  };
}

function selection({ campaign, plan, policy, history }: Way, moment: Moment): Omit<Selection, 'instead'> {
  const { facts, workflowId, tags, alreadyTried, at } = moment;
  return {
    facts,
    workflowId,
    policy,
    campaign,
    snapshot: snapshotFor(policy, campaign, plan),
    routingFacts: routingFacts(facts, policy, tags, history, at),
    alreadyTried,
    at,
  };
}

function snapshotFor(
  policy: CallPolicy,
  campaign: Campaign,
  plan: RoutingPlan,
): CampaignSnapshot<DialableAssignment> {
  const snapshot = { ...campaign, planVersion: policy.planVersion, plan };
  const { migration } = policy;
  if (migration?.shift.kind !== 'buyer') return snapshot;
  const side: Side = goesToChallenger(migration) ? 'challenger' : 'control';
  return { ...snapshot, ...viewOf(snapshot, migration.shift, side) };
}

/** The rules a call goes by when the challenger has no room: those of the control, to the call's end. */
export function controlPolicy(
  policy: CallPolicy,
  migration: CallSide,
  campaign: Campaign,
  plan: { readonly version: number; readonly definition: RoutingPlan },
): CallPolicy {
  return {
    ...policy,
    campaignId: campaign.campaignId,
    currency: campaign.currency,
    planVersion: plan.version,
    maxAttempts: plan.definition.maxAttempts,
    recoverUnderSeconds: plan.definition.recoverUnderSeconds,
    reportAnswer: campaign.reportAnswer,
    migration: { ...migration, overflow: true },
  };
}

/** The same choice, with what the caller has answered by now. */
export function withAnswers(selected: Selection, tags: Qualifications): Selection {
  const { routingFacts: facts, instead } = selected;
  return {
    ...selected,
    routingFacts: { ...facts, tags },
    instead: instead === null ? null : withAnswers(instead, tags),
  };
}
