import type { Campaign } from '../../contract/resources/campaign';
import type { CampaignStatus } from '../../domain/campaign/status';
import { Problem } from '../problems';

/** draft → active ⇄ paused → archived; archived is for ever. */
export const STATUS_ACTIONS = ['activate', 'pause', 'resume', 'archive'] as const;
export type StatusAction = (typeof STATUS_ACTIONS)[number];

interface Transition {
  readonly from: readonly CampaignStatus[];
  readonly to: CampaignStatus;
}

const TRANSITIONS: Readonly<Record<StatusAction, Transition>> = {
  activate: { from: ['draft'], to: 'active' },
  pause: { from: ['active'], to: 'paused' },
  resume: { from: ['paused'], to: 'active' },
  archive: { from: ['draft', 'active', 'paused'], to: 'archived' },
};

/** What to do instead, by the status in which an action is refused. */
const INSTEAD: Readonly<Record<CampaignStatus, string>> = {
  draft: 'it is a draft: activate it first',
  active: 'it is active',
  paused: 'it is paused: resume it',
  archived: 'it is archived, and that is for ever',
};

/**
 * The status an action leads to; the present one when the campaign is there already.
 * @throws Problem `conflict` when the action does not go with the status, `not_ready` when something is missing
 */
export function statusAfter(
  action: StatusAction,
  campaign: Pick<Campaign, 'status' | 'currentPlanVersion'>,
): CampaignStatus {
  const { from, to } = TRANSITIONS[action];
  if (campaign.status === to) return to;
  if (!from.includes(campaign.status))
    throw new Problem('conflict', `The campaign cannot be ${PAST[action]}: ${INSTEAD[campaign.status]}`);
  if (to === 'active' && campaign.currentPlanVersion === null) {
    throw new Problem(
      'not_ready',
      'The campaign cannot be activated: it has no published routing plan. Publish one, then activate it',
      [{ pointer: '/currentPlanVersion', message: 'is missing' }],
    );
  }
  return to;
}

const PAST: Readonly<Record<StatusAction, string>> = {
  activate: 'activated',
  pause: 'paused',
  resume: 'resumed',
  archive: 'archived',
};
