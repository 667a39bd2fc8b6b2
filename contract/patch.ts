import { z } from 'zod';

/** One step of an RFC 6902 patch. */
export const patchOperationSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('add'), path: z.string(), value: z.unknown() }),
  z.strictObject({ op: z.literal('remove'), path: z.string() }),
  z.strictObject({ op: z.literal('replace'), path: z.string(), value: z.unknown() }),
  z.strictObject({ op: z.literal('move'), from: z.string(), path: z.string() }),
]);

/** What sets two documents apart. Both empty: they are equal. */
export const differenceSchema = z.strictObject({
  /** From the first to the second. */
  patch: z.array(patchOperationSchema),
  /** The same for people, one line a step. */
  lines: z.array(z.string()),
});
