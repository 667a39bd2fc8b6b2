import type { Pool } from 'pg';
import { tagsSchema } from '../../contract/campaign';
import { visitorSchema } from '../../contract/dni';
import { payoutRuleSchema } from '../../contract/money';
import type { ReservationLedger } from '../../db/limits/reservation-ledger';
import type { Queryable } from '../../db/pool';
import { insertCall } from '../../db/queries/calls';
import { loadCallSetup, type CallSetupRow } from '../../db/queries/setup';
import { transaction } from '../../db/transaction';
import type { PayoutRule } from '../../domain/call/attribution';
import type { Admission, Asked, EndedAtOnce, Placed, Qualifications } from '../../domain/call/commands';
import type { CallFacts } from '../../domain/call/facts';
import type { CallStateName, UnroutedOutcome } from '../../domain/call/outcome';
import type { CallPolicy } from '../../domain/call/policy';
import type { TimelineEntry } from '../../domain/call/timeline';
import { matchDuplicate } from '../../domain/campaign/duplicates';
import { tagsOfCall, type Visitor } from '../../domain/dni/visitor';
import { unreachable } from '../../domain/exhaustive';
import type { CampaignId, PublisherId } from '../../domain/ids';
import type { CallSide } from '../../domain/migration/call-side';
import { blockPatterns, screen } from '../../domain/screening';
import type { Treatment } from '../../domain/treatment';
import { callerHistory } from './callFacts';
import { whyUnreadable } from './campaign';
import type { Campaigns } from './campaigns';
import type { AdmitInput, CallActivities } from './index';
import { goThroughFlow } from './ivrFlow';
import { concludeStep, placeCall, treatCaller, type Decided, type SoFar } from './placement';
import { oncePerCall } from './repeatable';
import { sideTaken, type Ground } from './sides';
import { controlPolicy, selectionOn, type Way } from './ways';

interface Dependencies {
  readonly db: Pool;
  readonly ledger: ReservationLedger;
  readonly campaigns: Campaigns;
  readonly callbackGraceSeconds: number;
}

const STEP = 'admit';

/** What a caller on a number nobody owns gets, and one whose call the fail-safe has taken: nothing to configure. */
const NO_ROUTE: Treatment = { kind: 'reject', reason: 'rejected' };

/** Who is calling whom comes first; the answer names what happens to the caller now. */
export function createAdmitCall({
  db,
  ledger,
  campaigns,
  callbackGraceSeconds,
}: Dependencies): CallActivities['admitCall'] {
  return (input) =>
    oncePerCall(db, input.facts.callId, STEP, async (): Promise<Admission> => {
      const found = await numberCalled(db, campaigns, input.facts, callbackGraceSeconds).catch(whyUnreadable);
      const called = typeof found === 'string' ? null : found;
      const policy = called?.policy ?? null;
      return transaction(db, async (tx) => {
        const state = expectedState(called);
        const qualifications = called?.tags ?? {};
        const inserted = insertCall(tx, callRow(input, called, state));
        const [, decided] = await Promise.all([inserted, decide(tx, ledger, input, found)]);
        const value = { policy, ...decided.result } as Admission;
        const { callId, receivedAt } = input.facts;
        const row = { callId, name: STEP, receivedAt, state, qualifications };
        return { value, last: concludeStep(tx, row, { ...decided, result: value }) };
      });
    });
}

/** A number that somebody owns and whose campaign has been published, with the campaign as it stands. */
interface NumberCalled extends Way {
  readonly blockedReason: string | null;
  readonly publisherId: PublisherId | null;
  readonly payout: PayoutRule | null;
  readonly channel: string;
  readonly tags: Qualifications;
  /** The web visitor who has the number; `null`: nobody. */
  readonly visitor: Visitor | null;
  /** The control's way, for when the challenger of a migration has no room; `null`: the call has one way. */
  readonly instead: Way | null;
}

/** @returns why not, in words, when nobody owns the number, or its campaign has never been published. */
async function numberCalled(
  db: Pool,
  campaigns: Campaigns,
  facts: CallFacts,
  callbackGraceSeconds: number,
): Promise<NumberCalled | string> {
  const row = await loadCallSetup(
    db,
    facts.to,
    facts.from,
    facts.from === null ? [] : blockPatterns(facts.from),
    facts.receivedAt,
  );
  if (row === null) return `unknown number ${facts.to}`;
  if (row.campaign_id === null || row.config_version === null) return `${facts.to} belongs to no campaign`;
  const owner = await campaigns.at(row.campaign_id as CampaignId, row.config_version);
  const taken = await sideTaken(campaigns, owner, facts, row.challenger_config_version);
  if (typeof taken === 'string') return taken;
  const called = { blockedReason: row.blocked_reason, ...sourceOf(row) };
  const policy = policyOf(called, taken.own, taken.migration, callbackGraceSeconds);
  const wayOn = async ({ campaign, plan }: Ground, pinned: CallPolicy): Promise<Way> => {
    const versions = { plan: plan.definition, flow: campaign.flow?.definition ?? null };
    const history = await callerHistory(db, facts, campaign, versions);
    return { campaign, plan: plan.definition, policy: pinned, history };
  };
  const { control, migration } = taken;
  const [own, instead] = await Promise.all([
    wayOn(taken.own, policy),
    control === null || migration === null
      ? null
      : wayOn(control, controlPolicy(policy, migration, control.campaign, control.plan)),
  ]);
  return { ...called, ...own, instead };
}

/** A channel that says nothing. */
const NO_CHANNEL = 'other';

/** Where the call comes from: what the number itself says, else its pool, and the visitor who has it. */
function sourceOf(
  row: CallSetupRow,
): Pick<NumberCalled, 'publisherId' | 'payout' | 'channel' | 'tags' | 'visitor'> {
  const own = row.publisher_id !== null;
  const visitor = visitorSchema.nullable().parse(row.visitor);
  return {
    publisherId: (own ? row.publisher_id : row.pool_publisher_id) as PublisherId | null,
    payout: payoutRuleSchema.nullable().parse(own ? row.payout : row.pool_payout),
    channel: row.channel === NO_CHANNEL ? (row.pool_channel ?? NO_CHANNEL) : row.channel,
    tags: tagsOfCall(tagsSchema.parse(row.tags), tagsSchema.parse(row.pool_tags ?? {}), visitor),
    visitor,
  };
}

async function decide(
  tx: Queryable,
  ledger: ReservationLedger,
  input: AdmitInput,
  found: NumberCalled | string,
): Promise<Decided<Placed | EndedAtOnce | Asked>> {
  const { facts, at } = input;
  const called = typeof found === 'string' ? null : found;
  const turnAway = (outcome: UnroutedOutcome, reason: string, treatment: Treatment) =>
    treatCaller(
      tx,
      { callId: facts.callId, at, outcome, reason, treatment },
      {
        entries: [...input.entries, screened(at, reason, called)],
        qualifications: called?.tags ?? {},
        played: [],
      },
    );

  if (input.giveUp !== null) return turnAway('failed', input.giveUp.reason, NO_ROUTE);
  if (typeof found === 'string') return turnAway('failed', found, NO_ROUTE);
  const { campaign, history, tags } = found;
  const verdict = screen({
    campaignStatus: campaign.status,
    hours: campaign.hours,
    blockedBecause: found.blockedReason,
    callerAnonymous: facts.from === null,
    anonymousCallers: campaign.anonymousCallers,
    attestation: facts.attestation,
    minimumAttestation: campaign.minimumAttestation,
    spamWindowSeconds: campaign.spamWindowSeconds,
    lastCalledAt: latest(history.map(({ lastCalledAt }) => lastCalledAt)),
    duplicate: campaign.duplicates === null ? null : matchDuplicate(campaign.duplicates, history, at),
    at,
  });
  if (!verdict.pass) return turnAway(verdict.outcome, verdict.reason, treatmentFor(verdict.outcome, found));

  const moment = { facts, workflowId: input.workflowId, tags, alreadyTried: [], at };
  const selection = selectionOn(found, found.instead, moment);
  const soFar: SoFar = {
    entries: [...input.entries, screened(at, 'passed', found)],
    qualifications: tags,
    played: [],
  };
  if (campaign.flow === null) return placeCall(tx, ledger, selection, soFar);
  const { version, definition } = campaign.flow;
  const ivr = { flow: definition, version, from: definition.start, askedBefore: 0, callerGoneAt: null };
  return goThroughFlow(tx, ledger, selection, ivr, soFar);
}

/** ISO 8601 instants as the database writes them compare as text. */
function latest(instants: readonly string[]): string | null {
  return instants.length === 0 ? null : instants.reduce((one, other) => (one > other ? one : other));
}

function treatmentFor(outcome: UnroutedOutcome, { campaign, plan }: NumberCalled): Treatment {
  switch (outcome) {
    case 'paused':
      return campaign.treatments.paused;
    case 'blocked':
      return campaign.treatments.blocked;
    case 'after_hours':
      return campaign.treatments.afterHours;
    case 'no_candidate':
    case 'exhausted':
    case 'failed':
      return plan.fallback;
    default:
      return unreachable(outcome);
  }
}

/** The state most calls to this campaign start in; a call that takes another way is moved in the same transaction. */
function expectedState(called: NumberCalled | null): CallStateName {
  return called !== null && called.campaign.flow !== null ? 'ivr' : 'dialing';
}

function policyOf(
  called: Pick<NumberCalled, 'publisherId' | 'payout' | 'channel'>,
  { campaign, plan }: Ground,
  migration: CallSide | null,
  callbackGraceSeconds: number,
): CallPolicy {
  return {
    campaignId: campaign.campaignId,
    publisherId: called.publisherId,
    channel: called.channel,
    currency: campaign.currency,
    payout: called.payout,
    planVersion: plan.version,
    flowVersion: campaign.flow?.version ?? null,
    maxAttempts: plan.definition.maxAttempts,
    maxCallSeconds: campaign.maxCallSeconds,
    callbackGraceSeconds,
    reportAnswer: campaign.reportAnswer,
    recoverUnderSeconds: plan.definition.recoverUnderSeconds,
    ...(migration === null ? {} : { migration }),
  };
}

function callRow({ facts, workflowId }: AdmitInput, called: NumberCalled | null, state: CallStateName) {
  const policy = called?.policy ?? null;
  return {
    id: facts.callId,
    carrier: facts.carrier,
    accountSid: facts.accountSid,
    sid: facts.sid,
    workflowId,
    campaignId: policy?.campaignId ?? null,
    publisherId: policy?.publisherId ?? null,
    planVersion: policy?.planVersion ?? null,
    flowVersion: policy?.flowVersion ?? null,
    caller: facts.from,
    dialed: facts.to,
    channel: called?.channel ?? null,
    geography: facts.geography,
    attestation: facts.attestation ?? null,
    qualifications: called?.tags ?? {},
    state,
    receivedAt: facts.receivedAt,
    migration: policy?.migration ?? null,
    visitor: called?.visitor ?? null,
  };
}

function screened(at: string, decision: string, called: NumberCalled | null): TimelineEntry {
  return {
    key: 'screened',
    at,
    step: 'screened',
    decision,
    detail:
      called === null
        ? {}
        : {
            campaign: called.campaign.campaignId,
            campaignName: called.campaign.name,
            planVersion: called.policy.planVersion,
            flowVersion: called.campaign.flow?.version ?? null,
          },
  };
}
