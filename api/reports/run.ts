import type { Pool } from 'pg';
import type { Report } from '../../contract/resources/report';
import type { Queryable } from '../../db/pool';
import { readReport } from '../../db/queries/reports/report';
import type { Download } from '../http/route';
import { Problem } from '../problems';
import { csvOf } from './csv';
import { extrasOf } from './extras';
import { namesIn, presentReport } from './present';
import { chooseSource, type Asked } from './query';

/** Lines that an answer in JSON has at most. */
const MOST_LINES = 10_000;

/** Answers a report. @throws Problem `unprocessable` when it is too long */
export async function runReport(reports: Queryable, asked: Asked): Promise<Report> {
  const { query, extras } = asked;
  const source = await chooseSource(reports, query);
  // Not one more is fetched than tells that there are too many: millions of them would hold up the whole process.
  const lines = await readReport(reports, query, source, ['row', 'rest', 'total'], MOST_LINES + 1);
  if (lines.length > MOST_LINES)
    throw new Problem(
      'unprocessable',
      `The report has more than ${MOST_LINES.toLocaleString('en-US')} lines, the most of one answer: narrow it, ask for the top of it, or take it as CSV from /api/v1/reports/csv`,
    );
  const names = await namesIn(reports, query.by, lines);
  return presentReport(asked, lines, names, await extrasOf(reports, extras, query, lines));
}

/** Answers a report as a file. @param name without its ending */
export async function streamCsv(db: Pool, reports: Pool, asked: Asked, name: string): Promise<Download> {
  const source = await chooseSource(reports, asked.query);
  return {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8; header=present',
      'Content-Disposition': `attachment; filename="${name}.csv"`,
    },
    pieces: csvOf(db, reports, asked, source),
  };
}
