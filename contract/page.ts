import { z } from 'zod';

/** Every list of the API. */
export interface Page<T> {
  readonly data: readonly T[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

const LIMIT = 'must be a whole number from 1 to 200';

/** How a list is paged through. */
export const pageQuery = {
  cursor: z.string().min(1).max(1024).optional().describe('Opaque: `nextCursor` of the page before.'),
  limit: z.coerce.number(LIMIT).int(LIMIT).min(1, LIMIT).max(200, LIMIT).default(50),
};

/** PostgreSQL stores no NUL, so nothing that has one can be found. */
export const searchable = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => !text.includes('\u0000'), 'has a NUL character');

/** A page of `item`s as JSON. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.strictObject({ data: z.array(item), nextCursor: z.string().nullable() });
}
