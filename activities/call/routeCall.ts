import type { Pool } from 'pg';
import type { ReservationLedger } from '../../db/limits/reservation-ledger';
import { endAttempt } from '../../db/queries/attempts';
import { findEnding, lockLiveCall } from '../../db/queries/calls';
import { resolveCall } from '../../db/queries/limits/resolve';
import { loadConfigVersions } from '../../db/queries/setup';
import { transaction } from '../../db/transaction';
import type { AttemptEnd, Qualifications, Routed } from '../../domain/call/commands';
import type { Outcome } from '../../domain/call/outcome';
import type { TimelineEntry } from '../../domain/call/timeline';
import type { CallPolicy } from '../../domain/call/policy';
import { unreachable } from '../../domain/exhaustive';
import type { CallId, CampaignId } from '../../domain/ids';
import { goesToChallenger, type CallSide } from '../../domain/migration/call-side';
import { HANG_UP } from '../../domain/instructions';
import { nodeOf, type Flow } from '../../domain/ivr/flow';
import { readLookup } from '../../domain/ivr/lookup';
import { withTags } from '../../domain/ivr/tags';
import type { Selection } from './buyerSelection';
import { callerHistory } from './callFacts';
import { whyUnreadable } from './campaign';
import type { Campaigns } from './campaigns';
import type { CallActivities, RouteInput } from './index';
import { goThroughFlow, type InFlow } from './ivrFlow';
import { lookUp } from './lookup';
import { concludeStep, letGo, placeCall, type SoFar } from './placement';
import { oncePerCall } from './repeatable';
import type { Ground } from './sides';
import { controlPolicy, selectionOn, type Way } from './ways';

interface Dependencies {
  readonly db: Pool;
  readonly ledger: ReservationLedger;
  readonly campaigns: Campaigns;
}

/**
 * What comes next: after an answer the IVR flow goes on, after a dial that did not connect the next buyer is chosen.
 * What the failed dial held is given back first: it may be ours.
 */
export function createRouteCall({ db, ledger, campaigns }: Dependencies): CallActivities['routeCall'] {
  return async (input) => {
    const { facts, previous, resume } = input;
    const { callId } = facts;
    const name = resume === null ? `route:${input.alreadyTried.length + 1}` : `ivr:${resume.no}`;
    return oncePerCall(db, callId, name, async (): Promise<Routed> => {
      const found = await ground(db, campaigns, input).catch(whyUnreadable);
      if (typeof found === 'string') return giveUp(db, input, name, found);
      const { selection, ivr } = found;
      const soFar: SoFar = {
        entries: [...input.entries, ...(ivr?.entries ?? [])],
        qualifications: ivr?.tags ?? input.qualifications,
        played: [],
      };
      if (previous !== null) await release(db, callId, previous);
      const routed = await transaction<Routed | null>(db, async (tx) => {
        const live = await lockLiveCall(tx, callId);
        if (!live) return { value: null };
        const decided =
          ivr === null
            ? await placeCall(tx, ledger, selection, soFar)
            : await goThroughFlow(
                tx,
                ledger,
                selection,
                { ...ivr.flow, callerGoneAt: input.callerGoneAt },
                soFar,
              );
        const row = {
          callId,
          name,
          receivedAt: null,
          state: resume === null ? ('dialing' as const) : ('ivr' as const),
          // As of the step before: answers given since are written now.
          qualifications: resume === null ? input.qualifications : {},
        };
        return { value: decided.result, last: concludeStep(tx, row, decided) };
      });
      return routed ?? endedBefore(db, callId);
    });
  };
}

interface Footing {
  readonly selection: Selection;
  /** `null`: the flow is behind the call. */
  readonly ivr: Awaited<ReturnType<typeof flowFor>> | null;
}

async function ground(db: Pool, campaigns: Campaigns, input: RouteInput): Promise<Footing> {
  const selection = await selectionFor(db, campaigns, input);
  return { selection, ivr: input.resume === null ? null : await flowFor(campaigns, input, input.resume) };
}

/** The campaign cannot be read any more: trying again would keep the caller, and what the call holds, for ever. */
async function giveUp(db: Pool, input: RouteInput, name: string, reason: string): Promise<Routed> {
  const { facts, previous, at, entries, qualifications } = input;
  const { callId } = facts;
  if (previous !== null) await release(db, callId, previous);
  const ended = await transaction<Routed | null>(db, async (tx) => {
    if (!(await lockLiveCall(tx, callId))) return { value: null };
    const left = { callId, at, outcome: 'failed', reason, prompt: null } as const;
    const decided = letGo(tx, left, { entries, qualifications, played: [] });
    return {
      value: decided.result,
      last: concludeStep(tx, { callId, name, receivedAt: null, state: 'dialing', qualifications }, decided),
    };
  });
  return ended ?? endedBefore(db, callId);
}

/** The campaign as it is now, under the plan the call was pinned to; and the control's, where there is a way back to it. */
async function selectionFor(db: Pool, campaigns: Campaigns, input: RouteInput): Promise<Selection> {
  const { facts, workflowId, policy, at, alreadyTried, qualifications: tags } = input;
  const control = controlOf(policy);
  const named = [policy.campaignId, ...(control === null ? [] : [control.campaignId])];
  const versions = await loadConfigVersions(db, named);
  const wayOn = async (
    id: CampaignId,
    version: number,
    pinnedBy: (ground: Ground) => CallPolicy,
  ): Promise<Way> => {
    const configVersion = versions.get(id);
    if (configVersion === undefined) throw new Error(`Campaign ${id} does not exist`);
    const [campaign, definition] = await Promise.all([
      campaigns.at(id, configVersion),
      campaigns.plan(id, version),
    ]);
    const pinned = pinnedBy({ campaign, plan: { version, definition } });
    const flow =
      pinned.flowVersion === null ? null : await campaigns.flow(policy.campaignId, pinned.flowVersion);
    const history = await callerHistory(db, facts, campaign, { plan: definition, flow });
    return { campaign, plan: definition, policy: pinned, history };
  };
  const [own, instead] = await Promise.all([
    wayOn(policy.campaignId, policy.planVersion, () => policy),
    control === null
      ? null
      : wayOn(
          control.campaignId,
          control.planVersion ?? (await publishedPlan(campaigns, control.campaignId, versions)),
          (ground) => controlPolicy(policy, control.migration, ground.campaign, ground.plan),
        ),
  ]);
  return selectionOn(own, instead, { facts, workflowId, tags, alreadyTried, at });
}

/** Where a call on the challenger's side goes when the challenger has no room; `null`: it has no other way. */
function controlOf(policy: CallPolicy): {
  readonly migration: CallSide;
  readonly campaignId: CampaignId;
  /** `null`: the one that is published. */
  readonly planVersion: number | null;
} | null {
  const { migration, campaignId, planVersion } = policy;
  if (migration === undefined || !goesToChallenger(migration)) return null;
  const { shift } = migration;
  switch (shift.kind) {
    case 'buyer':
      return { migration, campaignId, planVersion };
    case 'plan':
      return { migration, campaignId, planVersion: shift.control };
    case 'campaign':
      return { migration, campaignId: shift.control, planVersion: null };
    default:
      return unreachable(shift);
  }
}

async function publishedPlan(
  campaigns: Campaigns,
  id: CampaignId,
  versions: ReadonlyMap<string, bigint>,
): Promise<number> {
  const campaign = await campaigns.at(id, versions.get(id) ?? 0n);
  if (campaign.plan === null) throw new Error(`Campaign ${id} has no published plan`);
  return campaign.plan.version;
}

/** Where the pinned flow goes on. A lookup is made here, before any transaction is open. */
async function flowFor(
  campaigns: Campaigns,
  { facts, policy, qualifications, at }: RouteInput,
  resume: NonNullable<RouteInput['resume']>,
): Promise<{
  readonly flow: Omit<InFlow, 'callerGoneAt'>;
  readonly tags: Qualifications;
  readonly entries: readonly TimelineEntry[];
}> {
  if (policy.flowVersion === null) throw new Error(`Call ${facts.callId} has no IVR flow to go on with`);
  const flow: Flow = await campaigns.flow(policy.campaignId, policy.flowVersion);
  const inFlow = { flow, version: policy.flowVersion, askedBefore: resume.no };
  const node = nodeOf(flow, resume.nodeId);
  if (node?.kind !== 'lookup')
    return { flow: { ...inFlow, from: resume.nodeId }, tags: qualifications, entries: [] };
  const found = readLookup(node, await lookUp(node, facts, qualifications));
  return {
    flow: { ...inFlow, from: found.next },
    tags: withTags(qualifications, found.tags),
    entries: [
      {
        key: `ivr:${resume.no}:looked_up`,
        at,
        step: 'ivr_answered',
        decision: found.decision,
        detail: { node: resume.nodeId },
      },
    ],
  };
}

/**
 * In a transaction of its own, before the next hold is asked for: the place that comes free may be the one it needs.
 * Repeating it changes nothing.
 */
function release(db: Pool, callId: CallId, previous: AttemptEnd): Promise<void> {
  const { attempt, status, at, talkSeconds } = previous;
  return transaction(db, async (tx) => ({
    value: undefined,
    last: [
      endAttempt(tx, { id: attempt.id, state: status, endedAt: at, connectedAt: null, talkSeconds }),
      resolveCall(tx, {
        callId,
        attemptId: attempt.id,
        connected: null,
        unheardAttemptId: null,
        resolution: 'voided',
      }),
    ],
  }));
}

/** A run of the call that Temporal never heard of had ended it: that end stands, and the caller is let go. */
async function endedBefore(db: Pool, callId: CallId): Promise<Routed> {
  const ending = await findEnding(db, callId);
  if (ending === null) throw new Error(`Call ${callId} cannot be routed: it was never recorded`);
  const { outcome, reason } = ending;
  return { kind: 'ended', outcome: outcome as Outcome, reason, instructions: HANG_UP, entries: [] };
}
