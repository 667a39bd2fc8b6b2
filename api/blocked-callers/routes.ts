import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import {
  blockedCallerListQuerySchema,
  blockedCallerPatchSchema,
  blockedCallerSchema,
  newBlockedCallerSchema,
  type BlockedCaller,
} from '../../contract/resources/blocked-caller';
import { blockedCallerIdSchema } from '../../contract/resources/ids';
import {
  deleteBlockedCaller,
  findBlockedCaller,
  insertBlockedCaller,
  listBlockedCallers,
  lockBlockedCaller,
  updateBlockedCaller,
  type BlockedCallerRow,
} from '../../db/queries/blockedCallers';
import type { CampaignId } from '../../domain/ids';
import { byCreation, createdPlaceOf } from '../http/cursor';
import { created, deleted, edited, found, newId, patched, type AuditedKind } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';

const BLOCKED_CALLER: AuditedKind<BlockedCaller> = {
  entity: 'blocked_caller',
  idOf: ({ id }) => id,
  campaignOf: ({ campaignId }) => campaignId,
};

function presentBlockedCaller(row: BlockedCallerRow): BlockedCaller {
  return {
    id: row.id,
    kind: row.kind,
    pattern: row.pattern,
    campaignId: row.campaign_id as CampaignId | null,
    reason: row.reason,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

const params = z.strictObject({ id: blockedCallerIdSchema });

export const blockedCallerRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/blocked-callers',
    operationId: 'blockCaller',
    summary: 'Block a number, or all numbers that begin alike',
    tag: 'Blocked callers',
    body: newBlockedCallerSchema,
    example: { kind: 'prefix', pattern: '+1900', campaignId: null, reason: 'premium-rate numbers' },
    responses: { 201: { description: 'The entry.', body: blockedCallerSchema } },
    problems: ['conflict', 'unprocessable'],
    revisioned: 'new',
    async handle({ db, body }) {
      const after = presentBlockedCaller(await insertBlockedCaller(db, { id: newId('blk'), ...body }));
      return created(BLOCKED_CALLER, after, `/blocked-callers/${after.id}`);
    },
  }),
  readRoute({
    method: 'get',
    path: '/blocked-callers',
    operationId: 'listBlockedCallers',
    summary: 'Who may not call, newest first',
    tag: 'Blocked callers',
    query: blockedCallerListQuerySchema,
    responses: { 200: { description: 'A page of entries.', body: pageSchema(blockedCallerSchema) } },
    async handle({ db, query: { campaignId, kind, cursor, limit } }) {
      const rows = await listBlockedCallers(db, {
        campaignId: campaignId ?? null,
        kind: kind ?? null,
        after: byCreation.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, presentBlockedCaller) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/blocked-callers/{id}',
    operationId: 'getBlockedCaller',
    summary: 'One entry of the block list',
    tag: 'Blocked callers',
    params,
    responses: { 200: { description: 'The entry.', body: blockedCallerSchema } },
    revisioned: true,
    async handle({ db, params: { id } }) {
      const entry = presentBlockedCaller(found(await findBlockedCaller(db, id), `entry ${id}`));
      return { status: 200, body: entry, revision: entry.revision };
    },
  }),
  writeRoute({
    method: 'patch',
    path: '/blocked-callers/{id}',
    operationId: 'updateBlockedCaller',
    summary: 'Say anew why somebody is blocked',
    tag: 'Blocked callers',
    params,
    body: blockedCallerPatchSchema,
    responses: { 200: { description: 'The entry as it is now.', body: blockedCallerSchema } },
    revisioned: true,
    async handle({ db, params: { id }, body, requireRevision }) {
      const before = presentBlockedCaller(found(await lockBlockedCaller(db, id), `entry ${id}`));
      requireRevision(before.revision);
      const after = patched(before, body);
      if (after === before) return edited(BLOCKED_CALLER, 'update', before, before);
      const row = await updateBlockedCaller(db, id, after.reason);
      return edited(BLOCKED_CALLER, 'update', before, presentBlockedCaller(row));
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/blocked-callers/{id}',
    operationId: 'unblockCaller',
    summary: 'Take an entry off the block list',
    tag: 'Blocked callers',
    params,
    responses: { 204: { description: 'It is gone.', body: null } },
    revisioned: true,
    async handle({ db, params: { id }, requireRevision }) {
      const before = presentBlockedCaller(found(await lockBlockedCaller(db, id), `entry ${id}`));
      requireRevision(before.revision);
      await deleteBlockedCaller(db, id);
      return deleted(BLOCKED_CALLER, before);
    },
  }),
];
