import type { CallEvent } from '../../../domain/events/types';
import type { Queryable } from '../../pool';
import type { Refusal } from '../limits/reserve';
import { CALL_SNAPSHOT, CALL_SNAPSHOT_FROM } from './callSnapshot';

/*
 * Events, each with a delivery to every endpoint that wants it at this moment: one statement, in the transaction of what
 * happened. Where nobody wants to be told, nothing is written. The same key again changes nothing. Rows are written in
 * the order of their ids, so that no two transactions wait for each other.
 */

/** Endpoints that want an event `w (type, campaign_id)`. */
const WANTING = `
  webhook_endpoints e
    ON e.enabled AND e.removed_at IS NULL
   AND (e.event_types @> ARRAY['*'] OR e.event_types @> ARRAY[w.type])
   AND (e.campaign_ids IS NULL OR e.campaign_ids @> ARRAY[w.campaign_id])`;

/** From `wanted (id, type, campaign_id, endpoints)` and `recorded (id)` to deliveries. */
const DELIVER = `
  INSERT INTO webhook_deliveries (id, event_id, endpoint_id, event_type)
  SELECT delivery_id(w.id, u.endpoint_id), w.id, u.endpoint_id, w.type
    FROM recorded r
    JOIN wanted w ON w.id = r.id
   CROSS JOIN LATERAL unnest(w.endpoints) AS u (endpoint_id)
   ORDER BY w.id, u.endpoint_id`;

/**
 * Records what happened to a call, with what is on record of it by now. To be sent behind the statements that changed
 * it. A connection is left out when the call's end, which came first, knows of none.
 */
export async function recordCallEvents(
  db: Queryable,
  callId: string,
  events: readonly CallEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await db.query({
    name: 'record_call_events',
    text: `
      WITH wanted AS MATERIALIZED (
        SELECT event_id(w.key) AS id, w.type, w.at, w.campaign_id, array_agg(e.id ORDER BY e.id) AS endpoints
          FROM (SELECT k.type, k.key, k.at, c.campaign_id
                  FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS k (type, key, at)
                  JOIN calls c ON c.id = $1::text
                 WHERE k.type <> 'call.connected' OR c.connected_at IS NOT NULL OR c.buyer_id IS NOT NULL) AS w
          JOIN ${WANTING}
         GROUP BY w.key, w.type, w.at, w.campaign_id
      ), snapshot AS MATERIALIZED (
        SELECT ${CALL_SNAPSHOT} AS data
          FROM ${CALL_SNAPSHOT_FROM}
         WHERE c.id = $1::text AND EXISTS (SELECT FROM wanted)
      ), recorded AS (
        INSERT INTO events (id, type, campaign_id, call_id, at, data)
        SELECT w.id, w.type, w.campaign_id, $1::text, w.at, s.data
          FROM wanted w CROSS JOIN snapshot s
         ORDER BY w.id
            ON CONFLICT (id) DO NOTHING
        RETURNING id
      )
      ${DELIVER}`,
    values: [
      callId,
      events.map(({ type }) => type),
      events.map(({ key }) => key),
      events.map(({ at }) => at),
    ],
  });
}

/**
 * Records that limits stood in a call's way: once a limit, its maximum, and the window that runs. Calls at once have no
 * window that ever ends: of these once an hour.
 */
export async function recordLimitsReached(
  db: Queryable,
  refused: {
    readonly callId: string;
    readonly campaignId: string;
    readonly at: string;
    readonly refusals: readonly Refusal[];
  },
): Promise<void> {
  const limits = new Set(
    refused.refusals.filter(({ reason }) => reason === 'full').map(({ limitId }) => limitId),
  );
  if (limits.size === 0) return;
  await db.query({
    name: 'record_limits_reached',
    text: `
      WITH wanted AS MATERIALIZED (
        SELECT event_id(concat_ws(':', w.type, w.limit_id, w.maximum, extract(epoch FROM w.starts))) AS id, w.type,
               w.campaign_id, w.limit_id, array_agg(e.id ORDER BY e.id) AS endpoints
          FROM (SELECT 'limit.reached' AS type, $2::text AS campaign_id, l.id AS limit_id, l.maximum,
                       limit_window_start(CASE l."window" WHEN 'concurrency' THEN 'hour' ELSE l."window" END,
                                          l.time_zone, limit_clock()) AS starts
                  FROM limits l WHERE l.id = ANY ($4::text[])) AS w
          JOIN ${WANTING}
         GROUP BY w.type, w.campaign_id, w.limit_id, w.maximum, w.starts
      ), recorded AS (
        INSERT INTO events (id, type, campaign_id, call_id, at, data)
        SELECT w.id, w.type, w.campaign_id, $1::text, $3::timestamptz, jsonb_build_object(
                 'limit', jsonb_build_object('id', l.id, 'scope', jsonb_build_object('kind', l.scope_kind, 'id', l.scope_id),
                                             'window', l."window", 'counts', l.counts, 'limit', l.maximum::text,
                                             'currency', l.currency),
                 'campaignId', $2::text, 'callId', $1::text)
          FROM wanted w JOIN limits l ON l.id = w.limit_id
         ORDER BY w.id
            ON CONFLICT (id) DO NOTHING
        RETURNING id
      )
      ${DELIVER}`,
    values: [refused.callId, refused.campaignId, refused.at, [...limits]],
  });
}

/** Something that happened once, under this key. */
export interface NewEvent {
  readonly type: string;
  readonly key: string;
  readonly campaignId: string | null;
  readonly at: string;
  readonly data: object;
}

/** Records anything but what happens to calls. */
export async function recordEvent(db: Queryable, event: NewEvent): Promise<void> {
  await db.query({
    name: 'record_event',
    text: `
      WITH wanted AS MATERIALIZED (
        SELECT event_id(w.key) AS id, w.type, w.campaign_id, array_agg(e.id ORDER BY e.id) AS endpoints
          FROM (SELECT $1::text AS type, $2::text AS key, $3::text AS campaign_id) AS w
          JOIN ${WANTING}
         GROUP BY w.key, w.type, w.campaign_id
      ), recorded AS (
        INSERT INTO events (id, type, campaign_id, at, data)
        SELECT w.id, w.type, w.campaign_id, $4::timestamptz, $5::jsonb FROM wanted w
            ON CONFLICT (id) DO NOTHING
        RETURNING id
      )
      ${DELIVER}`,
    values: [event.type, event.key, event.campaignId, event.at, JSON.stringify(event.data)],
  });
}

/** Records an event for one endpoint alone, whatever it has asked for. @returns the delivery's id */
export async function recordEventFor(db: Queryable, endpointId: string, event: NewEvent): Promise<string> {
  const { rows } = await db.query<{ id: string }>({
    name: 'record_event_for',
    text: `
      WITH recorded AS (
        INSERT INTO events (id, type, campaign_id, at, data)
        VALUES (event_id($2::text), $1::text, $3::text, $4::timestamptz, $5::jsonb)
            ON CONFLICT (id) DO NOTHING
      ), delivery AS (
        INSERT INTO webhook_deliveries (id, event_id, endpoint_id, event_type)
        VALUES (delivery_id(event_id($2::text), $6::text), event_id($2::text), $6::text, $1::text)
            ON CONFLICT DO NOTHING
      )
      SELECT delivery_id(event_id($2::text), $6::text) AS id`,
    values: [event.type, event.key, event.campaignId, event.at, JSON.stringify(event.data), endpointId],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('SELECT without FROM gives a row');
  return row.id;
}
