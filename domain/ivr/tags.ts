import type { Qualifications } from '../call/commands';

/**
 * Characters that a call's tags have at most, names and values together. They go with every step of the call into its
 * history, which Temporal keeps to 50 MB; without a bound a long flow could outgrow it.
 */
export const MOST_TAG_CHARACTERS = 8_192;

/** Adds tags to a call's, in order. One for which there is no room is left out; the others are as they were. */
export function withTags(tags: Qualifications, added: Qualifications): Qualifications {
  let result = tags;
  let used = sizeOf(tags);
  for (const [tag, value] of Object.entries(added)) {
    const before = Object.hasOwn(result, tag) ? tag.length + (result[tag] ?? '').length : 0;
    const after = used - before + tag.length + value.length;
    if (after > MOST_TAG_CHARACTERS && after > used) continue;
    result = { ...result, [tag]: value };
    used = after;
  }
  return result;
}

function sizeOf(tags: Qualifications): number {
  let size = 0;
  for (const [tag, value] of Object.entries(tags)) size += tag.length + value.length;
  return size;
}
