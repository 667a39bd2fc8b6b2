import type { Queryable } from '../pool';

export interface FailSafeRow {
  readonly id: string;
  readonly call_id: string;
  readonly payload: unknown;
}

/** Remembers an answer the API gave by itself. Remembering it again changes nothing. */
export async function insertFailSafe(
  db: Queryable,
  answer: {
    readonly id: string;
    readonly callId: string;
    readonly payload: object;
    readonly servedAt: string;
  },
): Promise<void> {
  await db.query({
    name: 'insert_fail_safe',
    text: `
      INSERT INTO fail_safe_answers (id, call_id, payload, served_at)
      VALUES ($1::text, $2::text, $3::jsonb, $4::timestamptz)
          ON CONFLICT DO NOTHING`,
    values: [answer.id, answer.callId, JSON.stringify(answer.payload), answer.servedAt],
  });
}

/** Answers whose workflows have not been told, oldest first. */
export async function untoldFailSafes(db: Queryable, most: number): Promise<FailSafeRow[]> {
  const { rows } = await db.query<FailSafeRow & Record<string, unknown>>({
    name: 'untold_fail_safes',
    text: `
      SELECT id, call_id, payload FROM fail_safe_answers
       WHERE told_at IS NULL ORDER BY served_at, id LIMIT $1::integer`,
    values: [most],
  });
  return rows;
}

export async function markFailSafeTold(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'mark_fail_safe_told',
    text: `UPDATE fail_safe_answers SET told_at = now() WHERE id = $1::text AND told_at IS NULL`,
    values: [id],
  });
}

/** Every number's own fail-safe route; the API keeps them in memory for when nothing answers. */
export async function loadFailSafeRoutes(
  db: Queryable,
): Promise<{ readonly e164: string; readonly route: unknown }[]> {
  const { rows } = await db.query<{ e164: string; route: unknown }>({
    name: 'load_fail_safe_routes',
    text: `SELECT e164, fail_safe AS route FROM numbers WHERE fail_safe IS NOT NULL`,
    values: [],
  });
  return rows;
}
