import type { Queryable } from '../pool';

/** An answer as it was given. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body's exact text; `null`: none. */
  readonly body: string | null;
}

export interface KeptRequest extends KeptAnswer {
  readonly fingerprint: string;
}

/**
 * Claims a key for the request of this transaction; a key nobody used for a day is free again. Whoever claims it next
 * waits here until this transaction has ended.
 * @returns `null` when the key is ours now, else what was answered to the request that has it
 */
export async function claimKey(db: Queryable, key: string, fingerprint: string): Promise<KeptRequest | null> {
  const claimed = await db.query({
    name: 'claim_idempotency_key',
    text: `
      INSERT INTO idempotent_requests AS r (key, fingerprint) VALUES ($1::text, $2::text)
      ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, created_at = now()
       WHERE r.created_at < now() - interval '24 hours'`,
    values: [key, fingerprint],
  });
  if (claimed.rowCount === 1) return null;
  const { rows } = await db.query<{
    fingerprint: string;
    status: number | null;
    headers: Record<string, string>;
    body: string | null;
  }>({
    name: 'find_kept_answer',
    text: 'SELECT fingerprint, status, headers, body FROM idempotent_requests WHERE key = $1::text',
    values: [key],
  });
  const kept = rows[0];
  if (kept === undefined || kept.status === null)
    throw new Error('An idempotent request without an answer: keys are committed with their answers only');
  return { ...kept, status: kept.status };
}

/** Keeps what is answered to the request that claimed the key in this transaction. */
export async function keepAnswer(db: Queryable, key: string, answer: KeptAnswer): Promise<void> {
  await db.query({
    name: 'keep_idempotent_answer',
    // The body as a JSON text: a repetition gets the same bytes, in the same order of fields.
    text: `
      UPDATE idempotent_requests
         SET status = $2::integer, headers = $3::jsonb, body = to_jsonb($4::text)
       WHERE key = $1::text`,
    values: [key, answer.status, JSON.stringify(answer.headers), answer.body],
  });
}

/** Forgets keys that are older than a day, a bounded number at a time. @returns how many */
export async function deleteOldKeys(db: Queryable, atMost: number): Promise<number> {
  const { rowCount } = await db.query({
    name: 'delete_old_idempotency_keys',
    text: `
      DELETE FROM idempotent_requests WHERE key IN (
        SELECT key FROM idempotent_requests WHERE created_at < now() - interval '24 hours'
         ORDER BY created_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)`,
    values: [atMost],
  });
  return rowCount ?? 0;
}
