import { z } from 'zod';
import { EVENT_TYPES } from '../../domain/events/types';
import { webhookEventSchema } from '../events';
import { pageQuery } from '../page';
import { instantSchema } from './ids';
import { webhookEndpointIdSchema } from './webhook-endpoint';

export const webhookDeliveryIdSchema = z.string().regex(/^wdl_[0-9a-f]{24}$/, 'must be the id of a delivery');

const statusSchema = z
  .enum(['waiting', 'delivered', 'dead', 'canceled'])
  .describe('`dead`: given up. `canceled`: its endpoint was deleted.');

const attemptSchema = z.strictObject({
  no: z.int().min(1).describe('From 1, over all series.'),
  startedAt: instantSchema,
  endedAt: instantSchema.nullable().describe('`null`: under way, or its worker died.'),
  statusCode: z.int().nullable().describe('`null`: there was no answer.'),
  error: z.string().nullable().describe('Why it failed; `null`: it did not, or is under way.'),
  excerpt: z.string().nullable().describe("The beginning of the answer's body."),
  latencyMs: z.int().nullable(),
});

/** A delivery as lists show it. */
export const webhookDeliveryHeadSchema = z.strictObject({
  id: webhookDeliveryIdSchema,
  endpointId: webhookEndpointIdSchema,
  eventId: z.string().describe('The `webhook-id` of every attempt.'),
  eventType: z.enum(EVENT_TYPES),
  callId: z.string().nullable(),
  status: statusSchema,
  attempts: z.int().min(0).describe('Begun so far, over all series.'),
  nextAttemptAt: instantSchema
    .nullable()
    .describe('While an attempt is under way: when another is made, should nothing be heard of it.'),
  lastAttempt: attemptSchema.nullable(),
  createdAt: instantSchema,
  endedAt: instantSchema.nullable(),
});
export type WebhookDeliveryHead = z.infer<typeof webhookDeliveryHeadSchema>;

export const webhookDeliverySchema = z.strictObject({
  ...webhookDeliveryHeadSchema.omit({ lastAttempt: true }).shape,
  event: webhookEventSchema,
  log: z.array(attemptSchema).describe('Its attempts, the last 100 in order.'),
});
export type WebhookDelivery = z.infer<typeof webhookDeliverySchema>;

export const webhookDeliveryListQuerySchema = z.strictObject({
  endpointId: webhookEndpointIdSchema.optional(),
  status: statusSchema.optional(),
  eventType: z.enum(EVENT_TYPES).optional(),
  ...pageQuery,
});
