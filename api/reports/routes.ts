import {
  reportQuerySchema,
  reportSchema,
  reportVerificationQuerySchema,
  reportVerificationSchema,
} from '../../contract/resources/report';
import { readRoute, downloadRoute, type Route } from '../http/route';
import { requireKnown } from './known';
import { readAsked } from './query';
import { runReport, streamCsv } from './run';
import { verify } from './verification';

const TAG = 'Reports';

export const reportRoutes: readonly Route[] = [
  readRoute({
    method: 'get',
    path: '/reports',
    operationId: 'getReport',
    summary: 'What calls and the ledger come to',
    description:
      'By any dimensions, over any days. Exact at the moment of asking: late postbacks and adjustments count where their call came in.',
    tag: TAG,
    query: reportQuerySchema,
    responses: { 200: { description: 'The report.', body: reportSchema } },
    problems: ['unprocessable'],
    async handle({ reports, query }) {
      const asked = readAsked(query, Date.now());
      await requireKnown(reports, asked.query);
      return { status: 200, body: await runReport(reports, asked) };
    },
  }),
  downloadRoute({
    method: 'get',
    path: '/reports/csv',
    operationId: 'getReportAsCsv',
    summary: 'The same as CSV, of any length',
    description: 'Amounts are in units of the currency, to the micro. Rows without totals.',
    tag: TAG,
    query: reportQuerySchema,
    responses: { 200: { description: 'The report.', body: null, type: 'text/csv' } },
    problems: ['unprocessable'],
    async handle({ db, reports, query }) {
      const asked = readAsked(query, Date.now());
      await requireKnown(reports, asked.query);
      return streamCsv(db, reports, asked, 'report');
    },
  }),
  readRoute({
    method: 'get',
    path: '/reports/verification',
    operationId: 'verifyReports',
    summary: 'Whether what was rolled up is what calls and ledger say',
    description:
      'Counts both anew and compares every figure, in every dimension. It reads every call: ask for a month at a time where there are millions.',
    tag: TAG,
    query: reportVerificationQuerySchema,
    responses: { 200: { description: 'What differs.', body: reportVerificationSchema } },
    async handle({ reports, query }) {
      return { status: 200, body: await verify(reports, query) };
    },
  }),
];
