import type { Queryable } from '../../pool';

/** What of a filter has ids that somebody gave or made up, and that stay as long as there are calls of it. */
export type Known = 'campaign' | 'buyer' | 'publisher' | 'migration';

/** Those of the ids that are there, by what they are of. */
export async function findKnown(
  db: Queryable,
  ids: Readonly<Record<Known, readonly string[]>>,
): Promise<Readonly<Record<Known, ReadonlySet<string>>>> {
  const { rows } = await db.query<{ kind: Known; id: string }>({
    name: 'find_known_of_filter',
    text: `
      SELECT 'campaign' AS kind, id FROM campaigns WHERE id = ANY ($1::text[])
      UNION ALL SELECT 'buyer', id FROM buyers WHERE id = ANY ($2::text[])
      UNION ALL SELECT 'publisher', id FROM publishers WHERE id = ANY ($3::text[])
      UNION ALL SELECT 'migration', id FROM migrations WHERE id = ANY ($4::text[])`,
    values: [ids.campaign, ids.buyer, ids.publisher, ids.migration],
  });
  const of = (kind: Known) => new Set(rows.filter((row) => row.kind === kind).map(({ id }) => id));
  return {
    campaign: of('campaign'),
    buyer: of('buyer'),
    publisher: of('publisher'),
    migration: of('migration'),
  };
}
