import type { TimelineEntry } from '../../domain/call/timeline';
import type { Queryable } from '../pool';

/** Writes entries in their order. One whose key the call has already is left as it is. */
export async function insertTimeline(
  db: Queryable,
  callId: string,
  entries: readonly TimelineEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await db.query({
    name: 'insert_timeline',
    text: `
      INSERT INTO timeline_entries (call_id, key, at, step, decision, detail)
      SELECT $1::text, e.key, e.at, e.step, e.decision, coalesce(e.detail, '{}')
        FROM jsonb_to_recordset($2::jsonb)
             AS e (key text, at timestamptz, step text, decision text, detail jsonb)
          ON CONFLICT DO NOTHING`,
    values: [callId, JSON.stringify(entries)],
  });
}
