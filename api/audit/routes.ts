import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import { auditEntrySchema, auditListQuerySchema, type AuditEntry } from '../../contract/resources/audit';
import { listAuditEntries, type AuditRow } from '../../db/queries/audit';
import { keyset } from '../http/cursor';
import { readRoute, type Route } from '../http/route';

/** Within a bigint. */
const byId = keyset(z.string().regex(/^\d{1,18}$/));

function presentEntry(row: AuditRow): AuditEntry {
  return {
    id: row.id.toString(),
    at: row.at,
    actor: row.actor,
    action: row.action,
    entity: row.entity,
    entityId: row.entity_id,
    campaignId: row.campaign_id,
    before: row.before,
    after: row.after,
    requestId: row.request_id,
  };
}

export const auditRoutes: readonly Route[] = [
  readRoute({
    method: 'get',
    path: '/audit',
    operationId: 'listAuditEntries',
    summary: 'Changes, newest first',
    tag: 'Audit trail',
    query: auditListQuerySchema,
    responses: { 200: { description: 'A page of entries.', body: pageSchema(auditEntrySchema) } },
    async handle({ db, query: { entity, entityId, campaignId, cursor, limit } }) {
      const rows = await listAuditEntries(db, {
        entity: entity ?? null,
        entityId: entityId ?? null,
        campaignId: campaignId ?? null,
        after: byId.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: byId.page(rows, limit, ({ id }) => id.toString(), presentEntry) };
    },
  }),
];
