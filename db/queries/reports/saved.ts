import type { SavedReportSettings } from '../../../contract/resources/saved-report';
import { CREATED_PLACE, type CreatedPlace } from '../../keyset';
import type { Queryable } from '../../pool';
import { only } from '../../rows';

export interface SavedReportRow {
  readonly id: string;
  readonly name: string;
  readonly query: unknown;
  readonly range: unknown;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_place: string;
}

const COLUMNS = `id, name, query, "range", revision, created_at, updated_at, ${CREATED_PLACE}`;

export async function findSavedReport(db: Queryable, id: string): Promise<SavedReportRow | null> {
  const { rows } = await db.query<SavedReportRow & Record<string, unknown>>({
    name: 'find_saved_report',
    text: `SELECT ${COLUMNS} FROM saved_reports WHERE id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The saved report, locked against other edits until the transaction ends. */
export async function lockSavedReport(db: Queryable, id: string): Promise<SavedReportRow | null> {
  const { rows } = await db.query<SavedReportRow & Record<string, unknown>>({
    name: 'lock_saved_report',
    text: `SELECT ${COLUMNS} FROM saved_reports WHERE id = $1::text FOR UPDATE`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Newest first. */
export async function listSavedReports(
  db: Queryable,
  { after, limit }: { readonly after: CreatedPlace | null; readonly limit: number },
): Promise<SavedReportRow[]> {
  const { rows } = await db.query<SavedReportRow & Record<string, unknown>>({
    name: 'list_saved_reports',
    text: `
      SELECT ${COLUMNS} FROM saved_reports
       WHERE ($1::timestamptz IS NULL OR (created_at, id) < ($1::timestamptz, $2::text))
       ORDER BY created_at DESC, id DESC
       LIMIT $3::integer`,
    values: [after?.at ?? null, after?.id ?? null, limit],
  });
  return rows;
}

/** @throws when the id or the name is taken: `saved_reports_pkey`, `saved_reports_name` */
export async function insertSavedReport(
  db: Queryable,
  id: string,
  settings: SavedReportSettings,
): Promise<SavedReportRow> {
  const { rows } = await db.query<SavedReportRow & Record<string, unknown>>({
    name: 'insert_saved_report',
    text: `
      INSERT INTO saved_reports (id, name, query, "range") VALUES ($1::text, $2::text, $3::jsonb, $4::jsonb)
      RETURNING ${COLUMNS}`,
    values: [id, ...settingValues(settings)],
  });
  return only(rows);
}

/** Replaces all settings, and counts the edit. @throws when the name is taken: `saved_reports_name` */
export async function updateSavedReport(
  db: Queryable,
  id: string,
  settings: SavedReportSettings,
): Promise<SavedReportRow> {
  const { rows } = await db.query<SavedReportRow & Record<string, unknown>>({
    name: 'update_saved_report',
    text: `
      UPDATE saved_reports
         SET name = $2::text, query = $3::jsonb, "range" = $4::jsonb, revision = revision + 1, updated_at = now()
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, ...settingValues(settings)],
  });
  return only(rows);
}

export async function deleteSavedReport(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'delete_saved_report',
    text: 'DELETE FROM saved_reports WHERE id = $1::text',
    values: [id],
  });
}

function settingValues({ name, query, range }: SavedReportSettings): unknown[] {
  return [name, JSON.stringify(query), JSON.stringify(range)];
}
