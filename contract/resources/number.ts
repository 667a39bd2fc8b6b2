import { z } from 'zod';
import { tagSchema } from '../condition';
import { pageQuery } from '../page';
import { e164Schema, treatmentSchema } from '../prompt';
import { normaliseNumber } from '../telephone';
import { campaignIdSchema, publisherIdSchema, resourceFields } from './ids';

/** Where callers of a number come from: `google_ads`, `facebook`, `landing_page`, `print`, or what you call it. */
const channelSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be a channel: lower-case letters, digits, _ and -');

/** What people may set of a number. */
export const numberSettings = {
  campaignId: campaignIdSchema
    .nullable()
    .describe('`null`: its callers are told that the number is not in use.'),
  publisherId: publisherIdSchema.nullable(),
  channel: channelSchema,
  tags: z
    .record(tagSchema, z.string().max(1024))
    .refine((tags) => Object.keys(tags).length <= 50, 'has more than 50 tags')
    .describe('Given to each of its calls, at most 50.'),
  failSafe: treatmentSchema
    .nullable()
    .describe('What callers get while neither Temporal nor PostgreSQL answers; `null`: a polite message.'),
};

export const numberSchema = z.strictObject({ number: e164Schema, ...numberSettings, ...resourceFields });
export type TrackedNumber = z.infer<typeof numberSchema>;
export type NumberSettings = Pick<TrackedNumber, keyof typeof numberSettings>;

export const newNumberSchema = z
  .strictObject({
    number: z.string().min(1).max(64).describe('In any notation; it is kept in E.164.'),
    defaultCountry: z
      .string()
      .regex(/^[A-Z]{2}$/, 'must be a country, for example US')
      .optional()
      .describe('ISO 3166 alpha-2: the country of a number that is written without one.'),
    ...numberSettings,
    campaignId: numberSettings.campaignId.default(null),
    publisherId: numberSettings.publisherId.default(null),
    channel: numberSettings.channel.default('other'),
    tags: numberSettings.tags.default({}),
    failSafe: numberSettings.failSafe.default(null),
  })
  .transform(({ number, defaultCountry, ...settings }, context) => {
    const normalised = normaliseNumber(number, defaultCountry);
    if (normalised.ok) return { number: normalised.number, ...settings };
    context.addIssue({ code: 'custom', path: ['number'], message: normalised.message });
    return z.NEVER;
  });

export const numberPatchSchema = z.strictObject(numberSettings).partial();

export const numberListQuerySchema = z.strictObject({
  campaignId: campaignIdSchema.optional(),
  publisherId: publisherIdSchema.optional(),
  channel: channelSchema.optional(),
  ...pageQuery,
});
