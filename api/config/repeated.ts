import type { FieldError } from '../../contract/problem';

/** Entries of a document's list that have the key of one before. */
export function repeated(list: string, field: string, keys: readonly string[]): FieldError[] {
  const seen = new Set<string>();
  return keys.flatMap((key, index) => {
    const before = seen.has(key);
    seen.add(key);
    return before
      ? [{ pointer: `/${list}/${index}/${field}`, message: `is in the list before: ${key}` }]
      : [];
  });
}
