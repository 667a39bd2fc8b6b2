import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import {
  backtestDifferenceSchema,
  backtestHeadSchema,
  backtestIdSchema,
  backtestListQuerySchema,
  backtestSchema,
  DEFAULT_DAYS,
  newBacktestSchema,
  type BacktestHead,
  type NewBacktest,
} from '../../contract/resources/backtest';
import { pageQuerySchema } from '../../contract/resources/limit';
import {
  closeBacktest,
  findBacktest,
  insertBacktest,
  listBacktestDifferences,
  listBacktests,
} from '../../db/queries/backtests';
import { findCampaign } from '../../db/queries/campaigns';
import type { Queryable } from '../../db/pool';
import { unreachable } from '../../domain/exhaustive';
import { campaignParams } from '../campaigns/routes';
import { byCreation, createdPlaceOf, keyset } from '../http/cursor';
import { auditEntry, found, newId, type AuditedKind } from '../http/edit';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { requirePublishedPlan } from '../versions/require';
import type { BacktestGateway } from './gateway';
import { presentBacktest, presentDifference, presentHead } from './present';

const params = z.strictObject({ id: backtestIdSchema });
const bySeq = keyset(z.int().min(0).max(2_147_483_647));
const TAG = 'Backtests';

const BACKTEST: AuditedKind<BacktestHead> = {
  entity: 'backtest',
  idOf: ({ id }) => id,
  campaignOf: ({ campaignId }) => campaignId,
};

export const backtestRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/campaigns/{id}/backtests',
    operationId: 'createBacktest',
    summary: 'Run a version of the routing plan over past calls',
    description:
      'Nobody is dialled, and nothing of the campaign changes. It goes on by itself; look at it until it has ended.',
    tag: TAG,
    params: campaignParams,
    body: newBacktestSchema,
    example: { version: 2, from: '2026-03-02T00:00:00Z', to: '2026-03-09T00:00:00Z' },
    responses: { 201: { description: 'The backtest, which is waiting.', body: backtestSchema } },
    problems: ['unprocessable'],
    async handle({ db, backtests, params: { id: campaignId }, body }) {
      // An archived campaign too: only what was is looked at.
      found(await findCampaign(db, campaignId), `campaign ${campaignId}`);
      await requirePublishedPlan(
        db,
        campaignId,
        body.version,
        'Publish a draft with "activate": false, so that calls do not get it',
      );
      const backtest = presentBacktest(
        await insertBacktest(db, {
          id: newId('bkt'),
          campaignId,
          version: body.version,
          ...periodOf(body, Date.now()),
          runs: body.runs,
          seed: body.seed ?? randomBytes(8).toString('hex'),
        }),
      );
      // Before COMMIT, so that none is on record that nobody works on.
      await backtests.start(backtest);
      const { result: _nothingYet, ...head } = backtest;
      return {
        status: 201,
        body: backtest,
        location: `/backtests/${backtest.id}`,
        audit: [auditEntry(BACKTEST, 'create', head, { before: null, after: head })],
      };
    },
  }),
  readRoute({
    method: 'get',
    path: '/backtests',
    operationId: 'listBacktests',
    summary: 'Backtests, newest first, without what they came to',
    tag: TAG,
    query: backtestListQuerySchema,
    responses: { 200: { description: 'A page of backtests.', body: pageSchema(backtestHeadSchema) } },
    async handle({ db, query: { campaignId, cursor, limit } }) {
      const rows = await listBacktests(db, {
        campaignId: campaignId ?? null,
        after: byCreation.read(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, presentHead) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/backtests/{id}',
    operationId: 'getBacktest',
    summary: 'A backtest: how far it is, and what it came to',
    tag: TAG,
    params,
    responses: { 200: { description: 'The backtest.', body: backtestSchema } },
    async handle({ db, params: { id } }) {
      return { status: 200, body: presentBacktest(found(await findBacktest(db, id), `backtest ${id}`)) };
    },
  }),
  readRoute({
    method: 'get',
    path: '/backtests/{id}/differences',
    operationId: 'listBacktestDifferences',
    summary: 'Calls that would have gone elsewhere, in the order in which they came',
    tag: TAG,
    description: 'There are some only once it is completed.',
    params,
    query: pageQuerySchema,
    responses: { 200: { description: 'A page of calls.', body: pageSchema(backtestDifferenceSchema) } },
    problems: ['not_ready'],
    async handle({ db, params: { id }, query: { cursor, limit } }) {
      requireCompleted(presentHead(found(await findBacktest(db, id), `backtest ${id}`)));
      const rows = await listBacktestDifferences(db, id, { after: bySeq.read(cursor), limit: limit + 1 });
      return { status: 200, body: bySeq.page(rows, limit, ({ seq }) => seq, presentDifference) };
    },
  }),
  writeRoute({
    method: 'post',
    path: '/backtests/{id}/cancel',
    operationId: 'cancelBacktest',
    summary: 'Ask a backtest to end without a result',
    description: 'It ends a little later: look at it to see when.',
    tag: TAG,
    params,
    responses: { 202: { description: 'The backtest as it is now.', body: backtestHeadSchema } },
    problems: ['conflict'],
    async handle({ db, backtests, params: { id } }) {
      const before = presentHead(found(await findBacktest(db, id), `backtest ${id}`));
      const after = await cancel(db, backtests, before);
      return { status: 202, body: after, audit: [auditEntry(BACKTEST, 'cancel', after, { before, after })] };
    },
  }),
];

/** There were no calls before. Years before 100 would also be read as others when they come from the database. */
const EARLIEST = '1970-01-01T00:00:00.000Z';
const DAY_MS = 86_400_000;

/**
 * What to look at, in whole milliseconds.
 * @param now milliseconds since the epoch
 * @throws Problem `unprocessable` when that is nothing, or not over yet
 */
function periodOf({ from, to }: NewBacktest, now: number): { readonly from: string; readonly to: string } {
  const end = to === undefined ? now : Date.parse(to);
  if (end > now) throw unprocessable('/to', 'is in the future: leave it out for all calls until now');
  const wanted = from === undefined ? end - DEFAULT_DAYS * DAY_MS : Date.parse(from);
  const begin = Math.max(wanted, Date.parse(EARLIEST));
  if (begin >= end) {
    const at = new Date(end).toISOString();
    throw unprocessable('/from', `must be before the end of the period, which is ${at}`);
  }
  return { from: new Date(begin).toISOString(), to: new Date(end).toISOString() };
}

function unprocessable(pointer: string, message: string): Problem {
  return new Problem('unprocessable', `${pointer.slice(1)} ${message}`, [{ pointer, message }]);
}

/**
 * Asks its workflow to end. Where nobody works on it any more, because somebody terminated the workflow, it ends here.
 * @throws Problem `conflict` when it is over, `unavailable`
 */
async function cancel(db: Queryable, backtests: BacktestGateway, head: BacktestHead): Promise<BacktestHead> {
  requireGoingOn(head);
  const read = async (): Promise<BacktestHead> =>
    presentHead(found(await findBacktest(db, head.id), `backtest ${head.id}`));
  if ((await backtests.cancel(head.id)) === 'asked') return read();
  // It may have come to its end between the look and the request.
  requireGoingOn(await read());
  await closeBacktest(db, head.id);
  return read();
}

/** @throws Problem `not_ready` when it has no result, or not yet */
function requireCompleted({ id, status, failure }: BacktestHead): void {
  switch (status) {
    case 'completed':
      return;
    case 'waiting':
    case 'running':
      throw new Problem('not_ready', `Backtest ${id} is ${status}: wait until it is completed`);
    case 'cancelled':
      throw new Problem('not_ready', `Backtest ${id} was cancelled: it has no differences`);
    case 'failed':
      throw new Problem('not_ready', `Backtest ${id} failed: it has no differences. ${failure ?? ''}`.trim());
    default:
      unreachable(status);
  }
}

function requireGoingOn({ id, status, endedAt }: BacktestHead): void {
  if (endedAt === null) return;
  throw new Problem('conflict', `Backtest ${id} is ${status} already: there is nothing to cancel`);
}
