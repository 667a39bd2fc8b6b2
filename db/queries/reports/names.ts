import type { Queryable } from '../../pool';

/** What campaigns, buyers, publishers and migrations are called, by id: their ids tell them apart. */
export async function findNames(db: Queryable, ids: readonly string[]): Promise<Record<string, string>> {
  const { rows } = await db.query<{ id: string; name: string }>({
    name: 'find_report_names',
    text: `
      SELECT id, name FROM campaigns WHERE id = ANY ($1::text[])
      UNION ALL SELECT id, name FROM buyers WHERE id = ANY ($1::text[])
      UNION ALL SELECT id, name FROM publishers WHERE id = ANY ($1::text[])
      UNION ALL SELECT id, name FROM migrations WHERE id = ANY ($1::text[])`,
    values: [ids],
  });
  return Object.fromEntries(rows.map(({ id, name }) => [id, name]));
}
