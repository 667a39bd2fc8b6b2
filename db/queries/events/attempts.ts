import type { Queryable } from '../../pool';

/** A delivery that is to be tried now, with all it takes. */
export interface ClaimedRow {
  readonly id: string;
  /** Of this attempt, from 1. */
  readonly no: number;
  readonly series: number;
  /** Attempts of this series that have failed. */
  readonly failures: number;
  /** Seconds since it was first due. */
  readonly elapsed: number;
  readonly event_id: string;
  readonly type: string;
  readonly at: string;
  readonly data: unknown;
  readonly endpoint_id: string;
  readonly kind: 'webhook' | 'pixel' | 'template';
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly content_type: string | null;
  readonly body_template: string | null;
  /** The newest first; none of a pixel. */
  readonly secrets: readonly string[];
}

/**
 * Takes deliveries that are due, and logs the attempt that is about to be made. Nobody else takes them until
 * `leaseSeconds` have passed: by then their outcome is on record, or whoever took them is gone. Endpoints are served
 * alike: of each no more is taken than may be under way to it.
 */
export async function claimDeliveries(
  db: Queryable,
  claim: {
    /** Attempts under way to each endpoint. */
    readonly busy: Readonly<Record<string, number>>;
    readonly mostAnEndpoint: number;
    /** Of one whose last attempt failed. */
    readonly mostWhileFailing: number;
    readonly most: number;
    readonly leaseSeconds: number;
  },
): Promise<ClaimedRow[]> {
  const { rows } = await db.query<ClaimedRow & Record<string, unknown>>({
    name: 'claim_deliveries',
    text: `
      WITH room AS MATERIALIZED (
        SELECT e.id, CASE WHEN e.failing_since IS NULL THEN $2::integer ELSE $3::integer END
                     - coalesce(($1::jsonb ->> e.id)::integer, 0) AS n
          FROM webhook_endpoints e
         WHERE e.enabled AND e.removed_at IS NULL
         -- Where there is not room for all, nobody is always last.
         ORDER BY random()
      ), due AS MATERIALIZED (
        SELECT d.id
          FROM room r
         CROSS JOIN LATERAL (
           SELECT w.id FROM webhook_deliveries w
            WHERE w.endpoint_id = r.id AND w.status = 'waiting' AND w.due_at <= now()
            ORDER BY w.due_at
            LIMIT greatest(0, r.n)
              FOR NO KEY UPDATE SKIP LOCKED
         ) AS d
         LIMIT $4::integer
      ), claimed AS (
        UPDATE webhook_deliveries w
           SET due_at = now() + $5::float8 * interval '1 second', attempts = w.attempts + 1
          FROM due
         WHERE w.id = due.id
        RETURNING w.id, w.attempts AS no, w.series, w.failures, w.series_from, w.event_id, w.endpoint_id
      ), logged AS (
        INSERT INTO webhook_attempts (delivery_id, no, started_at) SELECT c.id, c.no, now() FROM claimed c
      )
      SELECT c.id, c.no, c.series, c.failures, extract(epoch FROM now() - c.series_from)::float8 AS elapsed, c.event_id,
             v.type, v.at, v.data, c.endpoint_id, e.kind, e.url, e.method, e.content_type, e.body_template,
             array_remove(ARRAY[e.secret, CASE WHEN e.previous_secret_until > now() THEN e.previous_secret END], NULL)
               AS secrets
        FROM claimed c
        JOIN events v ON v.id = c.event_id
        JOIN webhook_endpoints e ON e.id = c.endpoint_id`,
    values: [
      JSON.stringify(claim.busy),
      claim.mostAnEndpoint,
      claim.mostWhileFailing,
      claim.most,
      claim.leaseSeconds,
    ],
  });
  return rows;
}

/** Logs how an attempt ended. */
export async function endWebhookAttempt(
  db: Queryable,
  attempt: {
    readonly deliveryId: string;
    readonly no: number;
    readonly statusCode: number | null;
    readonly error: string | null;
    readonly excerpt: string | null;
    readonly latencyMs: number;
  },
): Promise<void> {
  await db.query({
    name: 'end_webhook_attempt',
    text: `
      UPDATE webhook_attempts
         SET ended_at = now(), status_code = $3::integer, error = $4::text, excerpt = $5::text, latency_ms = $6::integer
       WHERE delivery_id = $1::text AND no = $2::integer`,
    values: [
      attempt.deliveryId,
      attempt.no,
      attempt.statusCode,
      attempt.error,
      attempt.excerpt,
      attempt.latencyMs,
    ],
  });
}

/**
 * What a delivery comes to with an attempt. An attempt of a series that is over changes nothing, nor does a failure
 * behind which another attempt was begun.
 * @returns whether it counted
 */
export async function settleDelivery(
  db: Queryable,
  settled: {
    readonly id: string;
    readonly no: number;
    readonly series: number;
    readonly status: 'waiting' | 'delivered' | 'dead';
    /** Seconds until the next attempt, of one that goes on waiting. */
    readonly waitSeconds: number;
  },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'settle_delivery',
    text: `
      UPDATE webhook_deliveries
         SET status = $4::text,
             due_at = CASE $4::text WHEN 'waiting' THEN now() + $5::float8 * interval '1 second' ELSE due_at END,
             ended_at = CASE $4::text WHEN 'waiting' THEN NULL ELSE now() END,
             failures = failures + ($4::text <> 'delivered')::integer
       WHERE id = $1::text AND series = $3::integer AND status = 'waiting'
         AND (attempts = $2::integer OR $4::text = 'delivered')`,
    values: [settled.id, settled.no, settled.series, settled.status, settled.waitSeconds],
  });
  return rowCount === 1;
}

/** An endpoint has taken something: nothing is held against it any more. */
export async function markTaking(db: Queryable, endpointId: string): Promise<void> {
  await db.query({
    name: 'mark_taking',
    text: `
      UPDATE webhook_endpoints SET failing_since = NULL, dead_in_a_row = 0
       WHERE id = $1::text AND (failing_since IS NOT NULL OR dead_in_a_row > 0)`,
    values: [endpointId],
  });
}

/** An endpoint has not taken something. @param dead whether that was given up */
export async function markFailing(db: Queryable, endpointId: string, dead: boolean): Promise<void> {
  await db.query({
    name: 'mark_failing',
    text: `
      UPDATE webhook_endpoints
         SET failing_since = coalesce(failing_since, now()), dead_in_a_row = dead_in_a_row + $2::boolean::integer
       WHERE id = $1::text AND (failing_since IS NULL OR $2::boolean)`,
    values: [endpointId, dead],
  });
}

/** An endpoint says that it is gone: it is told nothing more. @returns whether this switched it off */
export async function disableGone(db: Queryable, endpointId: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'disable_gone',
    text: `
      UPDATE webhook_endpoints
         SET enabled = false, disabled_because = 'gone', revision = revision + 1, updated_at = now()
       WHERE id = $1::text AND enabled`,
    values: [endpointId],
  });
  return rowCount === 1;
}
