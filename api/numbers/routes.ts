import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import { e164Schema, treatmentSchema } from '../../contract/prompt';
import {
  newNumberSchema,
  numberListQuerySchema,
  numberPatchSchema,
  numberSchema,
  type TrackedNumber,
} from '../../contract/resources/number';
import { holdCampaignStatus } from '../../db/queries/campaigns';
import {
  deleteNumber,
  findNumber,
  insertNumber,
  listNumbers,
  lockNumber,
  updateNumber,
  type NumberRow,
} from '../../db/queries/numbers';
import type { Queryable } from '../../db/pool';
import type { CampaignId, E164, PublisherId } from '../../domain/ids';
import { keyset } from '../http/cursor';
import { created, deleted, edited, found, patched, type AuditedKind } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';

const NUMBER: AuditedKind<TrackedNumber> = {
  entity: 'number',
  idOf: ({ number }) => number,
  campaignOf: ({ campaignId }) => campaignId,
};

export function presentNumber(row: NumberRow): TrackedNumber {
  return {
    number: row.e164 as E164,
    campaignId: row.campaign_id as CampaignId | null,
    publisherId: row.publisher_id as PublisherId | null,
    channel: row.channel,
    tags: row.tags as TrackedNumber['tags'],
    failSafe: treatmentSchema.nullable().parse(row.fail_safe),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

const params = z.strictObject({ number: e164Schema });
const byNumber = keyset(z.string().regex(/^\+\d{1,15}$/));

export const numberRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/numbers',
    operationId: 'createNumber',
    summary: 'Add a tracked number',
    description:
      'A number is there once: in one campaign, or in none. Two requests for it at once: one gets 409.',
    tag: 'Numbers',
    body: newNumberSchema,
    example: {
      number: '(415) 555-0100',
      defaultCountry: 'US',
      channel: 'google_ads',
      tags: { page: 'home' },
    },
    responses: { 201: { description: 'The number, in E.164.', body: numberSchema } },
    problems: ['conflict', 'unprocessable'],
    revisioned: 'new',
    async handle({ db, body: { number, ...settings } }) {
      if (settings.campaignId !== null) await requireOpenCampaign(db, settings.campaignId);
      const after = presentNumber(await insertNumber(db, number, settings));
      return created(NUMBER, after, `/numbers/${encodeURIComponent(number)}`);
    },
  }),
  readRoute({
    method: 'get',
    path: '/numbers',
    operationId: 'listNumbers',
    summary: 'Tracked numbers, in their own order',
    tag: 'Numbers',
    query: numberListQuerySchema,
    responses: { 200: { description: 'A page of numbers.', body: pageSchema(numberSchema) } },
    async handle({ db, query: { campaignId, publisherId, channel, cursor, limit } }) {
      const rows = await listNumbers(db, {
        campaignId: campaignId ?? null,
        publisherId: publisherId ?? null,
        channel: channel ?? null,
        after: byNumber.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: byNumber.page(rows, limit, ({ e164 }) => e164, presentNumber) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/numbers/{number}',
    operationId: 'getNumber',
    summary: 'One tracked number, by its E.164',
    tag: 'Numbers',
    params,
    responses: { 200: { description: 'The number.', body: numberSchema } },
    revisioned: true,
    async handle({ db, params: { number } }) {
      const shown = presentNumber(found(await findNumber(db, number), `number ${number}`));
      return { status: 200, body: shown, revision: shown.revision };
    },
  }),
  writeRoute({
    method: 'patch',
    path: '/numbers/{number}',
    operationId: 'updateNumber',
    summary: 'Change a tracked number, or move it to another campaign',
    description: 'A number leaves a campaign only while that campaign takes no calls: pause it first.',
    tag: 'Numbers',
    params,
    body: numberPatchSchema,
    responses: { 200: { description: 'The number as it is now.', body: numberSchema } },
    problems: ['conflict', 'unprocessable'],
    revisioned: true,
    async handle({ db, params: { number }, body, requireRevision }) {
      const before = presentNumber(found(await lockNumber(db, number), `number ${number}`));
      requireRevision(before.revision);
      const after = patched(before, body);
      if (after === before) return edited(NUMBER, 'update', before, before);
      if (after.campaignId !== before.campaignId) await requireMovable(db, before, after.campaignId);
      return edited(NUMBER, 'update', before, presentNumber(await updateNumber(db, number, after)));
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/numbers/{number}',
    operationId: 'deleteNumber',
    summary: 'Give up a tracked number',
    description: 'Calls it had stay as they are. Callers are told from now on that it is not in use.',
    tag: 'Numbers',
    params,
    responses: { 204: { description: 'It is gone.', body: null } },
    revisioned: true,
    async handle({ db, params: { number }, requireRevision }) {
      const before = presentNumber(found(await lockNumber(db, number), `number ${number}`));
      requireRevision(before.revision);
      await deleteNumber(db, number);
      return deleted(NUMBER, before);
    },
  }),
];

/** Locks the campaigns in the order of their ids, so that two moves cannot wait for each other. */
async function requireMovable(
  db: Queryable,
  { number, campaignId: from }: TrackedNumber,
  to: CampaignId | null,
): Promise<void> {
  const involved = [from, to].filter((id) => id !== null).toSorted();
  for (const id of involved) {
    if (id === to) await requireOpenCampaign(db, id);
    else if ((await holdCampaignStatus(db, id)) === 'active') {
      throw new Problem(
        'conflict',
        `${number} belongs to campaign ${id}, which is active: pause that first`,
        [{ pointer: '/campaignId', message: `cannot be changed while campaign ${id} is active` }],
      );
    }
  }
}

/** @throws Problem when there is no such campaign, or it is archived. */
async function requireOpenCampaign(db: Queryable, id: CampaignId): Promise<void> {
  const status = await holdCampaignStatus(db, id);
  if (status === null) {
    throw new Problem('unprocessable', `There is no campaign ${id}`, [
      { pointer: '/campaignId', message: 'is the id of no campaign' },
    ]);
  }
  if (status === 'archived') {
    throw new Problem('conflict', `Campaign ${id} is archived: it takes no numbers`, [
      { pointer: '/campaignId', message: 'is the id of an archived campaign' },
    ]);
  }
}
