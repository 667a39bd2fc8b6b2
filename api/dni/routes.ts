import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import { e164Schema } from '../../contract/prompt';
import {
  dniLeaseSchema,
  dniNumberSchema,
  dniNumbersSchema,
  dniPoolIdSchema,
  dniPoolListQuerySchema,
  dniPoolPatchSchema,
  dniPoolSchema,
  dniPoolStatusSchema,
  newDniPoolSchema,
  serverLeaseSchema,
  type DniPool,
} from '../../contract/resources/dni-pool';
import { pageQuerySchema } from '../../contract/resources/limit';
import { holdCampaignStatus } from '../../db/queries/campaigns';
import { leaseDniNumber } from '../../db/queries/dni/leases';
import { deleteDniNumber, endDniLease, insertDniNumbers, listDniNumbers } from '../../db/queries/dni/numbers';
import {
  deleteDniPool,
  findDniPool,
  insertDniPool,
  listDniPools,
  lockDniPool,
  touchDniPool,
  updateDniPool,
} from '../../db/queries/dni/pools';
import { loadPoolStatus, loadPoolUse } from '../../db/queries/dni/status';
import type { Queryable } from '../../db/pool';
import { OBSERVED_DAYS } from '../../domain/dni/pool-size';
import type { DniPoolId, E164 } from '../../domain/ids';
import { byCreation, createdPlaceOf, keyset } from '../http/cursor';
import { created, deleted, edited, found, newId, patched } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { requireLeasable, requireStatic } from './numbers';
import { DNI_POOL, presentPool, presentPoolNumber, presentStatus } from './present';
import { newSessionId, visitOf } from './visits';

const TAG = 'DNI pools';
const params = z.strictObject({ id: dniPoolIdSchema });
const byNumber = keyset(z.string().regex(/^\+\d{1,15}$/));

export const dniRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/dni-pools',
    operationId: 'createDniPool',
    summary: 'Make a pool of numbers for visitors of web pages',
    tag: TAG,
    body: newDniPoolSchema,
    example: {
      campaignId: 'cmp_sample',
      name: 'Home page',
      allowedOrigins: ['https://www.example.com'],
      overflowNumber: '+14155550100',
    },
    responses: { 201: { description: 'The pool; it has no numbers yet.', body: dniPoolSchema } },
    problems: ['conflict', 'unprocessable'],
    revisioned: 'new',
    async handle({ db, body: { id = newId<DniPoolId>('dni'), campaignId, ...settings } }) {
      if ((await holdCampaignStatus(db, campaignId)) === 'archived')
        throw new Problem('conflict', `Campaign ${campaignId} is archived: it takes no calls`);
      await requireStatic(db, { campaignId, ...settings });
      const after = presentPool(await insertDniPool(db, id, campaignId, settings));
      return created(DNI_POOL, after, `/dni-pools/${id}`);
    },
  }),
  readRoute({
    method: 'get',
    path: '/dni-pools',
    operationId: 'listDniPools',
    summary: 'Pools, newest first',
    tag: TAG,
    query: dniPoolListQuerySchema,
    responses: { 200: { description: 'A page of pools.', body: pageSchema(dniPoolSchema) } },
    async handle({ db, query: { campaignId = null, cursor, limit } }) {
      const after = byCreation.read(cursor);
      const rows = await listDniPools(db, { campaignId, after, limit: limit + 1 });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, presentPool) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/dni-pools/{id}',
    operationId: 'getDniPool',
    summary: 'One pool',
    tag: TAG,
    params,
    responses: { 200: { description: 'The pool.', body: dniPoolSchema } },
    revisioned: true,
    async handle({ db, params: { id } }) {
      const pool = presentPool(found(await findDniPool(db, id), `DNI pool ${id}`));
      return { status: 200, body: pool, revision: pool.revision };
    },
  }),
  writeRoute({
    method: 'patch',
    path: '/dni-pools/{id}',
    operationId: 'updateDniPool',
    summary: 'Change the settings of a pool',
    description: 'Leases that live keep their end until the next sign of life of their visitor.',
    tag: TAG,
    params,
    body: dniPoolPatchSchema,
    responses: { 200: { description: 'The pool as it is now.', body: dniPoolSchema } },
    problems: ['unprocessable'],
    revisioned: true,
    async handle({ db, params: { id }, body, requireRevision }) {
      const before = await lock(db, id);
      requireRevision(before.revision);
      const after = patched(before, body);
      if (after === before) return edited(DNI_POOL, 'update', before, before);
      await requireStatic(db, after);
      return edited(DNI_POOL, 'update', before, presentPool(await updateDniPool(db, id, after)));
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/dni-pools/{id}',
    operationId: 'deleteDniPool',
    summary: 'Give up a pool, with its leases and visitors',
    description:
      'Its numbers stay with the campaign, and calls keep their visitors. Pages show their own number.',
    tag: TAG,
    params,
    responses: { 204: { description: 'It is gone.', body: null } },
    revisioned: true,
    async handle({ db, params: { id }, requireRevision }) {
      const before = await lock(db, id);
      requireRevision(before.revision);
      await deleteDniPool(db, id);
      return deleted(DNI_POOL, before);
    },
  }),
  readRoute({
    method: 'get',
    path: '/dni-pools/{id}/numbers',
    operationId: 'listDniNumbers',
    summary: 'The numbers of a pool, and who has them',
    tag: TAG,
    params,
    query: pageQuerySchema,
    responses: { 200: { description: 'A page of numbers.', body: pageSchema(dniNumberSchema) } },
    async handle({ db, params: { id }, query: { cursor, limit } }) {
      found(await findDniPool(db, id), `DNI pool ${id}`);
      const rows = await listDniNumbers(db, id, { after: byNumber.read(cursor), limit: limit + 1 });
      return { status: 200, body: byNumber.page(rows, limit, ({ e164 }) => e164, presentPoolNumber) };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/dni-pools/{id}/numbers',
    operationId: 'addDniNumbers',
    summary: "Put numbers of the pool's campaign into it",
    description: 'A number is in one pool at most. Those that are in this one already stay as they are.',
    tag: TAG,
    params,
    body: dniNumbersSchema,
    example: { numbers: ['+14155550180', '+14155550181'] },
    responses: { 200: { description: 'The pool as it is now.', body: dniPoolSchema } },
    problems: ['conflict', 'unprocessable'],
    revisioned: true,
    async handle({ db, params: { id }, body: { numbers }, requireRevision }) {
      const before = await lock(db, id);
      requireRevision(before.revision);
      const fresh = await requireLeasable(db, before, numbers);
      if (fresh.length === 0) return edited(DNI_POOL, 'add_numbers', before, before);
      await insertDniNumbers(db, id, fresh);
      return changedNumbers('add_numbers', before, presentPool(await touchDniPool(db, id)), fresh);
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/dni-pools/{id}/numbers/{number}',
    operationId: 'removeDniNumber',
    summary: 'Take a number out of a pool',
    description:
      'It stays with the campaign. A visitor who has it gets another one with their next sign of life; while the ' +
      'grace lasts, callers of it are still taken for them.',
    tag: TAG,
    params: z.strictObject({ id: dniPoolIdSchema, number: e164Schema }),
    responses: { 200: { description: 'The pool as it is now.', body: dniPoolSchema } },
    revisioned: true,
    async handle({ db, params: { id, number }, requireRevision }) {
      const before = await lock(db, id);
      requireRevision(before.revision);
      if (!(await deleteDniNumber(db, id, number)))
        throw new Problem('not_found', `${number} is not in pool ${id}`);
      await endDniLease(db, number);
      return changedNumbers('remove_number', before, presentPool(await touchDniPool(db, id)), [number]);
    },
  }),
  readRoute({
    method: 'get',
    path: '/dni-pools/{id}/status',
    operationId: 'getDniPoolStatus',
    summary: 'How a pool is doing, and how large it should be',
    tag: TAG,
    params,
    responses: { 200: { description: 'As of now.', body: dniPoolStatusSchema } },
    async handle({ db, params: { id } }) {
      const [row, use] = await Promise.all([loadPoolStatus(db, id), loadPoolUse(db, id, OBSERVED_DAYS)]);
      return { status: 200, body: presentStatus(found(row, `DNI pool ${id}`), use) };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/dni-pools/{id}/leases',
    operationId: 'leaseDniNumber',
    summary: 'The number for a visitor of a page that your server renders',
    description:
      'With the session of a visitor who has a number, that number. Set the session as the cookie ' +
      '`callyard_session`, and the script in the page goes on with it.',
    tag: TAG,
    params,
    body: serverLeaseSchema,
    example: { landingPage: 'https://www.example.com/roofs', utm: { utm_source: 'newsletter' } },
    responses: { 200: { description: 'The number to show.', body: dniLeaseSchema } },
    async handle({ db, params: { id }, body: { session = newSessionId(), ...facts } }) {
      const row = await leaseDniNumber(db, {
        pool: id,
        session,
        origin: null,
        keep: true,
        ...visitOf(facts),
      });
      const { verdict: kind, number, until } = row;
      if (kind !== 'leased' && kind !== 'static' && kind !== 'overflow')
        throw new Problem('not_found', `There is no DNI pool ${id}`);
      const body = {
        kind,
        number: number as E164 | null,
        session: kind === 'static' ? null : session,
        liveUntil: until,
      };
      // Visitors come and go by the thousand: they are no edits of anybody's.
      return { status: 200, body, audit: [] };
    },
  }),
];

/** @throws Problem `not_found` */
async function lock(db: Queryable, id: DniPoolId): Promise<DniPool> {
  return presentPool(found(await lockDniPool(db, id), `DNI pool ${id}`));
}

/** The answer to an edit of a pool's numbers, which the audit trail names. */
function changedNumbers(action: string, before: DniPool, after: DniPool, numbers: readonly E164[]) {
  const reply = edited(DNI_POOL, action, before, after);
  return {
    ...reply,
    audit: reply.audit.map((entry) => ({ ...entry, after: { ...after, changed: numbers } })),
  };
}
