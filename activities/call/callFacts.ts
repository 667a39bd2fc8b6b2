import { loadCallerHistory } from '../../db/queries/history';
import type { Queryable } from '../../db/pool';
import type { Qualifications } from '../../domain/call/commands';
import type { CallFacts } from '../../domain/call/facts';
import { callerGeography } from '../../domain/geography/caller';
import type { CampaignId, PublisherId } from '../../domain/ids';
import type { Flow } from '../../domain/ivr/flow';
import type { RoutingPlan } from '../../domain/routing/plan';
import type { CallerHistory, RoutingFacts } from '../../domain/routing/facts';
import type { Campaign } from './campaign';

/** Where a call came from, as it was when it came. */
export interface CallSource {
  readonly campaignId: CampaignId;
  readonly publisherId: PublisherId | null;
  readonly channel: string;
}

/** What routing and the IVR flow may look at. */
export function routingFacts(
  facts: CallFacts,
  source: CallSource,
  tags: Qualifications,
  history: CallerHistory,
  at: string,
): RoutingFacts {
  return {
    callId: facts.callId,
    at,
    caller: facts.from,
    geography: callerGeography(facts.from, facts.geography, tags),
    source: { number: facts.to, publisherId: source.publisherId, channel: source.channel },
    tags,
    history,
  };
}

/** What the caller did in this campaign before; nothing when they are anonymous, or when nothing asks for it. */
export async function callerHistory(
  db: Queryable,
  facts: CallFacts,
  campaign: Campaign,
  versions: { readonly plan: RoutingPlan | null; readonly flow: Flow | null },
): Promise<CallerHistory> {
  if (facts.from === null || !asksForHistory(campaign, versions)) return [];
  return loadCallerHistory(db, {
    campaignId: campaign.campaignId,
    caller: facts.from,
    callId: facts.callId,
    receivedAt: facts.receivedAt,
  });
}

/** Whether something of the campaign, its plan or its flow looks at what callers did before. */
export function asksForHistory(
  campaign: Campaign,
  { plan, flow }: { readonly plan: RoutingPlan | null; readonly flow: Flow | null },
): boolean {
  if (campaign.duplicates !== null || campaign.spamWindowSeconds > 0) return true;
  return mentionsHistory(plan) || mentionsHistory(flow) || mentionsHistory(campaign.assignments);
}

/** Answers for configuration that never changes once it is in memory, so each object is searched once. */
const searched = new WeakMap<object, boolean>();

/** Whether some condition in here, however deep, looks at what a caller did before. */
export function mentionsHistory(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const known = searched.get(value);
  if (known !== undefined) return known;
  const kind = 'kind' in value ? value.kind : undefined;
  const found =
    kind === 'first_call' || kind === 'caller_history' || Object.values(value).some(mentionsHistory);
  searched.set(value, found);
  return found;
}
