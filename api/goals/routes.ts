import { isDeepStrictEqual } from 'node:util';
import {
  goalProgressQuerySchema,
  goalProgressSchema,
  goalSchema,
  goalSettingsSchema,
  type CampaignGoal,
} from '../../contract/resources/goal';
import { findCampaign, lockCampaign } from '../../db/queries/campaigns';
import { deleteGoal, findGoal, putGoal } from '../../db/queries/goals';
import type { Queryable } from '../../db/pool';
import type { CampaignId } from '../../domain/ids';
import { presentCampaign } from '../campaigns/present';
import { campaignParams, requireNotArchived } from '../campaigns/routes';
import { auditEntry, deleted, edited, found } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { GOAL, presentGoal, presentProgress, settingsOf } from './present';
import { standingOf } from './standing';

const TAG = 'Goals';
const PATH = '/campaigns/{id}/goal';

export const goalRoutes: readonly Route[] = [
  readRoute({
    method: 'get',
    path: PATH,
    operationId: 'getGoal',
    summary: 'What a campaign is to come to',
    tag: TAG,
    params: campaignParams,
    responses: { 200: { description: 'The goal.', body: goalSchema } },
    revisioned: true,
    async handle({ db, params: { id } }) {
      const goal = presentGoal(found(await findGoal(db, id), `goal of campaign ${id}`));
      return { status: 200, body: goal, revision: goal.revision };
    },
  }),
  writeRoute({
    method: 'put',
    path: PATH,
    operationId: 'setGoal',
    summary: 'Say what a campaign is to come to in each day, week or month',
    description: 'One of the three at least. What is left out is not asked for any more.',
    tag: TAG,
    params: campaignParams,
    body: goalSettingsSchema,
    example: { period: 'week', calls: 500, costPerCallMicros: '15000000', conversionRate: 0.3 },
    responses: {
      200: { description: 'The goal as it is now.', body: goalSchema },
      201: { description: 'The goal, which is new.', body: goalSchema },
    },
    problems: ['conflict'],
    revisioned: true,
    async handle({ db, params: { id }, body, requireRevision }) {
      requireNotArchived(presentCampaign(found(await lockCampaign(db, id), `campaign ${id}`)));
      const row = await findGoal(db, id);
      if (row === null) {
        requireRevision(0);
        const after = presentGoal(await putGoal(db, id, body));
        const audit = [auditEntry(GOAL, 'create', after, { before: null, after })];
        return {
          status: 201,
          body: after,
          revision: after.revision,
          location: `/campaigns/${id}/goal`,
          audit,
        };
      }
      const before = presentGoal(row);
      requireRevision(before.revision);
      if (isDeepStrictEqual(settingsOf(before), body)) return edited(GOAL, 'update', before, before);
      return edited(GOAL, 'update', before, presentGoal(await putGoal(db, id, body)));
    },
  }),
  writeRoute({
    method: 'delete',
    path: PATH,
    operationId: 'deleteGoal',
    summary: 'Expect nothing of a campaign any more',
    tag: TAG,
    params: campaignParams,
    responses: { 204: { description: 'It is gone.', body: null } },
    problems: ['conflict'],
    revisioned: true,
    async handle({ db, params: { id }, requireRevision }) {
      requireNotArchived(presentCampaign(found(await lockCampaign(db, id), `campaign ${id}`)));
      const before = await goalOf(db, id);
      requireRevision(before.revision);
      await deleteGoal(db, id);
      return deleted(GOAL, before);
    },
  }),
  readRoute({
    method: 'get',
    path: `${PATH}/progress`,
    operationId: 'getGoalProgress',
    summary: 'Where the goal of a campaign stands',
    description:
      'Figures are those of reports. What is expected by now is the goal times the share of the open time of the period that has passed: by the hours of the campaign, as they are now, with their holidays.',
    tag: TAG,
    params: campaignParams,
    query: goalProgressQuerySchema,
    responses: {
      200: { description: 'Of the period that contains the time asked about.', body: goalProgressSchema },
    },
    async handle({ db, reports, params: { id }, query: { at } }) {
      const campaign = found(await findCampaign(db, id), `campaign ${id}`);
      const goal = found(await findGoal(db, id), `goal of campaign ${id}`);
      const when = { asked: at === undefined ? null : Date.parse(at), now: Date.now() };
      return { status: 200, body: presentProgress(await standingOf(reports, campaign, goal, when)) };
    },
  }),
];

/** @throws Problem `not_found` */
async function goalOf(db: Queryable, campaign: CampaignId): Promise<CampaignGoal> {
  return presentGoal(found(await findGoal(db, campaign), `goal of campaign ${campaign}`));
}
