import { z } from 'zod';
import { pageSchema } from '../../contract/page';
import { reportSchema } from '../../contract/resources/report';
import {
  newSavedReportSchema,
  savedReportIdSchema,
  savedReportListQuerySchema,
  savedReportPatchSchema,
  savedReportSchema,
  type SavedReport,
} from '../../contract/resources/saved-report';
import {
  deleteSavedReport,
  findSavedReport,
  insertSavedReport,
  listSavedReports,
  lockSavedReport,
  updateSavedReport,
} from '../../db/queries/reports/saved';
import type { Queryable } from '../../db/pool';
import type { SavedReportId } from '../../domain/ids';
import { byCreation, createdPlaceOf } from '../http/cursor';
import { created, deleted, edited, found, newId, patched } from '../http/edit';
import { readRoute, downloadRoute, writeRoute, type Route } from '../http/route';
import { runReport, streamCsv } from './run';
import { askSaved, presentSaved, requireRunnable, SAVED_REPORT } from './saved';

const TAG = 'Reports';
const PATH = '/saved-reports';
const params = z.strictObject({ id: savedReportIdSchema });

export const savedReportRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: PATH,
    operationId: 'createSavedReport',
    summary: 'Keep a report, to be run again',
    tag: TAG,
    body: newSavedReportSchema,
    example: {
      name: 'Buyers, last month',
      query: {
        by: 'buyer,week',
        zone: 'America/Chicago',
        compare: 'previous',
        measures: 'connected,revenue,cac',
      },
      range: { period: 'last_month' },
    },
    responses: { 201: { description: 'The saved report.', body: savedReportSchema } },
    problems: ['conflict'],
    revisioned: 'new',
    async handle({ db, body: { id = newId<SavedReportId>('rep'), ...settings } }) {
      requireRunnable(settings, Date.now());
      const after = presentSaved(await insertSavedReport(db, id, settings));
      return created(SAVED_REPORT, after, `${PATH}/${id}`);
    },
  }),
  readRoute({
    method: 'get',
    path: PATH,
    operationId: 'listSavedReports',
    summary: 'Saved reports, newest first',
    tag: TAG,
    query: savedReportListQuerySchema,
    responses: { 200: { description: 'A page of saved reports.', body: pageSchema(savedReportSchema) } },
    async handle({ db, query: { cursor, limit } }) {
      const rows = await listSavedReports(db, { after: byCreation.read(cursor), limit: limit + 1 });
      return { status: 200, body: byCreation.page(rows, limit, createdPlaceOf, presentSaved) };
    },
  }),
  readRoute({
    method: 'get',
    path: `${PATH}/{id}`,
    operationId: 'getSavedReport',
    summary: 'What a saved report asks',
    tag: TAG,
    params,
    responses: { 200: { description: 'The saved report.', body: savedReportSchema } },
    revisioned: true,
    async handle({ db, params: { id } }) {
      const saved = await find(db, id);
      return { status: 200, body: saved, revision: saved.revision };
    },
  }),
  writeRoute({
    method: 'patch',
    path: `${PATH}/{id}`,
    operationId: 'updateSavedReport',
    summary: 'Change a saved report',
    tag: TAG,
    params,
    body: savedReportPatchSchema,
    example: { range: { lastDays: 7 } },
    responses: { 200: { description: 'The saved report as it is now.', body: savedReportSchema } },
    problems: ['conflict'],
    revisioned: true,
    async handle({ db, params: { id }, body, requireRevision }) {
      const before = presentSaved(found(await lockSavedReport(db, id), `saved report ${id}`));
      requireRevision(before.revision);
      const after = patched(before, body);
      if (after === before) return edited(SAVED_REPORT, 'update', before, before);
      requireRunnable(after, Date.now());
      return edited(SAVED_REPORT, 'update', before, presentSaved(await updateSavedReport(db, id, after)));
    },
  }),
  writeRoute({
    method: 'delete',
    path: `${PATH}/{id}`,
    operationId: 'deleteSavedReport',
    summary: 'Keep a report no longer',
    tag: TAG,
    params,
    responses: { 204: { description: 'It is gone.', body: null } },
    revisioned: true,
    async handle({ db, params: { id }, requireRevision }) {
      const before = presentSaved(found(await lockSavedReport(db, id), `saved report ${id}`));
      requireRevision(before.revision);
      await deleteSavedReport(db, id);
      return deleted(SAVED_REPORT, before);
    },
  }),
  readRoute({
    method: 'get',
    path: `${PATH}/{id}/report`,
    operationId: 'runSavedReport',
    summary: 'Run a saved report as of now',
    description:
      'Its range is that of now in its own zone. Nothing of what it asks can be asked otherwise here.',
    tag: TAG,
    params,
    responses: { 200: { description: 'The report.', body: reportSchema } },
    problems: ['invalid_request', 'unprocessable'],
    async handle({ db, reports, params: { id } }) {
      return { status: 200, body: await runReport(reports, askSaved(await find(db, id), Date.now())) };
    },
  }),
  downloadRoute({
    method: 'get',
    path: `${PATH}/{id}/csv`,
    operationId: 'runSavedReportAsCsv',
    summary: 'The same as CSV, of any length',
    description: 'Amounts are in units of the currency, to the micro. Rows without totals.',
    tag: TAG,
    params,
    responses: { 200: { description: 'The report.', body: null, type: 'text/csv' } },
    problems: ['invalid_request', 'unprocessable'],
    async handle({ db, reports, params: { id } }) {
      return streamCsv(db, reports, askSaved(await find(db, id), Date.now()), id);
    },
  }),
];

/** @throws Problem `not_found` */
async function find(db: Queryable, id: SavedReportId): Promise<SavedReport> {
  return presentSaved(found(await findSavedReport(db, id), `saved report ${id}`));
}
