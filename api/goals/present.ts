import type { CampaignGoal, GoalProgress, GoalSettings } from '../../contract/resources/goal';
import type { CampaignRow } from '../../db/queries/campaigns';
import type { GoalRow } from '../../db/queries/goals';
import type { Goal, GoalFigures } from '../../domain/goals/goal';
import type { GoalPeriod, OpenSoFar, Progress } from '../../domain/goals/progress';
import type { CampaignId } from '../../domain/ids';
import type { Currency, MicrosText } from '../../domain/money';
import type { AuditedKind } from '../http/edit';

export const GOAL: AuditedKind<CampaignGoal> = {
  entity: 'goal',
  idOf: ({ campaignId }) => campaignId,
  campaignOf: ({ campaignId }) => campaignId,
};

export function presentGoal(row: GoalRow): CampaignGoal {
  return {
    campaignId: row.campaign_id as CampaignId,
    period: row.period,
    calls: row.calls,
    costPerCallMicros: microsText(row.cost_per_call_micros),
    conversionRate: row.conversion_rate,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** What people say of a goal. */
export function settingsOf({ period, calls, costPerCallMicros, conversionRate }: CampaignGoal): GoalSettings {
  return { period, calls, costPerCallMicros, conversionRate };
}

export function readGoal(row: GoalRow): Goal {
  return {
    period: row.period,
    calls: row.calls,
    costPerCall: row.cost_per_call_micros,
    conversionRate: row.conversion_rate,
  };
}

/** Whole micros as JSON carries them. */
export function microsText<T extends bigint | null>(
  amount: T,
): T extends null ? MicrosText | null : MicrosText;
export function microsText(amount: bigint | null): MicrosText | null {
  return amount === null ? null : (amount.toString() as MicrosText);
}

/** Where a goal stands, with what that was worked out from. */
export interface Standing {
  readonly campaign: Pick<CampaignRow, 'id' | 'name' | 'currency' | 'time_zone'>;
  readonly goal: Goal;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly period: GoalPeriod;
  readonly open: OpenSoFar;
  readonly figures: GoalFigures;
  readonly progress: Progress;
}

export function presentProgress(standing: Standing): GoalProgress {
  const { campaign, goal, at, period, open, figures, progress } = standing;
  const { calls, costPerCall, conversionRate } = progress;
  return {
    campaignId: campaign.id as CampaignId,
    name: campaign.name,
    currency: campaign.currency as Currency,
    timeZone: campaign.time_zone,
    at: instant(at),
    period: {
      kind: goal.period,
      ...period.days,
      startsAt: instant(period.startsAt),
      endsAt: instant(period.endsAt),
    },
    open: {
      passedSeconds: Math.floor(open.passed / 1000),
      ofSeconds: Math.floor(open.of / 1000),
      share: progress.share,
    },
    soFar: {
      received: Number(figures.received),
      costPerCallMicros: microsText(figures.costPerCall),
      conversionRate: figures.conversionRate,
    },
    calls: calls === null ? null : { ...calls, received: Number(calls.received) },
    costPerCall:
      costPerCall === null
        ? null
        : {
            goalMicros: microsText(costPerCall.goal),
            soFarMicros: microsText(costPerCall.soFar),
            overMicros: microsText(costPerCall.over),
            pace: costPerCall.pace,
          },
    conversionRate,
  };
}

function instant(at: number): string {
  return new Date(at).toISOString();
}
