import { z } from 'zod';
import { callListQuerySchema, callSchema } from '../../contract/call';
import { pageSchema } from '../../contract/page';
import { instantSchema } from '../../contract/resources/ids';
import { findCall, listCalls } from '../../db/queries/reads';
import { keyset, placeById } from '../http/cursor';
import { readRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { presentCalls } from './present';

/** Calls are listed newest first. */
const newestFirst = keyset(z.tuple([instantSchema, placeById]));

/** What happened to calls. */
export const callRoutes: readonly Route[] = [
  readRoute({
    method: 'get',
    path: '/calls',
    operationId: 'listCalls',
    summary: 'Calls, newest first',
    tag: 'Calls',
    query: callListQuerySchema,
    responses: { 200: { description: 'A page of calls.', body: pageSchema(callSchema) } },
    async handle({ db, query: { sid, outcome, campaignId, cursor, limit } }) {
      const after = newestFirst.read(cursor);
      const rows = await listCalls(db, {
        sid: sid ?? null,
        outcome: outcome ?? null,
        campaignId: campaignId ?? null,
        after: after === null ? null : { receivedAt: after[0], id: after[1] },
        limit: limit + 1,
      });
      const page = newestFirst.page(
        rows,
        limit,
        ({ received_at, id }) => [received_at, id],
        (row) => row,
      );
      return { status: 200, body: { ...page, data: await presentCalls(db, page.data) } };
    },
  }),
  readRoute({
    method: 'get',
    path: '/calls/{id}',
    operationId: 'getCall',
    summary: 'One call',
    tag: 'Calls',
    params: z.strictObject({ id: z.string().regex(/^[\w-]{1,64}$/, 'is no id of a call') }),
    responses: { 200: { description: 'The call.', body: callSchema } },
    async handle({ db, params: { id } }) {
      const row = await findCall(db, id);
      const [call] = row === null ? [] : await presentCalls(db, [row]);
      if (call === undefined) throw new Problem('not_found', `There is no call ${id}`);
      return { status: 200, body: call };
    },
  }),
];
