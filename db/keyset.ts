/** Where a page of a list begins that is sorted newest first: after this row. */
export interface CreatedPlace {
  /** ISO 8601, to the microsecond. */
  readonly at: string;
  readonly id: string;
}

/**
 * `created_at` to the microsecond, as a cursor has to hold it: an instant as rows carry it is cut to milliseconds, and
 * rows of one millisecond would be skipped or shown twice.
 */
export const CREATED_PLACE = `to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_place`;
