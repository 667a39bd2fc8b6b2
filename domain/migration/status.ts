import { unreachable } from '../exhaustive';
import type { OperationType } from './events';
import { possibleNow } from './operations';
import { missingAt, nextStep, stepAt, type Missing } from './progress';
import { formatShare } from './split';
import { isWatched, type MigrationPhase, type MigrationState } from './state';
import type { Judgement } from './statistics/verdict';

/** What people see of a migration. Plain JSON. */
export interface MigrationStatus {
  readonly phase: MigrationPhase;
  /** In hundredths of a percent. */
  readonly shareBasisPoints: number;
  /** Which step's demands apply, from 1, out of how many; 0 before it has begun. */
  readonly step: { readonly no: number; readonly of: number };
  /** The next step's share; `null`: completion comes next, or nothing. */
  readonly nextShareBasisPoints: number | null;
  readonly secondsLeft: number;
  readonly callsLeft: number;
  /** Calls that control took because the challenger was at its limit, since the share came into force. */
  readonly turnedAway: number;
  readonly judgements: readonly Judgement[];
  /** Since when the figures are counted, and when they were last looked at. */
  readonly since: string | null;
  readonly lookedAt: string | null;
  readonly missing: readonly Missing[];
  readonly possible: readonly OperationType[];
  readonly nextDecision: string;
}

/** @param at ISO 8601 instant of the question. */
export function statusOf(state: MigrationState, at: string): MigrationStatus {
  const { plan, shareBasisPoints, comparison } = state;
  const missing = isWatched(state) ? missingAt(state, at) : [];
  const left = (kind: 'seconds' | 'calls'): number =>
    missing.reduce((sum, one) => (one.kind === kind ? sum + one.left : sum), 0);
  const step = stepAt(plan, shareBasisPoints);
  return {
    phase: state.phase,
    shareBasisPoints,
    step: {
      no: comparison === null || step === null ? 0 : plan.steps.indexOf(step) + 1,
      of: plan.steps.length,
    },
    nextShareBasisPoints: isWatched(state)
      ? (nextStep(plan, shareBasisPoints)?.shareBasisPoints ?? null)
      : null,
    secondsLeft: left('seconds'),
    callsLeft: left('calls'),
    turnedAway: state.figures?.challenger.turnedAway ?? 0,
    judgements: state.judgements,
    since: comparison?.since ?? null,
    lookedAt: state.lookedAt,
    missing,
    possible: possibleNow(state),
    nextDecision: nextDecision(state, missing),
  };
}

function nextDecision(state: MigrationState, missing: readonly Missing[]): string {
  const { phase, plan } = state;
  const next = nextStep(plan, state.shareBasisPoints);
  const goal = next === null ? 'It is completed' : `It goes to ${formatShare(next.shareBasisPoints)}`;
  switch (phase.name) {
    case 'scheduled':
      return plan.startsAt === null
        ? 'It begins when somebody starts it'
        : `It begins at ${plan.startsAt}${plan.window === null ? '' : ', or when its window opens after that'}`;
    case 'running':
      return missing.length === 0
        ? `${goal} at the next look`
        : `${goal} after ${missing.map(inWords).join(', ')}`;
    case 'awaiting_approval':
      return `${goal} when somebody approves`;
    case 'paused':
      return phase.by === 'operator'
        ? 'It goes on when somebody resumes it'
        : `It goes on when campaign ${state.pausedCampaigns.join(' and ')} does`;
    case 'holding':
      return `Somebody has to decide: ${phase.reason}`;
    case 'completing':
      return 'The switch to the challenger is under way';
    case 'rolling_back':
      return 'All calls are being given to control';
    case 'completed':
    case 'rolled_back':
    case 'aborted':
      return 'It is over';
    default:
      return unreachable(phase);
  }
}

function inWords(missing: Missing): string {
  switch (missing.kind) {
    case 'seconds':
      return `another ${missing.left} s`;
    case 'calls':
      return `another ${missing.left} calls of the challenger`;
    case 'guardrail':
      return `a guardrail holds (${missing.reason})`;
    case 'approval':
      return 'an approval';
    case 'window':
      return 'its window opens';
    default:
      return unreachable(missing);
  }
}
