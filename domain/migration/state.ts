import type { CampaignId, MigrationId } from '../ids';
import type { MigrationKind, MigrationPlan } from './plan';
import type { BothFigures, SideFigures } from './statistics/figures';
import type { Judgement } from './statistics/verdict';

/** How a migration that goes back ends, and is reported ever after. */
export type Retreat = 'rolled_back' | 'aborted';

/**
 * Where a migration stands. `holding`: a guardrail was breached, or the switch was refused, and a person has to say how
 * it goes on. `rolling_back` and `completing`: the database is being changed. The last three are final: control has all
 * calls again, or the challenger has.
 */
export type MigrationPhase =
  | { readonly name: 'scheduled' }
  | { readonly name: 'running' }
  /** Paused by an operator, or because a campaign is paused whose calls it moves. */
  | { readonly name: 'paused'; readonly by: 'operator' | 'campaign' }
  | { readonly name: 'holding'; readonly reason: string }
  | { readonly name: 'awaiting_approval' }
  | { readonly name: 'completing' }
  | { readonly name: 'rolling_back'; readonly to: Retreat; readonly reason: string }
  | { readonly name: 'completed'; readonly at: string }
  | { readonly name: Retreat; readonly at: string; readonly reason: string };

export type PhaseName = MigrationPhase['name'];

/** A time during which the share stayed the same: what the figures of both sides are counted over. */
export interface Comparison {
  /** From 1. Calls carry it beside their side, so that figures are counted by it. */
  readonly no: number;
  /** ISO 8601 instant from which the share has been in force. */
  readonly since: string;
  /** Milliseconds of it in which a campaign was paused: no calls came, so that they are no part of a step's time. */
  readonly idleMilliseconds: number;
}

/** One line of a migration's history, for people. */
export interface HistoryEntry {
  readonly at: string;
  readonly what: string;
  /** Who did it; `null`: the migration by itself. */
  readonly by: string | null;
  readonly reason: string | null;
  /** The challenger's share afterwards, in hundredths of a percent. */
  readonly shareBasisPoints: number;
  /** What the guardrails said, where the step rests on them. */
  readonly figures: readonly string[];
}

/** A migration, whole. Plain JSON of bounded size, so that continue-as-new carries it for weeks and queries return it. */
export interface MigrationState {
  readonly id: MigrationId;
  readonly kind: MigrationKind;
  readonly plan: MigrationPlan;
  readonly phase: MigrationPhase;
  /** The challenger's share in force, in hundredths of a percent. */
  readonly shareBasisPoints: number;
  /** `null` until it has begun. */
  readonly comparison: Comparison | null;
  /** The next step's beginning is approved. */
  readonly approved: boolean;
  /** Its campaigns that are paused at the moment, and since when one of them is. */
  readonly pausedCampaigns: readonly CampaignId[];
  readonly idleSince: string | null;
  /** ISO 8601 instant of the next `time_passed`; `null`: only an event from outside moves it. */
  readonly nextLookAt: string | null;
  /** The last look: when, what both sides had come to, and what the guardrails said. */
  readonly lookedAt: string | null;
  readonly figures: BothFigures | null;
  readonly judgements: readonly Judgement[];
  /** What the comparisons before found against the challenger, see `stakeOf`. */
  readonly carried: readonly number[];
  /** Control's figures of the comparison before with the most calls, see `Look.reference`. */
  readonly reference: SideFigures | null;
  /** Ids of the operations done, oldest first. */
  readonly operations: readonly string[];
  readonly history: readonly HistoryEntry[];
}

/** Of more, the oldest are forgotten. An operation repeated after so many others is refused or done again. */
export const MOST_OPERATIONS = 200;
export const MOST_HISTORY = 200;

/** Why a person is told. */
export type Notice =
  | 'breached'
  | 'approval_wanted'
  | 'switch_refused'
  | 'completed'
  | 'rolled_back'
  | 'aborted';

/** What the workflow has to do after an event, in order. */
export type MigrationEffect =
  /** Makes the state visible and its share effective for new calls: phase, share and comparison, in one transaction. */
  | { readonly do: 'write_state' }
  /** Counts both sides' figures over the comparison; answers with `evaluated`. */
  | { readonly do: 'evaluate'; readonly comparison: number; readonly since: string }
  /** Switches plan, assignments or numbers to the challenger in one transaction; answers with `switched` or why not. */
  | { readonly do: 'complete' }
  /** Gives all calls to control and releases the traffic; answers with `rolled_back`. */
  | { readonly do: 'roll_back'; readonly to: Retreat }
  | { readonly do: 'notify'; readonly notice: Notice; readonly message: string };

export interface MigrationOutcome {
  readonly state: MigrationState;
  readonly effects: readonly MigrationEffect[];
}

/** A migration that has not begun. It looks at the clock first when it is to start by itself. */
export function newMigration(id: MigrationId, kind: MigrationKind, plan: MigrationPlan): MigrationState {
  return {
    id,
    kind,
    plan,
    phase: { name: 'scheduled' },
    shareBasisPoints: 0,
    comparison: null,
    approved: false,
    pausedCampaigns: [],
    idleSince: null,
    nextLookAt: plan.startsAt,
    lookedAt: null,
    figures: null,
    judgements: [],
    carried: [],
    reference: null,
    operations: [],
    history: [],
  };
}

/** Nothing will ever happen in it again. */
export function isOver({ phase }: MigrationState): boolean {
  return phase.name === 'completed' || phase.name === 'rolled_back' || phase.name === 'aborted';
}

/** Whether its guardrails are looked at: its share is in force, and nothing has been decided. */
export function isWatched({ phase }: MigrationState): boolean {
  return (
    phase.name === 'running' ||
    phase.name === 'paused' ||
    phase.name === 'holding' ||
    phase.name === 'awaiting_approval'
  );
}

/** Adds a line to the history, with the share as it is by then. */
export function noted(
  state: MigrationState,
  entry: Omit<HistoryEntry, 'shareBasisPoints' | 'figures'> & { readonly figures?: readonly string[] },
): MigrationState {
  const line: HistoryEntry = { figures: [], ...entry, shareBasisPoints: state.shareBasisPoints };
  return { ...state, history: [...state.history, line].slice(-MOST_HISTORY) };
}
