import type { Hours } from '../hours';
import type { AssignmentId, BuyerId, CampaignId } from '../ids';
import type { MicrosText } from '../money';

/** A buyer's places in the campaign: all of them move together, since the buyer is what is being tried. */
export interface BuyerSide {
  readonly buyerId: BuyerId;
  readonly assignmentIds: readonly AssignmentId[];
}

/**
 * What volume moves between. `buyer`: on the control side the challenger's assignments are no candidates, on the
 * challenger side the control's are none; everybody else in the campaign is a candidate on both. `plan`: the side says
 * which version of the routing plan is pinned at the start of the call. `campaign`: the challenger campaign takes calls
 * to the control campaign's numbers.
 */
export type MigrationKind =
  | {
      readonly kind: 'buyer';
      readonly campaignId: CampaignId;
      readonly control: BuyerSide;
      readonly challenger: BuyerSide;
    }
  | {
      readonly kind: 'plan';
      readonly campaignId: CampaignId;
      readonly controlVersion: number;
      readonly challengerVersion: number;
    }
  | {
      readonly kind: 'campaign';
      readonly controlCampaignId: CampaignId;
      readonly challengerCampaignId: CampaignId;
    };

/** One share and what has to be seen at it before the next. All of it counts from when the share came into force. */
export interface MigrationStep {
  /** In hundredths of a percent, 1 to 10000. */
  readonly shareBasisPoints: number;
  readonly minimumSeconds: number;
  /** Calls of the challenger that have ended; with their conversion window over, where a guardrail is about money. */
  readonly minimumCalls: number;
  /** Whether somebody has to approve before this step begins. Whoever starts a migration approves its first step. */
  readonly approval: boolean;
}

/** Shares of calls, 0 to 1. */
export type RateMetric = 'answer_rate' | 'conversion_rate' | 'no_candidate_rate';
/** Averages over calls. */
export type MeanMetric = 'revenue_per_call' | 'mean_duration';
export type Metric = RateMetric | MeanMetric;

/**
 * Relative to control over the same time: the challenger may be worse by `drop`, a share of control's figure (0.1: ten
 * percent worse), and not by more. Where a rise is the harm, as with `no_candidate_rate`, worse means higher.
 */
export interface RelativeDrop {
  readonly kind: 'relative_drop';
  /** From 0 up to, but not including, 1. */
  readonly drop: number;
}

/**
 * What the challenger is measured by. A `floor` is the worst figure allowed, whatever control does: for a rate a share
 * from 0 to 1 (where a rise is the harm: the highest allowed), for `mean_duration` seconds.
 */
export type Guardrail =
  | {
      readonly metric: RateMetric | 'mean_duration';
      readonly rule: { readonly kind: 'floor'; readonly value: number } | RelativeDrop;
    }
  | {
      readonly metric: 'revenue_per_call';
      readonly rule: { readonly kind: 'floor'; readonly valueMicros: MicrosText } | RelativeDrop;
    };

/** What a migration does when a guardrail is breached: stays at its share and asks, or goes back by itself. */
export type OnBreach = 'hold' | 'roll_back';

/** How a migration goes from none of the traffic to all of it. Fixed once the migration exists. */
export interface MigrationPlan {
  /** In ascending order of share; the last has all of it. */
  readonly steps: readonly MigrationStep[];
  readonly guardrails: readonly Guardrail[];
  /**
   * The chance that a migration whose challenger is as good as the guardrails ask is held or rolled back all the same,
   * over all guardrails, all steps and all looks together.
   */
  readonly falseAlarmRate: number;
  readonly onBreach: OnBreach;
  /** How long after its end a call may still convert. Before, neither its conversion nor its revenue is compared. */
  readonly conversionWindowSeconds: number;
  /** Time from one look at the guardrails to the next. */
  readonly evaluationSeconds: number;
  /** When it may advance by itself; guardrails are watched at any hour. `null`: always. */
  readonly window: Hours | null;
  /** ISO 8601 instant from which it starts by itself, inside the window; `null`: when somebody starts it. */
  readonly startsAt: string | null;
}

const HOUR = 3600;

export const DEFAULT_STEPS: readonly MigrationStep[] = [100, 500, 2_500, 5_000, 10_000].map(
  (shareBasisPoints) => ({
    shareBasisPoints,
    minimumSeconds: 24 * HOUR,
    minimumCalls: 100,
    approval: false,
  }),
);

export const DEFAULT_PLAN: MigrationPlan = {
  steps: DEFAULT_STEPS,
  guardrails: [
    { metric: 'answer_rate', rule: { kind: 'relative_drop', drop: 0.1 } },
    { metric: 'conversion_rate', rule: { kind: 'relative_drop', drop: 0.1 } },
  ],
  falseAlarmRate: 0.05,
  onBreach: 'roll_back',
  conversionWindowSeconds: 0,
  evaluationSeconds: 30,
  window: null,
  startsAt: null,
};

/** The campaigns whose calls or configuration a migration changes. */
export function campaignsOf(kind: MigrationKind): readonly CampaignId[] {
  return kind.kind === 'campaign' ? [kind.controlCampaignId, kind.challengerCampaignId] : [kind.campaignId];
}

/**
 * Whether two migrations would split the same traffic, so that the second has to wait. Every kind splits all calls of
 * its campaigns: two in one campaign would each be measured on calls the other one moves.
 */
export function splitSameTraffic(a: MigrationKind, b: MigrationKind): boolean {
  const ofB = new Set(campaignsOf(b));
  return campaignsOf(a).some((campaign) => ofB.has(campaign));
}
