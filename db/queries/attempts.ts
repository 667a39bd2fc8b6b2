import type { CallSide } from '../../domain/migration/call-side';
import type { Queryable } from '../pool';

export interface NewAttemptRow {
  readonly id: string;
  readonly callId: string;
  readonly no: number;
  readonly assignmentId: string;
  readonly buyerId: string;
  readonly destinations: readonly object[];
  readonly ringTimeoutSeconds: number;
  /** {whisper, acceptance}; `null`: whoever answers is put through at once. */
  readonly announcement: object | null;
  readonly terms: object;
  readonly dialedAt: string;
  readonly migration: CallSide | null;
}

/** Records a dial about to be made. @throws a unique violation when it is recorded already. */
export async function insertAttempt(db: Queryable, attempt: NewAttemptRow): Promise<void> {
  await db.query({
    name: 'insert_attempt',
    text: `
      INSERT INTO attempts (id, call_id, no, assignment_id, buyer_id, destinations, ring_timeout_seconds, terms,
                            announcement, state, dialed_at, migration_id, migration_side)
      VALUES ($1::text, $2::text, $3::integer, $4::text, $5::text, $6::jsonb, $7::integer, $8::jsonb, $9::jsonb,
              'dialing', $10::timestamptz, $11::text, $12::text)`,
    values: [
      attempt.id,
      attempt.callId,
      attempt.no,
      attempt.assignmentId,
      attempt.buyerId,
      JSON.stringify(attempt.destinations),
      attempt.ringTimeoutSeconds,
      JSON.stringify(attempt.terms),
      attempt.announcement === null ? null : JSON.stringify(attempt.announcement),
      attempt.dialedAt,
      attempt.migration?.migrationId ?? null,
      attempt.migration?.side ?? null,
    ],
  });
}

/**
 * What whoever answers a dial has to hear, on one of its legs, and when that was first asked for; `null`: nothing, or
 * no such dial. @param at ISO 8601 instant of this asking
 */
export async function askForAnnouncement(
  db: Queryable,
  attemptId: string,
  leg: string,
  at: string,
): Promise<{ readonly announcement: unknown; readonly since: string } | null> {
  const { rows } = await db.query<{ announcement: unknown; since: string }>({
    name: 'ask_for_announcement',
    text: `
      UPDATE attempts
         SET asked_legs = CASE WHEN asked_legs ? $2::text THEN asked_legs
                               ELSE asked_legs || jsonb_build_object($2::text, $3::text) END
       WHERE id = $1::text AND announcement IS NOT NULL
      RETURNING announcement, asked_legs ->> $2::text AS since`,
    values: [attemptId, leg, at],
  });
  return rows[0] ?? null;
}

/** What whoever answers a dial has to hear; `null`: nothing, or no such dial. */
export async function findAnnouncement(db: Queryable, attemptId: string): Promise<unknown> {
  const { rows } = await db.query<{ announcement: unknown }>({
    name: 'find_announcement',
    text: `SELECT announcement FROM attempts WHERE id = $1::text`,
    values: [attemptId],
  });
  return rows[0]?.announcement ?? null;
}

/** How a carrier names the call of an attempt: the buyer's leg has names of its own. */
export interface AttemptCallRow {
  readonly callId: string;
  readonly carrier: string;
  readonly accountSid: string;
  readonly sid: string;
}

/**
 * The buyer took the call, so many seconds after being asked. The first time counts.
 * @returns the call; `null` when this is not the first time, or there is no such dial
 */
export async function acceptAttempt(
  db: Queryable,
  attemptId: string,
  acceptedAt: string,
  screeningSeconds: number,
): Promise<AttemptCallRow | null> {
  const { rows } = await db.query<AttemptCallRow & Record<string, unknown>>({
    name: 'accept_attempt',
    text: `
      UPDATE attempts a SET accepted_at = $2::timestamptz, screening_seconds = $3::integer
        FROM calls c
       WHERE a.id = $1::text AND a.accepted_at IS NULL AND c.id = a.call_id
      RETURNING c.id AS "callId", c.carrier, c.account_sid AS "accountSid", c.sid`,
    values: [attemptId, acceptedAt, screeningSeconds],
  });
  return rows[0] ?? null;
}

/** When the buyer took the call; `null`: not, or not asked to. */
export async function findAcceptance(
  db: Queryable,
  attemptId: string,
): Promise<{ readonly at: string; readonly screeningSeconds: number } | null> {
  const { rows } = await db.query<{ at: string; screeningSeconds: number }>({
    name: 'find_acceptance',
    text: `
      SELECT accepted_at AS at, screening_seconds AS "screeningSeconds"
        FROM attempts WHERE id = $1::text AND accepted_at IS NOT NULL`,
    values: [attemptId],
  });
  return rows[0] ?? null;
}

/** Marks a dial as answered. A dial that has ended stays ended. */
export async function connectAttempt(db: Queryable, attemptId: string, connectedAt: string): Promise<void> {
  await db.query({
    name: 'connect_attempt',
    text: `
      UPDATE attempts SET state = 'connected', connected_at = $2::timestamptz
       WHERE id = $1::text AND ended_at IS NULL`,
    values: [attemptId, connectedAt],
  });
}

/** Ends a dial. Only the first end counts. */
export async function endAttempt(
  db: Queryable,
  end: {
    readonly id: string;
    readonly state: string;
    readonly endedAt: string;
    readonly connectedAt: string | null;
    readonly talkSeconds: number | null;
  },
): Promise<void> {
  await db.query({
    name: 'end_attempt',
    text: `
      UPDATE attempts
         SET state = $2::text, ended_at = $3::timestamptz, connected_at = coalesce($4::timestamptz, connected_at),
             talk_seconds = $5::integer
       WHERE id = $1::text AND ended_at IS NULL`,
    values: [end.id, end.state, end.endedAt, end.connectedAt, end.talkSeconds],
  });
}

/** Cancels whatever dial of a call is still open: a worker may have recorded one that Temporal never heard of. */
export async function cancelOpenAttempts(db: Queryable, callId: string, endedAt: string): Promise<void> {
  await db.query({
    name: 'cancel_open_attempts',
    text: `
      UPDATE attempts SET state = 'canceled', ended_at = $2::timestamptz
       WHERE call_id = $1::text AND ended_at IS NULL`,
    values: [callId, endedAt],
  });
}
