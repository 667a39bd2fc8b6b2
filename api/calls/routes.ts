import express, { type Router } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { callListQuerySchema, type Call, type Page } from '../../contract/call';
import { findCall, listCalls, type CallPosition } from '../../db/queries/reads';
import { Problem, problemFromZod } from '../problems';
import { presentCalls } from './present';

/** As {@link writeCursor} writes it. PostgreSQL knows no year 0000 and no NUL. */
const position = z.tuple([
  z.iso.datetime().refine((at) => !at.startsWith('0000'), 'is no year'),
  z.string().regex(/^[\w-]{1,64}$/),
]);

/** What a call's id is made of; anything else is none. */
const CALL_ID = /^[\w-]{1,64}$/;

/** `GET /calls` and `GET /calls/{id}`: what happened to calls, newest first. */
export function createCallsRouter({ db }: { readonly db: Pool }): Router {
  const router = express.Router();

  router.get('/', async (req, res) => {
    const query = callListQuerySchema.safeParse(req.query);
    if (!query.success) throw problemFromZod('invalid_request', 'The query is not valid', query.error);
    const { sid, outcome, campaignId, cursor, limit } = query.data;
    // One more than asked for tells whether there is another page.
    const rows = await listCalls(db, {
      sid: sid ?? null,
      outcome: outcome ?? null,
      campaignId: campaignId ?? null,
      after: cursor === undefined ? null : readCursor(cursor),
      limit: limit + 1,
    });
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const body: Page<Call> = {
      data: await presentCalls(db, page),
      nextCursor: last === undefined ? null : writeCursor({ receivedAt: last.received_at, id: last.id }),
    };
    res.json(body);
  });

  router.get('/:id', async (req, res) => {
    const row = CALL_ID.test(req.params.id) ? await findCall(db, req.params.id) : null;
    if (row === null) throw new Problem('not_found', `There is no call ${req.params.id}`);
    const [call] = await presentCalls(db, [row]);
    res.json(call);
  });

  return router;
}

function writeCursor({ receivedAt, id }: CallPosition): string {
  return Buffer.from(JSON.stringify([receivedAt, id])).toString('base64url');
}

function readCursor(cursor: string): CallPosition {
  try {
    const [receivedAt, id] = position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    return { receivedAt, id };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      throw new Problem(
        'invalid_request',
        'The cursor is not one of ours: use nextCursor of the page before',
        [{ pointer: '/cursor', message: 'is not valid' }],
      );
    }
    throw error;
  }
}
