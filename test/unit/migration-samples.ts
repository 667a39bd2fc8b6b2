import type { CampaignId, MigrationId } from '../../domain/ids';
import {
  DEFAULT_PLAN,
  DEFAULT_STEPS,
  type MigrationKind,
  type MigrationPlan,
  type MigrationStep,
} from '../../domain/migration/plan';
import { reduceMigration } from '../../domain/migration/reducer';
import { newMigration, type MigrationEffect, type MigrationState } from '../../domain/migration/state';
import type { MigrationEvent, MigrationOperation, OperationType } from '../../domain/migration/events';
import { NO_FIGURES, type BothFigures, type SideFigures } from '../../domain/migration/statistics/figures';

export const BEGIN = '2026-01-05T12:00:00.000Z';
export const CAMPAIGN = 'cmp_1' as CampaignId;
export const OTHER = 'cmp_2' as CampaignId;
export const HOUR = 3_600;

export const planKind: MigrationKind = {
  kind: 'plan',
  campaignId: CAMPAIGN,
  controlVersion: 1,
  challengerVersion: 2,
};

/** So many seconds after {@link BEGIN}. */
export function after(seconds: number): string {
  return new Date(Date.parse(BEGIN) + seconds * 1000).toISOString();
}

export function planWith(changes: Partial<MigrationPlan> = {}): MigrationPlan {
  return { ...DEFAULT_PLAN, ...changes };
}

/** The default steps, of an hour each. */
export const hourly = (changes: Partial<MigrationStep> = {}): readonly MigrationStep[] =>
  DEFAULT_STEPS.map((step) => ({ ...step, minimumSeconds: HOUR, ...changes }));

/** What effects do, without the rest of them. */
export const doings = (effects: readonly MigrationEffect[]): readonly string[] =>
  effects.map((effect) => effect.do);

/** Calls of which so many were answered and converted, for 30 each; the rest of the figures follow. */
export function figuresOf(calls: number, answered: number, conversions = 0, matured = calls): SideFigures {
  return {
    ...NO_FIGURES,
    calls,
    dialled: calls,
    answered,
    matured,
    conversions,
    revenueMicros: `${conversions * 30_000_000}` as SideFigures['revenueMicros'],
    revenueSquares: `${BigInt(conversions) * 900_000_000_000_000n}`,
    talkSeconds: answered * 120,
    talkSquares: answered * 2 * 120 ** 2,
  };
}

export const GOOD: BothFigures = {
  control: figuresOf(9_000, 5_400, 900),
  challenger: figuresOf(1_000, 600, 100),
};
export const BAD: BothFigures = {
  control: figuresOf(9_000, 5_400, 900),
  challenger: figuresOf(1_000, 300, 20),
};

/** A migration and what it asked for, driven by hand. */
export class Driven {
  state: MigrationState;
  effects: MigrationEffect[] = [];
  private operationNo = 0;

  constructor(plan: MigrationPlan = planWith(), kind: MigrationKind = planKind) {
    this.state = newMigration('mig_1' as MigrationId, kind, plan);
  }

  /** What the event asks for. */
  send(event: MigrationEvent): readonly MigrationEffect[] {
    const { state, effects } = reduceMigration(this.state, event);
    this.state = state;
    this.effects.push(...effects);
    return effects;
  }

  operate(
    type: OperationType,
    seconds = 0,
    changes: { readonly shareBasisPoints?: number; readonly id?: string } = {},
  ): readonly MigrationEffect[] {
    return this.send({ type: 'operated', at: after(seconds), operation: this.operation(type, changes) });
  }

  operation(
    type: OperationType,
    { shareBasisPoints = 0, id }: { readonly shareBasisPoints?: number; readonly id?: string } = {},
  ): MigrationOperation {
    const base = { id: id ?? `op_${++this.operationNo}`, by: 'ann', reason: null };
    return type === 'set_share' ? { ...base, type, shareBasisPoints } : { ...base, type };
  }

  /** One look, and what it found. */
  look(seconds: number, figures: BothFigures): readonly MigrationEffect[] {
    const at = after(seconds);
    const asked = this.send({ type: 'time_passed', at });
    const wanted = asked.find((effect) => effect.do === 'evaluate');
    return wanted === undefined
      ? asked
      : this.send({ type: 'evaluated', at, comparison: wanted.comparison, figures });
  }
}
