import { CREATED_PLACE, type CreatedPlace } from '../keyset';
import type { Queryable } from '../pool';
import { only } from '../rows';

/** A migration as stored. */
export interface MigrationRow {
  readonly id: string;
  readonly name: string;
  readonly kind: 'buyer' | 'plan' | 'campaign';
  readonly campaign_id: string;
  readonly control_assignment_id: string | null;
  readonly challenger_assignment_id: string | null;
  readonly control_version: number | null;
  readonly challenger_version: number | null;
  readonly challenger_campaign_id: string | null;
  readonly settings: unknown;
  readonly status: string;
  readonly state: unknown;
  readonly share_basis_points: number;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly created_place: string;
}

const COLUMNS = `
  id, name, kind, campaign_id, control_assignment_id, challenger_assignment_id, control_version, challenger_version,
  challenger_campaign_id, settings, status, state, share_basis_points, revision, created_at, updated_at, started_at,
  ended_at, ${CREATED_PLACE}`;

export async function findMigration(db: Queryable, id: string): Promise<MigrationRow | null> {
  const { rows } = await db.query<MigrationRow & Record<string, unknown>>({
    name: 'find_migration',
    text: `SELECT ${COLUMNS} FROM migrations WHERE id = $1::text`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** The migration, locked until the transaction ends. */
export async function lockMigration(db: Queryable, id: string): Promise<MigrationRow | null> {
  const { rows } = await db.query<MigrationRow & Record<string, unknown>>({
    name: 'lock_migration',
    text: `SELECT ${COLUMNS} FROM migrations WHERE id = $1::text FOR NO KEY UPDATE`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Newest first. */
export async function listMigrations(
  db: Queryable,
  filter: {
    readonly campaignId: string | null;
    readonly status: string | null;
    readonly after: CreatedPlace | null;
    readonly limit: number;
  },
): Promise<MigrationRow[]> {
  const { rows } = await db.query<MigrationRow & Record<string, unknown>>({
    name: 'list_migrations',
    text: `
      SELECT ${COLUMNS} FROM migrations
       WHERE ($1::text IS NULL OR campaign_id = $1::text OR challenger_campaign_id = $1::text)
         AND ($2::text IS NULL OR status = $2::text)
         AND ($3::timestamptz IS NULL OR (created_at, id) < ($3::timestamptz, $4::text))
       ORDER BY created_at DESC, id DESC
       LIMIT $5::integer`,
    values: [
      filter.campaignId,
      filter.status,
      filter.after?.at ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  });
  return rows;
}

export interface NewMigrationRow {
  readonly id: string;
  readonly name: string;
  readonly kind: 'buyer' | 'plan' | 'campaign';
  readonly campaignId: string;
  readonly controlAssignmentId: string | null;
  readonly challengerAssignmentId: string | null;
  readonly controlVersion: number | null;
  readonly challengerVersion: number | null;
  readonly challengerCampaignId: string | null;
  readonly settings: object;
  readonly status: string;
  readonly state: object;
}

/** @throws when the id is taken, or something it refers to is not there */
export async function insertMigration(db: Queryable, migration: NewMigrationRow): Promise<MigrationRow> {
  const { rows } = await db.query<MigrationRow & Record<string, unknown>>({
    name: 'insert_migration',
    text: `
      INSERT INTO migrations (id, name, kind, campaign_id, control_assignment_id, challenger_assignment_id,
                              control_version, challenger_version, challenger_campaign_id, settings, status, state)
      VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::integer, $8::integer, $9::text,
              $10::jsonb, $11::text, $12::jsonb)
      RETURNING ${COLUMNS}`,
    values: [
      migration.id,
      migration.name,
      migration.kind,
      migration.campaignId,
      migration.controlAssignmentId,
      migration.challengerAssignmentId,
      migration.controlVersion,
      migration.challengerVersion,
      migration.challengerCampaignId,
      JSON.stringify(migration.settings),
      migration.status,
      JSON.stringify(migration.state),
    ],
  });
  return only(rows);
}

/**
 * Speaks for the traffic of these campaigns, all or none.
 * @returns the migrations that have it already; none: it is this one's
 */
export async function claimTraffic(
  db: Queryable,
  migrationId: string,
  campaignIds: readonly string[],
): Promise<{ readonly id: string; readonly name: string; readonly campaign_id: string }[]> {
  await db.query({
    name: 'claim_traffic',
    text: `
      INSERT INTO migration_traffic (campaign_id, migration_id)
      SELECT c, $1::text FROM unnest($2::text[]) AS c ORDER BY c
          ON CONFLICT (campaign_id) DO NOTHING`,
    values: [migrationId, [...campaignIds]],
  });
  const { rows } = await db.query<{ id: string; name: string; campaign_id: string }>({
    name: 'find_other_traffic',
    text: `
      SELECT m.id, m.name, t.campaign_id FROM migration_traffic t JOIN migrations m ON m.id = t.migration_id
       WHERE t.campaign_id = ANY ($2::text[]) AND t.migration_id <> $1::text
       ORDER BY t.campaign_id`,
    values: [migrationId, [...campaignIds]],
  });
  return rows;
}

/** The migration is over: another one may have its traffic. */
export async function releaseTraffic(db: Queryable, migrationId: string): Promise<void> {
  await db.query({
    name: 'release_traffic',
    text: 'DELETE FROM migration_traffic WHERE migration_id = $1::text',
    values: [migrationId],
  });
}

/** What a migration has come to; the share is effective for every call from the COMMIT on. */
export async function writeMigration(
  db: Queryable,
  written: {
    readonly id: string;
    readonly status: string;
    readonly state: object;
    readonly splits: boolean;
    readonly shareBasisPoints: number;
    readonly comparison: number;
    readonly started: boolean;
    readonly ended: boolean;
  },
): Promise<void> {
  await db.query({
    name: 'write_migration',
    text: `
      UPDATE migrations
         SET status = $2::text, state = $3::jsonb, splits = $4::boolean, share_basis_points = $5::integer,
             comparison = $6::integer, revision = revision + 1, updated_at = now(),
             started_at = CASE WHEN $7::boolean THEN coalesce(started_at, now()) END,
             ended_at = CASE WHEN $8::boolean THEN coalesce(ended_at, now()) END
       WHERE id = $1::text`,
    values: [
      written.id,
      written.status,
      JSON.stringify(written.state),
      written.splits,
      written.shareBasisPoints,
      written.comparison,
      written.started,
      written.ended,
    ],
  });
}

type MigrationSides = Pick<
  MigrationRow,
  'id' | 'name' | 'kind' | 'control_assignment_id' | 'challenger_assignment_id'
>;

/** The migration that moves calls of a campaign, or is to; `null`: there is none. */
export async function findMigrationOf(db: Queryable, campaignId: string): Promise<MigrationSides | null> {
  const { rows } = await db.query<MigrationSides & Record<string, unknown>>({
    name: 'find_migration_of_campaign',
    text: `
      SELECT m.id, m.name, m.kind, m.control_assignment_id, m.challenger_assignment_id FROM migration_traffic t JOIN migrations m ON m.id = t.migration_id
       WHERE t.campaign_id = $1::text`,
    values: [campaignId],
  });
  return rows[0] ?? null;
}
