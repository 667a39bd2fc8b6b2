import type { Queryable } from '../../pool';

/** What in a report has ids that somebody gave or made up, and a name; it stays as long as there are calls of it. */
export type NamedKind = 'campaign' | 'buyer' | 'publisher' | 'migration';

export interface NamedRow {
  readonly kind: NamedKind;
  readonly id: string;
  readonly name: string;
}

/** Those of the ids that are there, with what they are of and what it is called. */
export async function findNamed(db: Queryable, ids: readonly string[]): Promise<NamedRow[]> {
  const { rows } = await db.query<NamedRow & Record<string, unknown>>({
    name: 'find_named_of_report',
    text: `
      SELECT 'campaign' AS kind, id, name FROM campaigns WHERE id = ANY ($1::text[])
      UNION ALL SELECT 'buyer', id, name FROM buyers WHERE id = ANY ($1::text[])
      UNION ALL SELECT 'publisher', id, name FROM publishers WHERE id = ANY ($1::text[])
      UNION ALL SELECT 'migration', id, name FROM migrations WHERE id = ANY ($1::text[])`,
    values: [ids],
  });
  return rows;
}
