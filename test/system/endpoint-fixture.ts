import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { webhookEventSchema, type WebhookEvent } from '../../contract/events';

/** An endpoint for tests, put straight into the table. */
export interface TestEndpoint {
  readonly id: string;
  readonly url?: string;
  readonly eventTypes?: readonly string[];
  readonly campaignIds?: readonly string[] | null;
  readonly enabled?: boolean;
  readonly secret?: string;
}

export function newSecret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`;
}

export async function insertEndpoint(db: Pool, endpoint: TestEndpoint): Promise<void> {
  await db.query(
    `INSERT INTO webhook_endpoints (id, kind, description, url, method, event_types, campaign_ids, enabled, secret)
     VALUES ($1, 'webhook', '', $2, 'POST', $3, $4, $5, $6)`,
    [
      endpoint.id,
      endpoint.url ?? 'https://receiver.example/hook',
      endpoint.eventTypes ?? ['*'],
      endpoint.campaignIds ?? null,
      endpoint.enabled ?? true,
      endpoint.secret ?? newSecret(),
    ],
  );
}

/** What is recorded, in the order of what happened, each held against the contract. */
export async function eventsOf(db: Pool, callId: string): Promise<WebhookEvent[]> {
  const { rows } = await db.query<{ id: string; type: string; timestamp: string; data: unknown }>(
    `SELECT id, type, at AS timestamp, data FROM events WHERE call_id = $1 ORDER BY recorded_at, at, type`,
    [callId],
  );
  return rows.map((row) => webhookEventSchema.parse(row));
}

/** Types of what an endpoint is to be told of a call, in alphabetical order. */
export async function toldOf(db: Pool, endpointId: string, callId: string): Promise<string[]> {
  const { rows } = await db.query<{ type: string }>(
    `SELECT e.type FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
      WHERE d.endpoint_id = $1 AND e.call_id = $2 ORDER BY e.type`,
    [endpointId, callId],
  );
  return rows.map(({ type }) => type);
}
