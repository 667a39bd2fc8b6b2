import type { Pool } from 'pg';
import type { Queryable } from '../../db/pool';
import { insertCall } from '../../db/queries/calls';
import { insertTimeline } from '../../db/queries/timeline';
import { transaction } from '../../db/transaction';
import type { Admission, EndedAtOnce, MenuFirst, Placed } from '../../domain/call/commands';
import type { CallStateName, UnroutedOutcome } from '../../domain/call/outcome';
import type { CallPolicy } from '../../domain/call/policy';
import type { TimelineEntry } from '../../domain/call/timeline';
import { unreachable } from '../../domain/exhaustive';
import { screen } from '../../domain/screening';
import type { Treatment } from '../../domain/treatment';
import type { AdmitInput, CallActivities } from './index';
import { firstPrompt } from './ivrPrompt';
import { concludeStep, placeCall, treatCaller, type Decided } from './placement';
import { oncePerCall } from './repeatable';
import type { CampaignReader, CampaignSetup } from './setup';

interface Dependencies {
  readonly db: Pool;
  readonly campaigns: CampaignReader;
  readonly callbackGraceSeconds: number;
}

const STEP = 'admit';

/** What a caller on a number nobody owns gets, and one whose call the fail-safe has taken: nothing to configure. */
const NO_ROUTE: Treatment = { kind: 'reject', reason: 'rejected' };

/** Who is calling whom comes first; the answer names what happens to the caller now. */
export function createAdmitCall({
  db,
  campaigns,
  callbackGraceSeconds,
}: Dependencies): CallActivities['admitCall'] {
  return (input) =>
    oncePerCall(db, input.facts.callId, STEP, async (): Promise<Admission> => {
      const setup = await campaigns.campaignBehind(input.facts);
      const policy = setup === null ? null : policyOf(setup, callbackGraceSeconds);
      return transaction(db, async (tx) => {
        const rowState = expectedState(setup);
        const inserted = insertCall(tx, callRow(input, policy, rowState));
        const [, decided] = await Promise.all([inserted, decide(tx, input, setup, policy)]);
        const value = { ...decided.result, policy } as Admission;
        const named = { callId: input.facts.callId, name: STEP, qualifications: null };
        return { value, last: concludeStep(tx, named, rowState, { ...decided, result: value }) };
      });
    });
}

async function decide(
  tx: Queryable,
  input: AdmitInput,
  setup: CampaignSetup | null,
  policy: CallPolicy | null,
): Promise<Decided<Placed | EndedAtOnce | MenuFirst>> {
  const { facts, at } = input;
  const turnAway = (
    outcome: UnroutedOutcome,
    reason: string,
    treatment: Treatment,
  ): Decided<Placed | EndedAtOnce> =>
    treatCaller(tx, {
      callId: facts.callId,
      at,
      outcome,
      reason,
      treatment,
      qualifications: null,
      before: [...input.entries, screened(at, reason, setup)],
    });

  if (input.giveUp !== null) return turnAway('failed', input.giveUp.reason, NO_ROUTE);
  if (setup === null || policy === null) return turnAway('failed', `unknown number ${facts.to}`, NO_ROUTE);
  const verdict = screen({
    campaignStatus: setup.status,
    hours: setup.hours,
    callerBlocked: setup.callerBlocked,
    callerAnonymous: facts.from === null,
    anonymousCallers: setup.anonymousCallers,
    at,
  });
  if (!verdict.pass) return turnAway(verdict.outcome, verdict.reason, treatmentFor(verdict.outcome, setup));

  const passed = screened(at, 'passed', setup);
  if (setup.flow !== null) {
    const prompt = firstPrompt(setup.flow, setup.flowVersion, at);
    return {
      result: { kind: 'menu', menu: prompt.menu, entries: [passed, prompt.entry] },
      state: 'menu',
      writes: [() => insertTimeline(tx, facts.callId, [...input.entries, passed, prompt.entry])],
    };
  }
  const { plan, treatments, assignments } = setup;
  const selection = { facts, policy, routing: { plan, treatments, assignments }, alreadyTried: [], at };
  return placeCall(tx, selection, null, [...input.entries, passed]);
}

function treatmentFor(outcome: UnroutedOutcome, setup: CampaignSetup): Treatment {
  switch (outcome) {
    case 'paused':
      return setup.treatments.paused;
    case 'blocked':
      return setup.treatments.blocked;
    case 'after_hours':
      return setup.treatments.afterHours;
    case 'no_candidate':
    case 'exhausted':
    case 'failed':
      return setup.plan.fallback;
    default:
      return unreachable(outcome);
  }
}

/** The state most calls to this campaign start in; a call that takes another way is moved in the same transaction. */
function expectedState(setup: CampaignSetup | null): CallStateName {
  return setup !== null && setup.flow !== null ? 'menu' : 'dialing';
}

function policyOf(setup: CampaignSetup, callbackGraceSeconds: number): CallPolicy {
  return {
    campaignId: setup.campaignId,
    publisherId: setup.publisherId,
    currency: setup.currency,
    payout: setup.payout,
    planVersion: setup.planVersion,
    flowVersion: setup.flowVersion,
    maxAttempts: setup.plan.maxAttempts,
    maxCallSeconds: setup.maxCallSeconds,
    callbackGraceSeconds,
    reportAnswer: setup.reportAnswer,
    record: setup.record,
  };
}

function callRow({ facts, workflowId }: AdmitInput, policy: CallPolicy | null, state: CallStateName) {
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
    geography: facts.geography,
    state,
    receivedAt: facts.receivedAt,
  };
}

function screened(at: string, decision: string, setup: CampaignSetup | null): TimelineEntry {
  return {
    key: 'screened',
    at,
    step: 'screened',
    decision,
    detail:
      setup === null
        ? {}
        : {
            campaign: setup.campaignId,
            campaignName: setup.name,
            planVersion: setup.planVersion,
            flowVersion: setup.flowVersion,
          },
  };
}
