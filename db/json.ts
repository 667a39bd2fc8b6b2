/** A JSON column's value as a parameter: pg would make an array of PostgreSQL out of an array. */
export function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
