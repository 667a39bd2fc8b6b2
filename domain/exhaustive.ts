/**
 * Closes a switch over a discriminated union: a case that was forgotten does not compile.
 * @throws Error when data from outside carries a variant this build does not know.
 */
export function unreachable(value: never): never {
  throw new Error(`Unknown variant: ${JSON.stringify(value)}`);
}
