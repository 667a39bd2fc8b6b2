import { hoursSchema } from '../../contract/hours';
import type {
  Migration,
  MigrationAction,
  MigrationHead,
  NewMigration,
} from '../../contract/resources/migration';
import type { MigrationRow } from '../../db/queries/migrations';
import { unreachable } from '../../domain/exhaustive';
import type { CampaignId, MigrationId } from '../../domain/ids';
import type { OperationType } from '../../domain/migration/events';
import type { MigrationKind, MigrationPlan } from '../../domain/migration/plan';
import type { MigrationState } from '../../domain/migration/state';
import type { SideFigures } from '../../domain/migration/statistics/figures';
import { statusOf } from '../../domain/migration/status';

/** What only the API knows of a migration: it is stored beside the state, which is the workflow's. */
export interface StoredSettings {
  readonly notifyUrl: string | null;
}

/** A migration's operations by the names of their routes. */
export const OPERATION_OF = {
  start: 'start',
  pause: 'pause',
  resume: 'resume',
  advance: 'advance',
  share: 'set_share',
  approve: 'approve',
  'roll-back': 'roll_back',
  abort: 'abort',
} as const satisfies Record<MigrationAction, OperationType>;

const ACTION_OF: Readonly<Record<OperationType, MigrationAction>> = {
  start: 'start',
  pause: 'pause',
  resume: 'resume',
  advance: 'advance',
  set_share: 'share',
  approve: 'approve',
  roll_back: 'roll-back',
  abort: 'abort',
};

/** A refusal with the names that callers of the API know. */
export function inWordsOfTheApi(refusal: string): string {
  return refusal.replaceAll('set_share', ACTION_OF.set_share).replaceAll('roll_back', ACTION_OF.roll_back);
}

/** What the workflow wrote, which nobody else writes. */
export function stateOf(row: MigrationRow): MigrationState {
  return row.state as MigrationState;
}

/** A percentage as the hundredths of a percent that rules reckon with. */
export function toBasisPoints(percent: number): number {
  return Math.round(percent * 100);
}

/** How a migration is to go, from what was asked for. */
export function planOf(asked: NewMigration): MigrationPlan {
  return {
    steps: asked.steps.map(({ sharePercent, ...step }) => ({
      ...step,
      shareBasisPoints: toBasisPoints(sharePercent),
    })),
    guardrails: asked.guardrails,
    falseAlarmRate: asked.falseAlarmRate,
    onBreach: asked.onBreach,
    conversionWindowSeconds: asked.conversionWindowSeconds,
    evaluationSeconds: asked.evaluationSeconds,
    window: asked.window,
    startsAt: null,
  };
}

/** @param state newer than the row's own, where somebody has asked the workflow */
export function presentMigration(row: MigrationRow, state: MigrationState = stateOf(row)): Migration {
  const history = state.history.map(({ shareBasisPoints, figures, ...entry }) => ({
    ...entry,
    sharePercent: shareBasisPoints / 100,
    figures: [...figures],
  }));
  return { ...presentHead(row, state), history };
}

/** A migration as lists show it. */
export function presentHead(row: MigrationRow, state: MigrationState = stateOf(row)): MigrationHead {
  const { plan } = state;
  const { notifyUrl = null } = row.settings as Partial<StoredSettings>;
  return {
    id: row.id as MigrationId,
    status: state.phase.name,
    name: row.name,
    kind: presentKind(state.kind),
    steps: plan.steps.map(({ shareBasisPoints, ...step }) => ({
      ...step,
      sharePercent: shareBasisPoints / 100,
    })),
    guardrails: [...plan.guardrails],
    falseAlarmRate: plan.falseAlarmRate,
    onBreach: plan.onBreach,
    conversionWindowSeconds: plan.conversionWindowSeconds,
    evaluationSeconds: plan.evaluationSeconds,
    window: hoursSchema.nullable().parse(plan.window),
    notifyUrl,
    progress: presentProgress(state),
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

function presentKind(kind: MigrationKind): MigrationHead['kind'] {
  switch (kind.kind) {
    case 'buyer':
      return {
        kind: 'buyer',
        campaignId: kind.campaignId,
        controlAssignmentId: placeOf(kind.control.assignmentIds),
        challengerAssignmentId: placeOf(kind.challenger.assignmentIds),
      };
    case 'plan':
    case 'campaign':
      return kind;
    default:
      return unreachable(kind);
  }
}

function placeOf<T>(assignments: readonly T[]): T {
  const [only] = assignments;
  if (only === undefined) throw new Error('A migration between buyers has a place on each side');
  return only;
}

function presentProgress(state: MigrationState): MigrationHead['progress'] {
  const { phase, figures } = state;
  const status = statusOf(state, new Date().toISOString());
  return {
    sharePercent: status.shareBasisPoints / 100,
    step: status.step,
    nextSharePercent: status.nextShareBasisPoints === null ? null : status.nextShareBasisPoints / 100,
    since: status.since,
    lookedAt: status.lookedAt,
    reason: 'reason' in phase ? phase.reason : null,
    pausedBy: phase.name === 'paused' ? phase.by : null,
    figures:
      figures === null
        ? null
        : { control: presentFigures(figures.control), challenger: presentFigures(figures.challenger) },
    judgements: [...status.judgements],
    missing: [...status.missing],
    possible: status.possible.map((type) => ACTION_OF[type]),
    nextDecision: status.nextDecision,
  };
}

/** Without the sums of squares, which are for reckoning. */
function presentFigures({ revenueSquares: _r, talkSquares: _t, ...figures }: SideFigures) {
  return figures;
}

/** The campaign whose callers a migration divides. */
export function dividedCampaign(kind: MigrationKind | MigrationHead['kind']): CampaignId {
  return kind.kind === 'campaign' ? kind.controlCampaignId : kind.campaignId;
}
