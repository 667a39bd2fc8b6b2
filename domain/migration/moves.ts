import { readInstant } from '../clock';
import type { CampaignId } from '../ids';
import { mayAdvance, missingAt, nextStep } from './progress';
import { formatShare } from './split';
import { carriedOver } from './statistics/judge';
import {
  noted,
  type MigrationEffect,
  type MigrationOutcome,
  type MigrationState,
  type Retreat,
} from './state';

/** Who moves a migration, and why. */
export interface Mover {
  /** `null`: the migration by itself. */
  readonly by: string | null;
  readonly reason: string | null;
}

export const BY_ITSELF: Mover = { by: null, reason: null };

export function noEffect(state: MigrationState): MigrationOutcome {
  return { state, effects: [] };
}

/** A change that calls or people have to see, and what else has to be done about it. */
export function written(state: MigrationState, ...effects: readonly MigrationEffect[]): MigrationOutcome {
  return { state, effects: [{ do: 'write_state' }, ...effects] };
}

/** `at` so many seconds later, as an ISO 8601 instant. */
export function later(at: string, seconds: number): string {
  return new Date(readInstant(at) + seconds * 1000).toISOString();
}

/** The state with its next look one evaluation after `at`, unless no calls come because a campaign is paused. */
export function lookingAgain(state: MigrationState, at: string): MigrationState {
  const waits = state.phase.name === 'paused' && state.phase.by === 'campaign';
  return { ...state, nextLookAt: waits ? null : later(at, state.plan.evaluationSeconds) };
}

/** A new share from `at` on, and figures that are counted anew. The phase is the caller's to say. */
export function withShare(state: MigrationState, shareBasisPoints: number, at: string): MigrationState {
  const control = state.figures?.control ?? null;
  const keep = control === null || control.calls < (state.reference?.calls ?? 0);
  const fresh: MigrationState = {
    ...state,
    shareBasisPoints,
    comparison: { no: (state.comparison?.no ?? 0) + 1, since: at, idleMilliseconds: 0 },
    approved: false,
    idleSince: state.idleSince === null ? null : at,
    lookedAt: null,
    figures: null,
    judgements: [],
    carried: carriedOver(state.carried, state.judgements),
    reference: keep ? state.reference : control,
  };
  return lookingAgain(fresh, at);
}

/** To the next step; from the last one on, to completion. */
export function advance(state: MigrationState, at: string, { by, reason }: Mover): MigrationOutcome {
  const next = nextStep(state.plan, state.shareBasisPoints);
  const figures = state.judgements.map((judgement) => judgement.reason);
  if (next === null) {
    const completing: MigrationState = { ...state, phase: { name: 'completing' }, nextLookAt: null };
    return written(noted(completing, { at, what: 'completing', by, reason, figures }), { do: 'complete' });
  }
  const running: MigrationState = { ...state, phase: { name: 'running' } };
  const moved = withShare(running, next.shareBasisPoints, at);
  const what = state.comparison === null ? 'started' : 'advanced';
  return written(noted(moved, { at, what, by, reason, figures }));
}

/** Goes on by itself where nothing is missing; asks for approval where only that is, whatever the hour. */
export function goOn(state: MigrationState, at: string): MigrationOutcome {
  if (state.phase.name !== 'running') return noEffect(state);
  const missing = missingAt(state, at);
  if (missing.length === 0) return advance(state, at, BY_ITSELF);
  const wanted = missing.some(({ kind }) => kind === 'approval');
  if (!wanted || missing.some(({ kind }) => kind !== 'approval' && kind !== 'window')) return noEffect(state);
  const next = nextStep(state.plan, state.shareBasisPoints)?.shareBasisPoints ?? 0;
  const reason = `${formatShare(next)} is the next step, and somebody has to approve it`;
  const waiting: MigrationState = { ...state, phase: { name: 'awaiting_approval' } };
  const figures = state.judgements.map((judgement) => judgement.reason);
  return written(noted(waiting, { at, what: 'awaiting approval', by: null, reason, figures }), {
    do: 'notify',
    notice: 'approval_wanted',
    message: reason,
  });
}

/** Starts by itself, once it is time and the window open. */
export function startWhenDue(state: MigrationState, at: string): MigrationOutcome {
  const { startsAt } = state.plan;
  if (startsAt === null || readInstant(at) < readInstant(startsAt)) return noEffect(state);
  if (!mayAdvance(state.plan, at) || state.pausedCampaigns.length > 0)
    return noEffect(lookingAgain(state, at));
  return advance(state, at, { by: null, reason: `due since ${startsAt}` });
}

/** All calls go to control at once; how the migration ends is decided. */
export function goBack(
  state: MigrationState,
  at: string,
  to: Retreat,
  mover: Mover,
  ...effects: readonly MigrationEffect[]
): MigrationOutcome {
  const why = mover.reason ?? 'no reason given';
  const going: MigrationState = {
    ...state,
    phase: { name: 'rolling_back', to, reason: why },
    shareBasisPoints: 0,
    approved: false,
    nextLookAt: null,
  };
  const what = to === 'aborted' ? 'aborting' : 'rolling back';
  const figures = state.judgements.map((judgement) => judgement.reason);
  return written(noted(going, { at, what, ...mover, figures }), { do: 'roll_back', to }, ...effects);
}

/** A guardrail is breached: holds or goes back, as the plan says. */
export function breach(state: MigrationState, at: string): MigrationOutcome {
  const reasons = state.judgements.filter(({ verdict }) => verdict === 'breach').map(({ reason }) => reason);
  const reason = reasons.join(' ');
  const notify: MigrationEffect = { do: 'notify', notice: 'breached', message: reason };
  if (state.plan.onBreach === 'roll_back')
    return goBack(state, at, 'rolled_back', { by: null, reason }, notify);
  return hold(state, at, reason, notify);
}

/** Keeps its share and asks. */
export function hold(
  state: MigrationState,
  at: string,
  reason: string,
  notify: MigrationEffect,
): MigrationOutcome {
  const holding = lookingAgain({ ...state, phase: { name: 'holding', reason }, approved: false }, at);
  return written(noted(holding, { at, what: 'on hold', by: null, reason }), notify);
}

/** One of its campaigns takes no calls: neither does time run, nor is there anything to look at. */
export function campaignPaused(state: MigrationState, at: string, campaign: CampaignId): MigrationOutcome {
  if (state.pausedCampaigns.includes(campaign)) return noEffect(state);
  const idle: MigrationState = {
    ...state,
    pausedCampaigns: [...state.pausedCampaigns, campaign],
    idleSince: state.comparison === null ? null : (state.idleSince ?? at),
  };
  if (state.phase.name !== 'running' && state.phase.name !== 'awaiting_approval') return noEffect(idle);
  const paused: MigrationState = { ...idle, phase: { name: 'paused', by: 'campaign' }, nextLookAt: null };
  return written(noted(paused, { at, what: 'paused', by: null, reason: `campaign ${campaign} is paused` }));
}

export function campaignResumed(state: MigrationState, at: string, campaign: CampaignId): MigrationOutcome {
  if (!state.pausedCampaigns.includes(campaign)) return noEffect(state);
  const pausedCampaigns = state.pausedCampaigns.filter((other) => other !== campaign);
  const left: MigrationState = { ...state, pausedCampaigns };
  if (pausedCampaigns.length > 0) return noEffect(left);
  const busy = withIdleTime(left, at);
  if (busy.phase.name !== 'paused' || busy.phase.by !== 'campaign') return noEffect(busy);
  const running = lookingAgain({ ...busy, phase: { name: 'running' } }, at);
  return written(noted(running, { at, what: 'resumed', by: null, reason: `campaign ${campaign} is active` }));
}

/** Puts the time in which no calls came behind it. */
function withIdleTime(state: MigrationState, at: string): MigrationState {
  const { comparison, idleSince } = state;
  if (comparison === null || idleSince === null) return state;
  const idle = Math.max(0, readInstant(at) - readInstant(idleSince));
  return {
    ...state,
    idleSince: null,
    comparison: { ...comparison, idleMilliseconds: comparison.idleMilliseconds + idle },
  };
}
