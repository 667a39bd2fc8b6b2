import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import { pageQuerySchema } from '../../contract/resources/limit';
import {
  newShadowSchema,
  shadowDifferenceSchema,
  shadowSchema,
  type Shadow,
  type ShadowDifference,
} from '../../contract/resources/shadow';
import { lockCampaign } from '../../db/queries/campaigns';
import {
  listShadowDifferences,
  removeShadow,
  setShadow,
  summariseShadow,
  type ShadowDifferenceRow,
  type ShadowSummaryRow,
} from '../../db/queries/shadow';
import type { Queryable } from '../../db/pool';
import type { CampaignId } from '../../domain/ids';
import type { Currency, MicrosText } from '../../domain/money';
import { presentFirstDial } from '../calls/first-dial';
import { presentCampaign } from '../campaigns/present';
import { campaignParams, requireNotArchived } from '../campaigns/routes';
import { keyset } from '../http/cursor';
import { found } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { requirePublishedPlan } from '../versions/require';

const bySeq = keyset(z.string().regex(/^\d{1,18}$/));
const PATH = '/campaigns/{id}/shadow';
const TAG = 'Routing plans';

export const shadowRoutes: readonly Route[] = [
  readRoute({
    method: 'get',
    path: PATH,
    operationId: 'getShadow',
    summary: 'The plan version that is asked about every call, and what its answers come to',
    tag: TAG,
    params: campaignParams,
    responses: { 200: { description: 'So far.', body: shadowSchema } },
    handle: async ({ db, params: { id } }) => ({ status: 200, body: await shown(db, id) }),
  }),
  writeRoute({
    method: 'put',
    path: PATH,
    operationId: 'setShadow',
    summary: 'Ask a plan version about every call from now on; it gets none of them',
    tag: TAG,
    params: campaignParams,
    body: newShadowSchema,
    example: { version: 2 },
    responses: { 200: { description: 'It is asked from now on.', body: shadowSchema } },
    problems: ['conflict', 'unprocessable'],
    async handle({ db, params: { id }, body: { version } }) {
      requireNotArchived(presentCampaign(found(await lockCampaign(db, id), `campaign ${id}`)));
      await requirePublishedPlan(db, id, version);
      await setShadow(db, id, version);
      const after = await shown(db, id);
      return { status: 200, body: after, audit: [entry('set', id, { version })] };
    },
  }),
  writeRoute({
    method: 'delete',
    path: PATH,
    operationId: 'removeShadow',
    summary: 'Ask it no more; its answers so far stay with their calls',
    tag: TAG,
    params: campaignParams,
    responses: { 204: { description: 'It is asked no more.', body: null } },
    async handle({ db, params: { id } }) {
      const before = await shown(db, id);
      await removeShadow(db, id);
      return { status: 204, body: null, audit: [entry('remove', id, { version: before.version })] };
    },
  }),
  readRoute({
    method: 'get',
    path: `${PATH}/differences`,
    operationId: 'listShadowDifferences',
    summary: 'Calls that it would have sent elsewhere, the latest first',
    tag: TAG,
    params: campaignParams,
    query: pageQuerySchema,
    responses: { 200: { description: 'A page of calls.', body: pageSchema(shadowDifferenceSchema) } },
    async handle({ db, params: { id }, query: { cursor, limit } }) {
      await shown(db, id);
      const rows = await listShadowDifferences(db, id, { after: bySeq.read(cursor), limit: limit + 1 });
      return { status: 200, body: bySeq.page(rows, limit, ({ seq }) => seq.toString(), presentDifference) };
    },
  }),
];

/** @throws Problem `not_found` when the campaign has no shadow plan */
async function shown(db: Queryable, id: CampaignId): Promise<Shadow> {
  return presentShadow(id, found(await summariseShadow(db, id), `shadow plan of campaign ${id}`));
}

function presentShadow(campaignId: CampaignId, row: ShadowSummaryRow): Shadow {
  return {
    campaignId,
    version: row.version,
    since: row.since,
    calls: Number(row.calls),
    same: Number(row.same),
    otherBuyer: Number(row.other_buyer),
    gained: Number(row.gained),
    lost: Number(row.lost),
    livePriceMicros: row.live_price_micros as MicrosText,
    shadowPriceMicros: row.shadow_price_micros as MicrosText,
  };
}

function presentDifference(row: ShadowDifferenceRow): ShadowDifference {
  return {
    callId: row.call_id,
    at: row.decided_at,
    liveVersion: row.live_version,
    shadowVersion: row.shadow_version,
    currency: row.currency as Currency,
    live: presentFirstDial(row.live_assignment_id, row.live_buyer, row.live_price_micros),
    shadow: presentFirstDial(row.shadow_assignment_id, row.shadow_buyer, row.shadow_price_micros),
  };
}

function entry(action: string, campaignId: string, after: object) {
  return { action, entity: 'shadow_plan', entityId: campaignId, campaignId, before: null, after };
}
