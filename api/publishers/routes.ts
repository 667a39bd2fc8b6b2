import { z } from 'zod';
import { payoutRuleSchema } from '../../contract/money';
import { pageSchema } from '../../contract/page';
import { publisherIdSchema } from '../../contract/resources/ids';
import {
  newPublisherSchema,
  publisherListQuerySchema,
  publisherPatchSchema,
  publisherSchema,
  type Publisher,
} from '../../contract/resources/publisher';
import {
  deletePublisher,
  findPublisher,
  findPublisherUses,
  insertPublisher,
  listPublishers,
  lockPublisher,
  updatePublisher,
  type PublisherRow,
} from '../../db/queries/publishers';
import type { PublisherId } from '../../domain/ids';
import { byCreation, createdPlaceOf } from '../http/cursor';
import { created, deleted, edited, found, newId, patched, type AuditedKind } from '../http/edit';
import { refuseWhileUsed } from '../http/uses';
import { readRoute, writeRoute, type Route } from '../http/route';

const PUBLISHER: AuditedKind<Publisher> = {
  entity: 'publisher',
  idOf: ({ id }) => id,
  campaignOf: () => null,
};

export function presentPublisher(row: PublisherRow): Publisher {
  return {
    id: row.id as PublisherId,
    name: row.name,
    payout: payoutRuleSchema.nullable().parse(row.payout),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

const params = z.strictObject({ id: publisherIdSchema });

export const publisherRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/publishers',
    operationId: 'createPublisher',
    summary: 'Add a publisher',
    tag: 'Publishers',
    body: newPublisherSchema,
    example: {
      name: 'Search Partner',
      payout: { amountMicros: '8000000', due: { on: 'duration', seconds: 60 } },
    },
    responses: { 201: { description: 'The publisher.', body: publisherSchema } },
    problems: ['conflict'],
    revisioned: 'new',
    async handle({ db, body: { id = newId<PublisherId>('pub'), ...settings } }) {
      const publisher = presentPublisher(await insertPublisher(db, id, settings));
      return created(PUBLISHER, publisher, `/publishers/${id}`);
    },
  }),
  readRoute({
    method: 'get',
    path: '/publishers',
    operationId: 'listPublishers',
    summary: 'Publishers, newest first',
    tag: 'Publishers',
    query: publisherListQuerySchema,
    responses: { 200: { description: 'A page of publishers.', body: pageSchema(publisherSchema) } },
    async handle({ db, query: { cursor, limit } }) {
      const rows = await listPublishers(db, { after: byCreation.read(cursor), limit: limit + 1 });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, presentPublisher) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/publishers/{id}',
    operationId: 'getPublisher',
    summary: 'One publisher',
    tag: 'Publishers',
    params,
    responses: { 200: { description: 'The publisher.', body: publisherSchema } },
    revisioned: true,
    async handle({ db, params: { id } }) {
      const publisher = presentPublisher(found(await findPublisher(db, id), `publisher ${id}`));
      return { status: 200, body: publisher, revision: publisher.revision };
    },
  }),
  writeRoute({
    method: 'patch',
    path: '/publishers/{id}',
    operationId: 'updatePublisher',
    summary: 'Change a publisher',
    description:
      'Fields that are left out stay as they are. A new payout counts for calls routed from now on.',
    tag: 'Publishers',
    params,
    body: publisherPatchSchema,
    responses: { 200: { description: 'The publisher as it is now.', body: publisherSchema } },
    revisioned: true,
    async handle({ db, params: { id }, body, requireRevision }) {
      const before = presentPublisher(found(await lockPublisher(db, id), `publisher ${id}`));
      requireRevision(before.revision);
      const after = patched(before, body);
      if (after === before) return edited(PUBLISHER, 'update', before, before);
      return edited(PUBLISHER, 'update', before, presentPublisher(await updatePublisher(db, id, after)));
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/publishers/{id}',
    operationId: 'deletePublisher',
    summary: 'Delete a publisher nothing refers to',
    tag: 'Publishers',
    params,
    responses: { 204: { description: 'It is gone.', body: null } },
    problems: ['conflict'],
    revisioned: true,
    async handle({ db, params: { id }, requireRevision }) {
      const before = presentPublisher(found(await lockPublisher(db, id), `publisher ${id}`));
      requireRevision(before.revision);
      const { numbers, calls } = await findPublisherUses(db, id);
      refuseWhileUsed(
        `Publisher ${id}`,
        { numbers, calls },
        calls ? 'A publisher with calls stays' : 'Give those numbers up, or another publisher, first',
      );
      await deletePublisher(db, id);
      return deleted(PUBLISHER, before);
    },
  }),
];
