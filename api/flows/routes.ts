import {
  flowDraftSchema,
  flowEditSchema,
  flowValidatedSchema,
  flowValidationSchema,
} from '../../contract/resources/version';
import { flowSchema } from '../../contract/flow';
import { findDraft, findVersion, setCurrentVersion } from '../../db/queries/versions';
import type { Flow } from '../../domain/ivr/flow';
import { applyOperations, describeOperation } from '../../domain/ivr/operations';
import { isPublishable, validateFlow } from '../../domain/ivr/validate';
import { campaignParams } from '../campaigns/routes';
import { writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { auditedVersion, editDraft, lockCampaign, noDraft } from '../versions/edits';
import { FLOWS } from '../versions/kinds';
import { LARGEST_DOCUMENT } from '../versions/routes';

const EMPTY: Flow = { start: '', nodes: {} };

/** What flows can do beyond having drafts and versions. */
export const flowRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/campaigns/{id}/flow/draft/operations',
    operationId: 'editFlowDraft',
    summary: 'Edits the draft of the IVR flow by described operations',
    description:
      'All of them are applied, or none. Where there is no draft, one begins at the current version, or with an empty flow.',
    tag: 'IVR flows',
    params: campaignParams,
    body: flowEditSchema,
    example: {
      operations: [
        { kind: 'add_node', id: 'route', node: { kind: 'route' } },
        { kind: 'set_start', id: 'route' },
      ],
    },
    largestBody: LARGEST_DOCUMENT,
    revisioned: true,
    problems: ['conflict', 'unprocessable'],
    responses: { 200: { description: 'The draft, as it is now.', body: flowDraftSchema } },
    async handle({ db, params: { id }, body: { operations }, requireRevision }) {
      const { draft, audit } = await editDraft(
        FLOWS,
        { db, id, requireRevision },
        (from) => {
          const applied = applyOperations(from ?? EMPTY, operations);
          if (applied.ok) return applied.flow;
          throw new Problem(
            'unprocessable',
            `Operation ${applied.index + 1} cannot be applied, so none was: ${applied.problem}`,
            [{ pointer: `/operations/${applied.index}`, message: applied.problem }],
          );
        },
        { operations: operations.map(describeOperation) },
      );
      return {
        status: 200,
        body: draft,
        revision: draft.revision,
        audit,
      };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/campaigns/{id}/flow/validate',
    operationId: 'validateFlow',
    summary: 'What is wrong with an IVR flow, or could be',
    description: 'Of the flow in the body, or of the draft. Changes nothing.',
    tag: 'IVR flows',
    params: campaignParams,
    body: flowValidationSchema,
    example: { flow: { start: 'route', nodes: { route: { kind: 'route' } } } },
    largestBody: LARGEST_DOCUMENT,
    responses: {
      200: { description: 'The problems, in the order of the nodes.', body: flowValidatedSchema },
    },
    async handle({ db, params: { id }, body }) {
      await lockCampaign(db, FLOWS, id);
      let flow: Flow | undefined = body.flow;
      if (flow === undefined) {
        const draft = await findDraft(db, 'flow', id);
        if (draft === null) throw noDraft(FLOWS, id);
        flow = flowSchema.parse(draft.definition);
      }
      const problems = validateFlow(flow);
      return {
        status: 200,
        body: { publishable: isPublishable(problems), problems },
        audit: [],
      };
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/campaigns/{id}/flow',
    operationId: 'removeFlow',
    summary: 'Takes the IVR away: new calls go to a buyer at once',
    description: 'Its versions stay; revert to one to have it back. The draft stays too.',
    tag: 'IVR flows',
    params: campaignParams,
    responses: { 204: { description: 'The campaign has no IVR.', body: null } },
    async handle({ db, params: { id } }) {
      const { current } = await lockCampaign(db, FLOWS, id);
      if (current === null) return { status: 204, body: null, audit: [] };
      const before = await findVersion(db, 'flow', id, current);
      await setCurrentVersion(db, 'flow', id, null);
      return {
        status: 204,
        body: null,
        audit: [
          {
            action: 'remove',
            entity: FLOWS.entity,
            entityId: id,
            campaignId: id,
            before: before === null ? null : auditedVersion(before),
            after: null,
          },
        ],
      };
    },
  }),
];
