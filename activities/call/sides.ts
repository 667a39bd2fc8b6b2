import type { CallFacts } from '../../domain/call/facts';
import { goesToChallenger, type CallSide, type Split } from '../../domain/migration/call-side';
import { sideOf } from '../../domain/migration/split';
import type { RoutingPlan } from '../../domain/routing/plan';
import type { Campaign } from './campaign';
import type { Campaigns } from './campaigns';

/** A campaign, and the version of its plan that a call goes by. */
export interface Ground {
  readonly campaign: Campaign;
  readonly plan: { readonly version: number; readonly definition: RoutingPlan };
}

/** Where a new call goes. */
export interface SideTaken {
  readonly own: Ground;
  /** `null`: its campaign has no migration. */
  readonly migration: CallSide | null;
  /** The control's ground, of a call that goes the challenger's way; else `null`. */
  readonly control: Ground | null;
}

/**
 * The side of a new call, by the split in its campaign's copy in memory: no read of the database more than a call
 * without a migration has.
 * @param challengerVersion of the challenger campaign's configuration, as the number's look-up brought it
 * @returns why not, in words, when the campaign has never been published
 */
export async function sideTaken(
  campaigns: Campaigns,
  owner: Campaign,
  facts: CallFacts,
  challengerVersion: bigint | null,
): Promise<SideTaken | string> {
  const { split } = owner;
  const control = await controlGround(campaigns, owner);
  if (control === null) return `the campaign of ${facts.to}, ${owner.campaignId}, has no published plan`;
  if (split === null) return { own: control, migration: null, control: null };
  const { migrationId, shift, shareBasisPoints, comparison } = split;
  const { from: caller, callId } = facts;
  const side = sideOf({ migrationId, caller, callId, shareBasisPoints });
  const migration: CallSide = { migrationId, shift, side, comparison, overflow: false };
  if (!goesToChallenger(migration)) return { own: control, migration, control: null };
  const own = await challengerGround(campaigns, control, split, challengerVersion);
  // A challenger that takes no calls at all has no room for this one either.
  return own === null
    ? { own: control, migration: { ...migration, overflow: true }, control: null }
    : { own, migration, control };
}

/** Between two versions of a plan, the control is the one the migration began with, whatever is published meanwhile. */
export async function controlGround(campaigns: Campaigns, campaign: Campaign): Promise<Ground | null> {
  const { plan, split, campaignId } = campaign;
  if (plan === null) return null;
  const pinned = split?.shift.kind === 'plan' ? split.shift.control : plan.version;
  if (pinned === plan.version) return { campaign, plan };
  return { campaign, plan: { version: pinned, definition: await campaigns.plan(campaignId, pinned) } };
}

async function challengerGround(
  campaigns: Campaigns,
  control: Ground,
  { shift }: Split,
  challengerVersion: bigint | null,
): Promise<Ground | null> {
  switch (shift.kind) {
    case 'buyer':
      return control;
    case 'plan': {
      const definition = await campaigns.plan(control.campaign.campaignId, shift.challenger);
      return { campaign: control.campaign, plan: { version: shift.challenger, definition } };
    }
    case 'campaign': {
      // The copy in memory can be of a migration that has just begun: the look-up did not see it yet.
      if (challengerVersion === null) return null;
      const campaign = await campaigns.at(shift.challenger, challengerVersion);
      return campaign.plan === null || campaign.status !== 'active'
        ? null
        : { campaign, plan: campaign.plan };
    }
    default:
      return shift satisfies never;
  }
}
