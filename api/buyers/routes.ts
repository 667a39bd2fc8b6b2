import { z } from 'zod';
import { hoursSchema } from '../../contract/hours';
import { pageSchema } from '../../contract/page';
import { buyerIdSchema } from '../../contract/resources/ids';
import {
  newBuyerSchema,
  buyerListQuerySchema,
  buyerPatchSchema,
  buyerSchema,
  type Buyer,
} from '../../contract/resources/buyer';
import {
  deleteBuyer,
  findBuyer,
  findBuyerUses,
  insertBuyer,
  listBuyers,
  lockBuyer,
  updateBuyer,
  type BuyerRow,
} from '../../db/queries/buyers';
import { lockCampaignsOf, requireLocked } from '../../db/queries/lockOrder';
import type { Queryable } from '../../db/pool';
import type { BuyerId } from '../../domain/ids';
import { byCreation, createdPlaceOf } from '../http/cursor';
import { created, deleted, edited, found, newId, patched, type AuditedKind } from '../http/edit';
import { refuseWhileUsed } from '../http/uses';
import { readRoute, writeRoute, type Route } from '../http/route';

const BUYER: AuditedKind<Buyer> = {
  entity: 'buyer',
  idOf: ({ id }) => id,
  campaignOf: () => null,
};

export function presentBuyer(row: BuyerRow): Buyer {
  return {
    id: row.id as BuyerId,
    name: row.name,
    status: row.status,
    timeZone: row.time_zone,
    hours: hoursSchema.nullable().parse(row.hours),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

const params = z.strictObject({ id: buyerIdSchema });

export const buyerRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/buyers',
    operationId: 'createBuyer',
    summary: 'Add a buyer',
    tag: 'Buyers',
    body: newBuyerSchema,
    example: {
      name: 'Alpha Roofing',
      timeZone: 'America/Chicago',
      hours: { timeZone: 'America/Chicago', openings: [{ weekday: 1, from: '09:00', to: '17:00' }] },
    },
    responses: { 201: { description: 'The buyer.', body: buyerSchema } },
    problems: ['conflict'],
    revisioned: 'new',
    async handle({ db, body: { id = newId<BuyerId>('buy'), ...settings } }) {
      const buyer = presentBuyer(await insertBuyer(db, id, settings));
      return created(BUYER, buyer, `/buyers/${id}`);
    },
  }),
  readRoute({
    method: 'get',
    path: '/buyers',
    operationId: 'listBuyers',
    summary: 'Buyers, newest first',
    tag: 'Buyers',
    query: buyerListQuerySchema,
    responses: { 200: { description: 'A page of buyers.', body: pageSchema(buyerSchema) } },
    async handle({ db, query: { status, cursor, limit } }) {
      const rows = await listBuyers(db, {
        status: status ?? null,
        after: byCreation.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, presentBuyer) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/buyers/{id}',
    operationId: 'getBuyer',
    summary: 'One buyer',
    tag: 'Buyers',
    params,
    responses: { 200: { description: 'The buyer.', body: buyerSchema } },
    revisioned: true,
    async handle({ db, params: { id } }) {
      const buyer = presentBuyer(found(await findBuyer(db, id), `buyer ${id}`));
      return { status: 200, body: buyer, revision: buyer.revision };
    },
  }),
  writeRoute({
    method: 'patch',
    path: '/buyers/{id}',
    operationId: 'updateBuyer',
    summary: 'Change a buyer',
    description:
      'Fields that are left out stay as they are. A paused buyer is not dialled any more, in any campaign.',
    tag: 'Buyers',
    params,
    body: buyerPatchSchema,
    responses: { 200: { description: 'The buyer as it is now.', body: buyerSchema } },
    revisioned: true,
    async handle({ db, params: { id }, body, requireRevision }) {
      const before = await lockForEdit(db, id);
      requireRevision(before.revision);
      const after = patched(before, body);
      if (after === before) return edited(BUYER, 'update', before, before);
      return edited(BUYER, 'update', before, presentBuyer(await updateBuyer(db, id, after)));
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/buyers/{id}',
    operationId: 'deleteBuyer',
    summary: 'Delete a buyer nothing refers to',
    tag: 'Buyers',
    params,
    responses: { 204: { description: 'It is gone.', body: null } },
    problems: ['conflict'],
    revisioned: true,
    async handle({ db, params: { id }, requireRevision }) {
      const before = presentBuyer(found(await lockBuyer(db, id), `buyer ${id}`));
      requireRevision(before.revision);
      const { assignments, removed, calls } = await findBuyerUses(db, id);
      // Neither can be taken away: a removed assignment is kept too.
      refuseWhileUsed(
        `Buyer ${id}`,
        { assignments, 'removed assignments, which are kept:': removed, calls },
        'Pause the buyer instead',
      );
      await deleteBuyer(db, id);
      return deleted(BUYER, before);
    },
  }),
];

/** Locks their campaigns, then the buyer: in the order in which applying a document does. */
async function lockForEdit(db: Queryable, id: BuyerId): Promise<Buyer> {
  const subjects = { campaigns: [], buyers: [id], numbers: [] };
  const locked = await lockCampaignsOf(db, subjects);
  const buyer = presentBuyer(found(await lockBuyer(db, id), `buyer ${id}`));
  await requireLocked(db, subjects, locked);
  return buyer;
}
