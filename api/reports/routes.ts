import {
  reportQuerySchema,
  reportSchema,
  reportVerificationQuerySchema,
  reportVerificationSchema,
} from '../../contract/resources/report';
import { readReport } from '../../db/queries/reports/report';
import { readRoute, streamRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import { csvOf } from './csv';
import { namesIn, presentReport } from './present';
import { chooseSource, readAsked } from './query';
import { verify } from './verification';

const TAG = 'Reports';

/** Lines that an answer in JSON has at most. */
const MOST_LINES = 10_000;

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
      const source = await chooseSource(reports, asked.query);
      const lines = await readReport(reports, asked.query, source, ['row', 'rest', 'total']);
      if (lines.length > MOST_LINES)
        throw new Problem(
          'unprocessable',
          `The report has ${lines.length} lines, more than the ${MOST_LINES} of one answer: narrow it, ask for the top of it, or take it as CSV from /api/v1/reports/csv`,
        );
      const names = await namesIn(reports, asked.query.by, lines);
      return { status: 200, body: presentReport(asked, lines, names) };
    },
  }),
  streamRoute({
    method: 'get',
    path: '/reports/csv',
    operationId: 'getReportAsCsv',
    summary: 'The same as CSV, of any length',
    description: 'Amounts are in units of the currency, to the micro. Rows without totals.',
    tag: TAG,
    query: reportQuerySchema,
    responses: { 200: { description: 'The report.', body: null, media: 'text/csv' } },
    async handle({ db, reports, query }) {
      const asked = readAsked(query, Date.now());
      const source = await chooseSource(reports, asked.query);
      return {
        headers: {
          'Content-Type': 'text/csv; charset=utf-8; header=present',
          'Content-Disposition': 'attachment; filename="report.csv"',
        },
        pieces: csvOf(db, reports, asked, source),
      };
    },
  }),
  readRoute({
    method: 'get',
    path: '/reports/verification',
    operationId: 'verifyReports',
    summary: 'Whether what was rolled up is what calls and ledger say',
    description:
      'Counts both anew and compares every figure of every hour. It reads every call: ask for a month at a time where there are millions.',
    tag: TAG,
    query: reportVerificationQuerySchema,
    responses: { 200: { description: 'What differs.', body: reportVerificationSchema } },
    async handle({ reports, query }) {
      return { status: 200, body: await verify(reports, query) };
    },
  }),
];
