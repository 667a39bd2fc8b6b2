import type { Queryable } from '../../db/pool';
import { findNamed, type NamedKind } from '../../db/queries/reports/names';
import type { ReportQuery } from '../../domain/report/report';
import { Problem } from '../problems';

const KINDS: readonly NamedKind[] = ['campaign', 'buyer', 'publisher', 'migration'];

/**
 * Refuses a filter by something that is not there: an empty report would say that it had no calls. What has calls or
 * entries of the ledger cannot be deleted, so nothing that could be in a report is refused.
 * @throws Problem `unprocessable`, naming each value
 */
export async function requireKnown(db: Queryable, { filter }: Pick<ReportQuery, 'filter'>): Promise<void> {
  const asked = KINDS.flatMap((kind) =>
    (filter.dimensions[kind] ?? []).flatMap((id) => (id === null ? [] : [{ kind, id }])),
  );
  if (asked.length === 0) return;
  const rows = await findNamed(
    db,
    asked.map(({ id }) => id),
  );
  const errors = asked
    .filter(({ kind, id }) => !rows.some((row) => row.kind === kind && row.id === id))
    .map(({ kind, id }) => ({ pointer: `/${kind}`, message: `${id} is no ${kind}` }));
  if (errors.length > 0)
    throw new Problem(
      'unprocessable',
      `There is no such report: ${errors.map(({ message }) => message).join('; ')}`,
      errors,
    );
}
