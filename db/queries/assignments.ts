import type { AssignmentSettings } from '../../contract/resources/assignment';
import { jsonOrNull } from '../json';
import { CREATED_PLACE, type CreatedPlace } from '../keyset';
import type { Queryable } from '../pool';
import { only } from '../rows';

/** An assignment as people configure it; `contract/` gives the JSON its types. */
export interface AssignmentRow {
  readonly id: string;
  readonly campaign_id: string;
  readonly buyer_id: string;
  readonly dialing: unknown;
  readonly priority: number;
  readonly weight: number;
  readonly paused: boolean;
  readonly hours: unknown;
  readonly filter: unknown;
  readonly price: unknown;
  readonly conversion_estimate: number;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly removed_at: string | null;
  readonly created_place: string;
}

const COLUMNS = `
  id, campaign_id, buyer_id, dialing, priority, weight, paused, hours, filter, price, conversion_estimate, revision,
  created_at, updated_at, removed_at, ${CREATED_PLACE}`;

/** An assignment, removed or not. */
export async function findAssignment(db: Queryable, id: string): Promise<AssignmentRow | null> {
  const { rows } = await db.query<AssignmentRow & Record<string, unknown>>({
    name: 'find_assignment',
    text: `SELECT ${COLUMNS} FROM assignments WHERE id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The assignment, locked against other edits until the transaction ends. Lock its campaign first. */
export async function lockAssignment(db: Queryable, id: string): Promise<AssignmentRow | null> {
  const { rows } = await db.query<AssignmentRow & Record<string, unknown>>({
    name: 'lock_assignment',
    text: `SELECT ${COLUMNS} FROM assignments WHERE id = $1::text FOR NO KEY UPDATE`,
    values: [id],
  });
  return rows[0] ?? null;
}

export interface AssignmentFilter {
  readonly campaignId: string;
  readonly buyerId: string | null;
  readonly removed: boolean;
  readonly after: CreatedPlace | null;
  readonly limit: number;
}

/** Newest first. */
export async function listAssignments(db: Queryable, filter: AssignmentFilter): Promise<AssignmentRow[]> {
  const { rows } = await db.query<AssignmentRow & Record<string, unknown>>({
    name: 'list_assignments',
    text: `
      SELECT ${COLUMNS} FROM assignments
       WHERE campaign_id = $1::text
         AND ($2::text IS NULL OR buyer_id = $2::text)
         AND ($3::boolean OR removed_at IS NULL)
         AND ($4::timestamptz IS NULL OR (created_at, id) < ($4::timestamptz, $5::text))
       ORDER BY created_at DESC, id DESC
       LIMIT $6::integer`,
    values: [
      filter.campaignId,
      filter.buyerId,
      filter.removed,
      filter.after?.at ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  });
  return rows;
}

const SETTINGS = 'dialing, priority, weight, paused, hours, filter, price, conversion_estimate';

function settingValues(settings: AssignmentSettings): unknown[] {
  return [
    JSON.stringify(settings.dialing),
    settings.priority,
    settings.weight,
    settings.paused,
    jsonOrNull(settings.hours),
    jsonOrNull(settings.filter),
    JSON.stringify(settings.price),
    settings.conversionEstimate,
  ];
}

export interface NewAssignment extends AssignmentSettings {
  readonly id: string;
  readonly campaignId: string;
  readonly buyerId: string;
}

/** @throws when the id is taken: `assignments_pkey`; when campaign or buyer are not there */
export async function insertAssignment(db: Queryable, assignment: NewAssignment): Promise<AssignmentRow> {
  const { rows } = await db.query<AssignmentRow & Record<string, unknown>>({
    name: 'insert_assignment',
    text: `
      INSERT INTO assignments (id, campaign_id, buyer_id, ${SETTINGS})
      VALUES ($1::text, $2::text, $3::text, $4::jsonb, $5::integer, $6::double precision, $7::boolean, $8::jsonb,
              $9::jsonb, $10::jsonb, $11::double precision)
      RETURNING ${COLUMNS}`,
    values: [assignment.id, assignment.campaignId, assignment.buyerId, ...settingValues(assignment)],
  });
  return only(rows);
}

/** Replaces all settings, and counts the edit. */
export async function updateAssignment(
  db: Queryable,
  id: string,
  settings: AssignmentSettings,
): Promise<AssignmentRow> {
  const { rows } = await db.query<AssignmentRow & Record<string, unknown>>({
    name: 'update_assignment',
    text: `
      UPDATE assignments
         SET (${SETTINGS}, revision, updated_at) =
             ROW ($2::jsonb, $3::integer, $4::double precision, $5::boolean, $6::jsonb, $7::jsonb, $8::jsonb,
                  $9::double precision, revision + 1, now())
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id, ...settingValues(settings)],
  });
  return only(rows);
}

/** Takes an assignment out of its campaign: it is kept for the calls it took, and takes no more. */
export async function removeAssignment(db: Queryable, id: string): Promise<AssignmentRow> {
  const { rows } = await db.query<AssignmentRow & Record<string, unknown>>({
    name: 'remove_assignment',
    text: `
      UPDATE assignments SET removed_at = now(), revision = revision + 1, updated_at = now()
       WHERE id = $1::text
      RETURNING ${COLUMNS}`,
    values: [id],
  });
  return only(rows);
}

/** Rules of the campaign's current plan that name an assignment, in their order. */
export async function findRulesNaming(
  db: Queryable,
  campaign: string,
  assignment: string,
): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>({
    name: 'find_rules_naming_assignment',
    text: `
      SELECT r.rule->>'name' AS name
        FROM campaigns c
        JOIN routing_plans p ON p.campaign_id = c.id AND p.version = c.plan_version
       CROSS JOIN LATERAL jsonb_array_elements(p.definition->'rules') WITH ORDINALITY AS r (rule, place)
       WHERE c.id = $1::text
         AND jsonb_path_exists(r.rule, '$.candidates[*] ? (@.assignmentId == $id)',
                               jsonb_build_object('id', $2::text))
       ORDER BY r.place`,
    values: [campaign, assignment],
  });
  return rows.map(({ name }) => name);
}
