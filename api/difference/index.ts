import { describeDifferences } from './describe';
import { findDifferences, toPatch, type Json, type Operation } from './patch';

export type { Json, Operation } from './patch';

/** What sets two documents apart, for programs and for people. Both empty: they are equal. */
export interface Difference {
  /** RFC 6902, from the first to the second. */
  readonly patch: readonly Operation[];
  /** One line a step of the patch. */
  readonly lines: readonly string[];
}

/**
 * Compares two documents, the order of object keys apart.
 * @param before JSON values; what JSON would leave out (`undefined`) is left out.
 */
export function difference(before: unknown, after: unknown): Difference {
  const found = findDifferences(plain(before), plain(after));
  return { patch: toPatch(found), lines: describeDifferences(found) };
}

/** A copy that has nothing JSON has not. */
function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
