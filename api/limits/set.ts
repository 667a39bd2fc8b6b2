import type { NewLimit } from '../../contract/resources/limit';
import { findLimitLike, lockScope, insertLimit, type NewLimitRow } from '../../db/queries/limits/limits';
import type { Queryable } from '../../db/pool';
import { newId } from '../http/edit';
import { Problem } from '../problems';

/**
 * Sets a new limit, with the zone and currency that its scope decides.
 * @returns its id
 * @throws Problem when the scope is not there, has a limit like it already, or does not go with what is asked
 */
export async function setLimit(db: Queryable, limit: NewLimit): Promise<string> {
  const row = await rowFor(db, limit);
  const other = await findLimitLike(db, row);
  if (other !== null) {
    throw new Problem('conflict', `${other} limits the same already: change that one`, [
      { pointer: '/scope', message: `has the limit ${other} for this window and event` },
    ]);
  }
  await insertLimit(db, row);
  return row.id;
}

async function rowFor(db: Queryable, limit: NewLimit): Promise<NewLimitRow> {
  const { scope, window, counts } = limit;
  const found = await lockScope(db, scope.kind, scope.id);
  if (found === null)
    throw unprocessable(
      '/scope/id',
      `is the id of no ${scope.kind}`,
      `There is no ${scope.kind} ${scope.id}`,
    );
  return {
    id: limit.id ?? newId('lim'),
    scopeKind: scope.kind,
    scopeId: scope.id,
    window,
    counts,
    maximum: BigInt(limit.limit),
    currency: counts === 'spend' ? currencyFor(limit, found.currency) : null,
    timeZone: found.time_zone ?? limit.timeZone ?? 'UTC',
  };
}

function currencyFor({ scope, currency }: NewLimit, own: string | null): string {
  if (own === null && currency === undefined) {
    const message = `is missing: a ${scope.kind} may be in campaigns of several currencies`;
    throw unprocessable('/currency', message, `currency ${message}`);
  }
  if (own !== null && currency !== undefined && currency !== own) {
    const message = `must be ${own}, that of the campaign`;
    throw unprocessable('/currency', message, `currency ${message}`);
  }
  return own ?? currency ?? '';
}

function unprocessable(pointer: string, message: string, detail: string): Problem {
  return new Problem('unprocessable', detail, [{ pointer, message }]);
}
