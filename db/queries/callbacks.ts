import type { TimelineEntry } from '../../domain/call/timeline';
import type { Queryable } from '../pool';

/** The carrier's last word on a call. */
export interface CarrierReport {
  readonly callId: string;
  readonly status: string;
  /** Whole seconds the carrier counted for the call; `null` when it did not say. */
  readonly seconds: number | null;
  readonly entry: TimelineEntry;
}

/**
 * Takes a callback for a call that has ended, without waking its workflow: the report is kept beside our own figures.
 * @returns false when the call is live or unknown: then its workflow has to be told.
 */
export async function settleCarrierReport(db: Queryable, report: CarrierReport): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'settle_carrier_report',
    text: `
      WITH ended AS (
        UPDATE calls SET carrier_status = $2::text, carrier_seconds = coalesce($3::integer, carrier_seconds)
         WHERE id = $1::text AND ended_at IS NOT NULL
        RETURNING id
      ), noted AS (
        INSERT INTO timeline_entries (call_id, key, at, step, decision, detail)
        SELECT id, $4::text, $5::timestamptz, $6::text, $7::text, $8::jsonb FROM ended
            ON CONFLICT DO NOTHING
      )
      SELECT FROM ended`,
    values: [report.callId, report.status, report.seconds, ...entryValues(report.entry)],
  });
  return rowCount === 1;
}

/** Adds an entry to the timeline of a call that has ended. @returns false when the call is live or unknown. */
export async function noteAfterEnd(db: Queryable, callId: string, entry: TimelineEntry): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'note_after_end',
    text: `
      WITH ended AS (
        SELECT id FROM calls WHERE id = $1::text AND ended_at IS NOT NULL
      ), noted AS (
        INSERT INTO timeline_entries (call_id, key, at, step, decision, detail)
        SELECT id, $2::text, $3::timestamptz, $4::text, $5::text, $6::jsonb FROM ended
            ON CONFLICT DO NOTHING
      )
      SELECT FROM ended`,
    values: [callId, ...entryValues(entry)],
  });
  return rowCount === 1;
}

export interface RecordingReport {
  readonly callId: string;
  readonly recordingSid: string;
  readonly status: string;
  readonly url: string | null;
  readonly durationSeconds: number | null;
}

/** How far along a recording is; a status never goes back, so that the order of callbacks does not matter. */
const RECORDING_PROGRESS = `ARRAY['in-progress', 'paused', 'stopped', 'processing', 'completed', 'absent', 'failed']`;

/** Keeps what is known of a recording. @returns whether the call is known, and live. */
export async function saveRecording(
  db: Queryable,
  recording: RecordingReport,
): Promise<{ readonly known: boolean; readonly live: boolean }> {
  const { rows } = await db.query<{ live: boolean }>({
    name: 'save_recording',
    text: `
      WITH call AS (
        SELECT id, ended_at IS NULL AS live FROM calls WHERE id = $1::text
      ), saved AS (
        INSERT INTO recordings AS r (call_id, recording_sid, status, url, duration_seconds)
        SELECT id, $2::text, $3::text, $4::text, $5::integer FROM call
            ON CONFLICT (call_id, recording_sid) DO UPDATE
           SET status = CASE WHEN coalesce(array_position(${RECORDING_PROGRESS}, excluded.status), 0)
                               >= coalesce(array_position(${RECORDING_PROGRESS}, r.status), 0)
                             THEN excluded.status ELSE r.status END,
               url = coalesce(excluded.url, r.url),
               duration_seconds = coalesce(excluded.duration_seconds, r.duration_seconds),
               updated_at = now()
      )
      SELECT live FROM call`,
    values: [
      recording.callId,
      recording.recordingSid,
      recording.status,
      recording.url,
      recording.durationSeconds,
    ],
  });
  return { known: rows.length > 0, live: rows[0]?.live ?? false };
}

function entryValues(entry: TimelineEntry): unknown[] {
  return [entry.key, entry.at, entry.step, entry.decision, JSON.stringify(entry.detail ?? {})];
}
