import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import {
  endpointProblems,
  newWebhookEndpointSchema,
  previewRequestSchema,
  previewSchema,
  webhookEndpointIdSchema,
  webhookEndpointListQuerySchema,
  webhookEndpointPatchSchema,
  webhookEndpointSchema,
  webhookEndpointWithSecretSchema,
  type WebhookEndpointSettings,
} from '../../contract/resources/webhook-endpoint';
import { webhookDeliverySchema } from '../../contract/resources/webhook-delivery';
import { findDelivery } from '../../db/queries/events/deliveries';
import {
  findEndpoint,
  findUnknownCampaigns,
  insertEndpoint,
  listEndpoints,
  lockEndpoint,
  removeEndpoint,
  rotateSecret,
  updateEndpoint,
} from '../../db/queries/events/endpoints';
import { recordEventFor } from '../../db/queries/events/record';
import type { Queryable } from '../../db/pool';
import { requestFor } from '../../domain/events/request';
import { TEST_EVENT } from '../../domain/events/types';
import { withoutTokens } from '../../domain/events/tokens';
import type { WebhookEndpointId } from '../../domain/ids';
import { whyNotSendTo } from '../../runtime/public-addresses';
import { byCreation, createdPlaceOf } from '../http/cursor';
import { auditEntry, created, deleted, edited, found, newId, patched } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { presentDelivery, presentEndpoint, WEBHOOK_ENDPOINT } from './present';
import { sampleEvent } from './sample';

const TAG = 'Webhooks';
const params = z.strictObject({ id: webhookEndpointIdSchema });

/** How long the secret before counts after a rotation. */
const OVERLAP_HOURS = 24;
/** Bytes of a secret: the standard asks for 24 to 64. */
const SECRET_BYTES = 32;

export const webhookEndpointRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/webhook-endpoints',
    operationId: 'createWebhookEndpoint',
    summary: 'Have somebody told of what happens',
    description: 'Its secret is shown this once. It is told of what happens from now on.',
    tag: TAG,
    body: newWebhookEndpointSchema,
    example: { url: 'https://crm.example.com/callyard', eventTypes: ['call.ended', 'call.converted'] },
    responses: { 201: { description: 'The endpoint.', body: webhookEndpointWithSecretSchema } },
    problems: ['conflict', 'unprocessable'],
    revisioned: 'new',
    async handle({ db, allowPrivateWebhooks, body: { id = newId<WebhookEndpointId>('whk'), ...settings } }) {
      await requireUsable(db, settings, allowPrivateWebhooks);
      const secret = settings.kind === 'pixel' ? null : newSecret();
      const endpoint = presentEndpoint(await insertEndpoint(db, id, settings, secret));
      const reply = created(WEBHOOK_ENDPOINT, endpoint, `/webhook-endpoints/${id}`);
      return { ...reply, body: { ...endpoint, secret } };
    },
  }),
  readRoute({
    method: 'get',
    path: '/webhook-endpoints',
    operationId: 'listWebhookEndpoints',
    summary: 'Endpoints, newest first',
    tag: TAG,
    query: webhookEndpointListQuerySchema,
    responses: { 200: { description: 'A page of endpoints.', body: pageSchema(webhookEndpointSchema) } },
    async handle({ db, query: { cursor, limit } }) {
      const rows = await listEndpoints(db, { after: byCreation.read(cursor), limit: limit + 1 });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, presentEndpoint) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/webhook-endpoints/{id}',
    operationId: 'getWebhookEndpoint',
    summary: 'One endpoint, and how it does',
    tag: TAG,
    params,
    responses: { 200: { description: 'The endpoint.', body: webhookEndpointSchema } },
    revisioned: true,
    async handle({ db, params: { id } }) {
      const endpoint = presentEndpoint(found(await findEndpoint(db, id), `webhook endpoint ${id}`));
      return { status: 200, body: endpoint, revision: endpoint.revision };
    },
  }),
  writeRoute({
    method: 'patch',
    path: '/webhook-endpoints/{id}',
    operationId: 'updateWebhookEndpoint',
    summary: 'Change an endpoint',
    description:
      'Fields that are left out stay as they are. What waits to be sent is sent as the endpoint is by then. One that is switched on again begins anew: nothing is held against it, and what waited is sent.',
    tag: TAG,
    params,
    body: webhookEndpointPatchSchema,
    responses: { 200: { description: 'The endpoint as it is now.', body: webhookEndpointSchema } },
    problems: ['unprocessable'],
    revisioned: true,
    async handle({ db, allowPrivateWebhooks, params: { id }, body, requireRevision }) {
      const before = presentEndpoint(found(await lockEndpoint(db, id), `webhook endpoint ${id}`));
      requireRevision(before.revision);
      const after = patched(before, body);
      if (after === before) return edited(WEBHOOK_ENDPOINT, 'update', before, before);
      await requireUsable(db, after, allowPrivateWebhooks);
      return edited(WEBHOOK_ENDPOINT, 'update', before, presentEndpoint(await updateEndpoint(db, id, after)));
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/webhook-endpoints/{id}',
    operationId: 'deleteWebhookEndpoint',
    summary: 'Delete an endpoint',
    description: 'What waits to be sent to it is not sent. The log of its deliveries stays.',
    tag: TAG,
    params,
    responses: { 204: { description: 'It is gone.', body: null } },
    revisioned: true,
    async handle({ db, params: { id }, requireRevision }) {
      const before = presentEndpoint(found(await lockEndpoint(db, id), `webhook endpoint ${id}`));
      requireRevision(before.revision);
      await removeEndpoint(db, id);
      return deleted(WEBHOOK_ENDPOINT, before);
    },
  }),
  writeRoute({
    method: 'post',
    path: '/webhook-endpoints/{id}/rotate-secret',
    operationId: 'rotateWebhookSecret',
    summary: 'Give an endpoint another secret',
    description: `The new one is shown this once. For ${OVERLAP_HOURS} hours, what is sent is signed with both; a second rotation within that time ends the first one's.`,
    tag: TAG,
    params,
    responses: { 200: { description: 'The endpoint.', body: webhookEndpointWithSecretSchema } },
    problems: ['conflict'],
    revisioned: true,
    async handle({ db, params: { id }, requireRevision }) {
      const before = presentEndpoint(found(await lockEndpoint(db, id), `webhook endpoint ${id}`));
      requireRevision(before.revision);
      if (before.kind === 'pixel')
        throw new Problem('conflict', `Endpoint ${id} is a pixel, which is not signed: it has no secret`);
      const secret = newSecret();
      const after = presentEndpoint(await rotateSecret(db, id, secret, OVERLAP_HOURS));
      return {
        ...edited(WEBHOOK_ENDPOINT, 'rotate_secret', before, after),
        body: { ...after, secret },
      };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/webhook-endpoints/{id}/preview',
    operationId: 'previewWebhook',
    summary: 'What an endpoint would be sent',
    description: 'Nothing is sent.',
    tag: TAG,
    params,
    body: previewRequestSchema,
    example: { eventType: 'call.converted' },
    responses: { 200: { description: 'The request.', body: previewSchema } },
    problems: ['unprocessable'],
    async handle({ db, params: { id }, body: { eventType, callId } }) {
      const endpoint = presentEndpoint(found(await findEndpoint(db, id), `webhook endpoint ${id}`));
      const event = await sampleEvent(db, eventType, callId);
      return { status: 200, body: { ...requestFor(endpoint, event), event }, audit: [] };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/webhook-endpoints/{id}/test',
    operationId: 'testWebhookEndpoint',
    summary: 'Send an endpoint a test event',
    description:
      'A `test.ping`, whatever the endpoint has asked for. Look at the delivery to see how it went.',
    tag: TAG,
    params,
    responses: { 201: { description: 'Its delivery.', body: webhookDeliverySchema } },
    problems: ['conflict'],
    async handle({ db, params: { id }, onceId }) {
      const endpoint = presentEndpoint(found(await lockEndpoint(db, id), `webhook endpoint ${id}`));
      if (!endpoint.enabled)
        throw new Problem('conflict', `Endpoint ${id} is switched off: switch it on first`);
      const deliveryId = await recordEventFor(db, id, {
        type: TEST_EVENT,
        key: `${TEST_EVENT}:${id}/${onceId}`,
        campaignId: null,
        at: new Date().toISOString(),
        data: { message: 'This is a test.' },
      });
      const delivery = presentDelivery(
        found(await findDelivery(db, deliveryId), `delivery ${deliveryId}`),
        [],
      );
      return {
        status: 201,
        body: delivery,
        location: `/webhook-deliveries/${deliveryId}`,
        audit: [auditEntry(WEBHOOK_ENDPOINT, 'test', endpoint, { before: null, after: null })],
      };
    },
  }),
];

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

/** @throws Problem `unprocessable` for settings that do not go together, or lead where nothing may be sent */
async function requireUsable(
  db: Queryable,
  endpoint: WebhookEndpointSettings,
  allowPrivate: boolean,
): Promise<void> {
  const problems = endpointProblems(endpoint).map(({ field, message }) => ({
    pointer: `/${field}`,
    message,
  }));
  const refusal =
    problems.length > 0 ? null : whyNotSendTo(new URL(withoutTokens(endpoint.url)), allowPrivate);
  if (refusal !== null)
    problems.push({ pointer: '/url', message: `${refusal}; ALLOW_PRIVATE_WEBHOOKS=true lets it` });
  const unknown = await findUnknownCampaigns(db, endpoint.campaignIds ?? []);
  if (unknown.length > 0)
    problems.push({ pointer: '/campaignIds', message: `has ids of no campaign: ${unknown.join(', ')}` });
  const [first] = problems;
  if (first !== undefined)
    throw new Problem('unprocessable', `${first.pointer.slice(1)} ${first.message}`, problems);
}
