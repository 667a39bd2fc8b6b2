import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import {
  campaignListQuerySchema,
  campaignPatchSchema,
  campaignSchema,
  newCampaignSchema,
  type Campaign,
} from '../../contract/resources/campaign';
import { campaignIdSchema } from '../../contract/resources/ids';
import {
  findCampaign,
  holdHistory,
  insertCampaign,
  listCampaigns,
  lockCampaign,
  setCampaignStatus,
  updateCampaign,
} from '../../db/queries/campaigns';
import type { CampaignId } from '../../domain/ids';
import { byCreation, createdPlaceOf } from '../http/cursor';
import { created, edited, found, newId, patched } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { tellingMigrationOf } from '../migrations/campaign-changes';
import { Problem } from '../problems';
import { CAMPAIGN, CURRENCY_STAYS, presentCampaign } from './present';
import { STATUS_ACTIONS, statusAfter, type StatusAction } from './status';

/** The path parameter of everything below one campaign. */
export const campaignParams = z.strictObject({ id: campaignIdSchema });

/** @throws Problem `conflict` when the campaign is archived: what it was stays as it was. */
export function requireNotArchived(campaign: Pick<Campaign, 'id' | 'status'>): void {
  if (campaign.status === 'archived')
    throw new Problem('conflict', `Campaign ${campaign.id} is archived: it cannot be changed any more`);
}

const ACTION_SUMMARIES: Readonly<Record<StatusAction, string>> = {
  activate: 'Lets a draft take calls',
  pause: 'Stops new calls; those in progress go on',
  resume: 'Lets a paused campaign take calls again',
  archive: 'Ends routing for ever; history stays',
};

export const campaignRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/campaigns',
    operationId: 'createCampaign',
    summary: 'Make a draft of a campaign',
    tag: 'Campaigns',
    body: newCampaignSchema,
    example: { name: 'Roofing, Texas', timeZone: 'America/Chicago', currency: 'USD', vertical: 'roofing' },
    responses: { 201: { description: 'The campaign, a draft.', body: campaignSchema } },
    problems: ['conflict'],
    revisioned: 'new',
    async handle({ db, body: { id = newId<CampaignId>('cmp'), ...settings } }) {
      const campaign = presentCampaign(await insertCampaign(db, id, settings));
      return created(CAMPAIGN, campaign, `/campaigns/${id}`);
    },
  }),
  readRoute({
    method: 'get',
    path: '/campaigns',
    operationId: 'listCampaigns',
    summary: 'Campaigns, newest first',
    tag: 'Campaigns',
    query: campaignListQuerySchema,
    responses: { 200: { description: 'A page of campaigns.', body: pageSchema(campaignSchema) } },
    async handle({ db, query: { status, vertical, cursor, limit } }) {
      const rows = await listCampaigns(db, {
        status: status ?? null,
        vertical: vertical ?? null,
        after: byCreation.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, presentCampaign) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/campaigns/{id}',
    operationId: 'getCampaign',
    summary: 'One campaign',
    tag: 'Campaigns',
    params: campaignParams,
    responses: { 200: { description: 'The campaign.', body: campaignSchema } },
    revisioned: true,
    async handle({ db, params: { id } }) {
      const campaign = presentCampaign(found(await findCampaign(db, id), `campaign ${id}`));
      return { status: 200, body: campaign, revision: campaign.revision };
    },
  }),
  writeRoute({
    method: 'patch',
    path: '/campaigns/{id}',
    operationId: 'updateCampaign',
    summary: 'Change settings of a campaign',
    description: 'Fields that are left out stay as they are. Calls in progress keep what they began with.',
    tag: 'Campaigns',
    params: campaignParams,
    body: campaignPatchSchema,
    example: { anonymousCallers: 'block', spamWindowSeconds: 30 },
    responses: { 200: { description: 'The campaign as it is now.', body: campaignSchema } },
    problems: ['conflict', 'unprocessable'],
    revisioned: true,
    async handle({ db, params: { id }, body, requireRevision }) {
      const before = presentCampaign(found(await lockCampaign(db, id), `campaign ${id}`));
      requireRevision(before.revision);
      requireNotArchived(before);
      const after = patched(before, body);
      if (after === before) return edited(CAMPAIGN, 'update', before, before);
      if (after.currency !== before.currency && before.status !== 'draft') {
        throw new Problem('conflict', 'currency can be changed in a draft only: amounts are booked in it', [
          { pointer: '/currency', message: 'can be changed in a draft only' },
        ]);
      }
      if (after.currency !== before.currency && (await holdHistory(db, id))) {
        throw new Problem('conflict', `currency ${CURRENCY_STAYS}`, [
          { pointer: '/currency', message: CURRENCY_STAYS },
        ]);
      }
      return edited(CAMPAIGN, 'update', before, presentCampaign(await updateCampaign(db, id, after)));
    },
  }),
  ...STATUS_ACTIONS.map(statusRoute),
];

/** `POST /campaigns/{id}/activate` and its like. Repeating one that is done changes nothing. */
function statusRoute(action: StatusAction): Route {
  return writeRoute({
    method: 'post',
    path: `/campaigns/{id}/${action}`,
    operationId: `${action}Campaign`,
    summary: ACTION_SUMMARIES[action],
    tag: 'Campaigns',
    params: campaignParams,
    responses: { 200: { description: 'The campaign as it is now.', body: campaignSchema } },
    problems:
      action === 'archive' ? [] : ['conflict', ...(action === 'pause' ? [] : (['not_ready'] as const))],
    revisioned: true,
    async handle({ db, migrations, params: { id }, requireRevision }) {
      const before = presentCampaign(found(await lockCampaign(db, id), `campaign ${id}`));
      requireRevision(before.revision);
      const status = statusAfter(action, before);
      if (status === before.status) return edited(CAMPAIGN, action, before, before);
      const after = presentCampaign(await setCampaignStatus(db, id, status));
      return {
        ...edited(CAMPAIGN, action, before, after),
        ...(await tellingMigrationOf(db, migrations, id, status)),
      };
    },
  });
}
