import {
  applyConfigQuerySchema,
  configAppliedSchema,
  configDocumentSchema,
} from '../../contract/config-document';
import { campaignParams } from '../campaigns/routes';
import { readRoute, writeRoute, type Route } from '../http/route';
import { tellingMigrationOf } from '../migrations/campaign-changes';
import { Problem } from '../problems';
import { noCampaign } from '../versions/edits';
import { LARGEST_DOCUMENT } from '../versions/routes';
import { prepare, write } from './apply';
import { findMisfits, findWarnings } from './misfits';
import { digestOf, presentChanges } from './present';
import { documentOf, loadState } from './state';

const example = {
  campaign: {
    id: 'cmp_roofing',
    name: 'Roofing',
    timeZone: 'America/Chicago',
    currency: 'USD',
    status: 'active',
  },
  buyers: [{ id: 'buy_alpha', name: 'Alpha Roofing', timeZone: 'America/Chicago' }],
  numbers: [{ number: '+13125550100', channel: 'google_ads' }],
  assignments: [
    {
      id: 'asg_roofing_alpha',
      buyerId: 'buy_alpha',
      dialing: { destinations: [{ kind: 'tel', number: '+13125550111' }] },
      price: { amountMicros: '25000000', due: { on: 'duration', seconds: 60 } },
    },
  ],
  plan: {
    rules: [{ name: 'everyone', strategy: { kind: 'waterfall' } }],
    maxAttempts: 3,
    fallback: { kind: 'message', prompt: { text: 'Please call again later.', language: 'en-US' } },
  },
};

/** A campaign as one document: `npm run callyard` speaks to these. */
export const configRoutes: readonly Route[] = [
  readRoute({
    method: 'get',
    path: '/campaigns/{id}/config',
    operationId: 'getConfig',
    summary: 'A campaign as one document',
    description:
      'Settings, goal, numbers, assignments, limits, the current plan and flow, and the publishers and buyers they use.',
    tag: 'Configuration',
    params: campaignParams,
    responses: {
      200: { description: 'The document; applied again, it changes nothing.', body: configDocumentSchema },
    },
    async handle({ db, params: { id } }) {
      const document = documentOf(await loadState(db, id));
      if (document === null) throw noCampaign(id);
      return { status: 200, body: document };
    },
  }),
  writeRoute({
    method: 'put',
    path: '/campaigns/{id}/config',
    operationId: 'applyConfig',
    summary: 'Makes a campaign what a document says, all of it or nothing',
    description: [
      'Creates the campaign where there is none. Assignments that the document leaves out are removed, and numbers ',
      'released; publishers and buyers never are. A plan or flow is published only when it differs from the current ',
      'version. Applied twice, a document changes things once.',
    ].join(''),
    tag: 'Configuration',
    params: campaignParams,
    query: applyConfigQuerySchema,
    body: configDocumentSchema,
    example,
    largestBody: LARGEST_DOCUMENT,
    problems: ['conflict', 'unprocessable'],
    responses: { 200: { description: 'What was changed, or would be.', body: configAppliedSchema } },
    async handle({ db, migrations, params: { id }, query: { dryRun, expect }, body: document, actor }) {
      if (document.campaign.id !== id) {
        throw new Problem('unprocessable', `The document is of ${document.campaign.id}, not of ${id}`, [
          { pointer: '/campaign/id', message: `has to be ${id}, as in the path` },
        ]);
      }
      const misfits = findMisfits(document);
      if (misfits.length > 0) {
        const named = misfits.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('; ');
        throw new Problem('unprocessable', `The document cannot be applied: ${named}`, misfits);
      }
      const prepared = await prepare(db, document);
      const changes = presentChanges(prepared.comparison, prepared.next);
      const digest = digestOf(changes);
      if (expect !== undefined && expect !== digest) {
        throw new Problem(
          'conflict',
          'The campaign was changed since the changes were shown, so that others would be made. Nothing was changed: look at them again',
        );
      }
      const audit = await write(db, id, prepared, actor);
      const status = prepared.comparison.campaign?.after?.status;
      return {
        status: 200,
        body: { campaignId: id, dryRun, changes, digest, warnings: findWarnings(document) },
        audit,
        undo: dryRun,
        ...(status === undefined ? {} : await tellingMigrationOf(db, migrations, id, status)),
      };
    },
  }),
];
