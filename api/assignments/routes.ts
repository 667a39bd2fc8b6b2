import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import {
  assignmentListQuerySchema,
  assignmentPatchSchema,
  assignmentSchema,
  newAssignmentSchema,
  type Assignment,
} from '../../contract/resources/assignment';
import { assignmentIdSchema } from '../../contract/resources/ids';
import {
  findAssignment,
  findRulesNaming,
  insertAssignment,
  listAssignments,
  lockAssignment,
  removeAssignment,
  updateAssignment,
} from '../../db/queries/assignments';
import { holdBuyer } from '../../db/queries/buyers';
import { findCampaign, lockCampaign } from '../../db/queries/campaigns';
import type { Queryable } from '../../db/pool';
import type { AssignmentId } from '../../domain/ids';
import { campaignParams, requireNotArchived } from '../campaigns/routes';
import { presentCampaign } from '../campaigns/present';
import { byCreation, createdPlaceOf } from '../http/cursor';
import { auditEntry, created, edited, found, newId, patched } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { requireNoSides } from '../migrations/campaign-changes';
import { Problem } from '../problems';
import { ASSIGNMENT, presentAssignment } from './present';

const params = z.strictObject({ id: assignmentIdSchema });

export const assignmentRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/campaigns/{id}/assignments',
    operationId: 'createAssignment',
    summary: 'Give a buyer a place in a campaign',
    tag: 'Assignments',
    params: campaignParams,
    body: newAssignmentSchema,
    example: {
      buyerId: 'buy_alpha',
      dialing: { destinations: [{ kind: 'tel', number: '+14155550201' }] },
      price: { amountMicros: '20000000', due: { on: 'duration', seconds: 60 } },
    },
    responses: { 201: { description: 'The assignment.', body: assignmentSchema } },
    problems: ['conflict', 'unprocessable'],
    revisioned: 'new',
    async handle({ db, params: { id: campaignId }, body: { id = newId<AssignmentId>('asg'), ...rest } }) {
      requireNotArchived(
        presentCampaign(found(await lockCampaign(db, campaignId), `campaign ${campaignId}`)),
      );
      await holdBuyer(db, rest.buyerId);
      const after = presentAssignment(await insertAssignment(db, { id, campaignId, ...rest }));
      return created(ASSIGNMENT, after, `/assignments/${id}`);
    },
  }),
  readRoute({
    method: 'get',
    path: '/campaigns/{id}/assignments',
    operationId: 'listAssignments',
    summary: 'Assignments of a campaign, newest first',
    tag: 'Assignments',
    params: campaignParams,
    query: assignmentListQuerySchema,
    responses: { 200: { description: 'A page of assignments.', body: pageSchema(assignmentSchema) } },
    async handle({ db, params: { id: campaignId }, query: { buyerId, removed, cursor, limit } }) {
      found(await findCampaign(db, campaignId), `campaign ${campaignId}`);
      const rows = await listAssignments(db, {
        campaignId,
        buyerId: buyerId ?? null,
        removed: removed === 'true',
        after: byCreation.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, presentAssignment) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/assignments/{id}',
    operationId: 'getAssignment',
    summary: 'One assignment, removed or not',
    tag: 'Assignments',
    params,
    responses: { 200: { description: 'The assignment.', body: assignmentSchema } },
    revisioned: true,
    async handle({ db, params: { id } }) {
      const assignment = presentAssignment(found(await findAssignment(db, id), `assignment ${id}`));
      return { status: 200, body: assignment, revision: assignment.revision };
    },
  }),
  writeRoute({
    method: 'patch',
    path: '/assignments/{id}',
    operationId: 'updateAssignment',
    summary: 'Change an assignment',
    description: 'Fields that are left out stay as they are. Dials under way keep what they began with.',
    tag: 'Assignments',
    params,
    body: assignmentPatchSchema,
    example: { priority: 2, paused: true },
    responses: { 200: { description: 'The assignment as it is now.', body: assignmentSchema } },
    problems: ['conflict'],
    revisioned: true,
    async handle({ db, params: { id }, body, requireRevision }) {
      const before = await lockForEdit(db, id);
      requireRevision(before.revision);
      if (before.removedAt !== null)
        throw new Problem('conflict', `Assignment ${id} is removed: make a new one`);
      const after = patched(before, body);
      if (after === before) return edited(ASSIGNMENT, 'update', before, before);
      return edited(ASSIGNMENT, 'update', before, presentAssignment(await updateAssignment(db, id, after)));
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/assignments/{id}',
    operationId: 'removeAssignment',
    summary: 'Take a buyer out of a campaign',
    description:
      'The assignment takes no more calls, and is kept for those it took. Refused while the current routing plan names it, or a migration moves calls from or to it.',
    tag: 'Assignments',
    params,
    responses: { 204: { description: 'It is removed.', body: null } },
    problems: ['conflict'],
    revisioned: true,
    async handle({ db, params: { id }, requireRevision }) {
      const before = await lockForEdit(db, id);
      requireRevision(before.revision);
      if (before.removedAt !== null) return { status: 204, body: null, audit: [] };
      const rules = await findRulesNaming(db, before.campaignId, id);
      if (rules.length > 0) {
        throw new Problem(
          'conflict',
          `Assignment ${id} cannot be removed: the current routing plan names it in ${rules.join(', ')}. Publish a plan without it first`,
        );
      }
      await requireNoSides(db, before.campaignId, [id]);
      const after = presentAssignment(await removeAssignment(db, id));
      return { status: 204, body: null, audit: [auditEntry(ASSIGNMENT, 'delete', after, { before, after })] };
    },
  }),
];

/** Locks the campaign, then the assignment: in the order in which publishing a plan does. */
async function lockForEdit(db: Queryable, id: AssignmentId): Promise<Assignment> {
  const { campaign_id } = found(await findAssignment(db, id), `assignment ${id}`);
  await lockCampaign(db, campaign_id);
  return presentAssignment(found(await lockAssignment(db, id), `assignment ${id}`));
}
