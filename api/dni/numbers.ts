import type { DniPool } from '../../contract/resources/dni-pool';
import { lockWantedNumbers, type WantedNumberRow } from '../../db/queries/dni/numbers';
import type { Queryable } from '../../db/pool';
import type { E164 } from '../../domain/ids';
import { Problem } from '../problems';

/** A number that is wanted, and where in the body it stands. */
interface Wanted {
  readonly number: E164;
  readonly pointer: string;
}

/**
 * Numbers that are to be leased from a pool: tracked ones of its campaign, in no other pool, and not standing for a
 * source. Locks them until the transaction ends.
 * @returns those that are not in the pool yet
 * @throws Problem that names each number that does not go, and why
 */
export async function requireLeasable(
  db: Queryable,
  pool: Pick<DniPool, 'id' | 'campaignId'>,
  numbers: readonly E164[],
): Promise<E164[]> {
  const wanted = numbers.map((number, index) => ({ number, pointer: `/numbers/${index}` }));
  const rows = await lockAll(db, pool, wanted, (row) => {
    if (row.pool_id !== null && row.pool_id !== pool.id) return `is in pool ${row.pool_id}`;
    return row.static_in === null ? null : `stands for a source in pool ${row.static_in}`;
  });
  const there = new Set(rows.filter(({ pool_id }) => pool_id === pool.id).map(({ e164 }) => e164));
  return [...new Set(numbers)].filter((number) => !there.has(number));
}

/**
 * Numbers that are to stand for a source: tracked ones of the pool's campaign that are leased to nobody.
 * @throws Problem that names each number that does not go, and why
 */
export async function requireStatic(
  db: Queryable,
  pool: Pick<DniPool, 'campaignId' | 'staticNumbers'>,
): Promise<void> {
  const wanted = pool.staticNumbers.map(({ number }, index) => ({
    number,
    pointer: `/staticNumbers/${index}/number`,
  }));
  await lockAll(db, pool, wanted, (row) =>
    row.pool_id === null ? null : `is leased from pool ${row.pool_id}: take it out of there first`,
  );
}

async function lockAll(
  db: Queryable,
  { campaignId }: Pick<DniPool, 'campaignId'>,
  wanted: readonly Wanted[],
  why: (row: WantedNumberRow) => string | null,
): Promise<readonly WantedNumberRow[]> {
  if (wanted.length === 0) return [];
  const rows = await lockWantedNumbers(
    db,
    wanted.map(({ number }) => number),
  );
  const byNumber = new Map(rows.map((row) => [row.e164, row]));
  const errors = wanted.flatMap(({ number, pointer }) => {
    const row = byNumber.get(number);
    const message =
      row?.campaign_id === campaignId ? why(row) : `is no tracked number of campaign ${campaignId}`;
    return message === null ? [] : [{ pointer, message: `${number} ${message}` }];
  });
  const [first] = errors;
  if (first !== undefined) throw new Problem('unprocessable', first.message, errors);
  return rows;
}
