import type { Queryable } from '../../db/pool';
import { findKnown, type Known } from '../../db/queries/reports/known';
import type { ReportQuery } from '../../domain/report/report';
import { Problem } from '../problems';

const KINDS: readonly Known[] = ['campaign', 'buyer', 'publisher', 'migration'];

/**
 * Refuses a filter by something that is not there: an empty report would say that it had no calls. What has calls or
 * entries of the ledger cannot be deleted, so nothing that could be in a report is refused.
 * @throws Problem `unprocessable`, naming each value
 */
export async function requireKnown(db: Queryable, { filter }: Pick<ReportQuery, 'filter'>): Promise<void> {
  const asked = (kind: Known): string[] => (filter.dimensions[kind] ?? []).filter((id) => id !== null);
  const ids = {
    campaign: asked('campaign'),
    buyer: asked('buyer'),
    publisher: asked('publisher'),
    migration: asked('migration'),
  };
  if (KINDS.every((kind) => ids[kind].length === 0)) return;
  const known = await findKnown(db, ids);
  const errors = KINDS.flatMap((kind) =>
    ids[kind]
      .filter((id) => !known[kind].has(id))
      .map((id) => ({ pointer: `/${kind}`, message: `${id} is no ${kind}` })),
  );
  if (errors.length > 0)
    throw new Problem(
      'unprocessable',
      `There is no such report: ${errors.map(({ message }) => message).join('; ')}`,
      errors,
    );
}
