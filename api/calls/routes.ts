import express, { type Router } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { callListQuerySchema, type Call, type Page } from '../../contract/call';
import { findCall, listCalls, type CallPosition } from '../../db/queries/reads';
import { Problem, problemFromZod } from '../problems';
import { presentCalls } from './present';

const position = z.tuple([z.iso.datetime(), z.string()]);

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
    const row = await findCall(db, req.params.id);
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
