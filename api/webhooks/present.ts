import type { WebhookEvent } from '../../contract/events';
import type { WebhookDelivery, WebhookDeliveryHead } from '../../contract/resources/webhook-delivery';
import type { WebhookEndpoint } from '../../contract/resources/webhook-endpoint';
import type {
  AttemptRow,
  DeliveryEventRow,
  DeliveryHeadRow,
  DeliveryRow,
} from '../../db/queries/events/deliveries';
import type { EndpointRow } from '../../db/queries/events/endpoints';
import { healthOf } from '../../domain/events/health';
import type { EventType } from '../../domain/events/types';
import type { CampaignId, WebhookEndpointId } from '../../domain/ids';
import type { AuditedKind } from '../http/edit';

/** Its secret is nowhere in it, so that the audit trail has none. */
export const WEBHOOK_ENDPOINT: AuditedKind<WebhookEndpoint> = {
  entity: 'webhook_endpoint',
  idOf: ({ id }) => id,
  campaignOf: ({ campaignIds }) => (campaignIds?.length === 1 ? (campaignIds[0] ?? null) : null),
};

export function presentEndpoint(row: EndpointRow): WebhookEndpoint {
  const health = {
    enabled: row.enabled,
    failingSince: row.failing_since,
    deadInARow: row.dead_in_a_row,
  };
  return {
    id: row.id as WebhookEndpointId,
    kind: row.kind as WebhookEndpoint['kind'],
    description: row.description,
    url: row.url,
    method: row.method as WebhookEndpoint['method'],
    contentType: row.content_type as WebhookEndpoint['contentType'],
    bodyTemplate: row.body_template,
    eventTypes: row.event_types as WebhookEndpoint['eventTypes'],
    campaignIds: row.campaign_ids as CampaignId[] | null,
    ...health,
    disabledBecause: row.disabled_because as WebhookEndpoint['disabledBecause'],
    health: healthOf(health, Date.now()),
    previousSecretUntil: row.previous_secret_until,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function presentDeliveryRow(row: DeliveryRow): Omit<WebhookDeliveryHead, 'lastAttempt'> {
  return {
    id: row.id,
    endpointId: row.endpoint_id as WebhookEndpointId,
    eventId: row.event_id,
    eventType: row.event_type as EventType,
    callId: row.call_id,
    status: row.status as WebhookDeliveryHead['status'],
    attempts: row.attempts,
    nextAttemptAt: row.status === 'waiting' ? row.due_at : null,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

function presentAttempt(row: AttemptRow): WebhookDelivery['log'][number] {
  return {
    no: row.no,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    statusCode: row.status_code,
    error: row.error,
    excerpt: row.excerpt,
    latencyMs: row.latency_ms,
  };
}

export function presentDeliveryHead(row: DeliveryHeadRow): WebhookDeliveryHead {
  return {
    ...presentDeliveryRow(row),
    lastAttempt: row.last_attempt === null ? null : presentAttempt(row.last_attempt),
  };
}

export function presentDelivery(row: DeliveryEventRow, attempts: readonly AttemptRow[]): WebhookDelivery {
  // As it was recorded, by the schema of its type.
  const event = { id: row.event_id, type: row.event_type, timestamp: row.at, data: row.data } as WebhookEvent;
  return { ...presentDeliveryRow(row), event, log: attempts.map(presentAttempt) };
}
