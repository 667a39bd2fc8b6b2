import { Problem } from '../problems';

/** The `ETag` of a revision: strong, for a resource has one representation. */
export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/** One entity tag, or the star (RFC 9110, 8.8.3 and 13.1.1). */
const TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

/**
 * Reads `If-Match`. Gives back what holds the current revision against it.
 * @throws Problem `invalid_request` when the header is no list of entity tags
 */
export function readIfMatch(header: string | undefined): (current: number) => void {
  if (header === undefined || header.trim() === '*') return () => undefined;
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => TAG.test(tag))) {
    throw new Problem('invalid_request', 'If-Match must be the ETag of an answer, in its quotes: "3"', [
      { pointer: '/If-Match', message: 'is no entity tag' },
    ]);
  }
  return (current) => {
    if (tags.includes(etagOf(current))) return;
    throw new Problem(
      'stale_revision',
      `It has been changed since you read it: the current revision is ${etagOf(current)}. Read it again and repeat the edit`,
    );
  };
}
