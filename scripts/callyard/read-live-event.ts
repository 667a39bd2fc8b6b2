import { liveEventSchema, type LiveEvent } from '../../contract/live';

/**
 * Reads an event of a server that may be newer: fields that are not known are passed over, wherever they stand.
 * @returns `null`: it is no event that is known
 */
export function readLiveEvent(event: string, data: unknown): LiveEvent | null {
  const value = { event, data };
  for (;;) {
    const read = liveEventSchema.safeParse(value);
    if (read.success) return read.data;
    const unknown = read.error.issues.filter((issue) => issue.code === 'unrecognized_keys');
    let removed = false;
    for (const { path, keys } of unknown) {
      const owner = path.reduce<unknown>(
        (within, name) => (isRecord(within) ? within[String(name)] : undefined),
        value,
      );
      for (const key of keys) {
        if (!isRecord(owner) || !(key in owner)) continue;
        delete owner[key];
        removed = true;
      }
    }
    if (!removed) return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
