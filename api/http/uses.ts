import { Problem } from '../problems';

/**
 * Refuses to delete what something refers to.
 * @param uses by kind: the ids that refer to it, or just whether some do
 * @param advice what to do about it
 * @throws Problem `conflict` that names them
 */
export function refuseWhileUsed(
  what: string,
  uses: Readonly<Record<string, readonly string[] | boolean>>,
  advice: string,
): void {
  const named = Object.entries(uses).flatMap(([kind, by]) => {
    if (typeof by === 'boolean') return by ? [kind] : [];
    return by.length > 0 ? [`${kind} ${by.join(', ')}`] : [];
  });
  if (named.length > 0)
    throw new Problem(
      'conflict',
      `${what} cannot be deleted: it is referred to by ${named.join('; and by ')}. ${advice}`,
    );
}
