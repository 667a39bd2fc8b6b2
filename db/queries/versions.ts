import type { Queryable } from '../pool';

/*
 * Drafts and immutable, numbered versions. Routing plans and IVR flows live in tables of the same shape, so that one
 * statement each serves both; the names below are all that differs.
 */

/** What a campaign has versions of. */
export type VersionedKind = 'plan' | 'flow';

const TABLES = {
  plan: { versions: 'routing_plans', drafts: 'routing_plan_drafts', current: 'plan_version' },
  flow: { versions: 'ivr_flows', drafts: 'ivr_flow_drafts', current: 'flow_version' },
} as const satisfies Record<VersionedKind, Record<'versions' | 'drafts' | 'current', string>>;

/** A campaign as far as its versions are concerned. */
export interface VersionedCampaignRow {
  readonly id: string;
  readonly status: string;
  /** The version calls get today; `null`: none. */
  readonly current: number | null;
}

const campaignStatement = (kind: VersionedKind): string =>
  `SELECT id, status, ${TABLES[kind].current} AS current FROM campaigns WHERE id = $1::text`;

/** `null`: there is no such campaign. */
export async function findVersionedCampaign(
  db: Queryable,
  kind: VersionedKind,
  campaign: string,
): Promise<VersionedCampaignRow | null> {
  const { rows } = await db.query<VersionedCampaignRow & Record<string, unknown>>({
    name: `find_versioned_campaign_${kind}`,
    text: campaignStatement(kind),
    values: [campaign],
  });
  return rows[0] ?? null;
}

/**
 * Takes the campaign's row for the rest of the transaction: whoever publishes holds it, so that two get two numbers.
 * `null`: there is no such campaign.
 */
export async function lockVersionedCampaign(
  db: Queryable,
  kind: VersionedKind,
  campaign: string,
): Promise<VersionedCampaignRow | null> {
  const { rows } = await db.query<VersionedCampaignRow & Record<string, unknown>>({
    name: `lock_versioned_campaign_${kind}`,
    text: `${campaignStatement(kind)} FOR NO KEY UPDATE`,
    values: [campaign],
  });
  return rows[0] ?? null;
}

export interface DraftRow {
  readonly definition: unknown;
  readonly based_on: number | null;
  readonly revision: number;
  readonly updated_at: string;
}

const DRAFT_COLUMNS = 'definition, based_on, revision, updated_at';

/** `null`: nothing is being edited. */
export async function findDraft(
  db: Queryable,
  kind: VersionedKind,
  campaign: string,
): Promise<DraftRow | null> {
  const { rows } = await db.query<DraftRow & Record<string, unknown>>({
    name: `find_draft_${kind}`,
    text: `SELECT ${DRAFT_COLUMNS} FROM ${TABLES[kind].drafts} WHERE campaign_id = $1::text`,
    values: [campaign],
  });
  return rows[0] ?? null;
}

/** Writes the whole draft. The version it is based on is that of the first write. */
export async function saveDraft(
  db: Queryable,
  kind: VersionedKind,
  draft: { readonly campaignId: string; readonly definition: unknown; readonly basedOn: number | null },
): Promise<DraftRow> {
  const { rows } = await db.query<DraftRow & Record<string, unknown>>({
    name: `save_draft_${kind}`,
    text: `
      INSERT INTO ${TABLES[kind].drafts} AS d (campaign_id, definition, based_on)
      VALUES ($1::text, $2::jsonb, $3::integer)
      ON CONFLICT (campaign_id) DO UPDATE
        SET definition = EXCLUDED.definition, revision = d.revision + 1, updated_at = now()
      RETURNING ${DRAFT_COLUMNS}`,
    values: [draft.campaignId, JSON.stringify(draft.definition), draft.basedOn],
  });
  const [row] = rows;
  if (row === undefined) throw new Error(`The draft of ${draft.campaignId} was not written`);
  return row;
}

/** Gives back whether there was one. */
export async function deleteDraft(db: Queryable, kind: VersionedKind, campaign: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: `delete_draft_${kind}`,
    text: `DELETE FROM ${TABLES[kind].drafts} WHERE campaign_id = $1::text`,
    values: [campaign],
  });
  return rowCount === 1;
}

/** A published version without what it says. */
export interface VersionHeadRow {
  readonly version: number;
  readonly published_at: string;
  readonly published_by: string;
  readonly note: string;
  /** The older version that this one repeats; `null`: it is new. */
  readonly reverts: number | null;
}

export interface VersionRow extends VersionHeadRow {
  readonly definition: unknown;
}

const HEAD_COLUMNS = 'version, published_at, published_by, note, reverts';

/** Newest first. `below`: only versions with a lower number, `null` for the first page. */
export async function listVersions(
  db: Queryable,
  kind: VersionedKind,
  page: { readonly campaignId: string; readonly below: number | null; readonly limit: number },
): Promise<VersionHeadRow[]> {
  const { rows } = await db.query<VersionHeadRow & Record<string, unknown>>({
    name: `list_versions_${kind}`,
    text: `
      SELECT ${HEAD_COLUMNS} FROM ${TABLES[kind].versions}
       WHERE campaign_id = $1::text AND ($2::integer IS NULL OR version < $2::integer)
       ORDER BY version DESC LIMIT $3::integer`,
    values: [page.campaignId, page.below, page.limit],
  });
  return rows;
}

/** `null`: there is no such version. */
export async function findVersion(
  db: Queryable,
  kind: VersionedKind,
  campaign: string,
  version: number,
): Promise<VersionRow | null> {
  const { rows } = await db.query<VersionRow & Record<string, unknown>>({
    name: `find_version_${kind}`,
    text: `
      SELECT ${HEAD_COLUMNS}, definition FROM ${TABLES[kind].versions}
       WHERE campaign_id = $1::text AND version = $2::integer`,
    values: [campaign, version],
  });
  return rows[0] ?? null;
}

/** The number the next version of a campaign will have. Only sure while its row is locked. */
export async function nextVersion(db: Queryable, kind: VersionedKind, campaign: string): Promise<number> {
  const { rows } = await db.query<{ next: number }>({
    name: `next_version_${kind}`,
    text: `SELECT coalesce(max(version), 0) + 1 AS next FROM ${TABLES[kind].versions} WHERE campaign_id = $1::text`,
    values: [campaign],
  });
  return rows[0]?.next ?? 1;
}

/**
 * Adds the next version; nobody gets it yet. The campaign's row has to be locked.
 * @throws DatabaseError unique_violation when it is not and somebody else was first.
 */
export async function insertVersion(
  db: Queryable,
  kind: VersionedKind,
  version: {
    readonly campaignId: string;
    readonly definition: unknown;
    readonly publishedBy: string;
    readonly note: string;
    readonly reverts: number | null;
  },
): Promise<VersionRow> {
  const { rows } = await db.query<VersionRow & Record<string, unknown>>({
    name: `insert_version_${kind}`,
    text: `
      INSERT INTO ${TABLES[kind].versions} (campaign_id, version, definition, published_by, note, reverts)
      SELECT $1::text, coalesce(max(version), 0) + 1, $2::jsonb, $3::text, $4::text, $5::integer
        FROM ${TABLES[kind].versions} WHERE campaign_id = $1::text
      RETURNING ${HEAD_COLUMNS}, definition`,
    values: [
      version.campaignId,
      JSON.stringify(version.definition),
      version.publishedBy,
      version.note,
      version.reverts,
    ],
  });
  const [row] = rows;
  if (row === undefined) throw new Error(`The version of ${version.campaignId} was not written`);
  return row;
}

/** Makes a version the one that new calls get; `null`: none. Counts as an edit of the campaign. */
export async function setCurrentVersion(
  db: Queryable,
  kind: VersionedKind,
  campaign: string,
  version: number | null,
): Promise<void> {
  await db.query({
    name: `set_current_version_${kind}`,
    text: `
      UPDATE campaigns SET ${TABLES[kind].current} = $2::integer, revision = revision + 1, updated_at = now()
       WHERE id = $1::text`,
    values: [campaign, version],
  });
}

/** Which of these assignments a campaign has, removed ones left out. */
export async function listPresentAssignments(
  db: Queryable,
  campaign: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ id: string }>({
    name: 'list_present_assignments',
    text: `
      SELECT id FROM assignments
       WHERE campaign_id = $1::text AND id = ANY ($2::text[]) AND removed_at IS NULL`,
    values: [campaign, [...ids]],
  });
  return new Set(rows.map((row) => row.id));
}
