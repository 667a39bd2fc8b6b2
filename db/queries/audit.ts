import type { Queryable } from '../pool';

/** What a change leaves in the audit trail. */
export interface NewAuditEntry {
  /** What was done, as a verb: `create`, `update`, `delete`, `publish`. */
  readonly action: string;
  /** Kind of what was changed: `campaign`, `number`, `routing_plan`. */
  readonly entity: string;
  readonly entityId: string;
  /** The campaign it concerns; `null`: none, or more than one. */
  readonly campaignId: string | null;
  /** As the API shows it; `null`: it was not there. */
  readonly before: unknown;
  /** `null`: it is gone. */
  readonly after: unknown;
}

/** Writes entries of one request, in their order. */
export async function insertAuditEntries(
  db: Queryable,
  by: { readonly actor: string; readonly requestId: string },
  entries: readonly NewAuditEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await db.query({
    name: 'insert_audit_entries',
    text: `
      INSERT INTO audit_entries (actor, request_id, action, entity, entity_id, campaign_id, before, after)
      SELECT $1::text, $2::text, e.action, e.entity, e.entity_id, e.campaign_id, e.before, e.after
        FROM ROWS FROM (jsonb_to_recordset($3::jsonb) AS (action text, entity text, entity_id text, campaign_id text,
                                                          before jsonb, after jsonb)) WITH ORDINALITY AS e
       ORDER BY e.ordinality`,
    values: [
      by.actor,
      by.requestId,
      JSON.stringify(
        entries.map(({ action, entity, entityId, campaignId, before, after }) => ({
          action,
          entity,
          entity_id: entityId,
          campaign_id: campaignId,
          before,
          after,
        })),
      ),
    ],
  });
}

export interface AuditRow {
  readonly id: bigint;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly entity: string;
  readonly entity_id: string;
  readonly campaign_id: string | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly request_id: string;
}

export interface AuditFilter {
  readonly entity: string | null;
  readonly entityId: string | null;
  readonly campaignId: string | null;
  /** Entries before this id, as text. */
  readonly after: string | null;
  readonly limit: number;
}

/** Newest first. */
export async function listAuditEntries(db: Queryable, filter: AuditFilter): Promise<AuditRow[]> {
  const { rows } = await db.query<AuditRow & Record<string, unknown>>({
    name: 'list_audit_entries',
    text: `
      SELECT id, at, actor, action, entity, entity_id, campaign_id, before, after, request_id
        FROM audit_entries
       WHERE ($1::text IS NULL OR entity = $1::text)
         AND ($2::text IS NULL OR entity_id = $2::text)
         AND ($3::text IS NULL OR campaign_id = $3::text)
         AND ($4::bigint IS NULL OR id < $4::bigint)
       ORDER BY id DESC
       LIMIT $5::integer`,
    values: [filter.entity, filter.entityId, filter.campaignId, filter.after, filter.limit],
  });
  return rows;
}
