import type { Pool } from 'pg';
import { reportStatement, type Part, type ReportLine, type Source } from './report';
import type { ReportQuery } from '../../../domain/report/report';

/** Lines fetched at a time. */
const AT_ONCE = 1_000;

/**
 * Lines of a report of any length, a thousand at a time, as of the moment of asking. The connection is given back when
 * the last has been taken, or when the taker stops.
 */
export async function* streamReport(
  pool: Pool,
  query: ReportQuery,
  source: Source,
  parts: readonly Part[],
): AsyncGenerator<ReportLine[]> {
  const { statement, readLine } = reportStatement(query, source, parts);
  const client = await pool.connect();
  const heardElsewhere = (): void => undefined; // a connection that breaks fails the statement under way
  client.on('error', heardElsewhere);
  let broken: Error | undefined;
  try {
    await client.query('BEGIN READ ONLY');
    await client.query({ ...statement, text: `DECLARE report NO SCROLL CURSOR FOR ${statement.text}` });
    for (;;) {
      const { rows } = await client.query<Record<string, unknown>>(`FETCH ${AT_ONCE} FROM report`);
      if (rows.length > 0) yield rows.map(readLine);
      if (rows.length < AT_ONCE) return;
    }
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    // Nothing was written. A connection on which this fails is not fit for anybody else.
    await client.query('ROLLBACK').catch((error: Error) => {
      broken = error;
    });
    client.off('error', heardElsewhere);
    client.release(broken);
  }
}
