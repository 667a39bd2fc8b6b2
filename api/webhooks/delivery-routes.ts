import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import {
  webhookDeliveryHeadSchema,
  webhookDeliveryIdSchema,
  webhookDeliveryListQuerySchema,
  webhookDeliverySchema,
  type WebhookDelivery,
} from '../../contract/resources/webhook-delivery';
import { beginSeries, findDelivery, listAttempts, listDeliveries } from '../../db/queries/events/deliveries';
import { lockEndpoint } from '../../db/queries/events/endpoints';
import type { Queryable } from '../../db/pool';
import { keyset } from '../http/cursor';
import { auditEntry, found, type AuditedKind } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { presentDelivery, presentDeliveryHead } from './present';

const TAG = 'Webhooks';
const params = z.strictObject({ id: webhookDeliveryIdSchema });
const bySeq = keyset(z.string().regex(/^\d{1,18}$/));

/** Attempts that are shown of a delivery: the last ones. */
const MOST_ATTEMPTS = 100;

const DELIVERY: AuditedKind<Pick<WebhookDelivery, 'id' | 'status'>> = {
  entity: 'webhook_delivery',
  idOf: ({ id }) => id,
  campaignOf: () => null,
};

export const webhookDeliveryRoutes: readonly Route[] = [
  readRoute({
    method: 'get',
    path: '/webhook-deliveries',
    operationId: 'listWebhookDeliveries',
    summary: 'What was sent to endpoints, or is to be; newest first',
    description: 'Given up is what has the status `dead`.',
    tag: TAG,
    query: webhookDeliveryListQuerySchema,
    responses: { 200: { description: 'A page of deliveries.', body: pageSchema(webhookDeliveryHeadSchema) } },
    async handle({ db, query: { endpointId, status, eventType, cursor, limit } }) {
      const rows = await listDeliveries(db, {
        endpointId: endpointId ?? null,
        status: status ?? null,
        eventType: eventType ?? null,
        after: bySeq.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: bySeq.page(rows, limit, ({ seq }) => `${seq}`, presentDeliveryHead) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/webhook-deliveries/{id}',
    operationId: 'getWebhookDelivery',
    summary: 'A delivery: what is sent, and every attempt',
    tag: TAG,
    params,
    responses: { 200: { description: 'The delivery.', body: webhookDeliverySchema } },
    async handle({ db, params: { id } }) {
      return { status: 200, body: await read(db, id) };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/webhook-deliveries/{id}/redeliver',
    operationId: 'redeliverWebhook',
    summary: 'Send it again',
    description:
      'At once, under the same `webhook-id`, and with a new series of attempts; whether it was delivered, given up, or still waits.',
    tag: TAG,
    params,
    responses: { 202: { description: 'The delivery, which waits.', body: webhookDeliverySchema } },
    problems: ['conflict'],
    async handle({ db, params: { id } }) {
      const before = found(await findDelivery(db, id), `webhook delivery ${id}`);
      const endpoint = await lockEndpoint(db, before.endpoint_id);
      if (endpoint === null) throw new Problem('conflict', `Endpoint ${before.endpoint_id} was deleted`);
      if (!endpoint.enabled)
        throw new Problem('conflict', `Endpoint ${endpoint.id} is switched off: switch it on first`);
      await beginSeries(db, id);
      const after = await read(db, id);
      const { status } = presentDelivery(before, []);
      return {
        status: 202,
        body: after,
        audit: [
          auditEntry(DELIVERY, 'redeliver', after, {
            before: { id, status },
            after: { id, status: after.status },
          }),
        ],
      };
    },
  }),
];

/** @throws Problem `not_found` */
async function read(db: Queryable, id: string): Promise<WebhookDelivery> {
  const delivery = found(await findDelivery(db, id), `webhook delivery ${id}`);
  return presentDelivery(delivery, await listAttempts(db, id, MOST_ATTEMPTS));
}
