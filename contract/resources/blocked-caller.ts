import { z } from 'zod';
import { pageQuery } from '../page';
import { normaliseNumber, normalisePrefix } from '../telephone';
import { blockedCallerIdSchema, campaignIdSchema, resourceFields } from './ids';

const kindSchema = z.enum(['number', 'prefix']);
const reasonSchema = z.string().trim().min(1).max(500);

export const blockedCallerSchema = z.strictObject({
  id: blockedCallerIdSchema,
  kind: kindSchema,
  pattern: z
    .string()
    .regex(/^\+\d{1,15}$/)
    .describe('E.164, or its first digits.'),
  campaignId: campaignIdSchema.nullable().describe('`null`: blocked in all campaigns.'),
  reason: reasonSchema,
  ...resourceFields,
});
export type BlockedCaller = z.infer<typeof blockedCallerSchema>;

export const newBlockedCallerSchema = z
  .strictObject({
    kind: kindSchema.default('number'),
    pattern: z
      .string()
      .min(1)
      .max(64)
      .describe('A number in any notation, or the beginning of numbers with their country code.'),
    defaultCountry: z
      .string()
      .regex(/^[A-Z]{2}$/, 'must be a country, for example US')
      .optional()
      .describe('ISO 3166 alpha-2: the country of a number that is written without one.'),
    campaignId: campaignIdSchema.nullable().default(null),
    reason: reasonSchema.default('blocked'),
  })
  .transform(({ kind, pattern, defaultCountry, campaignId, reason }, context) => {
    const normalised =
      kind === 'number' ? normaliseNumber(pattern, defaultCountry) : normalisePrefix(pattern);
    if (normalised.ok) return { kind, pattern: normalised.number, campaignId, reason };
    context.addIssue({ code: 'custom', path: ['pattern'], message: normalised.message });
    return z.NEVER;
  });

export const blockedCallerPatchSchema = z.strictObject({ reason: reasonSchema }).partial();

export const blockedCallerListQuerySchema = z.strictObject({
  campaignId: campaignIdSchema
    .optional()
    .describe('Entries of this campaign; those of all campaigns are not among them.'),
  kind: kindSchema.optional(),
  ...pageQuery,
});
