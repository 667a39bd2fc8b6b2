import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import { e164Schema, treatmentSchema } from '../../contract/prompt';
import { bookRent } from '../../db/queries/ledger';
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
  hasOpenCalls,
  findNumber,
  insertNumber,
  listNumbers,
  lockNumber,
  updateNumber,
  type NumberRow,
} from '../../db/queries/numbers';
import { lockCampaignsOf, requireLocked } from '../../db/queries/lockOrder';
import type { Queryable } from '../../db/pool';
import type { CampaignStatus } from '../../domain/campaign/status';
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
      const { campaignId } = settings;
      if (campaignId !== null) requireOpen(campaignId, await holdCampaignStatus(db, campaignId));
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
      const locked = await lockForEdit(db, number, body.campaignId);
      const { before } = locked;
      requireRevision(before.revision);
      const after = patched(before, body);
      if (after === before) return edited(NUMBER, 'update', before, before);
      if (after.campaignId !== before.campaignId) requireMovable(locked, after.campaignId);
      return edited(NUMBER, 'update', before, presentNumber(await updateNumber(db, number, after)));
    },
  }),
  writeRoute({
    method: 'delete',
    path: '/numbers/{number}',
    operationId: 'deleteNumber',
    summary: 'Give up a tracked number',
    description:
      'Calls it had stay as they are. Callers are told from now on that it is not in use. A number of an active ' +
      'campaign stays: pause that first; so does one with a call in progress. Its rent is booked up to this month.',
    tag: 'Numbers',
    params,
    responses: { 204: { description: 'It is gone.', body: null } },
    problems: ['conflict'],
    revisioned: true,
    async handle({ db, params: { number }, requireRevision }) {
      const locked = await lockForEdit(db, number, null);
      const { before } = locked;
      requireRevision(before.revision);
      requireMovable(locked, null);
      if (await hasOpenCalls(db, number))
        throw new Problem('conflict', `A call to ${number} goes on: delete it when that has ended`);
      // What it has cost by now is booked while it is known.
      await bookRent(db, new Date().toISOString());
      await deleteNumber(db, number);
      return deleted(NUMBER, before);
    },
  }),
];

interface LockedNumber {
  readonly before: TrackedNumber;
  /** The status of the campaigns that the number leaves and joins. */
  readonly campaigns: ReadonlyMap<string, CampaignStatus>;
}

/** Locks the campaigns a move concerns, then the number: in the order in which applying a document does. */
async function lockForEdit(
  db: Queryable,
  number: E164,
  to: CampaignId | null | undefined,
): Promise<LockedNumber> {
  const lock = async (): Promise<TrackedNumber> =>
    presentNumber(found(await lockNumber(db, number), `number ${number}`));
  if (to === undefined) return { before: await lock(), campaigns: new Map() };
  const subjects = { campaigns: to === null ? [] : [to], buyers: [], numbers: [number] };
  const campaigns = await lockCampaignsOf(db, subjects);
  const before = await lock();
  await requireLocked(db, subjects, campaigns);
  return { before, campaigns };
}

/** @throws Problem when the campaign the number leaves is active, or it cannot join the other one */
function requireMovable(
  { before: { number, campaignId: from }, campaigns }: LockedNumber,
  to: CampaignId | null,
): void {
  if (from !== null && campaigns.get(from) === 'active') {
    throw new Problem(
      'conflict',
      `${number} belongs to campaign ${from}, which is active: pause that first`,
      [{ pointer: '/campaignId', message: `cannot be changed while campaign ${from} is active` }],
    );
  }
  if (to !== null) requireOpen(to, campaigns.get(to) ?? null);
}

/**
 * @param status `null`: there is no such campaign
 * @throws Problem when there is no such campaign, or it is archived
 */
function requireOpen(id: CampaignId, status: CampaignStatus | null): void {
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
