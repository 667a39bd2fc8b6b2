import { z } from 'zod';
import type { Page } from '../../contract/page';
import { instantSchema } from '../../contract/resources/ids';
import type { CreatedPlace } from '../../db/keyset';
import { Problem } from '../problems';

/**
 * Keyset pages. A cursor is the place of the last row of a page, in the order of its list: rows that come and go
 * elsewhere move nothing, and a page costs the same wherever it is.
 */
export interface Keyset<P> {
  /** @throws Problem `invalid_request` when the cursor is none of ours. */
  read(cursor: string | undefined): P | null;
  /**
   * Cuts a page from rows of which one more than `limit` was asked for: whether it is there tells whether there is
   * another page.
   */
  page<Row, T>(
    rows: readonly Row[],
    limit: number,
    placeOf: (row: Row) => P,
    present: (row: Row) => T,
  ): Page<T>;
}

/** @param place what a cursor of this list holds; anything else is refused. */
export function keyset<P>(place: z.ZodType<P>): Keyset<P> {
  return {
    read(cursor) {
      if (cursor === undefined) return null;
      try {
        return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
      } catch (error) {
        if (error instanceof SyntaxError || error instanceof z.ZodError) {
          throw new Problem(
            'invalid_request',
            'The cursor is not one of ours: use nextCursor of the page before',
            [{ pointer: '/cursor', message: 'is not valid' }],
          );
        }
        throw error;
      }
    },
    page(rows, limit, placeOf, present) {
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return {
        data: shown.map((row) => present(row)),
        nextCursor:
          last === undefined ? null : Buffer.from(JSON.stringify(placeOf(last))).toString('base64url'),
      };
    },
  };
}

/** What ids are made of. */
export const placeById = z.string().regex(/^[\w-]{1,64}$/);

/** Pages of what is listed newest first. */
export const byCreation: Keyset<CreatedPlace> = keyset(z.strictObject({ at: instantSchema, id: placeById }));

export function createdPlaceOf(row: { readonly created_place: string; readonly id: string }): CreatedPlace {
  return { at: row.created_place, id: row.id };
}
