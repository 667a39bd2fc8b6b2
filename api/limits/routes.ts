import { z } from 'zod';
import { pageSchema, searchable } from '../../contract/page';
import {
  freedReservationSchema,
  heldReservationSchema,
  limitIdSchema,
  limitListQuerySchema,
  limitPatchSchema,
  limitSchema,
  newLimitSchema,
  pageQuerySchema,
  verificationSchema,
  type Limit,
} from '../../contract/resources/limit';
import { listFreed, listHeld } from '../../db/queries/limits/holds';
import { deleteLimit, findLimit, listLimits, lockLimit, updateLimit } from '../../db/queries/limits/limits';
import { countCounters, findCounterDifferences } from '../../db/queries/limits/verify';
import type { Queryable } from '../../db/pool';
import { keyset } from '../http/cursor';
import { created, deleted, edited, found } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { LIMIT, presentDifference, presentFreed, presentHeld, presentLimit } from './present';
import { setLimit } from './set';

const params = z.strictObject({ id: limitIdSchema });
const byId = keyset(searchable);
const bySeq = keyset(z.string().regex(/^\d{1,18}$/));

const TAG = 'Limits';

export const limitRoutes: readonly Route[] = [
  readRoute({
    method: 'get',
    path: '/limits',
    operationId: 'listLimits',
    summary: 'Limits, and what is used of each now',
    tag: TAG,
    query: limitListQuerySchema,
    responses: { 200: { description: 'A page of limits, by id.', body: pageSchema(limitSchema) } },
    async handle({ db, query }) {
      const rows = await listLimits(db, {
        scopeKind: query.scopeKind ?? null,
        scopeId: query.scopeId ?? null,
        window: query.window ?? null,
        counts: query.counts ?? null,
        campaignId: query.campaignId ?? null,
        full: query.full === undefined ? null : query.full === 'true',
        after: byId.read(query.cursor),
        limit: query.limit + 1,
      });
      return { status: 200, body: byId.page(rows, query.limit, ({ id }) => id, presentLimit) };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/limits',
    operationId: 'createLimit',
    summary: 'Set a limit',
    tag: TAG,
    body: newLimitSchema,
    example: { scope: { kind: 'buyer', id: 'buy_alpha' }, window: 'day', counts: 'connection', limit: 100 },
    responses: { 201: { description: 'The limit.', body: limitSchema } },
    problems: ['conflict', 'unprocessable'],
    revisioned: 'new',
    async handle({ db, body }) {
      const after = await shown(db, await setLimit(db, body));
      return created(LIMIT, after, `/limits/${after.id}`);
    },
  }),
  readRoute({
    method: 'get',
    path: '/limits/freed',
    operationId: 'listFreedReservations',
    summary: 'What maintenance gave back, because nobody was left to do it; newest first',
    tag: TAG,
    query: pageQuerySchema,
    responses: { 200: { description: 'A page of it.', body: pageSchema(freedReservationSchema) } },
    async handle({ db, query: { cursor, limit } }) {
      const rows = await listFreed(db, { after: bySeq.read(cursor), limit: limit + 1 });
      return { status: 200, body: bySeq.page(rows, limit, ({ seq }) => seq.toString(), presentFreed) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/limits/verification',
    operationId: 'verifyLimits',
    summary: 'Recompute every counter from the reservations',
    tag: TAG,
    responses: { 200: { description: 'What differs; nothing should.', body: verificationSchema } },
    async handle({ db }) {
      const [counters, differences] = await Promise.all([countCounters(db), findCounterDifferences(db)]);
      return { status: 200, body: { counters, differences: differences.map(presentDifference) } };
    },
  }),
  readRoute({
    method: 'get',
    path: '/limits/{id}',
    operationId: 'getLimit',
    summary: 'A limit, and what is used of it now',
    tag: TAG,
    params,
    responses: { 200: { description: 'The limit.', body: limitSchema } },
    revisioned: true,
    async handle({ db, params: { id } }) {
      const limit = await shown(db, id);
      return { status: 200, body: limit, revision: limit.revision };
    },
  }),
  writeRoute({
    method: 'patch',
    path: '/limits/{id}',
    operationId: 'updateLimit',
    summary: 'Raise or lower a limit; what it has counted stays',
    tag: TAG,
    params,
    body: limitPatchSchema,
    responses: { 200: { description: 'The limit as it is now.', body: limitSchema } },
    problems: ['unprocessable'],
    revisioned: true,
    async handle({ db, params: { id }, body: { limit }, requireRevision }) {
      const before = presentLimit(found(await lockLimit(db, id), `limit ${id}`));
      requireRevision(before.revision);
      if (limit === undefined || limit === before.limit) return edited(LIMIT, 'update', before, before);
      requireSameUnit(before, limit);
      await updateLimit(db, id, BigInt(limit));
      return edited(LIMIT, 'update', before, await shown(db, id));
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/limits/{id}',
    operationId: 'deleteLimit',
    summary: 'Take a limit away; calls in progress go on',
    tag: TAG,
    params,
    responses: { 204: { description: 'It is gone.', body: null } },
    revisioned: true,
    async handle({ db, params: { id }, requireRevision }) {
      const before = presentLimit(found(await lockLimit(db, id), `limit ${id}`));
      requireRevision(before.revision);
      await deleteLimit(db, id);
      return deleted(LIMIT, before);
    },
  }),
  readRoute({
    method: 'get',
    path: '/limits/{id}/reservations',
    operationId: 'listHeldReservations',
    summary: 'What holds the pending count of a limit',
    tag: TAG,
    params,
    query: pageQuerySchema,
    responses: { 200: { description: 'A page of reservations.', body: pageSchema(heldReservationSchema) } },
    async handle({ db, params: { id }, query: { cursor, limit } }) {
      const { counts } = await shown(db, id);
      const rows = await listHeld(db, id, { after: byId.read(cursor), limit: limit + 1 });
      const page = byId.page(
        rows,
        limit,
        (row) => row.reservation_id,
        (row) => presentHeld(row, counts),
      );
      return { status: 200, body: page };
    },
  }),
];

/** @throws Problem `not_found` */
async function shown(db: Queryable, id: string): Promise<Limit> {
  return presentLimit(found(await findLimit(db, id), `limit ${id}`));
}

function requireSameUnit({ counts }: Limit, limit: number | string): void {
  if ((counts === 'spend') === (typeof limit === 'string')) return;
  const message =
    counts === 'spend'
      ? 'must be whole micros in a string: the limit counts spend'
      : 'must be a whole number';
  throw new Problem('unprocessable', `limit ${message}`, [{ pointer: '/limit', message }]);
}
