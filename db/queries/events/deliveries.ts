import type { Queryable } from '../../pool';

/** A delivery as stored, with its event. */
export interface DeliveryRow {
  readonly id: string;
  readonly seq: bigint;
  readonly endpoint_id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly call_id: string | null;
  readonly status: string;
  readonly due_at: string;
  readonly attempts: number;
  readonly created_at: string;
  readonly ended_at: string | null;
}

export interface AttemptRow {
  readonly no: number;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly status_code: number | null;
  readonly error: string | null;
  readonly excerpt: string | null;
  readonly latency_ms: number | null;
}

export interface DeliveryHeadRow extends DeliveryRow {
  /** JSON of an {@link AttemptRow}, with instants as PostgreSQL writes them in JSON; `null`: none was begun. */
  readonly last_attempt: AttemptRow | null;
}

const COLUMNS = `
  d.id, d.seq, d.endpoint_id, d.event_id, d.event_type, e.call_id, d.status, d.due_at, d.attempts, d.created_at,
  d.ended_at`;

/** Newest first. */
export async function listDeliveries(
  db: Queryable,
  filter: {
    readonly endpointId: string | null;
    readonly status: string | null;
    readonly eventType: string | null;
    /** `seq` of the last one of the page before. */
    readonly after: string | null;
    readonly limit: number;
  },
): Promise<DeliveryHeadRow[]> {
  const { rows } = await db.query<DeliveryHeadRow & Record<string, unknown>>({
    name: 'list_deliveries',
    text: `
      SELECT ${COLUMNS},
             CASE WHEN a.no IS NOT NULL
                  THEN jsonb_build_object('no', a.no, 'started_at', iso_instant(a.started_at),
                                          'ended_at', iso_instant(a.ended_at), 'status_code', a.status_code,
                                          'error', a.error, 'excerpt', a.excerpt, 'latency_ms', a.latency_ms)
             END AS last_attempt
        FROM webhook_deliveries d
        JOIN events e ON e.id = d.event_id
        LEFT JOIN webhook_attempts a ON a.delivery_id = d.id AND a.no = d.attempts
       WHERE ($1::text IS NULL OR d.endpoint_id = $1::text)
         AND ($2::text IS NULL OR d.status = $2::text)
         AND ($3::text IS NULL OR d.event_type = $3::text)
         AND ($4::bigint IS NULL OR d.seq < $4::bigint)
       ORDER BY d.seq DESC
       LIMIT $5::integer`,
    values: [filter.endpointId, filter.status, filter.eventType, filter.after, filter.limit],
  });
  return rows;
}

/** A delivery with what is sent. */
export interface DeliveryEventRow extends DeliveryRow {
  readonly at: string;
  readonly data: unknown;
}

export async function findDelivery(db: Queryable, id: string): Promise<DeliveryEventRow | null> {
  const { rows } = await db.query<DeliveryEventRow & Record<string, unknown>>({
    name: 'find_delivery',
    text: `
      SELECT ${COLUMNS}, e.at, e.data
        FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
       WHERE d.id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The last attempts of a delivery, in order. */
export async function listAttempts(db: Queryable, deliveryId: string, most: number): Promise<AttemptRow[]> {
  const { rows } = await db.query<AttemptRow & Record<string, unknown>>({
    name: 'list_delivery_attempts',
    text: `
      SELECT a.no, a.started_at, a.ended_at, a.status_code, a.error, a.excerpt, a.latency_ms
        FROM (SELECT * FROM webhook_attempts WHERE delivery_id = $1::text ORDER BY no DESC LIMIT $2::integer) AS a
       ORDER BY a.no`,
    values: [deliveryId, most],
  });
  return rows;
}

/** Begins a new series: the delivery is due now, with all its tries. What is under way of the old one counts no more. */
export async function beginSeries(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'begin_series',
    text: `
      UPDATE webhook_deliveries
         SET status = 'waiting', ended_at = NULL, due_at = now(), series = series + 1, series_from = now(), failures = 0
       WHERE id = $1::text`,
    values: [id],
  });
}

/** How many deliveries wait, and how many were given up. */
export async function countDeliveries(
  db: Queryable,
): Promise<readonly { readonly status: string; readonly n: number }[]> {
  const { rows } = await db.query<{ status: string; n: number }>({
    name: 'count_deliveries',
    text: `
      SELECT 'waiting' AS status, count(*)::integer AS n FROM webhook_deliveries WHERE status = 'waiting'
      UNION ALL
      SELECT 'dead', count(*)::integer FROM webhook_deliveries WHERE status = 'dead'`,
    values: [],
  });
  return rows;
}
