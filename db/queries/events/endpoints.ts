import type { WebhookEndpointSettings } from '../../../contract/resources/webhook-endpoint';
import { CREATED_PLACE, type CreatedPlace } from '../../keyset';
import type { Queryable } from '../../pool';
import { only } from '../../rows';

/** An endpoint as stored, without its secrets. */
export interface EndpointRow {
  readonly id: string;
  readonly kind: string;
  readonly description: string;
  readonly url: string;
  readonly method: string;
  readonly content_type: string | null;
  readonly body_template: string | null;
  readonly event_types: string[];
  readonly campaign_ids: string[] | null;
  readonly enabled: boolean;
  readonly disabled_because: string | null;
  /** `null`: there is none any more that counts. */
  readonly previous_secret_until: string | null;
  readonly failing_since: string | null;
  readonly dead_in_a_row: number;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_place: string;
}

const COLUMNS = `
  id, kind, description, url, method, content_type, body_template, event_types, campaign_ids, enabled, disabled_because,
  CASE WHEN previous_secret_until > now() THEN previous_secret_until END AS previous_secret_until, failing_since,
  dead_in_a_row, revision, created_at, updated_at, ${CREATED_PLACE}`;

/** @returns `null`: there is none, or it was deleted */
export async function findEndpoint(db: Queryable, id: string): Promise<EndpointRow | null> {
  const { rows } = await db.query<EndpointRow & Record<string, unknown>>({
    name: 'find_endpoint',
    text: `SELECT ${COLUMNS} FROM webhook_endpoints WHERE id = $1::text AND removed_at IS NULL`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The endpoint, locked against other edits until the transaction ends. */
export async function lockEndpoint(db: Queryable, id: string): Promise<EndpointRow | null> {
  const { rows } = await db.query<EndpointRow & Record<string, unknown>>({
    name: 'lock_endpoint',
    text: `
      SELECT ${COLUMNS} FROM webhook_endpoints WHERE id = $1::text AND removed_at IS NULL FOR NO KEY UPDATE`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Newest first. */
export async function listEndpoints(
  db: Queryable,
  filter: { readonly after: CreatedPlace | null; readonly limit: number },
): Promise<EndpointRow[]> {
  const { rows } = await db.query<EndpointRow & Record<string, unknown>>({
    name: 'list_endpoints',
    text: `
      SELECT ${COLUMNS} FROM webhook_endpoints
       WHERE removed_at IS NULL
         AND ($1::timestamptz IS NULL OR (created_at, id) < ($1::timestamptz, $2::text))
       ORDER BY created_at DESC, id DESC
       LIMIT $3::integer`,
    values: [filter.after?.at ?? null, filter.after?.id ?? null, filter.limit],
  });
  return rows;
}

/** Which of these are no campaigns. */
export async function findUnknownCampaigns(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find_unknown_campaigns',
    text: `
      SELECT asked.id FROM unnest($1::text[]) AS asked (id)
       WHERE NOT EXISTS (SELECT FROM campaigns c WHERE c.id = asked.id)
       ORDER BY asked.id`,
    values: [[...ids]],
  });
  return rows.map(({ id }) => id);
}

/** @param secret `null`: a pixel. @throws when the id is taken: `webhook_endpoints_pkey` */
export async function insertEndpoint(
  db: Queryable,
  id: string,
  endpoint: WebhookEndpointSettings,
  secret: string | null,
): Promise<EndpointRow> {
  const { rows } = await db.query<EndpointRow & Record<string, unknown>>({
    name: 'insert_endpoint',
    text: `
      INSERT INTO webhook_endpoints (id, kind, secret, description, url, method, content_type, body_template, event_types,
                                     campaign_ids, enabled)
      VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::text[], $10::text[],
              $11::boolean)
      RETURNING ${COLUMNS}`,
    values: [id, endpoint.kind, secret, ...settingValues(endpoint)],
  });
  return only(rows);
}

/** Replaces all settings, and counts the edit. One that is switched on begins anew: nothing is held against it. */
export async function updateEndpoint(
  db: Queryable,
  id: string,
  endpoint: WebhookEndpointSettings,
): Promise<EndpointRow> {
  const { rows } = await db.query<EndpointRow & Record<string, unknown>>({
    name: 'update_endpoint',
    text: `
      UPDATE webhook_endpoints
         SET description = $2::text, url = $3::text, method = $4::text, content_type = $5::text,
             body_template = $6::text, event_types = $7::text[], campaign_ids = $8::text[], enabled = $9::boolean,
             disabled_because = CASE WHEN $9::boolean THEN NULL ELSE disabled_because END,
             failing_since = CASE WHEN $9::boolean AND NOT enabled THEN NULL ELSE failing_since END,
             dead_in_a_row = CASE WHEN $9::boolean AND NOT enabled THEN 0 ELSE dead_in_a_row END,
             revision = revision + 1, updated_at = now()
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, ...settingValues(endpoint)],
  });
  return only(rows);
}

/** Gives an endpoint another secret; the one before counts for so many hours more, the one before that no longer. */
export async function rotateSecret(
  db: Queryable,
  id: string,
  secret: string,
  overlapHours: number,
): Promise<EndpointRow> {
  const { rows } = await db.query<EndpointRow & Record<string, unknown>>({
    name: 'rotate_secret',
    text: `
      UPDATE webhook_endpoints
         SET previous_secret = secret, previous_secret_until = now() + $3::integer * interval '1 hour',
             secret = $2::text, revision = revision + 1, updated_at = now()
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, secret, overlapHours],
  });
  return only(rows);
}

/** Deletes an endpoint: its log stays, and what was still to be sent to it is not sent. */
export async function removeEndpoint(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'remove_endpoint',
    text: `
      WITH canceled AS (
        UPDATE webhook_deliveries SET status = 'canceled', ended_at = now()
         WHERE endpoint_id = $1::text AND status = 'waiting'
      )
      UPDATE webhook_endpoints SET enabled = false, removed_at = now() WHERE id = $1::text`,
    values: [id],
  });
}

function settingValues(endpoint: WebhookEndpointSettings): unknown[] {
  return [
    endpoint.description,
    endpoint.url,
    endpoint.method,
    endpoint.contentType,
    endpoint.bodyTemplate,
    [...endpoint.eventTypes],
    endpoint.campaignIds === null ? null : [...endpoint.campaignIds],
    endpoint.enabled,
  ];
}
